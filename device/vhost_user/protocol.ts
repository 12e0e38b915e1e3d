/**
 * The messages of vhost-user as tables (QEMU, "Vhost-user Protocol"; `linux/vhost_types.h`).
 *
 * @module
 */

import { type Layout, layout, U32, U64, U8 } from "../wire/layout.ts";

/** `VhostUserHeader`, 12 B; a payload of `size` bytes follows. */
export const Header = layout({ request: U32, flags: U32, size: U32 });

/** Bits of a header's flags. The lowest two are the version. */
export const HeaderFlag = { REPLY: 4, NEED_REPLY: 8 } as const;
/** Mask of the version. */
export const VERSION_MASK = 3;
/** The one version there is. */
export const VERSION = 1;

/** `VHOST_USER_F_PROTOCOL_FEATURES`: a feature bit of the transport among those of the device. */
export const PROTOCOL_FEATURES_BIT = 30;

/** `VHOST_USER_PROTOCOL_F_*`: bits of GET_PROTOCOL_FEATURES. */
export const ProtocolFeature = {
  MQ: 0,
  REPLY_ACK: 3,
  /** Formerly SLAVE_REQ. */
  BACKEND_REQ: 5,
  CRYPTO_SESSION: 7,
  CONFIG: 9,
  RESET_DEVICE: 13,
} as const;

/** The protocol features of this back-end, as a 64-bit number. */
export const PROTOCOL_FEATURES: number = Object.values(ProtocolFeature)
  .reduce<number>((bits, bit) => bits + 2 ** bit, 0);

/** Numbers of the front-end's requests that this back-end knows. */
export const FrontEndRequest = {
  GET_FEATURES: 1,
  SET_FEATURES: 2,
  SET_OWNER: 3,
  RESET_OWNER: 4,
  SET_MEM_TABLE: 5,
  SET_VRING_NUM: 8,
  SET_VRING_ADDR: 9,
  SET_VRING_BASE: 10,
  GET_VRING_BASE: 11,
  SET_VRING_KICK: 12,
  SET_VRING_CALL: 13,
  SET_VRING_ERR: 14,
  GET_PROTOCOL_FEATURES: 15,
  SET_PROTOCOL_FEATURES: 16,
  GET_QUEUE_NUM: 17,
  SET_VRING_ENABLE: 18,
  SET_BACKEND_REQ_FD: 21,
  GET_CONFIG: 24,
  SET_CONFIG: 25,
  CREATE_CRYPTO_SESSION: 26,
  CLOSE_CRYPTO_SESSION: 27,
  RESET_DEVICE: 34,
} as const;
/** Name of one of {@link FrontEndRequest}. */
export type FrontEndRequestName = keyof typeof FrontEndRequest;

/** `VHOST_USER_BACKEND_CONFIG_CHANGE_MSG`, which the back-end sends. */
export const CONFIG_CHANGE_MSG = 2;

/** A ring's number and a value: SET_VRING_NUM, _BASE, _ENABLE. */
export const VringState = layout({ index: U32, num: U32 });

/** `struct vhost_vring_addr`; its addresses are the front-end's own. */
export const VringAddr = layout({
  index: U32,
  flags: U32,
  descUserAddr: U64,
  usedUserAddr: U64,
  availUserAddr: U64,
  logGuestAddr: U64,
});

/** SET_VRING_KICK, _CALL and _ERR: the ring's number, and whether no file descriptor comes with it. */
export const VringFd = { INDEX_MASK: 0xff, NOFD: 0x100 } as const;

/** Before the regions of a memory table. */
export const MemTable = layout({ numRegions: U32, padding: U32 });
/** One region of a memory table. */
export const MemRegion = layout({
  guestAddr: U64,
  size: U64,
  userAddr: U64,
  mmapOffset: U64,
});
/** `VHOST_MEMORY_BASELINE_NREGIONS`: regions of a table, and file descriptors of a message, at most. */
export const MAX_REGIONS = 8;

/** Before the bytes of the configuration space in GET_CONFIG and SET_CONFIG. */
export const ConfigHeader = layout({ offset: U32, size: U32, flags: U32 });
/** `VHOST_USER_MAX_CONFIG_SIZE`. */
export const MAX_CONFIG_SIZE = 256;

/** Keys of a session that a message has room for, in bytes. */
export const SESSION_KEY_LEN = 64;
/** The same of authentication. */
export const SESSION_AUTH_KEY_LEN = 512;

