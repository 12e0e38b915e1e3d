/**
 * CIPHER service, algorithm chaining ("Symmetric algorithms Operation" with
 * VIRTIO_CRYPTO_SYM_OP_ALGORITHM_CHAINING): a cipher and a digest over regions of one source.
 *
 * @module
 */

import type { CipherContext, HashContext, MacContext } from "../accelerators/contexts.ts";
import { acceptsKeyLen, type CipherAlgorithm } from "../algorithms/algorithm.ts";
import type { AlgorithmSet } from "../algorithms/selection.ts";
import { overlapsPartly } from "../memory/staging.ts";
import { ChainOrder, Direction, HashMode, Service, Status, SymOp } from "../wire/constants.ts";
import {
  AlgChainDataPara,
  AlgChainDataParaStateless,
  AlgChainSessionPara,
  CipherSessionPara,
  HashSessionPara,
  MacSessionPara,
  SymDataReq,
} from "../wire/structs.ts";
import { isCipherData, isDirection, type OfferedCipher, openCipher } from "./cipher_service.ts";
import { resultLimit } from "./hash_service.ts";
import type { Request } from "./request.ts";
import type { Session } from "./session.ts";

const NOTHING = new Uint8Array(0);

// The digest of a chain, whichever of the three hash modes it is: a MacContext with these facts.
interface Digest {
  readonly maxResultLen: number;
  readonly ivLen: number;
  /** Whether a key of this many bytes fits it; PLAIN and NESTED take none. */
  readonly acceptsKeyLen: (len: number) => boolean;
  readonly open: (key: Uint8Array) => MacContext;
}

/** HASH mode PLAIN: H(input). */
class PlainDigest implements MacContext {
  readonly #hash: HashContext;

  constructor(hash: HashContext) {
    this.#hash = hash;
  }

  compute(_iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    this.#hash.digest(first, second, out);
  }

  close(): void {
    this.#hash.close();
  }
}

/** HASH mode NESTED: H(H(input)), the inner digest in full. */
class NestedDigest implements MacContext {
  readonly #hash: HashContext;
  readonly #inner: Uint8Array;

  constructor(hash: HashContext, innerLen: number) {
    this.#hash = hash;
    this.#inner = new Uint8Array(innerLen);
  }

  compute(_iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    this.#hash.digest(first, second, this.#inner);
    this.#hash.digest(this.#inner, NOTHING, out);
    this.#inner.fill(0);
  }

  close(): void {
    this.#hash.close();
  }
}

// Check 7 of wire.md for the digest; null stands for NOTSUPP.
function findDigest(offered: AlgorithmSet, hashMode: number, algo: number): Digest | null {
  if (hashMode === HashMode.AUTH) {
    const mac = offered.mac[algo];
    if (mac === undefined) return null;
    const { maxResultLen, ivLen, keyLens } = mac.algorithm;
    return {
      maxResultLen,
      ivLen,
      acceptsKeyLen: (len) => acceptsKeyLen(keyLens, len),
      open: mac.open,
    };
  }
  const hash = offered.hash[algo];
  if (hash === undefined) return null;
  const { maxResultLen, innerLen } = hash.algorithm;
  const fixed = { maxResultLen, ivLen: 0, acceptsKeyLen: (len: number) => len === 0 };
  if (hashMode === HashMode.PLAIN) return { ...fixed, open: () => new PlainDigest(hash.open()) };
  if (hashMode === HashMode.NESTED) {
    return { ...fixed, open: () => new NestedDigest(hash.open(), innerLen) };
  }
  return null;
}

function isChainOrder(order: number): boolean {
  return order === ChainOrder.HASH_THEN_CIPHER || order === ChainOrder.CIPHER_THEN_HASH;
}

// A chain that can run: everything a session holds and a stateless request makes for itself.
interface Chain {
  readonly cipher: CipherAlgorithm;
  readonly context: CipherContext;
  readonly digest: MacContext;
  readonly digestIvLen: number;
  readonly hashFirst: boolean;
  readonly resultLimit: number;
}

// What a chain is opened with: two keys stand one after the other behind the fixed part.
interface ChainParts {
  readonly cipher: OfferedCipher;
  readonly keylen: number;
  readonly op: number;
  readonly digest: Digest;
  readonly authKeyLen: number;
  readonly order: number;
}

