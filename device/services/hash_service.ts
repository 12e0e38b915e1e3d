/**
 * HASH service ("HASH Service Operation").
 *
 * @module
 */

import type { HashContext } from "../accelerators/contexts.ts";
import type { AlgorithmSet } from "../algorithms/selection.ts";
import { Service, Status } from "../wire/constants.ts";
import { HashPara, HashParaStateless, HashSessionPara } from "../wire/structs.ts";
import type { Request } from "./request.ts";
import type { Session } from "./session.ts";

const NOTHING = new Uint8Array(0);

/** Creates a HASH session. */
export function createHashSession(request: Request, offered: AlgorithmSet): Session | Status {
  const hash = offered.hash[request.u32(HashSessionPara.algo)];
  if (hash === undefined) return Status.NOTSUPP;
  if (!request.keysFit(0)) return Status.ERR;
  const limit = resultLimit(
    request.u32(HashSessionPara.hashResultLen),
    hash.algorithm.maxResultLen,
  );
  return limit === 0 ? Status.ERR : new HashSession(hash.open(), limit);
}

/**
 * The longest result that a session's requests may ask for: what it named, or, when it named none,
 * the algorithm's own. 0 when it named more than that.
 */
export function resultLimit(named: number, max: number): number {
  if (named > max) return 0;
  return named === 0 ? max : named;
}

/** Runs a stateless HASH request. */
export function runStatelessHash(request: Request, offered: AlgorithmSet): Status {
  const hash = offered.hash[request.u32(HashParaStateless.algo)];
  if (hash === undefined) return Status.NOTSUPP;
  const srcDataLen = request.u32(HashParaStateless.srcDataLen);
  const hashResultLen = request.u32(HashParaStateless.hashResultLen);
  const context = hash.open();
  try {
    return digest(context, request, srcDataLen, hashResultLen, hash.algorithm.maxResultLen);
  } finally {
    context.close();
  }
}

class HashSession implements Session {
  readonly service = Service.HASH;
  readonly #context: HashContext;
  readonly #limit: number;

  constructor(context: HashContext, limit: number) {
    this.#context = context;
    this.#limit = limit;
  }

  run(request: Request): Status {
    const srcDataLen = request.u32(HashPara.srcDataLen);
    const hashResultLen = request.u32(HashPara.hashResultLen);
    return digest(this.#context, request, srcDataLen, hashResultLen, this.#limit);
  }

  close(): void {
    this.#context.close();
  }
}

function digest(
  context: HashContext,
  request: Request,
  srcDataLen: number,
  hashResultLen: number,
  limit: number,
): Status {
  if (!request.fits(srcDataLen, hashResultLen)) return Status.ERR;
  if (hashResultLen === 0 || hashResultLen > limit) return Status.ERR;
  const { staging } = request;
  const src = staging.gather(request.readable, request.variable, srcDataLen);
  const result = staging.take(hashResultLen);
  context.digest(src, NOTHING, result);
  request.writable.copyFrom(0, result);
  return request.done(hashResultLen);
}
