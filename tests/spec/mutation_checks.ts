/**
 * What can be said of the mutations without running them.
 *
 * @module
 */

import { type Case, CASES, keyOf } from "./all_cases.ts";
import type { Mutation } from "./mutations.ts";

/** The project's root. */
export const ROOT: URL = new URL("../../", import.meta.url);

/** The mutated source. */
export function mutate(source: string, { find, replace }: Mutation): string {
  // A function, so that `$` means itself.
  return source.replace(find, () => replace);
}

/** How often the piece that a mutation replaces stands in its file; 0 for a file that is gone. */
export function countFinds({ file, find }: Mutation): number {
  try {
    return Deno.readTextFileSync(new URL(`device/${file}`, ROOT)).split(find).length - 1;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Cases of which a mutation says that they notice it. */
export function targets({ musts, modes }: Mutation): Case[] {
  return CASES.filter(({ must, mode }) =>
    musts.includes(must) && (modes === undefined || mode === null || modes.includes(mode))
  );
}

/** MUST and mode of every case a mutation is aimed at, each once. */
export function targetKeys(mutation: Mutation): string[] {
  return [...new Set(targets(mutation).map(keyOf))];
}

/** Cases that none of the mutations is aimed at. */
export function untargeted(mutations: readonly Mutation[]): Case[] {
  const aimedAt = new Set(mutations.flatMap(targets));
  return CASES.filter((each) => !aimedAt.has(each));
}