// Null when the cipher refuses its key. Neither context outlives a fault of the other.
function openChain(request: Request, parts: ChainParts, resultLimit: number): Chain | null {
  const { cipher, keylen, op, digest, authKeyLen, order } = parts;
  const digestContext = digest.open(request.key(keylen, authKeyLen));
  let context: CipherContext | null = null;
  try {
    context = openCipher(cipher, request, keylen, op);
  } finally {
    if (context === null) digestContext.close();
  }
  if (context === null) return null;
  return {
    cipher: cipher.algorithm,
    context,
    digest: digestContext,
    digestIvLen: digest.ivLen,
    hashFirst: order === ChainOrder.HASH_THEN_CIPHER,
    resultLimit,
  };
}

function closeChain(chain: Chain): void {
  try {
    chain.context.close();
  } finally {
    chain.digest.close();
  }
}

/** Creates a session from a body whose `op_type` is ALGORITHM_CHAINING. */
export function createChainSession(request: Request, offered: AlgorithmSet): Session | Status {
  const cipherAt = AlgChainSessionPara.cipherParam;
  const hashAt = AlgChainSessionPara.hashParam;
  const order = request.u32(AlgChainSessionPara.algChainOrder);
  const hashMode = request.u32(AlgChainSessionPara.hashMode);
  const cipher = offered.cipher[request.u32(cipherAt + CipherSessionPara.algo)];
  // The algorithm stands first in both members of the union, the result's length second.
  const digest = findDigest(offered, hashMode, request.u32(hashAt + HashSessionPara.algo));
  if (!isChainOrder(order) || cipher === undefined || digest === null) return Status.NOTSUPP;
  const op = request.u32(cipherAt + CipherSessionPara.op);
  if (!isDirection(op)) return Status.ERR;
  const keylen = request.u32(cipherAt + CipherSessionPara.keylen);
  const authKeyLen = hashMode === HashMode.AUTH
    ? request.u32(hashAt + MacSessionPara.authKeyLen)
    : 0;
  if (!request.keysFit(keylen + authKeyLen) || !digest.acceptsKeyLen(authKeyLen)) return Status.ERR;
  const named = request.u32(hashAt + HashSessionPara.hashResultLen);
  const limit = resultLimit(named, digest.maxResultLen);
  if (limit === 0) return Status.ERR;
  const chain = openChain(request, { cipher, keylen, op, digest, authKeyLen, order }, limit);
  if (chain === null) return Status.ERR;
  return new ChainSession(chain, op === Direction.DECRYPT);
}

class ChainSession implements Session {
  readonly service = Service.CIPHER;
  readonly #chain: Chain;
  readonly #decrypt: boolean;

  constructor(chain: Chain, decrypt: boolean) {
    this.#chain = chain;
    this.#decrypt = decrypt;
  }

