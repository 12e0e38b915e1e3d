/**
 * The self-test: one request per algorithm, through the engine, whose answer is known.
 *
 * @module
 */

import type { Algorithm, KnownAnswer } from "./algorithms/algorithm.ts";
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

/** An algorithm that did not give its known answer. */
export interface SelfTestFailure {
  readonly algorithm: Algorithm;
  /** What went wrong, for the log. */
  readonly reason: string;
}

/** What passed, and what did not. */
export interface SelfTestResult {
  /** The algorithms that may be offered. */
  readonly passed: AlgorithmSet;
  readonly failures: readonly SelfTestFailure[];
}

const MODE = { mux: true, layout: "v19" } as const;
const MAX_SIZE = 4096;

/**
 * Runs every algorithm's known answer, ciphers and AEADs in both directions.
 *
 * @example
 * ```ts
 * import { ALGORITHMS } from "./algorithms/list.ts";
 * import { selfTest } from "./self_test.ts";
 * selfTest(ALGORITHMS).failures; // []
 * ```
 */
export function selfTest(algorithms: readonly Algorithm[]): SelfTestResult {
  const all = new AlgorithmSet(algorithms);
  let fault: unknown;
  const engine = new Engine({
    algorithms: all,
    maxSize: MAX_SIZE,
    maxSessions: 1,
    layout: MODE.layout,
    onFault: (error) => fault = error,
  });
  engine.negotiate({ mux: true, stateless: SERVICES.map(() => true) });
  const failures: SelfTestFailure[] = [];
  for (const algorithm of algorithms) {
    fault = undefined;
    const reason = testOne(engine, algorithm);
    if (reason === undefined) continue;
    failures.push({ algorithm, reason: fault === undefined ? reason : `${reason}: ${fault}` });
  }
  const failed = new Set(failures.map(({ algorithm }) => algorithm));
  const passed = failures.length === 0
    ? all
    : new AlgorithmSet(algorithms.filter((algorithm) => !failed.has(algorithm)));
  return { passed, failures };
}

function testOne(engine: Engine, algorithm: Algorithm): string | undefined {
  for (const { request, expected } of requestsOf(algorithm)) {
    const readable = new SegmentList();
    readable.push(request.readable, 0, request.readable.length);
    const output = new Uint8Array(request.writableLen);
    const writable = new SegmentList();
    writable.push(output, 0, output.length);
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
