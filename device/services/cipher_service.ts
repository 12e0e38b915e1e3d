/**
 * CIPHER service, plain ("Symmetric algorithms Operation" with VIRTIO_CRYPTO_SYM_OP_CIPHER).
 *
 * @module
 */

import type { CipherContext } from "../accelerators/contexts.ts";
import { acceptsKeyLen, type CipherAlgorithm, type OpenCipher } from "../algorithms/algorithm.ts";
import type { AlgorithmSet, Offered } from "../algorithms/selection.ts";
import { overlapsPartly } from "../memory/staging.ts";
import { Direction, Service, Status, SymOp } from "../wire/constants.ts";
import {
  CipherPara,
  CipherParaStateless,
  CipherSessionPara,
  SymCreateSessionReq,
  SymDataReq,
} from "../wire/structs.ts";
import type { Request } from "./request.ts";
import type { Session } from "./session.ts";

/** A cipher as offered. */
export type OfferedCipher = Offered<CipherAlgorithm, OpenCipher>;

/** Check 8 of wire.md: `op` is a direction at all. */
export function isDirection(op: number): boolean {
  return op === Direction.ENCRYPT || op === Direction.DECRYPT;
}

/** Creates a session from a body whose `op_type` is CIPHER. */
export function createCipherSession(request: Request, offered: AlgorithmSet): Session | Status {
  const para = SymCreateSessionReq.u;
  const cipher = offered.cipher[request.u32(para + CipherSessionPara.algo)];
  if (cipher === undefined) return Status.NOTSUPP;
  const op = request.u32(para + CipherSessionPara.op);
  if (!isDirection(op)) return Status.ERR;
  const keylen = request.u32(para + CipherSessionPara.keylen);
  if (!request.keysFit(keylen)) return Status.ERR;
  const context = openCipher(cipher, request, keylen, op);
  return context === null ? Status.ERR : new CipherSession(cipher.algorithm, context, op);
}

/**
 * Opens a context with the key that starts the variable part; the caller has checked that it is there.
 *
 * @returns null when the algorithm refuses the key
 */
export function openCipher(
  cipher: OfferedCipher,
  request: Request,
  keylen: number,
  op: number,
): CipherContext | null {
  const { algorithm } = cipher;
  if (!acceptsKeyLen(algorithm.keyLens, keylen)) return null;
  const key = request.key(0, keylen);
  if (algorithm.acceptsKey !== undefined && !algorithm.acceptsKey(key)) return null;
  return cipher.open(key, op === Direction.DECRYPT);
}

/** Runs a stateless request whose `op_type` is CIPHER. */
export function runStatelessCipher(request: Request, offered: AlgorithmSet): Status {
  const cipher = offered.cipher[request.u32(CipherParaStateless.algo)];
  if (cipher === undefined) return Status.NOTSUPP;
  const op = request.u32(CipherParaStateless.op);
  if (!isDirection(op) || (op === Direction.DECRYPT) !== request.decrypt) return Status.ERR;
  const keylen = request.u32(CipherParaStateless.keylen);
  const ivLen = request.u32(CipherParaStateless.ivLen);
  const srcDataLen = request.u32(CipherParaStateless.srcDataLen);
  const dstDataLen = request.u32(CipherParaStateless.dstDataLen);
  if (!request.fits(keylen + ivLen + srcDataLen, dstDataLen)) return Status.ERR;
  const { algorithm } = cipher;
  if (!isCipherData(algorithm, ivLen, srcDataLen) || dstDataLen < srcDataLen) return Status.ERR;
  const context = openCipher(cipher, request, keylen, op);
  if (context === null) return Status.ERR;
  try {
    const iv = request.iv(keylen, ivLen);
    return transform(context, request, iv, keylen + ivLen, srcDataLen, dstDataLen);
  } finally {
    context.close();
  }
}

/** Check 10 of wire.md for what a cipher is run on. */
export function isCipherData(algorithm: CipherAlgorithm, ivLen: number, len: number): boolean {
  return ivLen === algorithm.ivLen && len >= algorithm.minLen && len % algorithm.blockLen === 0;
}

class CipherSession implements Session {
  readonly service = Service.CIPHER;
  readonly #algorithm: CipherAlgorithm;
  readonly #context: CipherContext;
  readonly #decrypt: boolean;

  constructor(algorithm: CipherAlgorithm, context: CipherContext, op: number) {
    this.#algorithm = algorithm;
    this.#context = context;
    this.#decrypt = op === Direction.DECRYPT;
  }

  run(request: Request): Status {
    const opType = request.u32(SymDataReq.opType);
    if (opType !== SymOp.CIPHER) {
      return opType === SymOp.ALGORITHM_CHAINING ? Status.ERR : Status.NOTSUPP;
    }
    if (request.decrypt !== this.#decrypt) return Status.ERR;
    const ivLen = request.u32(CipherPara.ivLen);
    const srcDataLen = request.u32(CipherPara.srcDataLen);
    const dstDataLen = request.u32(CipherPara.dstDataLen);
    if (!request.fits(ivLen + srcDataLen, dstDataLen)) return Status.ERR;
    if (!isCipherData(this.#algorithm, ivLen, srcDataLen)) return Status.ERR;
    if (dstDataLen < srcDataLen) return Status.ERR;
    const row = dstDataLen === srcDataLen ? request.rowFor(srcDataLen, this.#context.inRow) : null;
    if (row === null) {
      const iv = request.iv(0, ivLen);
      return transform(this.#context, request, iv, ivLen, srcDataLen, dstDataLen);
    }
    const operation = row.add(request.readable, request.writable);
    operation.aead = null;
    operation.cipher = this.#context;
    operation.ivAt = request.variable;
    operation.ivLen = ivLen;
    operation.srcAt = request.variable + ivLen;
    operation.srcLen = srcDataLen;
    operation.aadLen = 0;
    operation.tagLen = 0;
    return request.doneInRow(dstDataLen);
  }

  close(): void {
    this.#context.close();
  }
}

// src stands `at` bytes behind the fixed part, dst at the start of W. Both are worked on where they
// lie when they lie in one piece.
function transform(
  context: CipherContext,
  request: Request,
  iv: Uint8Array,
  at: number,
  srcDataLen: number,
  dstDataLen: number,
): Status {
  const { staging, readable, writable } = request;
  const dst = request.output(srcDataLen);
  let src = staging.gather(readable, request.variable + at, srcDataLen);
  if (dst === null) {
    const result = staging.take(srcDataLen);
    context.process(iv, src, result);
    writable.copyFrom(0, result);
  } else {
    if (overlapsPartly(src, dst)) {
      src = staging.copy(readable, request.variable + at, srcDataLen);
    }
    context.process(iv, src, dst);
  }
  if (dstDataLen > srcDataLen) writable.wipe(srcDataLen, dstDataLen - srcDataLen);
  return request.done(dstDataLen);
}
