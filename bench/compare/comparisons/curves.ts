/**
 * What a request costs on devices with more and more sessions and queues.
 */

import { type Comparison, type Context, measureAll } from "../comparison.ts";
import { LaneProcess } from "../contender.ts";
import { cpuMicros } from "../measure.ts";
import { atMost, type Bound, type Compared, comparedRow, type Row } from "../row.ts";
import type { Sample } from "../lane.ts";

// CPU time, which others on the machine disturb least.
const COST = {
  unit: "CPU ns/request",
  value: (sample: Sample) => cpuMicros(sample) * 1000,
  better: "less",
} as const;
const NUM_IN_USE = 16;
// Shorter stretches than elsewhere, and more of them: a round goes through all points of a curve, and a machine that
// others use is slow for seconds at a time. (With 0.5 s one point in 20 was told to be a third dearer.)
const MAX_SECONDS = 0.1;
// "Must not grow": what is left for the machine's own ups and downs.
const FLAT = atMost(1.25);

/** A curve: what is counted along it, and the lane of each point. */
interface Curve {
  readonly name: string;
  /** What a point has so many of. */
  readonly counted: string;
  readonly nums: readonly number[];
  readonly laneOf: (num: number) => LaneProcess;
  readonly bound?: Bound;
}

// Adds to the samples of all passes so far, by the points of the curve.
async function run(
  curve: Curve,
  samples: Sample[][],
  { effort, isSmoke }: Context,
): Promise<Row[]> {
  const { name, counted, laneOf, bound } = curve;
  const nums = isSmoke ? curve.nums.slice(0, 2) : curve.nums;
  const seconds = Math.min(effort.seconds, MAX_SECONDS);
  const rounds = 2 * effort.rounds;
  const more = await measureAll(name, nums.map(laneOf), { rounds, seconds });
  more.forEach((some, i) => (samples[i] ??= []).push(...some));
  const against = `1 ${counted}`;
  return nums.map((num, i) => {
    const compared: Compared = {
      name: `${name}, ${num} ${counted}s`,
      against,
      figure: COST,
      bound,
    };
    return comparedRow(compared, samples[i], samples[0]);
  });
}

const SESSIONS = {
  counted: "session",
  nums: [1, 10, 100, 1000, 10_000, 100_000],
};

const ALL: readonly Curve[] = [
  {
    ...SESSIONS,
    name: `aes-128-ctr, 64 B, ${NUM_IN_USE} sessions at most in use`,
    laneOf: (num) => new LaneProcess("lanes/curves.ts", num, Math.min(num, NUM_IN_USE), 1),
    bound: FLAT,
  },
  {
    // No bound: 10,000 key schedules are more than the caches hold, whoever looks them up.
    ...SESSIONS,
    name: "aes-128-ctr, 64 B, every session in turn",
    laneOf: (num) => new LaneProcess("lanes/curves.ts", num, num, 1),
  },
  {
    name: "aes-128-ctr, 64 B, every queue in turn",
    counted: "queue",
    nums: [1, 2, 4, 8, 16, 32, 64],
    laneOf: (num) => new LaneProcess("lanes/curves.ts", 1, 1, num),
    bound: FLAT,
  },
];

/** Comparisons of this file, in the table's order. */
export const CURVES: readonly Comparison[] = ALL.map((curve) => {
  const samples: Sample[][] = [];
  return {
    name: `curve: ${curve.name}`,
    isRepeated: true,
    run: (context) => run(curve, samples, context),
  };
});
