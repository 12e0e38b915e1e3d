/**
 * Two device threads beside one.
 */

import { type Comparison, pair } from "../comparison.ts";
import { LaneProcess } from "../contender.ts";
import { atLeast, megabytes } from "../row.ts";

const SIZE = 64 * 1024;
const IN_FLIGHT = 8;

/** Comparisons of this file, in the table's order. */
export const THREADS: readonly Comparison[] = [
  pair(
    {
      name: "two data queues of one device, kasumi-f8, 64 KiB, two threads",
      against: "one thread",
      figure: megabytes(SIZE),
      bound: atLeast(1.7),
      // Both are ours: two threads use as much CPU time as one, in half the time.
      judgesCpu: false,
    },
    () => [
      new LaneProcess("lanes/threads.ts", 2, SIZE, IN_FLIGHT),
      new LaneProcess("lanes/threads.ts", 1, SIZE, IN_FLIGHT),
    ],
  ),
];
