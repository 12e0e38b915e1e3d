/**
 * Which of a gateway's listeners one is, and what it shares with the others.
 *
 * @module
 */

import { Peers } from "./peers.ts";
import { SharedCounts } from "./shared_counts.ts";

/** See the module's comment. */
export interface Place {
  /** 0 for the listener in the main thread. */
  readonly index: number;
  readonly counts: SharedCounts;
  /** The others: they have the devices that are not here. */
  readonly peers: Peers;
}

/** The place of listener `index` of so many. */
export function placeOf(index: number, numListeners: number, counts: SharedArrayBuffer): Place {
  return {
    index,
    counts: new SharedCounts(counts, index),
    peers: new Peers(index, numListeners),
  };
}

/** The place of a gateway's only listener. */
export function onlyPlace(): Place {
  return placeOf(0, 1, SharedCounts.allocate(1));
}

/**
 * Device threads of each listener, when there are to be so many in all: every one has at least one of its
 * own, unless there are to be none.
 *
 * @example
 * ```ts
 * import { divideThreads } from "./place.ts";
 * divideThreads(5, 3); // [2, 2, 1]
 * divideThreads(1, 2); // [1, 1]
 * ```
 */
export function divideThreads(numThreads: number, numListeners: number): number[] {
  const least = Math.floor(numThreads / numListeners);
  const numWithMore = numThreads % numListeners;
  const minimum = numThreads > 0 ? 1 : 0;
  return Array.from(
    { length: numListeners },
    (_, i) => Math.max(minimum, least + (i < numWithMore ? 1 : 0)),
  );
}
