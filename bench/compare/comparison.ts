/**
 * What all comparisons have in common: they are named, they run, they give rows.
 */

import { strict as assert } from "node:assert";
import type { Contender } from "./contender.ts";
import { type Effort, interleave } from "./measure.ts";
import { type Compared, comparedRow, type Row } from "./row.ts";
import type { Sample } from "./lane.ts";

/** What a comparison is given. */
export interface Context {
  readonly effort: Effort;
  /** A smoke run: as little as shows that everything runs. */
  readonly isSmoke: boolean;
  /** Tells those who wait. */
  readonly progress: (text: string) => void;
}

/** One comparison; it gives one row or several. */
export interface Comparison {
  readonly name: string;
  /** Whether it is run in every pass; it is run in the last one only otherwise. */
  readonly isRepeated: boolean;
  /** Measures, with processes of its own, and gives the rows of all passes so far. */
  readonly run: (context: Context) => Promise<Row[]>;
}

/** Closes contenders, whatever happened to them. */
export async function closeAll(contenders: readonly { close(): Promise<void> }[]): Promise<void> {
  await Promise.allSettled(contenders.map((contender) => contender.close()));
}

/**
 * All contenders give the same bytes; what computes different things is not to be compared. One that
 * knows the beginning of the result only is compared so far.
 */
export async function checkSame(name: string, contenders: readonly Contender[]): Promise<void> {
  const results: string[] = [];
  for (const contender of contenders) results.push(await contender.result());
  for (const result of results) {
    const len = Math.min(result.length, results[0].length);
    assert.ok(len > 0, `${name}: a contender gives nothing`);
    assert.equal(result.slice(0, len), results[0].slice(0, len), `${name}: results differ`);
  }
}

/** Checks, measures by turns, closes. */
export async function measureAll(
  name: string,
  contenders: readonly Contender[],
  effort: Pick<Effort, "rounds" | "seconds">,
): Promise<Sample[][]> {
  try {
    await checkSame(name, contenders);
    return await interleave(contenders, effort);
  } finally {
    await closeAll(contenders);
  }
}

/**
 * A comparison of ours with one baseline: one row. It is run in every pass: how fast a process is depends on what
 * became of it, too. (Of a bare echo's, one took 0.15 us a record, most 0.3, and one 1.1 from some moment on.)
 */
export function pair(
  compared: Compared,
  open: () => readonly [Contender, Contender] | Promise<readonly [Contender, Contender]>,
): Comparison {
  const ours: Sample[] = [];
  const baseline: Sample[] = [];
  return {
    name: compared.name,
    isRepeated: true,
    run: async ({ effort }) => {
      const samples = await measureAll(compared.name, await open(), effort);
      ours.push(...samples[0]);
      baseline.push(...samples[1]);
      return [comparedRow(compared, ours, baseline)];
    },
  };
}
