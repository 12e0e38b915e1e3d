/**
 * What a thread waits for: file descriptors as poll() takes them.
 *
 * @module
 */

import type { Libc } from "./libc.ts";

const POLLIN = 0x001;
// `struct pollfd`: fd i32, events i16, revents i16.
const POLLFD_SIZE = 8;

/** File descriptors to wait for, filled anew before each wait. */
export class PollSet {
  readonly #libc: Libc;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array;
  readonly #capacity: number;
  #num = 0;

  constructor(libc: Libc, capacity: number) {
    this.#libc = libc;
    this.#capacity = capacity;
    this.#bytes = new Uint8Array(new ArrayBuffer(Math.max(128, capacity * POLLFD_SIZE)));
    this.#words = new Int32Array(this.#bytes.buffer);
  }

  /** Empties the set. */
  clear(): void {
    this.#num = 0;
  }

  /**
   * Adds a file descriptor.
   *
   * @param forInput whether bytes to read make it ready; else only its end does
   * @returns its place in the set
   */
  add(fd: number, forInput = true): number {
    if (this.#num >= this.#capacity) throw new RangeError(`Cannot wait for more than ${this.#num}`);
    const place = this.#num++;
    this.#words[2 * place] = fd;
    // revents is cleared along with it.
    this.#words[2 * place + 1] = forInput ? POLLIN : 0;
    return place;
  }

  /** Whether the one at `place` was ready when the wait ended: readable, at its end, or not open. */
  isReady(place: number): boolean {
    return this.#words[2 * place + 1] >>> 16 !== 0;
  }

  /** Whether the file descriptor at `place` is that one. */
  isAt(place: number, fd: number): boolean {
    return place < this.#num && this.#words[2 * place] === fd;
  }

  /** Waits, and blocks the thread. */
  wait(timeoutMs: number): void {
    this.#libc.poll(this.#bytes, this.#num, timeoutMs);
  }

  /** Waits without blocking the thread; the set is not touched until it resolves. */
  waitAsync(timeoutMs: number): Promise<void> {
    return this.#libc.pollAsync(this.#bytes, this.#num, timeoutMs);
  }
}