/** QEMU's `CryptoDevBackendSymSessionInfo` with the keys that follow it in a message. */
export const SymSession = layout({
  cipherAlg: U32,
  keyLen: U32,
  hashAlg: U32,
  hashResultLen: U32,
  authKeyLen: U32,
  addLen: U32,
  opType: U8,
  direction: U8,
  hashMode: U8,
  algChainOrder: U8,
  padding: U32,
  cipherKeyPointer: U64,
  authKeyPointer: U64,
  cipherKey: SESSION_KEY_LEN,
  authKey: SESSION_AUTH_KEY_LEN,
});

/** CREATE_CRYPTO_SESSION up to QEMU 7.2, 632 B. */
export const CryptoSession72 = layout({ sessionId: U64, sym: SymSession.SIZE });
const ASYM_SESSION_SIZE = 1056;
/** CREATE_CRYPTO_SESSION since QEMU 8.0, 1072 B: `sym` shares its room with asymmetric sessions. */
export const CryptoSession = layout({ opCode: U64, sym: ASYM_SESSION_SIZE, sessionId: U64 });

/** What a request's payload and its file descriptors may be. */
export interface RequestShape {
  /** Sizes of the payload in bytes. */
  readonly minSize: number;
  readonly maxSize: number;
  /** File descriptors that may come with it. */
  readonly maxFds: number;
  /** Whether it has an answer of its own, so that NEED_REPLY asks for nothing more. */
  readonly hasReply: boolean;
}

const exactly = (size: number, maxFds = 0, hasReply = false): RequestShape => ({
  minSize: size,
  maxSize: size,
  maxFds,
  hasReply,
});
const nothing = exactly(0);
const asks = exactly(0, 0, true);
const config = (hasReply: boolean): RequestShape => ({
  minSize: ConfigHeader.SIZE,
  maxSize: ConfigHeader.SIZE + MAX_CONFIG_SIZE,
  maxFds: 0,
  hasReply,
});

/** The shapes of the requests. */
export const SHAPES: Readonly<Record<FrontEndRequestName, RequestShape>> = {
  GET_FEATURES: asks,
  SET_FEATURES: exactly(U64),
  SET_OWNER: nothing,
  RESET_OWNER: nothing,
  SET_MEM_TABLE: {
    minSize: MemTable.SIZE,
    maxSize: MemTable.SIZE + MAX_REGIONS * MemRegion.SIZE,
    maxFds: MAX_REGIONS,
    hasReply: false,
  },
  SET_VRING_NUM: exactly(VringState.SIZE),
  SET_VRING_ADDR: exactly(VringAddr.SIZE),
  SET_VRING_BASE: exactly(VringState.SIZE),
  GET_VRING_BASE: exactly(VringState.SIZE, 0, true),
  SET_VRING_KICK: exactly(U64, 1),
  SET_VRING_CALL: exactly(U64, 1),
  SET_VRING_ERR: exactly(U64, 1),
  GET_PROTOCOL_FEATURES: asks,
  SET_PROTOCOL_FEATURES: exactly(U64),
  GET_QUEUE_NUM: asks,
  SET_VRING_ENABLE: exactly(VringState.SIZE),
  SET_BACKEND_REQ_FD: exactly(0, 1),
  GET_CONFIG: config(true),
  SET_CONFIG: config(false),
  CREATE_CRYPTO_SESSION: {
    minSize: CryptoSession72.SIZE,
    maxSize: CryptoSession.SIZE,
    maxFds: 0,
    hasReply: true,
  },
  CLOSE_CRYPTO_SESSION: exactly(U64),
  RESET_DEVICE: nothing,
};

/** Bytes of the largest payload. */
export const MAX_PAYLOAD: number = Math.max(...Object.values(SHAPES).map(({ maxSize }) => maxSize));

/** The name of a request's number, or undefined. */
export function requestName(request: number): FrontEndRequestName | undefined {
  return NAMES.get(request);
}

const NAMES: ReadonlyMap<number, FrontEndRequestName> = new Map(
  Object.entries(FrontEndRequest).map(([name, number]) => [number, name as FrontEndRequestName]),
);

/** Layouts by name, for tests that compare them with the C structures' sizes. */
export const MESSAGE_LAYOUTS: Readonly<Record<string, Layout<string>>> = {
  Header,
  VringState,
  VringAddr,
  MemTable,
  MemRegion,
  ConfigHeader,
  SymSession,
  CryptoSession72,
  CryptoSession,
};
