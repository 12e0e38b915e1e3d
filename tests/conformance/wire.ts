/**
 * The numbers and structures of the crypto device, written from wire.md sections 1, 3 and 5 alone: this file is the
 * second opinion on them and shares nothing with the device.
 */
import { type Bytes, concat, EMPTY, fit } from "./bytes.ts";

/** Status of a request (wire.md 3). */
export const Status = { OK: 0, ERR: 1, BADMSG: 2, NOTSUPP: 3, INVSESS: 4, NOSPC: 5 } as const;

/** `service << 8 | op` (wire.md 1). */
export const Opcode = {
  CIPHER_ENCRYPT: 0x000,
  CIPHER_DECRYPT: 0x001,
  CIPHER_CREATE_SESSION: 0x002,
  CIPHER_DESTROY_SESSION: 0x003,
  HASH: 0x100,
  HASH_CREATE_SESSION: 0x102,
  HASH_DESTROY_SESSION: 0x103,
  MAC: 0x200,
  MAC_CREATE_SESSION: 0x202,
  MAC_DESTROY_SESSION: 0x203,
  AEAD_ENCRYPT: 0x300,
  AEAD_DECRYPT: 0x301,
  AEAD_CREATE_SESSION: 0x302,
  AEAD_DESTROY_SESSION: 0x303,
} as const;

/** Direction of a session or stateless request. */
export const Op = { ENCRYPT: 1, DECRYPT: 2 } as const;
/** `op_type` of the CIPHER service. */
export const OpType = { NONE: 0, CIPHER: 1, CHAIN: 2 } as const;
/** `alg_chain_order`. */
export const Order = { HASH_THEN_CIPHER: 1, CIPHER_THEN_HASH: 2 } as const;
/** `hash_mode` of a chain. */
export const HashMode = { PLAIN: 1, AUTH: 2, NESTED: 3 } as const;
/** `flag` of the data header under MUX. */
export const Flag = { STATELESS: 0, SESSION: 1 } as const;
/** Ciphers every build of the device must have. */
export const Cipher = { AES_ECB: 2, AES_CBC: 3, AES_CTR: 4 } as const;
/** Hashes. */
export const Hash = {
  MD5: 1,
  SHA1: 2,
  SHA_224: 3,
  SHA_256: 4,
  SHA_384: 5,
  SHA_512: 6,
  SHA3_224: 7,
  SHA3_256: 8,
  SHA3_384: 9,
  SHA3_512: 10,
  SHA3_SHAKE128: 11,
  SHA3_SHAKE256: 12,
} as const;
/** MACs every build of the device must have. */
export const Mac = {
  HMAC_MD5: 1,
  HMAC_SHA1: 2,
  HMAC_SHA_224: 3,
  HMAC_SHA_256: 4,
  HMAC_SHA_384: 5,
  HMAC_SHA_512: 6,
  CMAC_AES: 26,
} as const;
/** AEADs. */
export const Aead = { GCM: 1, CCM: 2, CHACHA20_POLY1305: 3 } as const;

/** Feature bit numbers (wire.md 4, virtio-core.md). */
export const Feature = {
  MUX_MODE: 0,
  CIPHER_STATELESS_MODE: 1,
  HASH_STATELESS_MODE: 2,
  MAC_STATELESS_MODE: 3,
  AEAD_STATELESS_MODE: 4,
  RING_INDIRECT_DESC: 28,
  RING_EVENT_IDX: 29,
  VERSION_1: 32,
  RING_RESET: 40,
} as const;

/** Values of fields by name; what is not named is 0. */
export type Fields = Readonly<Record<string, number>>;

/** Where the 32-bit fields of one structure lie: offsets inside the body, and its size under MUX. */
export interface Structure {
  readonly size: number;
  readonly at: Readonly<Record<string, number>>;
}

function structure(size: number, text: string): Structure {
  const pairs = text.trim().split(/\s+/).map((item) => item.split("@"));
  return { size, at: Object.fromEntries(pairs.map(([name, at]) => [name, Number(at)])) };
}

const CHAIN_LENGTHS =
  "ivLen@0 srcDataLen@4 dstDataLen@8 cipherStart@12 lenToCipher@16 hashStart@20 lenToHash@24 " +
  "aadLen@28 hashResultLen@32";
const CIPHER_STATELESS = "algo@0 keylen@4 op@8 ivLen@12 srcDataLen@16 dstDataLen@20 opType@72";
const CHAIN_STATELESS =
  "algChainOrder@0 aadLenHint@4 algo@8 keylen@12 op@16 hashAlgo@20 authKeyLen@24 hashMode@28 " +
  "ivLen@32 srcDataLen@36 dstDataLen@40 cipherStart@44 lenToCipher@48 hashStart@52 lenToHash@56 aadLen@60 " +
  "hashResultLen@64 opType@72";

