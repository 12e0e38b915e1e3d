/**
 * The four services, by what the engine asks of them: create a session, run a stateless request.
 *
 * @module
 */

import type { AlgorithmSet } from "../algorithms/selection.ts";
import { Service, Status, SymOp } from "../wire/constants.ts";
import {
  AeadParaStateless,
  AeadSessionPara,
  HashParaStateless,
  HashSessionPara,
  MacParaStateless,
  MacSessionPara,
  SymCreateSessionReq,
  SymDataReqStateless,
} from "../wire/structs.ts";
import { createAeadSession, runStatelessAead } from "./aead_service.ts";
import { createChainSession, runStatelessChain } from "./chain_service.ts";
import { createCipherSession, runStatelessCipher } from "./cipher_service.ts";
import { createHashSession, runStatelessHash } from "./hash_service.ts";
import { createMacSession, runStatelessMac } from "./mac_service.ts";
import type { Request } from "./request.ts";
import type { Session } from "./session.ts";

/** Creates a session from a request's body, from check 6 of wire.md to the keys. */
export type CreateSession = (request: Request, offered: AlgorithmSet) => Session | Status;

/** Runs a stateless request, from check 6 of wire.md on. */
export type RunStateless = (request: Request, offered: AlgorithmSet) => Status;

/** Session creation by service number. */
export const CREATE_SESSION: readonly CreateSession[] = byService({
  [Service.CIPHER]: createSymSession,
  [Service.HASH]: createHashSession,
  [Service.MAC]: createMacSession,
  [Service.AEAD]: createAeadSession,
});

/** Stateless requests by service number. */
export const RUN_STATELESS: readonly RunStateless[] = byService({
  [Service.CIPHER]: runStatelessSym,
  [Service.HASH]: runStatelessHash,
  [Service.MAC]: runStatelessMac,
  [Service.AEAD]: runStatelessAead,
});

/** Bytes of a session's creation under MUX_MODE, by service number. */
export const CREATE_BODY_SIZE: readonly number[] = byService({
  [Service.CIPHER]: SymCreateSessionReq.SIZE,
  [Service.HASH]: HashSessionPara.SIZE,
  [Service.MAC]: MacSessionPara.SIZE,
  [Service.AEAD]: AeadSessionPara.SIZE,
});

/** Bytes of a stateless body, by service number; the CIPHER service's as v19 has it. */
export const STATELESS_BODY_SIZE: readonly number[] = byService({
  [Service.CIPHER]: SymDataReqStateless.SIZE,
  [Service.HASH]: HashParaStateless.SIZE,
  [Service.MAC]: MacParaStateless.SIZE,
  [Service.AEAD]: AeadParaStateless.SIZE,
});

function byService<T>(table: Readonly<Record<Service, T>>): readonly T[] {
  return [table[0], table[1], table[2], table[3]];
}

function createSymSession(request: Request, offered: AlgorithmSet): Session | Status {
  switch (request.u32(SymCreateSessionReq.opType)) {
    case SymOp.CIPHER:
      return createCipherSession(request, offered);
    case SymOp.ALGORITHM_CHAINING:
      return createChainSession(request, offered);
    default:
      return Status.NOTSUPP;
  }
}

function runStatelessSym(request: Request, offered: AlgorithmSet): Status {
  switch (request.u32(SymDataReqStateless.opType)) {
    case SymOp.CIPHER:
      return runStatelessCipher(request, offered);
    case SymOp.ALGORITHM_CHAINING:
      return runStatelessChain(request, offered);
    default:
      return Status.NOTSUPP;
  }
}
