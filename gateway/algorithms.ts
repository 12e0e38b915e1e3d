/**
 * The algorithms of one gateway: chosen by name, given to accelerators, and tested before they are
 * offered.
 *
 * @module
 */

import {
  type Algorithm,
  ALGORITHMS,
  type AlgorithmSet,
  chooseAlgorithms,
  FASTEST,
  openLibcrypto,
  parseAcceleratorChoice,
  selfTest,
  Service,
  withLibcrypto,
} from "../device/mod.ts";
import type { Log } from "./log.ts";

/** What is offered, and who computes it. */
export interface AlgorithmOptions {
  /** `all`, `modern`, or a list of names (see {@link chooseAlgorithms}). */
  readonly algorithms: string;
  /** Preferred accelerators (see {@link parseAcceleratorChoice}); the fastest without it. */
  readonly accelerator?: string | undefined;
  /** Path of libcrypto; without it the usual places are tried. */
  readonly libcrypto?: string | undefined;
}

/**
 * Makes the set of algorithms that devices offer.
 *
 * libcrypto serves what it can when it is there and permitted; without it the others do, and the log
 * says so once. An accelerator that fails an algorithm's known answer does not serve it, and an
 * algorithm nobody passes for is not offered: the log says that as an error.
 *
 * @param from rows to choose from; tests have their own
 * @throws AlgorithmChoiceError for a choice that cannot be
 *
 * @example
 * ```ts
 * import { offeredAlgorithms } from "./algorithms.ts";
 * import { noLog } from "./log.ts";
 * offeredAlgorithms({ algorithms: "modern" }, noLog).offers(0); // true: there are modern ciphers
 * ```
 */
export function offeredAlgorithms(
  { algorithms, accelerator, libcrypto }: AlgorithmOptions,
  log: Log,
  from: readonly Algorithm[] = ALGORITHMS,
): AlgorithmSet {
  const choice = accelerator === undefined ? FASTEST : parseAcceleratorChoice(from, accelerator);
  const rows = withAccelerators(chooseAlgorithms(from, algorithms), libcrypto, log);
  const { passed, failures } = selfTest(rows, choice);
  for (const { algorithm, accelerator, reason, servedBy } of failures) {
    const event = servedBy === undefined
      ? "self-test failed, algorithm not offered"
      : "self-test failed, another accelerator serves";
    log("error", event, {
      service: Object.keys(Service)[algorithm.service],
      algorithm: algorithm.name,
      accelerator,
      reason,
      ...(servedBy === undefined ? {} : { servedBy }),
    });
  }
  return passed;
}

function withAccelerators(
  rows: readonly Algorithm[],
  path: string | undefined,
  log: Log,
): readonly Algorithm[] {
  const result = openLibcrypto(path);
  if (result.library !== null) return withLibcrypto(rows, result.library);
  // Asked for by path it is missed, else its absence is no more than news.
  log(path === undefined ? "info" : "warn", "libcrypto not used", { reason: result.reason });
  return rows;
}
