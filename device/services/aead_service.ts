/**
 * AEAD service ("AEAD Service Operation").
 *
 * @module
 */

import type { AeadContext } from "../accelerators/contexts.ts";
import { acceptsKeyLen, type AeadAlgorithm } from "../algorithms/algorithm.ts";
import type { AlgorithmSet } from "../algorithms/selection.ts";
import { overlaps, overlapsPartly } from "../memory/staging.ts";
import { Direction, Service, Status } from "../wire/constants.ts";
import { AeadPara, AeadParaStateless, AeadSessionPara } from "../wire/structs.ts";
import { isDirection } from "./cipher_service.ts";
import type { Request } from "./request.ts";
import type { Session } from "./session.ts";

// "Regardless of the IV length, a full 16 bytes needs to be allocated" (struct virtio_crypto_aead_data_req).
const FULL_IV_LEN = 16;
const NOTHING = new Uint8Array(0);

/** Creates an AEAD session. */
export function createAeadSession(request: Request, offered: AlgorithmSet): Session | Status {
  const aead = offered.aead[request.u32(AeadSessionPara.algo)];
  if (aead === undefined) return Status.NOTSUPP;
  const { algorithm } = aead;
  const op = request.u32(AeadSessionPara.op);
  if (!isDirection(op)) return Status.ERR;
  const keyLen = request.u32(AeadSessionPara.keyLen);
  if (!request.keysFit(keyLen) || !acceptsKeyLen(algorithm.keyLens, keyLen)) return Status.ERR;
  const tagLen = request.u32(AeadSessionPara.tagLen);
  if (!algorithm.tagLens.includes(tagLen)) return Status.ERR;
  return new AeadSession(algorithm, aead.open(request.key(0, keyLen)), op, tagLen);
}

// The lengths of one request: filled for a session or a stateless request, read at once.
class AeadLens {
  key = 0;
  iv = 0;
  src = 0;
  aad = 0;
  dst = 0;
  tag = 0;
  /** Bytes between iv and src that belong to the iv field. */
  ivField = 0;
}

const lens = new AeadLens();

/** Runs a stateless AEAD request. */
export function runStatelessAead(request: Request, offered: AlgorithmSet): Status {
  const aead = offered.aead[request.u32(AeadParaStateless.algo)];
  if (aead === undefined) return Status.NOTSUPP;
  const { algorithm } = aead;
  const op = request.u32(AeadParaStateless.op);
  if (!isDirection(op) || (op === Direction.DECRYPT) !== request.decrypt) return Status.ERR;
  lens.key = request.u32(AeadParaStateless.keyLen);
  lens.iv = request.u32(AeadParaStateless.ivLen);
  lens.tag = request.u32(AeadParaStateless.tagLen);
  lens.aad = request.u32(AeadParaStateless.aadLen);
  lens.src = request.u32(AeadParaStateless.srcDataLen);
  lens.dst = request.u32(AeadParaStateless.dstDataLen);
  if (!hasFields(request) || !isAeadData(algorithm, request.decrypt)) return Status.ERR;
  if (!acceptsKeyLen(algorithm.keyLens, lens.key)) return Status.ERR;
  const context = aead.open(request.key(0, lens.key));
  try {
    return run(algorithm, context, request);
  } finally {
    context.close();
  }
}

class AeadSession implements Session {
  readonly service = Service.AEAD;
  readonly #algorithm: AeadAlgorithm;
  readonly #context: AeadContext;
  readonly #decrypt: boolean;
  readonly #tagLen: number;

  constructor(algorithm: AeadAlgorithm, context: AeadContext, op: number, tagLen: number) {
    this.#algorithm = algorithm;
    this.#context = context;
    this.#decrypt = op === Direction.DECRYPT;
    this.#tagLen = tagLen;
  }

