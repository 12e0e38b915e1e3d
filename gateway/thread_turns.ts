/**
 * The thread that reads sockets, shared by all devices that run requests in it.
 *
 * Deno looks for what other sockets have brought only when it has nothing to do, or after 61 turns: with 3 ms of
 * work a message, `GET /healthz` waited 4 s, with 8 clients of short requests 0.5 s. So when there has been work
 * for a while nobody begins more until the thread has been idle, and with that has looked at all sockets. (With
 * setImmediate it waited 634 ms in the median of a loop of 4 ms slices.)
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { SelfConnection } from "./self_connection.ts";

// Milliseconds of work without a look at all sockets, behind which nobody begins more.
const MAX_WORK_MS = 16;
// And behind which a look is asked for while work goes on: mostly it has been had before anybody would have to wait.
const LOOK_AFTER_MS = 8;
// Milliseconds between two works up to which the thread has been busy with sockets meanwhile. (Whether it has
// been idle instead, the processor's time cannot tell on a machine that others use, too.)
const GAP_MS = 1;

/** See the module's comment. */
class ThreadTurns {
  #workMs = 0;
  #lastEnd = 0;
  #look: Promise<void> | null = null;
  #connection: SelfConnection | null = null;
  #numUsers = 0;

  /** Notes work that began when `performance.now()` told `start`, and has ended. */
  worked(start: number): void {
    const now = performance.now();
    const gap = start - this.#lastEnd;
    this.#workMs = gap < GAP_MS
      ? this.#workMs + now - this.#lastEnd
      : Math.max(0, this.#workMs - gap) + now - start;
    this.#lastEnd = now;
  }

  /** What to wait for before another socket's work is taken; undefined when there is no need to. */
  get pause(): Promise<void> | undefined {
    if (this.#look === null) {
      // A timer tells nothing unless the thread is idle.
      if (this.#workMs < (this.#connection === null ? MAX_WORK_MS : LOOK_AFTER_MS)) {
        return undefined;
      }
      this.#look = this.#lookAtAll().then(() => {
        this.#workMs = 0;
        this.#look = null;
      });
    }
    return this.#workMs < MAX_WORK_MS ? undefined : this.#look;
  }

  /** Makes pauses short for a server of this thread, which calls leave() when it ends. */
  async enter(): Promise<void> {
    if (this.#numUsers++ > 0) return;
    const connection = await SelfConnection.open();
    if (this.#numUsers > 0 && this.#connection === null) this.#connection = connection;
    else await connection?.close();
  }

  /** To be called as often as enter(). */
  async leave(): Promise<void> {
    if (--this.#numUsers > 0) return;
    const connection = this.#connection;
    this.#connection = null;
    await connection?.close();
  }

  async #lookAtAll(): Promise<void> {
    try {
      if (this.#connection !== null) return await this.#connection.look();
    } catch {
      // It was closed meanwhile.
    }
    // A timer leaves the thread idle, too, but for 1 to 2 ms.
    await new Promise((resolve) => setTimeout(resolve, 0));
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
