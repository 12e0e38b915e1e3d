/**
 * A queue of a guest, as a relay works on it.
 *
 * @module
 */

import type { DescriptorChain } from "../../device/mod.ts";
import type { VhostQueue } from "../../device/mod.ts";

/** What happens to requests that a guest makes available. */
export const Gate = {
  /** They wait on their rings: it shows soon whether there is a gateway. */
  HOLD: 0,
  /** They go to the gateway. */
  OPEN: 1,
  /** There is no gateway: they are answered ERR. */
  REFUSE: 2,
} as const;
/** One of {@link Gate}. */
export type Gate = (typeof Gate)[keyof typeof Gate];

/**
 * Bytes taken off a ring in one turn, about: the message they fill leaves before the next is written, and
 * the gateway begins with it.
 */
const TURN_BYTES = 1 << 20;

/** What a lane has of its relay. */
export interface LaneHost {
  readonly gate: Gate;
  /** Milliseconds that requests get when their queue is to stop. */
  readonly grace: number;
  /** A lane has pushed something: it is published at the end of the turn. */
  pushed(lane: { publish(): void }): void;
}

/** One request of a lane that is under way. */
export interface LaneEntry {
  readonly chain: DescriptorChain;
  /** Where it stands among its lane's. */
  at: number;
}

/** See the module's comment. */
export abstract class Lane<Entry extends LaneEntry = LaneEntry> {
  readonly queue: VhostQueue;
  readonly #host: LaneHost;
  readonly #entries: Entry[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onStopped: (() => void) | undefined;
  #hasPushed = false;
  #isWaiting = false;

  constructor(queue: VhostQueue, host: LaneHost) {
    this.queue = queue;
    this.#host = host;
  }

  /** Whether requests wait on the ring for the gate to open or for others to be answered. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Takes requests off the ring. Returns whether more are left that could be taken at once. */
  take(): boolean {
    if (this.#onStopped !== undefined) return false;
    const { ring } = this.queue;
    this.#isWaiting = false;
    let bytes = 0;
    for (let num = 0; num < ring.size && bytes < TURN_BYTES; num++) {
      if (this.#host.gate === Gate.HOLD || !this.hasRoom(this.#entries.length)) {
        this.#isWaiting = true;
        return false;
      }
      const taken = this.begin();
      if (taken >= 0) bytes += taken;
      else if (!ring.enableNotification()) return false;
    }
    return true;
  }

  /** Shows the guest what has been pushed. */
  publish(): void {
    this.#hasPushed = false;
    if (this.queue.isRunning) this.queue.publish();
  }

  /** Takes nothing more; calls back when all that was taken has been answered. */
  stop(stopped: () => void): void {
    this.#onStopped = stopped;
    this.#isWaiting = false;
    if (this.#entries.length === 0) this.#finish();
    else this.#timer = setTimeout(() => this.#giveUp(), this.#host.grace);
  }

  /** Forgets the guest's memory, whatever is under way. */
  close(): void {
    clearTimeout(this.#timer);
    for (const entry of this.#entries.splice(0)) {
      this.abandon(entry);
      entry.chain.release();
    }
  }

  /** Whether another request may be taken, with so many under way. */
  protected abstract hasRoom(numTaken: number): boolean;
  /** Takes one request and lets it run. Returns the bytes of its R, -1 when there is none. */
  protected abstract begin(): number;
  /** Answers a request with ERR. Returns `used.len`. */
  protected abstract fail(entry: Entry): number;
  /** What becomes of a request is of no interest any more. */
  protected abstract abandon(entry: Entry): void;

  /** A request is under way until it leaves. */
  protected enter(entry: Entry): void {
    entry.at = this.#entries.length;
    this.#entries.push(entry);
  }

  /** A request has been answered. */
  protected leave(entry: Entry, usedLen: number): void {
    const last = this.#entries.pop();
    if (last !== undefined && last !== entry) {
      this.#entries[entry.at] = last;
      last.at = entry.at;
    }
    this.give(entry.chain, usedLen);
    if (this.#entries.length === 0 && this.#onStopped !== undefined) this.#finish();
  }

  /** Gives a chain back to the guest, which sees it at the end of the turn. */
  protected give(chain: DescriptorChain, usedLen: number): void {
    this.queue.ring.push(chain.head, usedLen);
    chain.clear();
    if (this.#hasPushed) return;
    this.#hasPushed = true;
    this.#host.pushed(this);
  }

  #giveUp(): void {
    for (const entry of this.#entries.splice(0)) {
      this.give(entry.chain, this.fail(entry));
      this.abandon(entry);
      entry.chain.release();
    }
    this.#finish();
  }

  #finish(): void {
    clearTimeout(this.#timer);
    const stopped = this.#onStopped;
    this.publish();
    stopped?.();
  }
}
