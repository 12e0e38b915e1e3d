/**
 * Stateless requests of the data queues: key and parameters travel with the data.
 *
 * They exist only under MUX_MODE, so their bodies are always exactly the structure.
 *
 * @module
 */

import { Op, opcode, Service, SymOp } from "./constants.ts";
import { chainAuthKey, type ChainSessionOptions } from "./requests_control.ts";
import {
  NO_BYTES,
  put,
  type RequestFormat,
  type WireMode,
  writeStatelessHeader,
} from "./request_format.ts";
import {
  type AeadDataOptions,
  aeadDstLen,
  type ChainDataOptions,
  type CipherDataOptions,
  cipherDstLen,
  directionOpcode,
  type HashDataOptions,
  type MacDataOptions,
  restOf,
} from "./requests_data.ts";
import {
  AeadParaStateless,
  AlgChainDataParaStateless,
  CipherParaStateless,
  HashParaStateless,
  Inhdr,
  MacParaStateless,
  OpHeader,
  SymDataReqStateless,
  SymDataReqStateless11,
} from "./structs.ts";

/** A stateless cipher request. */
export interface CipherStatelessOptions extends CipherDataOptions {
  /** {@link CipherAlgo}. */
  readonly algo: number;
  readonly key: Uint8Array;
}

/** A stateless chain request. `op` of the request is that of the cipher. */
export interface ChainStatelessOptions
  extends ChainDataOptions, Pick<ChainSessionOptions, "algChainOrder" | "hashMode"> {
  /** {@link CipherAlgo}. */
  readonly cipherAlgo: number;
  readonly key: Uint8Array;
  /** {@link MacAlgo} in mode AUTH, {@link HashAlgo} in the others. */
  readonly hashAlgo: number;
  /** Only in mode AUTH. */
  readonly authKey?: Uint8Array;
}

/** A stateless hash request. */
export interface HashStatelessOptions extends HashDataOptions {
  /** {@link HashAlgo}. */
  readonly algo: number;
}

/** A stateless MAC request. */
export interface MacStatelessOptions extends MacDataOptions {
  /** {@link MacAlgo}. */
  readonly algo: number;
  readonly authKey: Uint8Array;
}

/** A stateless AEAD request. */
export interface AeadStatelessOptions extends AeadDataOptions {
  /** {@link AeadAlgo}. */
  readonly algo: number;
  readonly key: Uint8Array;
}

/** Bytes of the stateless CIPHER body: virtio 1.1 has no `queue_id`. */
function symBodyLen(mode: WireMode): number {
  return mode.layout === "1.1" ? SymDataReqStateless11.SIZE : SymDataReqStateless.SIZE;
}

/** `VIRTIO_CRYPTO_CIPHER_ENCRYPT` and `_DECRYPT`, stateless. */
export const cipherStateless: RequestFormat<CipherStatelessOptions> = {
  readableLen: (o, mode) =>
    OpHeader.SIZE + symBodyLen(mode) + o.key.length + (o.iv?.length ?? 0) + o.src.length,
  writableLen: (o) => cipherDstLen(o) + Inhdr.SIZE,
  write({ bytes, view }, at, o, mode) {
    const iv = o.iv ?? NO_BYTES;
    const body = writeStatelessHeader(view, at, directionOpcode(Service.CIPHER, o.op));
    const para = body + SymDataReqStateless.u;
    view.setUint32(para + CipherParaStateless.algo, o.algo, true);
    view.setUint32(para + CipherParaStateless.keylen, o.key.length, true);
    view.setUint32(para + CipherParaStateless.op, o.op, true);
    view.setUint32(para + CipherParaStateless.ivLen, iv.length, true);
    view.setUint32(para + CipherParaStateless.srcDataLen, o.src.length, true);
    view.setUint32(para + CipherParaStateless.dstDataLen, cipherDstLen(o), true);
    view.setUint32(body + SymDataReqStateless.opType, SymOp.CIPHER, true);
    const next = put(bytes, body + symBodyLen(mode), o.key);
    put(bytes, put(bytes, next, iv), o.src);
  },
};

function writeChainPara(view: DataView, para: number, o: ChainStatelessOptions): void {
  const P = AlgChainDataParaStateless;
  const aadLen = o.aad?.length ?? 0;
  const cipherStart = o.cipherStartSrcOffset ?? 0;
  const hashStart = o.hashStartSrcOffset ?? 0;
  const authKeyLen = chainAuthKey(o.hashMode, o.authKey).length;
  view.setUint32(para + P.algChainOrder, o.algChainOrder, true);
  view.setUint32(para + P.sessAadLen, aadLen, true);
  view.setUint32(para + P.cipherAlgo, o.cipherAlgo, true);
  view.setUint32(para + P.keylen, o.key.length, true);
  view.setUint32(para + P.op, o.op, true);
  view.setUint32(para + P.hashAlgo, o.hashAlgo, true);
  view.setUint32(para + P.authKeyLen, authKeyLen, true);
  view.setUint32(para + P.hashMode, o.hashMode, true);
  view.setUint32(para + P.ivLen, o.iv?.length ?? 0, true);
  view.setUint32(para + P.srcDataLen, o.src.length, true);
  view.setUint32(para + P.dstDataLen, cipherDstLen(o), true);
  view.setUint32(para + P.cipherStartSrcOffset, cipherStart, true);
  view.setUint32(para + P.lenToCipher, restOf(o.src, cipherStart, o.lenToCipher), true);
  view.setUint32(para + P.hashStartSrcOffset, hashStart, true);
  view.setUint32(para + P.lenToHash, restOf(o.src, hashStart, o.lenToHash), true);
  view.setUint32(para + P.aadLen, aadLen, true);
  view.setUint32(para + P.hashResultLen, o.hashResultLen, true);
}

