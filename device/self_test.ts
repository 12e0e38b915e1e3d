/**
 * The self-test: one request per algorithm, through the engine, whose answer is known.
 *
 * @module
 */

import { type AcceleratorChoice, FASTEST } from "./algorithms/accelerator_choice.ts";
import type { AcceleratorName, Algorithm, KnownAnswer } from "./algorithms/algorithm.ts";
import { AlgorithmSet } from "./algorithms/selection.ts";
import { Engine } from "./engine/engine.ts";
import { SegmentList } from "./memory/segment_list.ts";
import { Direction, Service, SERVICES, Status } from "./wire/constants.ts";
import {
  aeadStateless,
  build,
  cipherStateless,
  hashStateless,
  macStateless,
  type Request,
} from "./wire/requests.ts";

/** An implementation that did not give its algorithm's known answer. */
export interface SelfTestFailure {
  readonly algorithm: Algorithm;
  readonly accelerator: AcceleratorName;
  /** What went wrong, for the log. */
  readonly reason: string;
  /** Who serves the algorithm instead; absent when nobody is left. */
  readonly servedBy?: AcceleratorName;
}

/** What passed, and what did not. */
export interface SelfTestResult {
  /** The algorithms that may be offered, each with an accelerator that passed. */
  readonly passed: AlgorithmSet;
  readonly failures: readonly SelfTestFailure[];
}

const MODE = { mux: true, layout: "v19" } as const;
const MAX_SIZE = 4096;

/**
 * Runs every algorithm's known answer with the accelerator that is to serve it, ciphers and AEADs in
 * both directions. Where one fails, the next best is tried.
 *
 * @example
 * ```ts
 * import { ALGORITHMS } from "./algorithms/list.ts";
 * import { selfTest } from "./self_test.ts";
 * selfTest(ALGORITHMS).failures; // []
 * ```
 */
export function selfTest(
  algorithms: readonly Algorithm[],
  choice: AcceleratorChoice = FASTEST,
): SelfTestResult {
  const failures: SelfTestFailure[] = [];
  let left: readonly Algorithm[] = algorithms;
  for (;;) {
    const passed = new AlgorithmSet(left, choice);
    const failed = testAll(passed);
    if (failed.length === 0) {
      return { passed, failures: failures.map((failure) => withHeir(failure, passed)) };
    }
    failures.push(...failed);
    left = left.map((algorithm) => without(algorithm, failed))
      .filter(({ implementations }) => implementations.length > 0);
  }
}

function withHeir(failure: SelfTestFailure, passed: AlgorithmSet): SelfTestFailure {
  const { service, id } = failure.algorithm;
  const heir = passed.list().find(({ algorithm }) =>
    algorithm.service === service && algorithm.id === id
  );
  return heir === undefined ? failure : { ...failure, servedBy: heir.accelerator };
}

function without(algorithm: Algorithm, failed: readonly SelfTestFailure[]): Algorithm {
  const failure = failed.find((each) => each.algorithm === algorithm);
  if (failure === undefined) return algorithm;
  const implementations = algorithm.implementations.filter(({ accelerator }) =>
    accelerator !== failure.accelerator
  );
  return { ...algorithm, implementations } as Algorithm;
}

function testAll(offered: AlgorithmSet): SelfTestFailure[] {
  let fault: unknown;
  const engine = new Engine({
    algorithms: offered,
    maxSize: MAX_SIZE,
    maxSessions: 1,
    layout: MODE.layout,
    onFault: (error) => fault = error,
  });
  engine.negotiate({ mux: true, stateless: SERVICES.map(() => true) });
  const failures: SelfTestFailure[] = [];
  for (const { algorithm, accelerator } of offered.list()) {
    fault = undefined;
    const said = testOne(engine, algorithm);
    if (said === undefined) continue;
    const reason = fault === undefined ? said : `${said}: ${fault}`;
    failures.push({ algorithm, accelerator, reason });
  }
  return failures;
}

function testOne(engine: Engine, algorithm: Algorithm): string | undefined {
  for (const { request, expected } of requestsOf(algorithm)) {
    const readable = SegmentList.of(request.readable);
    const output = new Uint8Array(request.writableLen);
    const writable = SegmentList.of(output);
    const usedLen = engine.data(readable, writable);
    const status = output[output.length - 1];
    if (status !== Status.OK) return `status ${status}`;
    const result = output.subarray(0, usedLen - 1);
    if (result.toHex() !== expected.toHex()) return "wrong result";
  }
  return undefined;
}

function requestsOf(algorithm: Algorithm): { request: Request; expected: Uint8Array }[] {
  const { id: algo, knownAnswer } = algorithm;
  const { key, iv, aad, src, result } = decode(knownAnswer);
  const encrypt = Direction.ENCRYPT;
  const decrypt = Direction.DECRYPT;
  switch (algorithm.service) {
    case Service.CIPHER:
      return [
        { op: encrypt, src, expected: result },
        { op: decrypt, src: result, expected: src },
      ].map(({ expected, ...part }) => ({
        request: build(cipherStateless, { algo, key, iv, ...part }, MODE),
        expected,
      }));
    case Service.HASH: {
      const options = { algo, src, hashResultLen: result.length };
      return [{ request: build(hashStateless, options, MODE), expected: result }];
    }
    case Service.MAC: {
      const options = { algo, authKey: key, iv, src, hashResultLen: result.length };
      return [{ request: build(macStateless, options, MODE), expected: result }];
    }
    case Service.AEAD: {
      const tagLen = result.length - src.length;
      return [
        { op: encrypt, src, expected: result },
        { op: decrypt, src: result, expected: src },
      ].map(({ expected, ...part }) => ({
        request: build(aeadStateless, { algo, key, iv, aad, tagLen, ...part }, MODE),
        expected,
      }));
    }
  }
}

function decode(answer: KnownAnswer): Record<keyof KnownAnswer, Uint8Array> {
  const { key = "", iv = "", aad = "", src, result } = answer;
  return {
    key: Uint8Array.fromHex(key),
    iv: Uint8Array.fromHex(iv),
    aad: Uint8Array.fromHex(aad),
    src: Uint8Array.fromHex(src),
    result: Uint8Array.fromHex(result),
  };
}
