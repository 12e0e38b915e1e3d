/**
 * The algorithms of one gateway: chosen by name, and tested before they are offered.
 *
 * @module
 */

import {
  type Algorithm,
  ALGORITHMS,
  type AlgorithmSet,
  chooseAlgorithms,
  selfTest,
  Service,
} from "../device/mod.ts";
import type { Log } from "./log.ts";

/**
 * Chooses algorithms and runs their self-test; one that fails is left out, and the log says so.
 *
 * @param choice `all`, `modern`, or a list of names (see {@link chooseAlgorithms})
 * @throws AlgorithmChoiceError for a choice that cannot be
 *
 * @example
 * ```ts
 * import { offeredAlgorithms } from "./algorithms.ts";
 * import { noLog } from "./log.ts";
 * offeredAlgorithms("modern", noLog).offers(0); // true: there are modern ciphers
 * ```
 */
export function offeredAlgorithms(
  choice: string,
  log: Log,
  from: readonly Algorithm[] = ALGORITHMS,
): AlgorithmSet {
  const { passed, failures } = selfTest(chooseAlgorithms(from, choice));
  for (const { algorithm, reason } of failures) {
    log("error", "self-test failed, algorithm not offered", {
      service: Object.keys(Service)[algorithm.service],
      algorithm: algorithm.name,
      reason,
    });
  }
  return passed;
}