/** `VIRTIO_CRYPTO_CIPHER_ENCRYPT` and `_DECRYPT` with algorithm chaining, stateless. */
export const chainStateless: RequestFormat<ChainStatelessOptions> = {
  readableLen: (o, mode) =>
    OpHeader.SIZE + symBodyLen(mode) + o.key.length +
    chainAuthKey(o.hashMode, o.authKey).length + (o.iv?.length ?? 0) + (o.aad?.length ?? 0) +
    o.src.length,
  writableLen: (o) => cipherDstLen(o) + o.hashResultLen + Inhdr.SIZE,
  write({ bytes, view }, at, o, mode) {
    const body = writeStatelessHeader(view, at, directionOpcode(Service.CIPHER, o.op));
    writeChainPara(view, body + SymDataReqStateless.u, o);
    view.setUint32(body + SymDataReqStateless.opType, SymOp.ALGORITHM_CHAINING, true);
    let next = put(bytes, body + symBodyLen(mode), o.key);
    next = put(bytes, next, chainAuthKey(o.hashMode, o.authKey));
    next = put(bytes, next, o.iv ?? NO_BYTES);
    next = put(bytes, next, o.aad ?? NO_BYTES);
    put(bytes, next, o.src);
  },
};

/** `VIRTIO_CRYPTO_HASH`, stateless. */
export const hashStateless: RequestFormat<HashStatelessOptions> = {
  readableLen: (o) => OpHeader.SIZE + HashParaStateless.SIZE + o.src.length,
  writableLen: (o) => o.hashResultLen + Inhdr.SIZE,
  write({ bytes, view }, at, o) {
    const body = writeStatelessHeader(view, at, opcode(Service.HASH, Op.ENCRYPT));
    view.setUint32(body + HashParaStateless.algo, o.algo, true);
    view.setUint32(body + HashParaStateless.srcDataLen, o.src.length, true);
    view.setUint32(body + HashParaStateless.hashResultLen, o.hashResultLen, true);
    put(bytes, body + HashParaStateless.SIZE, o.src);
  },
};

/** `VIRTIO_CRYPTO_MAC`, stateless. */
export const macStateless: RequestFormat<MacStatelessOptions> = {
  readableLen: (o) =>
    OpHeader.SIZE + MacParaStateless.SIZE + o.authKey.length + (o.iv?.length ?? 0) +
    o.src.length,
  writableLen: (o) => o.hashResultLen + Inhdr.SIZE,
  write({ bytes, view }, at, o) {
    const iv = o.iv ?? NO_BYTES;
    const body = writeStatelessHeader(view, at, opcode(Service.MAC, Op.ENCRYPT));
    view.setUint32(body + MacParaStateless.algo, o.algo, true);
    view.setUint32(body + MacParaStateless.authKeyLen, o.authKey.length, true);
    view.setUint32(body + MacParaStateless.srcDataLen, iv.length + o.src.length, true);
    view.setUint32(body + MacParaStateless.hashResultLen, o.hashResultLen, true);
    const next = put(bytes, body + MacParaStateless.SIZE, o.authKey);
    put(bytes, put(bytes, next, iv), o.src);
  },
};

/** `VIRTIO_CRYPTO_AEAD_ENCRYPT` and `_DECRYPT`, stateless. */
export const aeadStateless: RequestFormat<AeadStatelessOptions> = {
  readableLen: (o) =>
    OpHeader.SIZE + AeadParaStateless.SIZE + o.key.length + o.iv.length + o.src.length +
    (o.aad?.length ?? 0),
  writableLen: (o) => aeadDstLen(o, o.tagLen) + Inhdr.SIZE,
  write({ bytes, view }, at, o) {
    const aad = o.aad ?? NO_BYTES;
    const body = writeStatelessHeader(view, at, directionOpcode(Service.AEAD, o.op));
    view.setUint32(body + AeadParaStateless.algo, o.algo, true);
    view.setUint32(body + AeadParaStateless.keyLen, o.key.length, true);
    view.setUint32(body + AeadParaStateless.op, o.op, true);
    view.setUint32(body + AeadParaStateless.ivLen, o.iv.length, true);
    view.setUint32(body + AeadParaStateless.tagLen, o.tagLen, true);
    view.setUint32(body + AeadParaStateless.aadLen, aad.length, true);
    view.setUint32(body + AeadParaStateless.srcDataLen, o.src.length, true);
    view.setUint32(body + AeadParaStateless.dstDataLen, aeadDstLen(o, o.tagLen), true);
    let next = put(bytes, body + AeadParaStateless.SIZE, o.key);
    next = put(bytes, next, o.iv);
    put(bytes, put(bytes, next, o.src), aad);
  },
};
