/**
 * Interleaved measuring, and what is made of it.
 */

import type { Contender } from "./contender.ts";
import type { Sample } from "./lane.ts";

/** How long and how often is measured. */
export interface Effort {
  /** Times that everything is measured, one after the other, in new processes. */
  readonly passes: number;
  /** Rounds of a pass; each measures every contender once. */
  readonly rounds: number;
  /** Seconds of one stretch. */
  readonly seconds: number;
}

/** The middle of some numbers; of an even count the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The value that so large a part of some numbers does not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)];
}

/** CPU microseconds of one request. */
export function cpuMicros(sample: Sample): number {
  return sample.cpuSeconds * 1e6 / sample.num;
}

// Stretches that a contender warms up for: in a gateway's first second a lone request takes 50 us, then 34.
const WARM_UP = 3;

/**
 * Measures contenders by turns: A B, B A, A B, ... so that neither a drift of the machine's speed nor the
 * place in a round favours one. They warm up first.
 *
 * @returns the samples of each contender, one per round
 */
export async function interleave(
  contenders: readonly Contender[],
  effort: Pick<Effort, "rounds" | "seconds">,
): Promise<Sample[][]> {
  const samples = contenders.map((): Sample[] => []);
  for (const contender of contenders) await contender.measure(WARM_UP * effort.seconds);
  for (let round = 0; round < effort.rounds; round++) {
    const order = contenders.map((_, i) => i);
    if (round % 2 === 1) order.reverse();
    for (const i of order) samples[i].push(await contenders[i].measure(effort.seconds));
  }
  return samples;
}

/**
 * The median of what each round gives for two contenders. A machine that others use slows down for
 * seconds at a time: the two stretches of one round mostly meet it alike, so their ratio stands when the
 * ratio of medians over all rounds would compare a slow second with a fast one.
 */
export function medianRatio(
  ours: readonly Sample[],
  baseline: readonly Sample[],
  value: (sample: Sample) => number,
): number {
  return median(ours.map((sample, round) => value(sample) / value(baseline[round])));
}
