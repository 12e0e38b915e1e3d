/**
 * Which accelerator serves an algorithm that several can.
 *
 * @module
 */

import { nameOf, parseName, similarNames } from "../wire/names.ts";
import type { AcceleratorName, Algorithm } from "./algorithm.ts";
import { AlgorithmChoiceError } from "./choice.ts";

/** Preferences; what cannot be had is served by the next best. */
export interface AcceleratorChoice {
  /** For every algorithm. Without it the fastest serves. */
  readonly all?: AcceleratorName;
  /** For single algorithms, by {@link algorithmKey}; goes before `all`. */
  readonly byAlgorithm: ReadonlyMap<number, AcceleratorName>;
}

/** No preference: the fastest serves. */
export const FASTEST: AcceleratorChoice = { byAlgorithm: new Map() };

// Who serves an algorithm that several can, when nothing is preferred: the fastest.
const SPEED: Readonly<Record<AcceleratorName, number>> = { libcrypto: 3, noble: 2, typescript: 1 };

/** One number for service and algorithm. */
export function algorithmKey({ service, id }: Pick<Algorithm, "service" | "id">): number {
  return service << 8 | id;
}

/**
 * How well an accelerator suits an algorithm under a choice: the highest number serves.
 *
 * The preferred one goes first, then those slower than it from the fastest on, then those that are
 * faster: who prefers noble does not want libcrypto for what noble has not.
 *
 * @example
 * ```ts
 * import { ALGORITHMS } from "./list.ts";
 * import { FASTEST, suitability } from "./accelerator_choice.ts";
 * const [row] = ALGORITHMS;
 * suitability("libcrypto", row, FASTEST) > suitability("noble", row, FASTEST); // true
 * ```
 */
export function suitability(
  accelerator: AcceleratorName,
  algorithm: Pick<Algorithm, "service" | "id">,
  choice: AcceleratorChoice,
): number {
  const preferred = choice.byAlgorithm.get(algorithmKey(algorithm)) ?? choice.all;
  const speed = SPEED[accelerator];
  return preferred === undefined || speed <= SPEED[preferred] ? speed : -speed;
}

/**
 * Reads a choice: a comma list of an accelerator for all algorithms, and of `name=accelerator` for single
 * ones.
 *
 * libcrypto may be named whether or not it is there: its absence changes speed alone.
 *
 * @param from the algorithms that may be named
 * @throws {AlgorithmChoiceError} for a name that is none, and for an accelerator that has not the algorithm
 *
 * @example
 * ```ts
 * import { ALGORITHMS } from "./list.ts";
 * import { parseAcceleratorChoice } from "./accelerator_choice.ts";
 * parseAcceleratorChoice(ALGORITHMS, "noble").all; // "noble"
 * parseAcceleratorChoice(ALGORITHMS, "aes-gcm=noble,libcrypto").byAlgorithm.size; // 1
 * ```
 */
export function parseAcceleratorChoice(
  from: readonly Algorithm[],
  text: string,
): AcceleratorChoice {
  let all: AcceleratorName | undefined;
  const byAlgorithm = new Map<number, AcceleratorName>();
  for (const item of text.split(",").map((part) => part.trim())) {
    const [first, second, ...rest] = item.split("=").map((part) => part.trim());
    if (rest.length > 0) throw new AlgorithmChoiceError(`Expected name=accelerator: ${item}`);
    if (second === undefined) {
      all = acceleratorOf(first);
    } else {
      const algorithm = algorithmOf(from, first);
      byAlgorithm.set(algorithmKey(algorithm), acceleratorFor(algorithm, second));
    }
  }
  return { ...(all === undefined ? {} : { all }), byAlgorithm };
}

function acceleratorOf(name: string): AcceleratorName {
  if (Object.hasOwn(SPEED, name)) return name as AcceleratorName;
  const names = Object.keys(SPEED).join(", ");
  throw new AlgorithmChoiceError(`Unknown accelerator, not one of ${names}: ${name}`);
}

function algorithmOf(from: readonly Algorithm[], name: string): Algorithm {
  const parsed = parseName(name);
  if (parsed?.keyLen !== undefined) {
    const plain = nameOf(parsed.service, parsed.algo);
    throw new AlgorithmChoiceError(
      `An accelerator is chosen for all key lengths, as for ${plain}: ${name}`,
    );
  }
  const found = from.find(({ service, id }) => service === parsed?.service && id === parsed.algo);
  if (found !== undefined) return found;
  const similar = similarNames(name);
  const hint = similar.length > 0 ? ` (did you mean ${similar.join(" or ")}?)` : "";
  throw new AlgorithmChoiceError(`Unknown algorithm: ${name}${hint}`);
}

function acceleratorFor(algorithm: Algorithm, name: string): AcceleratorName {
  const accelerator = acceleratorOf(name);
  const available = algorithm.implementations.map((each) => each.accelerator);
  if (accelerator === "libcrypto" || available.includes(accelerator)) return accelerator;
  const plain = nameOf(algorithm.service, algorithm.id);
  throw new AlgorithmChoiceError(
    `No ${accelerator} for ${plain}, which has ${available.join(", ")}: ${plain}=${name}`,
  );
}