/** The bodies of wire.md section 1. */
export const Body = {
  createCipher: structure(56, "algo@0 keylen@4 op@8 opType@48"),
  createChain: structure(
    56,
    "algChainOrder@0 hashMode@4 algo@8 keylen@12 op@16 hashAlgo@24 hashResultLen@28 authKeyLen@32 aadLen@40 opType@48",
  ),
  createHash: structure(8, "algo@0 hashResultLen@4"),
  createMac: structure(16, "algo@0 hashResultLen@4 authKeyLen@8"),
  createAead: structure(24, "algo@0 keyLen@4 tagLen@8 aadLen@12 op@16"),
  destroy: structure(8, "sessionId@0 sessionIdHigh@4"),
  cipher: structure(48, "ivLen@0 srcDataLen@4 dstDataLen@8 opType@40"),
  chain: structure(48, CHAIN_LENGTHS + " opType@40"),
  hash: structure(8, "srcDataLen@0 hashResultLen@4"),
  mac: structure(8, "srcDataLen@0 hashResultLen@4"),
  aead: structure(24, "ivLen@0 aadLen@4 srcDataLen@8 dstDataLen@12 tagLen@16"),
  cipherStateless: structure(80, CIPHER_STATELESS + " queueId@76"),
  chainStateless: structure(80, CHAIN_STATELESS + " queueId@76"),
  cipherStateless11: structure(76, CIPHER_STATELESS),
  chainStateless11: structure(76, CHAIN_STATELESS),
  hashStateless: structure(16, "algo@0 srcDataLen@4 hashResultLen@8"),
  macStateless: structure(16, "algo@0 authKeyLen@4 srcDataLen@8 hashResultLen@12"),
  aeadStateless: structure(
    32,
    "algo@0 keyLen@4 op@8 ivLen@12 tagLen@16 aadLen@20 srcDataLen@24 dstDataLen@28",
  ),
} as const;

/** How the negotiated device frames requests. */
export interface Framing {
  readonly mux: boolean;
  readonly layout: "v19" | "1.1";
}

/** The bytes of one structure. Throws an Error for a field it does not have. */
export function encode(body: Structure, fields: Fields): Bytes {
  const bytes = new Uint8Array(body.size);
  const view = new DataView(bytes.buffer);
  for (const [name, value] of Object.entries(fields)) {
    const at = body.at[name];
    if (at === undefined) throw new Error(`No such field in the structure: ${name}`);
    view.setUint32(at, value, true);
  }
  return bytes;
}

/** Fields of a header; what is absent is 0. */
export interface Header {
  readonly opcode: number;
  readonly algo?: number;
  readonly sessionId?: bigint;
  readonly flag?: number;
  readonly queueId?: number;
}

/** The 16-byte control header. */
export function controlHeader(header: Header): Bytes {
  const table = structure(16, "opcode@0 algo@4 flag@8 queueId@12");
  return encode(table, {
    opcode: header.opcode,
    algo: header.algo ?? 0,
    flag: header.flag ?? 0,
    queueId: header.queueId ?? 0,
  });
}

/** The 24-byte data header. */
export function dataHeader(header: Header): Bytes {
  const table = structure(24, "opcode@0 algo@4 idLow@8 idHigh@12 flag@16");
  const id = header.sessionId ?? 0n;
  return encode(table, {
    opcode: header.opcode,
    algo: header.algo ?? 0,
    idLow: Number(id & 0xffffffffn),
    idHigh: Number(id >> 32n),
    flag: header.flag ?? 0,
  });
}

/** `R` of a control request: header, body (56 bytes without MUX), variable part. */
export function controlRequest(
  framing: Framing,
  header: Header,
  body: Uint8Array,
  variable: Uint8Array = EMPTY,
): Bytes {
  return concat(controlHeader(header), framing.mux ? body : fit(body, 56), variable);
}

/** `R` of a data request: header, body (48 bytes without MUX), variable part. */
export function dataRequest(
  framing: Framing,
  header: Header,
  body: Uint8Array,
  variable: Uint8Array = EMPTY,
): Bytes {
  return concat(dataHeader(header), framing.mux ? body : fit(body, 48), variable);
}

/** `R` of a request to destroy a session; `service` is 0 to 3. */
export function destroyRequest(framing: Framing, service: number, id: bigint): Bytes {
  const body = encode(Body.destroy, {
    sessionId: Number(id & 0xffffffffn),
    sessionIdHigh: Number(id >> 32n),
  });
  return controlRequest(framing, { opcode: (service << 8) | 3 }, body);
}
