/**
 * Rows of the table: what was measured, beside what, and whether its bound holds.
 */

import type { Sample } from "./lane.ts";
import { cpuMicros, median, medianRatio } from "./measure.ts";

/** A bound: of the ratio to the baseline, or of our own figure. */
export interface Bound {
  readonly of: "ratio" | "ours";
  readonly at: "least" | "most";
  readonly value: number;
}

/** Smallest and largest of the rounds. */
export type Spread = readonly [number, number];

/** The server's or the contender's CPU microseconds of one request. */
export interface Cpu {
  readonly ours: number;
  readonly baseline: number | null;
  /** As the row's ratio, of requests per CPU second (of CPU seconds where less is better). */
  readonly ratio: number | null;
}

/** One line of the table; JSON has the same members. */
export interface Row {
  readonly name: string;
  /** Of `ours` and `baseline`. */
  readonly unit: string;
  readonly ours: number;
  readonly baseline: number | null;
  readonly ratio: number | null;
  readonly bound: number | null;
  /** Null where there is no bound. Where CPU time was measured its ratio has to hold too. */
  readonly held: boolean | null;
  readonly boundOf: "ratio" | "ours" | null;
  readonly boundAt: "least" | "most" | null;
  /** What `ours` is compared with. */
  readonly against: string | null;
  readonly spread: { readonly ours: Spread; readonly baseline: Spread | null };
  readonly cpu: Cpu | null;
}

/** How samples become figures. */
export interface Figure {
  readonly unit: string;
  readonly value: (sample: Sample) => number;
  readonly better: "more" | "less";
}

/** Bytes per second of requests of so many bytes, in MB (10^6). */
export function megabytes(size: number): Figure {
  const value = (sample: Sample) => sample.num * size / sample.seconds / 1e6;
  return { unit: "MB/s", value, better: "more" };
}

/** Requests per second. */
export const REQUESTS: Figure = {
  unit: "requests/s",
  value: (sample) => sample.num / sample.seconds,
  better: "more",
};

/** Median latency in microseconds. */
export const LATENCY: Figure = {
  unit: "us",
  value: (sample) => median(sample.latencies ?? []),
  better: "less",
};

/** A ratio of at least so much. */
export function atLeast(value: number): Bound {
  return { of: "ratio", at: "least", value };
}

/** A ratio, or a figure of ours, of at most so much. */
export function atMost(value: number, of: Bound["of"] = "ratio"): Bound {
  return { of, at: "most", value };
}

function spread(values: readonly number[]): Spread {
  return [Math.min(...values), Math.max(...values)];
}

function holds(value: number, { at, value: limit }: Bound): boolean {
  return at === "least" ? value >= limit : value <= limit;
}

/** How two contenders compare is judged by more than the clock. */
export interface Compared {
  readonly name: string;
  readonly against: string;
  readonly figure: Figure;
  readonly bound?: Bound;
  /** Whether the bound holds for CPU time as well; true by default. */
  readonly judgesCpu?: boolean;
}

/** The row of two contenders that were measured by turns. */
export function comparedRow(
  { name, against, figure, bound, judgesCpu = true }: Compared,
  ours: readonly Sample[],
  baseline: readonly Sample[],
): Row {
  const ratio = medianRatio(ours, baseline, figure.value);
  const more = medianRatio(baseline, ours, cpuMicros);
  const cpuRatio = figure.better === "more" ? more : 1 / more;
  const oursValues = ours.map(figure.value);
  const baselineValues = baseline.map(figure.value);
  return {
    name,
    unit: figure.unit,
    ours: median(oursValues),
    baseline: median(baselineValues),
    ratio,
    bound: bound?.value ?? null,
    held: bound === undefined
      ? null
      : holds(ratio, bound) && (!judgesCpu || holds(cpuRatio, bound)),
    boundOf: bound?.of ?? null,
    boundAt: bound?.at ?? null,
    against,
    spread: { ours: spread(oursValues), baseline: spread(baselineValues) },
    cpu: {
      ours: median(ours.map(cpuMicros)),
      baseline: median(baseline.map(cpuMicros)),
      ratio: cpuRatio,
    },
  };
}

/** A figure of ours that stands for itself. */
export function ownRow(
  name: string,
  unit: string,
  values: readonly number[],
  bound?: Bound,
  cpu: Cpu | null = null,
): Row {
  const ours = median(values);
  return {
    name,
    unit,
    ours,
    baseline: null,
    ratio: null,
    bound: bound?.value ?? null,
    held: bound === undefined ? null : holds(ours, bound),
    boundOf: bound?.of ?? null,
    boundAt: bound?.at ?? null,
    against: null,
    spread: { ours: spread(values), baseline: null },
    cpu,
  };
}
