/**
 * Algorithms across threads: functions cannot be sent, so each thread makes the same choice again.
 *
 * @module
 */

import { openLibcrypto } from "../accelerators/libcrypto/library.ts";
import { algorithmKey } from "../algorithms/accelerator_choice.ts";
import type { Algorithm } from "../algorithms/algorithm.ts";
import { withLibcrypto } from "../algorithms/libcrypto.ts";
import { ALGORITHMS } from "../algorithms/list.ts";
import { AlgorithmSet } from "../algorithms/selection.ts";
import type { OfferedRow } from "./messages.ts";

/** What is offered, and by whom, as it can be sent. */
export function describeOffered(offered: AlgorithmSet): OfferedRow[] {
  return offered.list().map(({ algorithm: { service, id }, accelerator }) => ({
    service,
    id,
    accelerator,
  }));
}

/**
 * The algorithms that were described, for this thread. Where an accelerator is missing here the next best
 * serves: that changes speed alone.
 */
export function offeredHere(rows: readonly OfferedRow[], libcryptoPath?: string): AlgorithmSet {
  const byAlgorithm = new Map(rows.map((row) => [algorithmKey(row), row.accelerator]));
  let from: readonly Algorithm[] = ALGORITHMS;
  if (rows.some(({ accelerator }) => accelerator === "libcrypto")) {
    const { library } = openLibcrypto(libcryptoPath);
    if (library !== null) from = withLibcrypto(ALGORITHMS, library);
  }
  const chosen = from.filter((algorithm) => byAlgorithm.has(algorithmKey(algorithm)));
  return new AlgorithmSet(chosen, { byAlgorithm });
}
