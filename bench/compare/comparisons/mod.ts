/**
 * All comparisons, in the order of the table.
 */

import type { Series } from "../chart.ts";
import type { Comparison } from "../comparison.ts";
import { CURVES } from "./curves.ts";
import { HEALTH } from "./health.ts";
import { HTTP } from "./http.ts";
import { IN_PROCESS } from "./in_process.ts";
import { MEMORY } from "./memory.ts";
import { sizes } from "./sizes.ts";
import { THREADS } from "./threads.ts";
import { WEBSOCKET } from "./websocket.ts";

const ALL: readonly Comparison[] = [
  ...IN_PROCESS,
  ...WEBSOCKET,
  ...HTTP,
  ...THREADS,
  ...HEALTH,
  ...MEMORY,
  ...CURVES,
];

/** What is to be run, and the lines of the chart, which have points once it has run. */
export interface Plan {
  readonly comparisons: readonly Comparison[];
  readonly series: readonly Series[];
}

/** Comparisons whose name a pattern matches; all without one. */
export function plan(only?: RegExp): Plan {
  const { comparison, series } = sizes();
  const all = [...ALL, comparison];
  return { comparisons: all.filter(({ name }) => only?.test(name) ?? true), series };
}
