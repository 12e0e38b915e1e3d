/**
 * The thread that reads sockets, shared by all devices that run requests in it.
 *
 * Deno looks for what other sockets have brought only now and then while one socket keeps bringing: with
 * 3 ms of work a message, `GET /healthz` waited 4 s. So whoever has worked for a while waits for a timer,
 * behind which all sockets are looked at. (With setImmediate it waited 634 ms in the median of a loop of 4 ms
 * slices, with a timer 3 ms.)
 *
 * @module
 */

import { setImmediate } from "node:timers";

// Milliseconds of work without a look at all sockets. A pause takes 1 ms and more: with 8 ms of work between two
// of them one busy client gets a tenth less done, and GET /healthz beside it is answered no sooner (measured).
const MAX_WORK_MS = 16;
// Milliseconds without work after which all sockets have been looked at.
const GAP_MS = 1;

/** See the module's comment. */
class ThreadTurns {
  #workMs = 0;
  #lastEnd = 0;
  #pause: Promise<void> | null = null;

  /** Notes work that began when `performance.now()` told `start`, and has ended. */
  worked(start: number): void {
    const now = performance.now();
    if (start - this.#lastEnd > GAP_MS) this.#workMs = 0;
    this.#lastEnd = now;
    this.#workMs += now - start;
  }

  /** What to wait for before another socket's work is taken; undefined when there is no need to. */
  get pause(): Promise<void> | undefined {
    if (this.#workMs < MAX_WORK_MS) return undefined;
    return this.#pause ??= new Promise((resolve) =>
      setTimeout(() => {
        this.#workMs = 0;
        this.#pause = null;
        resolve();
      }, 0)
    );
  }

  /** Runs more of a work that is not done: others' in between, and behind a pause if one is due. */
  goOn(run: () => void): void {
    const { pause } = this;
    if (pause === undefined) setImmediate(run);
    else void pause.then(run);
  }
}

/** Of this thread. */
export const threadTurns: ThreadTurns = new ThreadTurns();