  run(request: Request): Status {
    const opType = request.u32(SymDataReq.opType);
    if (opType !== SymOp.ALGORITHM_CHAINING) {
      return opType === SymOp.CIPHER ? Status.ERR : Status.NOTSUPP;
    }
    if (request.decrypt !== this.#decrypt) return Status.ERR;
    params.readFrom(request, AlgChainDataPara);
    const { ivLen, srcDataLen, aadLen, dstDataLen, hashResultLen } = params;
    if (!request.fits(ivLen + srcDataLen + aadLen, dstDataLen + hashResultLen)) return Status.ERR;
    const { cipher, digestIvLen, resultLimit } = this.#chain;
    if (!isChainData(cipher, digestIvLen, resultLimit)) return Status.ERR;
    // iv, src, aad: QEMU and DPDK read aad before src, the specification's structure stands.
    return run(this.#chain, request, 0, ivLen, ivLen + srcDataLen);
  }

  close(): void {
    closeChain(this.#chain);
  }
}

/** Runs a stateless request whose `op_type` is ALGORITHM_CHAINING. */
export function runStatelessChain(request: Request, offered: AlgorithmSet): Status {
  const order = request.u32(AlgChainDataParaStateless.algChainOrder);
  const hashMode = request.u32(AlgChainDataParaStateless.hashMode);
  const cipher = offered.cipher[request.u32(AlgChainDataParaStateless.cipherAlgo)];
  const hashAlgo = request.u32(AlgChainDataParaStateless.hashAlgo);
  const digest = findDigest(offered, hashMode, hashAlgo);
  if (!isChainOrder(order) || cipher === undefined || digest === null) return Status.NOTSUPP;
  const op = request.u32(AlgChainDataParaStateless.op);
  if (!isDirection(op) || (op === Direction.DECRYPT) !== request.decrypt) return Status.ERR;
  const keylen = request.u32(AlgChainDataParaStateless.keylen);
  const authKeyLen = request.u32(AlgChainDataParaStateless.authKeyLen);
  params.readFrom(request, AlgChainDataParaStateless);
  const { ivLen, srcDataLen, aadLen, dstDataLen, hashResultLen } = params;
  const keysLen = keylen + authKeyLen;
  if (!request.fits(keysLen + ivLen + aadLen + srcDataLen, dstDataLen + hashResultLen)) {
    return Status.ERR;
  }
  if (!digest.acceptsKeyLen(authKeyLen)) return Status.ERR;
  if (!isChainData(cipher.algorithm, digest.ivLen, digest.maxResultLen)) return Status.ERR;
  const parts = { cipher, keylen, op, digest, authKeyLen, order };
  const chain = openChain(request, parts, digest.maxResultLen);
  if (chain === null) return Status.ERR;
  try {
    // cipher_key, auth_key, iv, aad, src: struct virtio_crypto_alg_chain_data_req_stateless.
    return run(chain, request, keysLen, keysLen + ivLen + aadLen, keysLen + ivLen);
  } finally {
    closeChain(chain);
  }
}

// The parameters of one chain request, the same in both structures but for their offsets.
class ChainParams {
  ivLen = 0;
  srcDataLen = 0;
  dstDataLen = 0;
  cipherStartSrcOffset = 0;
  lenToCipher = 0;
  hashStartSrcOffset = 0;
  lenToHash = 0;
  aadLen = 0;
  hashResultLen = 0;

  readFrom(request: Request, at: typeof AlgChainDataPara | typeof AlgChainDataParaStateless): void {
    this.ivLen = request.u32(at.ivLen);
    this.srcDataLen = request.u32(at.srcDataLen);
    this.dstDataLen = request.u32(at.dstDataLen);
    this.cipherStartSrcOffset = request.u32(at.cipherStartSrcOffset);
    this.lenToCipher = request.u32(at.lenToCipher);
    this.hashStartSrcOffset = request.u32(at.hashStartSrcOffset);
    this.lenToHash = request.u32(at.lenToHash);
    this.aadLen = request.u32(at.aadLen);
    this.hashResultLen = request.u32(at.hashResultLen);
  }
}

const params = new ChainParams();

// Check 10 of wire.md. Sums of 32-bit numbers: they do not wrap.
function isChainData(cipher: CipherAlgorithm, digestIvLen: number, resultLimit: number): boolean {
  const { srcDataLen, hashResultLen, lenToCipher, lenToHash } = params;
  return isCipherData(cipher, params.ivLen, lenToCipher) &&
    params.cipherStartSrcOffset + lenToCipher <= srcDataLen &&
    params.hashStartSrcOffset + lenToHash <= srcDataLen &&
    params.dstDataLen >= srcDataLen &&
    params.aadLen >= digestIvLen &&
    hashResultLen > 0 && hashResultLen <= resultLimit;
}

// Positions count from the end of the fixed part.
function run(chain: Chain, request: Request, ivAt: number, srcAt: number, aadAt: number): Status {
  const { staging, readable, writable, variable } = request;
  const { srcDataLen, dstDataLen, hashResultLen, aadLen } = params;
  const { digestIvLen } = chain;
  const iv = request.iv(ivAt, params.ivLen);
  const digestIv = staging.copy(readable, variable + aadAt, digestIvLen);
  // Private: dst may lie over it in memory and is written before the digest is made.
  const aad = staging.copy(readable, variable + aadAt + digestIvLen, aadLen - digestIvLen);
  const result = staging.take(hashResultLen);
  const inPlace = request.output(srcDataLen);
  const dst = inPlace ?? staging.take(srcDataLen);
  let src = staging.gather(readable, variable + srcAt, srcDataLen);
  if (overlapsPartly(src, dst)) src = staging.copy(readable, variable + srcAt, srcDataLen);

  const from = params.hashStartSrcOffset;
  const to = from + params.lenToHash;
  if (chain.hashFirst) chain.digest.compute(digestIv, aad, src.subarray(from, to), result);
  encipher(chain.context, iv, src, dst);
  if (!chain.hashFirst) chain.digest.compute(digestIv, aad, dst.subarray(from, to), result);

  if (inPlace === null) writable.copyFrom(0, dst);
  if (dstDataLen > srcDataLen) writable.wipe(srcDataLen, dstDataLen - srcDataLen);
  writable.copyFrom(dstDataLen, result);
  return request.done(dstDataLen + hashResultLen);
}

// dst becomes a copy of src with the cipher's region replaced.
function encipher(context: CipherContext, iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
  const from = params.cipherStartSrcOffset;
  const to = from + params.lenToCipher;
  if (src.byteOffset !== dst.byteOffset || src.buffer !== dst.buffer) {
    if (from > 0) dst.set(src.subarray(0, from));
    if (to < src.length) dst.set(src.subarray(to), to);
  }
  context.process(iv, src.subarray(from, to), dst.subarray(from, to));
}
