/**
 * The register of cases: which test stands for which MUST, in which mode.
 *
 * @module
 */

/** The ways to use a service: fixed-size requests, requests as long as they are, no session. */
export type Mode = "not-MUX" | "MUX" | "stateless";

/** All modes. */
export const ALL_MODES: readonly Mode[] = ["not-MUX", "MUX", "stateless"];

/** One test of one MUST. */
export interface Case {
  /** Id of the MUST. */
  readonly must: string;
  /** Null for what no mode changes. */
  readonly mode: Mode | null;
  /** What comes out. */
  readonly outcome: string;
  readonly run: () => void;
}

/** Every case that has been registered. */
export const CASES: Case[] = [];

/**
 * Registers the test of a MUST, once per mode.
 *
 * @example
 * ```ts
 * import { must } from "./cases.ts";
 * must("hash-service-operation-5", ["MUX"], "the digest stands at the start of W", (_mode) => {});
 * ```
 */
export function must(
  id: string,
  modes: readonly Mode[],
  outcome: string,
  run: (mode: Mode) => void,
): void {
  for (const mode of modes) CASES.push({ must: id, mode, outcome, run: () => run(mode) });
}

/** Registers the test of a MUST that is the same in every mode. */
export function mustAlways(id: string, outcome: string, run: () => void): void {
  CASES.push({ must: id, mode: null, outcome, run });
}

/** What a case is called in tests and tables. */
export function nameOf({ must, mode, outcome }: Case): string {
  return `${outcome} (${must}${mode === null ? "" : `, ${mode}`})`;
}

/** MUST and mode of a case, as mutations name it. */
export function keyOf({ must, mode }: Pick<Case, "must" | "mode">): string {
  return mode === null ? must : `${must} ${mode}`;
}