  run(request: Request): Status {
    if (request.decrypt !== this.#decrypt) return Status.ERR;
    lens.key = 0;
    lens.iv = request.u32(AeadPara.ivLen);
    lens.aad = request.u32(AeadPara.aadLen);
    lens.src = request.u32(AeadPara.srcDataLen);
    lens.dst = request.u32(AeadPara.dstDataLen);
    lens.tag = request.u32(AeadPara.tagLen);
    // Linux's header has no such field in a request: 0 stands for the session's.
    if (lens.tag === 0) lens.tag = this.#tagLen;
    if (!hasFields(request) || lens.tag !== this.#tagLen) return Status.ERR;
    if (!isAeadData(this.#algorithm, request.decrypt)) return Status.ERR;
    return run(this.#algorithm, this.#context, request);
  }

  close(): void {
    this.#context.close();
  }
}

// Check 9 of wire.md, and with it the two forms an iv field may have: R is exactly as long as its
// fields, or longer by what the iv lacks to 16 bytes.
function hasFields(request: Request): boolean {
  const declared = lens.key + lens.iv + lens.src + lens.aad;
  if (!request.fits(declared, lens.dst)) return false;
  const more = request.variableLen - declared;
  if (more !== 0 && more !== FULL_IV_LEN - lens.iv) return false;
  lens.ivField = lens.iv + more;
  return true;
}

// Check 10 of wire.md.
function isAeadData(algorithm: AeadAlgorithm, decrypt: boolean): boolean {
  if (!algorithm.ivLens.includes(lens.iv) || !algorithm.tagLens.includes(lens.tag)) return false;
  if (decrypt && lens.src < lens.tag) return false;
  const plaintextLen = decrypt ? lens.src - lens.tag : lens.src;
  if (lens.dst < (decrypt ? plaintextLen : lens.src + lens.tag)) return false;
  return plaintextLen <= algorithm.maxPlaintextLen(lens.iv);
}

function run(algorithm: AeadAlgorithm, context: AeadContext, request: Request): Status {
  const isPadded = lens.ivField !== lens.iv;
  const ivAt = lens.key + (isPadded ? algorithm.paddedIvOffset : 0);
  const srcAt = request.variable + lens.key + lens.ivField;
  if (request.decrypt) return open(context, request, request.iv(ivAt, lens.iv), srcAt);
  const row = lens.dst === lens.src + lens.tag
    ? request.rowFor(lens.src + lens.aad, context.inRow)
    : null;
  if (row === null) return seal(context, request, request.iv(ivAt, lens.iv), srcAt);
  const operation = row.add(request.readable, request.writable);
  operation.aead = context;
  operation.cipher = null;
  operation.ivAt = request.variable + ivAt;
  operation.ivLen = lens.iv;
  operation.srcAt = srcAt;
  operation.srcLen = lens.src;
  operation.aadLen = lens.aad;
  operation.tagLen = lens.tag;
  return request.doneInRow(lens.dst);
}

function seal(context: AeadContext, request: Request, iv: Uint8Array, srcAt: number): Status {
  const { staging, readable, writable } = request;
  const dst = request.output(lens.src);
  let src = staging.gather(readable, srcAt, lens.src);
  let aad = lens.aad === 0 ? NOTHING : staging.gather(readable, srcAt + lens.src, lens.aad);
  let tag = writable.view(lens.src, lens.tag);
  const isTagInPlace = tag !== null && !overlaps(src, tag) && !overlaps(aad, tag);
  if (tag === null || !isTagInPlace) tag = staging.take(lens.tag);
  if (dst === null) {
    const result = staging.take(lens.src);
    context.seal(iv, aad, src, result, tag);
    writable.copyFrom(0, result);
  } else {
    if (overlapsPartly(src, dst)) src = staging.copy(readable, srcAt, lens.src);
    if (overlaps(aad, dst)) aad = staging.copy(readable, srcAt + lens.src, lens.aad);
    context.seal(iv, aad, src, dst, tag);
  }
  if (!isTagInPlace) writable.copyFrom(lens.src, tag);
  return finish(request, lens.src + lens.tag);
}

// Ciphertext, tag and aad are copied to private memory first: a driver that rewrites its memory
// between the check of the tag and the decryption gets nothing that did not verify.
function open(context: AeadContext, request: Request, iv: Uint8Array, srcAt: number): Status {
  const { staging, readable, writable } = request;
  const len = lens.src - lens.tag;
  const src = staging.copy(readable, srcAt, len);
  const tag = staging.copy(readable, srcAt + len, lens.tag);
  const aad = lens.aad === 0 ? NOTHING : staging.copy(readable, srcAt + lens.src, lens.aad);
  if (!context.open(iv, aad, src, tag, src)) return Status.BADMSG;
  writable.copyFrom(0, src);
  return finish(request, len);
}

function finish(request: Request, resultLen: number): Status {
  if (lens.dst > resultLen) request.writable.wipe(resultLen, lens.dst - resultLen);
  return request.done(lens.dst);
}
