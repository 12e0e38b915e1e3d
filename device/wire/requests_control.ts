/**
 * Requests of the control queue: sessions come and go ("Control Virtqueue").
 *
 * @module
 */

import { HashMode, Op, opcode, Service, SymOp } from "./constants.ts";
import {
  ctrlBodyLen,
  NO_BYTES,
  put,
  type RequestFormat,
  writeCtrlHeader,
  writeU64,
} from "./request_format.ts";
import {
  AeadSessionPara,
  AlgChainSessionPara,
  CipherSessionPara,
  CtrlHeader,
  DestroySessionReq,
  HashSessionPara,
  MacSessionPara,
  SessionInput,
  SymCreateSessionReq,
} from "./structs.ts";

/** The fields of `struct virtio_crypto_cipher_session_para`, and the key. */
export interface CipherSessionOptions {
  /** {@link CipherAlgo}. */
  readonly algo: number;
  /** {@link Direction}. */
  readonly op: number;
  readonly key: Uint8Array;
}

/** The fields of `struct virtio_crypto_hash_session_para`. */
export interface HashSessionOptions {
  /** {@link HashAlgo}. */
  readonly algo: number;
  /** Most bytes a request may ask for; 0 names no limit of the session's own. */
  readonly hashResultLen: number;
}

/** The fields of `struct virtio_crypto_mac_session_para`, and the key. */
export interface MacSessionOptions {
  /** {@link MacAlgo}. */
  readonly algo: number;
  /** Most bytes a request may ask for; 0 names no limit of the session's own. */
  readonly hashResultLen: number;
  readonly authKey: Uint8Array;
}

/** The fields of `struct virtio_crypto_aead_session_para`, and the key. */
export interface AeadSessionOptions {
  /** {@link AeadAlgo}. */
  readonly algo: number;
  /** {@link Direction}. */
  readonly op: number;
  readonly key: Uint8Array;
  readonly tagLen: number;
  /** A hint; each request names its own. */
  readonly aadLen?: number;
}

/** The fields of `struct virtio_crypto_alg_chain_session_para`, and the keys. */
export interface ChainSessionOptions {
  /** {@link ChainOrder}. */
  readonly algChainOrder: number;
  /** {@link HashMode}. */
  readonly hashMode: number;
  readonly cipher: CipherSessionOptions;
  /** A MAC in mode AUTH, which alone has an `authKey`; a hash in the others. */
  readonly hash: HashSessionOptions & { readonly authKey?: Uint8Array };
  /** A hint; each request names its own. */
  readonly aadLen?: number;
}

/** The fields of a session's destruction. */
export interface DestroySessionOptions {
  /** {@link Service} that the session belongs to; a chain belongs to CIPHER. */
  readonly service: number;
  readonly sessionId: number;
}

function writeCipherPara(view: DataView, at: number, cipher: CipherSessionOptions): void {
  view.setUint32(at + CipherSessionPara.algo, cipher.algo, true);
  view.setUint32(at + CipherSessionPara.keylen, cipher.key.length, true);
  view.setUint32(at + CipherSessionPara.op, cipher.op, true);
}

/** The MAC's key; PLAIN and NESTED have none, and their bytes of `auth_key_len` are padding. */
export function chainAuthKey(hashMode: number, authKey: Uint8Array | undefined): Uint8Array {
  return hashMode === HashMode.AUTH && authKey !== undefined ? authKey : NO_BYTES;
}

const sessionInputLen = () => SessionInput.SIZE;

/** `VIRTIO_CRYPTO_CIPHER_CREATE_SESSION` of a cipher alone. */
export const createCipherSession: RequestFormat<CipherSessionOptions> = {
  readableLen: (o) => CtrlHeader.SIZE + SymCreateSessionReq.SIZE + o.key.length,
  writableLen: sessionInputLen,
  write({ bytes, view }, at, o) {
    const op = opcode(Service.CIPHER, Op.CREATE_SESSION);
    const body = writeCtrlHeader(view, at, op, o.algo);
    writeCipherPara(view, body + SymCreateSessionReq.u, o);
    view.setUint32(body + SymCreateSessionReq.opType, SymOp.CIPHER, true);
    put(bytes, body + SymCreateSessionReq.SIZE, o.key);
  },
};

