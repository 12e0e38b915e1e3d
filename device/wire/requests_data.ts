/**
 * Requests of the data queues in session mode ("Data Virtqueue").
 *
 * @module
 */

import { Direction, Op, opcode, Service, SymOp } from "./constants.ts";
import {
  dataBodyLen,
  NO_BYTES,
  put,
  type RequestFormat,
  writeSessionHeader,
} from "./request_format.ts";
import {
  AeadPara,
  AlgChainDataPara,
  CipherPara,
  HashPara,
  Inhdr,
  OpHeader,
  SymDataReq,
} from "./structs.ts";

/** What every request of a session names. */
export interface SessionRequest {
  readonly sessionId: number;
}

/** The fields of `struct virtio_crypto_cipher_para`, as bytes. */
export interface CipherDataOptions {
  /** {@link Direction}. */
  readonly op: number;
  /** Absent for a cipher that takes none. */
  readonly iv?: Uint8Array;
  readonly src: Uint8Array;
  /** Bytes of room for the result; as long as `src` by default. */
  readonly dstDataLen?: number;
}

/** The fields of `struct virtio_crypto_alg_chain_data_para`, as bytes. */
export interface ChainDataOptions extends CipherDataOptions {
  /** Starts with the iv of a MAC that takes one. */
  readonly aad?: Uint8Array;
  /** First byte of `src` that is ciphered; 0 by default. */
  readonly cipherStartSrcOffset?: number;
  /** Bytes ciphered; all that follow the offset by default. */
  readonly lenToCipher?: number;
  /** First byte of `src` (of the result in CIPHER_THEN_HASH) that is hashed; 0 by default. */
  readonly hashStartSrcOffset?: number;
  /** Bytes hashed; all that follow the offset by default. */
  readonly lenToHash?: number;
  readonly hashResultLen: number;
}

/** The fields of `struct virtio_crypto_hash_para`, as bytes. */
export interface HashDataOptions {
  readonly src: Uint8Array;
  readonly hashResultLen: number;
}

/** The fields of `struct virtio_crypto_mac_para`, as bytes. */
export interface MacDataOptions extends HashDataOptions {
  /** The iv of a MAC that takes one: it goes in front of `src`, and counts as part of it. */
  readonly iv?: Uint8Array;
}

/** The fields of `struct virtio_crypto_aead_para`, as bytes. */
export interface AeadDataOptions {
  /** {@link Direction}. */
  readonly op: number;
  readonly iv: Uint8Array;
  readonly aad?: Uint8Array;
  /** To decrypt: the ciphertext, then its tag. */
  readonly src: Uint8Array;
  /** 0 stands for the session's. */
  readonly tagLen: number;
  /** Bytes of room for the result; by default exactly what it needs. */
  readonly dstDataLen?: number;
}

/** The opcode of a data request in a direction: encryption is 0, decryption 1. */
export function directionOpcode(service: number, op: number): number {
  return opcode(service, op === Direction.DECRYPT ? Op.DECRYPT : Op.ENCRYPT);
}

/** Bytes of room for a cipher's or chain's result. */
export function cipherDstLen(o: CipherDataOptions): number {
  return o.dstDataLen ?? o.src.length;
}

/** Bytes of room for an AEAD result whose tag has `tagLen` bytes. */
export function aeadDstLen(o: AeadDataOptions, tagLen: number): number {
  if (o.dstDataLen !== undefined) return o.dstDataLen;
  return o.op === Direction.DECRYPT ? Math.max(0, o.src.length - tagLen) : o.src.length + tagLen;
}

/** Bytes from `offset` to the end of `src`, where the length is not given. */
export function restOf(src: Uint8Array, offset: number, len: number | undefined): number {
  return len ?? Math.max(0, src.length - offset);
}

/** `VIRTIO_CRYPTO_CIPHER_ENCRYPT` and `_DECRYPT` of a cipher session. */
export const cipherData: RequestFormat<SessionRequest & CipherDataOptions> = {
  readableLen: (o) => OpHeader.SIZE + SymDataReq.SIZE + (o.iv?.length ?? 0) + o.src.length,
  writableLen: (o) => cipherDstLen(o) + Inhdr.SIZE,
  write({ bytes, view }, at, o, mode) {
    const iv = o.iv ?? NO_BYTES;
    const op = directionOpcode(Service.CIPHER, o.op);
    const body = writeSessionHeader(view, at, op, o.sessionId, mode);
    const para = body + SymDataReq.u;
    view.setUint32(para + CipherPara.ivLen, iv.length, true);
    view.setUint32(para + CipherPara.srcDataLen, o.src.length, true);
    view.setUint32(para + CipherPara.dstDataLen, cipherDstLen(o), true);
    view.setUint32(body + SymDataReq.opType, SymOp.CIPHER, true);
    put(bytes, put(bytes, body + SymDataReq.SIZE, iv), o.src);
  },
};

