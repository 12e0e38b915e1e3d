/**
 * MAC service ("MAC Service Operation").
 *
 * The service has no field for an iv: a MAC that takes one finds it in front of the data (wire.md).
 *
 * @module
 */

import type { MacContext } from "../accelerators/contexts.ts";
import { acceptsKeyLen, type MacAlgorithm } from "../algorithms/algorithm.ts";
import type { AlgorithmSet } from "../algorithms/selection.ts";
import { Service, Status } from "../wire/constants.ts";
import { HashPara, MacParaStateless, MacSessionPara } from "../wire/structs.ts";
import { resultLimit } from "./hash_service.ts";
import type { Request } from "./request.ts";
import type { Session } from "./session.ts";

const NOTHING = new Uint8Array(0);

/** Creates a MAC session. */
export function createMacSession(request: Request, offered: AlgorithmSet): Session | Status {
  const mac = offered.mac[request.u32(MacSessionPara.algo)];
  if (mac === undefined) return Status.NOTSUPP;
  const { algorithm } = mac;
  const authKeyLen = request.u32(MacSessionPara.authKeyLen);
  if (!request.keysFit(authKeyLen)) return Status.ERR;
  const limit = resultLimit(request.u32(MacSessionPara.hashResultLen), algorithm.maxResultLen);
  if (limit === 0 || !acceptsKeyLen(algorithm.keyLens, authKeyLen)) return Status.ERR;
  return new MacSession(algorithm, mac.open(request.key(0, authKeyLen)), limit);
}

/** Runs a stateless MAC request. */
export function runStatelessMac(request: Request, offered: AlgorithmSet): Status {
  const mac = offered.mac[request.u32(MacParaStateless.algo)];
  if (mac === undefined) return Status.NOTSUPP;
  const { algorithm } = mac;
  const authKeyLen = request.u32(MacParaStateless.authKeyLen);
  const srcDataLen = request.u32(MacParaStateless.srcDataLen);
  const hashResultLen = request.u32(MacParaStateless.hashResultLen);
  if (!request.fits(authKeyLen + srcDataLen, hashResultLen)) return Status.ERR;
  if (!acceptsKeyLen(algorithm.keyLens, authKeyLen)) return Status.ERR;
  if (!isMacData(algorithm, srcDataLen, hashResultLen, algorithm.maxResultLen)) return Status.ERR;
  const context = mac.open(request.key(0, authKeyLen));
  try {
    const iv = request.iv(authKeyLen, algorithm.ivLen);
    return authenticate(context, request, iv, authKeyLen, srcDataLen, hashResultLen);
  } finally {
    context.close();
  }
}

class MacSession implements Session {
  readonly service = Service.MAC;
  readonly #algorithm: MacAlgorithm;
  readonly #context: MacContext;
  readonly #limit: number;

  constructor(algorithm: MacAlgorithm, context: MacContext, limit: number) {
    this.#algorithm = algorithm;
    this.#context = context;
    this.#limit = limit;
  }

  run(request: Request): Status {
    const srcDataLen = request.u32(HashPara.srcDataLen);
    const hashResultLen = request.u32(HashPara.hashResultLen);
    if (!request.fits(srcDataLen, hashResultLen)) return Status.ERR;
    if (!isMacData(this.#algorithm, srcDataLen, hashResultLen, this.#limit)) return Status.ERR;
    const iv = request.iv(0, this.#algorithm.ivLen);
    return authenticate(this.#context, request, iv, 0, srcDataLen, hashResultLen);
  }

  close(): void {
    this.#context.close();
  }
}

function isMacData(
  algorithm: MacAlgorithm,
  srcDataLen: number,
  hashResultLen: number,
  limit: number,
): boolean {
  return srcDataLen >= algorithm.ivLen && hashResultLen > 0 && hashResultLen <= limit;
}

function authenticate(
  context: MacContext,
  request: Request,
  iv: Uint8Array,
  at: number,
  srcDataLen: number,
  hashResultLen: number,
): Status {
  const { staging } = request;
  const from = request.variable + at + iv.length;
  const message = staging.gather(request.readable, from, srcDataLen - iv.length);
  const result = staging.take(hashResultLen);
  context.compute(iv, message, NOTHING, result);
  request.writable.copyFrom(0, result);
  return request.done(hashResultLen);
}