/** `VIRTIO_CRYPTO_CIPHER_CREATE_SESSION` of a cipher chained with a hash or MAC. */
export const createChainSession: RequestFormat<ChainSessionOptions> = {
  readableLen: (o) =>
    CtrlHeader.SIZE + SymCreateSessionReq.SIZE + o.cipher.key.length +
    chainAuthKey(o.hashMode, o.hash.authKey).length,
  writableLen: sessionInputLen,
  write({ bytes, view }, at, o) {
    const op = opcode(Service.CIPHER, Op.CREATE_SESSION);
    const body = writeCtrlHeader(view, at, op, o.cipher.algo);
    const chain = body + SymCreateSessionReq.u;
    const authKey = chainAuthKey(o.hashMode, o.hash.authKey);
    view.setUint32(chain + AlgChainSessionPara.algChainOrder, o.algChainOrder, true);
    view.setUint32(chain + AlgChainSessionPara.hashMode, o.hashMode, true);
    writeCipherPara(view, chain + AlgChainSessionPara.cipherParam, o.cipher);
    const hash = chain + AlgChainSessionPara.hashParam;
    view.setUint32(hash + MacSessionPara.algo, o.hash.algo, true);
    view.setUint32(hash + MacSessionPara.hashResultLen, o.hash.hashResultLen, true);
    view.setUint32(hash + MacSessionPara.authKeyLen, authKey.length, true);
    view.setUint32(chain + AlgChainSessionPara.aadLen, o.aadLen ?? 0, true);
    view.setUint32(body + SymCreateSessionReq.opType, SymOp.ALGORITHM_CHAINING, true);
    const next = put(bytes, body + SymCreateSessionReq.SIZE, o.cipher.key);
    put(bytes, next, authKey);
  },
};

/** `VIRTIO_CRYPTO_HASH_CREATE_SESSION`. */
export const createHashSession: RequestFormat<HashSessionOptions> = {
  readableLen: (_, mode) => CtrlHeader.SIZE + ctrlBodyLen(HashSessionPara.SIZE, mode),
  writableLen: sessionInputLen,
  write({ view }, at, o) {
    const body = writeCtrlHeader(view, at, opcode(Service.HASH, Op.CREATE_SESSION), o.algo);
    view.setUint32(body + HashSessionPara.algo, o.algo, true);
    view.setUint32(body + HashSessionPara.hashResultLen, o.hashResultLen, true);
  },
};

/** `VIRTIO_CRYPTO_MAC_CREATE_SESSION`. */
export const createMacSession: RequestFormat<MacSessionOptions> = {
  readableLen: (o, mode) =>
    CtrlHeader.SIZE + ctrlBodyLen(MacSessionPara.SIZE, mode) + o.authKey.length,
  writableLen: sessionInputLen,
  write({ bytes, view }, at, o, mode) {
    const body = writeCtrlHeader(view, at, opcode(Service.MAC, Op.CREATE_SESSION), o.algo);
    view.setUint32(body + MacSessionPara.algo, o.algo, true);
    view.setUint32(body + MacSessionPara.hashResultLen, o.hashResultLen, true);
    view.setUint32(body + MacSessionPara.authKeyLen, o.authKey.length, true);
    put(bytes, body + ctrlBodyLen(MacSessionPara.SIZE, mode), o.authKey);
  },
};

/** `VIRTIO_CRYPTO_AEAD_CREATE_SESSION`. */
export const createAeadSession: RequestFormat<AeadSessionOptions> = {
  readableLen: (o, mode) =>
    CtrlHeader.SIZE + ctrlBodyLen(AeadSessionPara.SIZE, mode) + o.key.length,
  writableLen: sessionInputLen,
  write({ bytes, view }, at, o, mode) {
    const body = writeCtrlHeader(view, at, opcode(Service.AEAD, Op.CREATE_SESSION), o.algo);
    view.setUint32(body + AeadSessionPara.algo, o.algo, true);
    view.setUint32(body + AeadSessionPara.keyLen, o.key.length, true);
    view.setUint32(body + AeadSessionPara.tagLen, o.tagLen, true);
    view.setUint32(body + AeadSessionPara.aadLen, o.aadLen ?? 0, true);
    view.setUint32(body + AeadSessionPara.op, o.op, true);
    put(bytes, body + ctrlBodyLen(AeadSessionPara.SIZE, mode), o.key);
  },
};

/** Bytes offered for a destroy's answer: the status as an `le32`, then padding. */
const DESTROY_WRITABLE_LEN = 8;

/** `VIRTIO_CRYPTO_*_DESTROY_SESSION`. */
export const destroySession: RequestFormat<DestroySessionOptions> = {
  readableLen: (_, mode) => CtrlHeader.SIZE + ctrlBodyLen(DestroySessionReq.SIZE, mode),
  writableLen: () => DESTROY_WRITABLE_LEN,
  write({ view }, at, o) {
    const body = writeCtrlHeader(view, at, opcode(o.service, Op.DESTROY_SESSION), 0);
    writeU64(view, body + DestroySessionReq.sessionId, o.sessionId);
  },
};
