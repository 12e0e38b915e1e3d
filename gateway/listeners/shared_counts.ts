/**
 * What all listeners of one gateway count together, in shared memory: limits hold for their sum.
 *
 * @module
 */

/** What is counted. */
export const SharedCount = {
  /** WebSocket connections, open. */
  CONNECTIONS: 0,
  /** Devices made over HTTP, those that start among them. */
  DEVICES: 1,
  /** TCP connections, WebSockets among them. */
  SOCKETS: 2,
  /** Log lines on their way to the main thread. */
  LOG_LINES: 3,
} as const;
/** One of {@link SharedCount}. */
export type SharedCountIndex = (typeof SharedCount)[keyof typeof SharedCount];

const NUM_COUNTS = 4;
// Word 0: 0, or 1 and the seconds for which the gateway drains. Then the sums, then each listener's part.
const SUMS = 1;
const PARTS = SUMS + NUM_COUNTS;

/** The counts as one listener sees them. */
export class SharedCounts {
  readonly #words: Int32Array;
  readonly #own: number;
  #isRetired = false;

  /**
   * @param memory from {@link SharedCounts.allocate}
   * @param own number of the listener that counts
   */
  constructor(memory: SharedArrayBuffer, own: number) {
    this.#words = new Int32Array(memory);
    this.#own = own;
  }

  /** Memory for the counts of so many listeners, all 0. */
  static allocate(numListeners: number): SharedArrayBuffer {
    const numWords = PARTS + numListeners * NUM_COUNTS;
    return new SharedArrayBuffer(numWords * Int32Array.BYTES_PER_ELEMENT);
  }

  /**
   * Counts one more, unless all listeners together have as many as there may be.
   *
   * @returns false when they have
   */
  tryTake(count: SharedCountIndex, limit: number): boolean {
    if (this.#isRetired) return false;
    const sum = SUMS + count;
    for (let seen = Atomics.load(this.#words, sum); seen < limit;) {
      const found = Atomics.compareExchange(this.#words, sum, seen, seen + 1);
      if (found === seen) {
        Atomics.add(this.#words, this.#part(this.#own, count), 1);
        return true;
      }
      seen = found;
    }
    return false;
  }

  /** Counts one less, by default of what this listener has taken. */
  give(count: SharedCountIndex, listener: number = this.#own): void {
    if (this.#isRetired) return;
    Atomics.sub(this.#words, this.#part(listener, count), 1);
    Atomics.sub(this.#words, SUMS + count, 1);
  }

  /** What all listeners have together. */
  sum(count: SharedCountIndex): number {
    return Atomics.load(this.#words, SUMS + count);
  }

  /** Counts no more: this listener ends, and what it has is about to be taken off by {@link forget}. */
  retire(): void {
    this.#isRetired = true;
  }

  /** Takes off all that a listener had which has ended. */
  forget(listener: number): void {
    for (let count = 0; count < NUM_COUNTS; count++) {
      const had = Atomics.exchange(this.#words, this.#part(listener, count), 0);
      Atomics.sub(this.#words, SUMS + count, had);
    }
  }

  /** Seconds for which the gateway drains, rounded up; undefined while it does not. */
  get drainSeconds(): number | undefined {
    const word = Atomics.load(this.#words, 0);
    return word === 0 ? undefined : word - 1;
  }

  /** The gateway, with all its listeners, is about to end. */
  drain(seconds: number): void {
    Atomics.store(this.#words, 0, 1 + Math.ceil(seconds));
  }

  #part(listener: number, count: number): number {
    return PARTS + listener * NUM_COUNTS + count;
  }
}
