/**
 * Which algorithms a device offers, chosen by name.
 *
 * @module
 */

import { nameOf, parseName, similarNames } from "../wire/names.ts";
import type { Algorithm } from "./algorithm.ts";

/** A choice that names what does not exist, or leaves nothing over. */
export class AlgorithmChoiceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "AlgorithmChoiceError";
  }
}

/**
 * Chooses from a list of algorithms.
 *
 * A choice is a comma list, read from left to right: `all`, `modern` (those without a known weakness)
 * or a name adds, a name behind `-` leaves out. A list that starts by leaving out starts from `all`.
 *
 * @throws {AlgorithmChoiceError} for a name that is none, and when nothing is left
 *
 * @example
 * ```ts
 * import { chooseAlgorithms } from "./choice.ts";
 * import { ALGORITHMS } from "./list.ts";
 * chooseAlgorithms(ALGORITHMS, "aes-gcm,sha-256").length; // 2
 * chooseAlgorithms(ALGORITHMS, "modern,-chacha20-poly1305").some((row) => row.name === "MD5"); // false
 * ```
 */
export function chooseAlgorithms(from: readonly Algorithm[], choice: string): Algorithm[] {
  const chosen = new Set<Algorithm>();
  choice.split(",").map((item) => item.trim()).forEach((item, position) => {
    const leavesOut = item.startsWith("-");
    if (leavesOut && position === 0) from.forEach((algorithm) => chosen.add(algorithm));
    for (const algorithm of itemOf(from, leavesOut ? item.slice(1) : item)) {
      if (leavesOut) chosen.delete(algorithm);
      else chosen.add(algorithm);
    }
  });
  if (chosen.size === 0) throw new AlgorithmChoiceError(`No algorithm is left by: ${choice}`);
  return from.filter((algorithm) => chosen.has(algorithm));
}

function itemOf(from: readonly Algorithm[], item: string): readonly Algorithm[] {
  if (item === "all") return from;
  if (item === "modern") return from.filter(({ weakness }) => weakness === undefined);
  const parsed = parseName(item);
  const found = from.filter(({ service, id }) => service === parsed?.service && id === parsed.algo);
  if (parsed?.keyLen !== undefined && found.length > 0) {
    const name = nameOf(parsed.service, parsed.algo);
    throw new AlgorithmChoiceError(
      `An algorithm is chosen with all its key lengths, as ${name}: ${item}`,
    );
  }
  if (found.length > 0) return found;
  const similar = similarNames(item);
  const hint = similar.length > 0 ? ` (did you mean ${similar.join(" or ")}?)` : "";
  throw new AlgorithmChoiceError(`Unknown algorithm: ${item}${hint}`);
}