/** `VIRTIO_CRYPTO_CIPHER_ENCRYPT` and `_DECRYPT` of a chain session. */
export const chainData: RequestFormat<SessionRequest & ChainDataOptions> = {
  readableLen: (o) =>
    OpHeader.SIZE + SymDataReq.SIZE + (o.iv?.length ?? 0) + o.src.length + (o.aad?.length ?? 0),
  writableLen: (o) => cipherDstLen(o) + o.hashResultLen + Inhdr.SIZE,
  write({ bytes, view }, at, o, mode) {
    const iv = o.iv ?? NO_BYTES;
    const aad = o.aad ?? NO_BYTES;
    const op = directionOpcode(Service.CIPHER, o.op);
    const body = writeSessionHeader(view, at, op, o.sessionId, mode);
    const para = body + SymDataReq.u;
    const cipherStart = o.cipherStartSrcOffset ?? 0;
    const hashStart = o.hashStartSrcOffset ?? 0;
    const lenToCipher = restOf(o.src, cipherStart, o.lenToCipher);
    view.setUint32(para + AlgChainDataPara.ivLen, iv.length, true);
    view.setUint32(para + AlgChainDataPara.srcDataLen, o.src.length, true);
    view.setUint32(para + AlgChainDataPara.dstDataLen, cipherDstLen(o), true);
    view.setUint32(para + AlgChainDataPara.cipherStartSrcOffset, cipherStart, true);
    view.setUint32(para + AlgChainDataPara.lenToCipher, lenToCipher, true);
    view.setUint32(para + AlgChainDataPara.hashStartSrcOffset, hashStart, true);
    view.setUint32(para + AlgChainDataPara.lenToHash, restOf(o.src, hashStart, o.lenToHash), true);
    view.setUint32(para + AlgChainDataPara.aadLen, aad.length, true);
    view.setUint32(para + AlgChainDataPara.hashResultLen, o.hashResultLen, true);
    view.setUint32(body + SymDataReq.opType, SymOp.ALGORITHM_CHAINING, true);
    const next = put(bytes, put(bytes, body + SymDataReq.SIZE, iv), o.src);
    put(bytes, next, aad);
  },
};

/** `VIRTIO_CRYPTO_HASH` of a session. */
export const hashData: RequestFormat<SessionRequest & HashDataOptions> = {
  readableLen: (o, mode) => OpHeader.SIZE + dataBodyLen(HashPara.SIZE, mode) + o.src.length,
  writableLen: (o) => o.hashResultLen + Inhdr.SIZE,
  write({ bytes, view }, at, o, mode) {
    const op = opcode(Service.HASH, Op.ENCRYPT);
    const body = writeSessionHeader(view, at, op, o.sessionId, mode);
    view.setUint32(body + HashPara.srcDataLen, o.src.length, true);
    view.setUint32(body + HashPara.hashResultLen, o.hashResultLen, true);
    put(bytes, body + dataBodyLen(HashPara.SIZE, mode), o.src);
  },
};

/** `VIRTIO_CRYPTO_MAC` of a session. */
export const macData: RequestFormat<SessionRequest & MacDataOptions> = {
  readableLen: (o, mode) =>
    OpHeader.SIZE + dataBodyLen(HashPara.SIZE, mode) + (o.iv?.length ?? 0) + o.src.length,
  writableLen: (o) => o.hashResultLen + Inhdr.SIZE,
  write({ bytes, view }, at, o, mode) {
    const iv = o.iv ?? NO_BYTES;
    const op = opcode(Service.MAC, Op.ENCRYPT);
    const body = writeSessionHeader(view, at, op, o.sessionId, mode);
    view.setUint32(body + HashPara.srcDataLen, iv.length + o.src.length, true);
    view.setUint32(body + HashPara.hashResultLen, o.hashResultLen, true);
    put(bytes, put(bytes, body + dataBodyLen(HashPara.SIZE, mode), iv), o.src);
  },
};

/**
 * `VIRTIO_CRYPTO_AEAD_ENCRYPT` and `_DECRYPT` of a session.
 *
 * With a `tagLen` of 0 the session's counts, which this request does not know: `dstDataLen` is then
 * to be given.
 */
export const aeadData: RequestFormat<SessionRequest & AeadDataOptions> = {
  readableLen: (o, mode) =>
    OpHeader.SIZE + dataBodyLen(AeadPara.SIZE, mode) + o.iv.length + o.src.length +
    (o.aad?.length ?? 0),
  writableLen: (o) => aeadDstLen(o, o.tagLen) + Inhdr.SIZE,
  write({ bytes, view }, at, o, mode) {
    const aad = o.aad ?? NO_BYTES;
    const op = directionOpcode(Service.AEAD, o.op);
    const body = writeSessionHeader(view, at, op, o.sessionId, mode);
    view.setUint32(body + AeadPara.ivLen, o.iv.length, true);
    view.setUint32(body + AeadPara.aadLen, aad.length, true);
    view.setUint32(body + AeadPara.srcDataLen, o.src.length, true);
    view.setUint32(body + AeadPara.dstDataLen, aeadDstLen(o, o.tagLen), true);
    view.setUint32(body + AeadPara.tagLen, o.tagLen, true);
    const next = put(bytes, body + dataBodyLen(AeadPara.SIZE, mode), o.iv);
    put(bytes, put(bytes, next, o.src), aad);
  },
};
