/**
 * Lays requests out in a driver's memory: in pieces, at odd places, with gaps that the device must leave
 * alone.
 *
 * @module
 */

import type { Buffer } from "../../../device/mod.ts";
import type { Memory } from "../memory.ts";
import type { Random } from "../random.ts";

const MAX_GAP = 24;
const MAX_PIECES = 12;

/** A request's bytes in memory. */
export interface Placed {
  readonly readable: readonly Buffer[];
  readonly writable: readonly Buffer[];
}

/** Memory that requests are put into one behind the other, and its twin that tells what it has to hold. */
export class Window {
  readonly #memory: Memory;
  readonly #twin: Memory;
  readonly start: number;
  readonly end: number;
  #next: number;

  constructor(memory: Memory, twin: Memory, start: number, end: number) {
    this.#memory = memory;
    this.#twin = twin;
    this.start = start;
    this.end = end;
    this.#next = start;
  }

  /** What has been used since the last clear(), and a gap behind it. */
  get used(): number {
    return Math.min(this.end, this.#next + MAX_GAP);
  }

  /** Starts anew. */
  clear(): void {
    this.#next = this.start;
  }

  /** Whether a request of so many bytes fits, however it is cut. */
  hasRoom(len: number): boolean {
    return this.#next + len + (2 * MAX_PIECES + 2) * MAX_GAP <= this.end;
  }

  /** Places a request, its result over its source at times. */
  place(random: Random, readable: Uint8Array, writableLen: number): Placed {
    const input = this.#pieces(random, readable.length);
    let at = 0;
    for (const { address, len } of input) {
      const part = readable.subarray(at, at + len);
      this.#memory.bytes.set(part, address);
      this.#twin.bytes.set(part, address);
      at += len;
    }
    const isOver = random.oneIn(12) && readable.length > 0 && writableLen > 0;
    if (!isOver) return this.#without(random, input, this.#pieces(random, writableLen, true));
    const base = random.pick(input);
    const address = base.address + random.below(base.len + 1);
    this.#next = Math.max(this.#next, address + writableLen);
    return { readable: input, writable: [{ address, len: writableLen }] };
  }

  /** The first `wanted` bytes that stand there now, or ought to. */
  load(memory: Memory, buffers: readonly Buffer[], wanted: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(wanted);
    let at = 0;
    for (const { address, len } of buffers) {
      const take = Math.min(len, wanted - at);
      bytes.set(memory.bytes.subarray(address, address + take), at);
      at += take;
    }
    return bytes;
  }

  /** Notes what ought to stand there. */
  note(buffers: readonly Buffer[], bytes: Uint8Array): void {
    let at = 0;
    for (const { address, len } of buffers) {
      this.#twin.bytes.set(bytes.subarray(at, at + len), address);
      at += len;
    }
  }

  // A direction without bytes may have no descriptor at all, as long as the other has one.
  #without(random: Random, readable: Buffer[], writable: Buffer[]): Placed {
    const isEmpty = (buffers: Buffer[]) => buffers.every(({ len }) => len === 0);
    if (isEmpty(writable) && random.oneIn(2)) return { readable, writable: [] };
    return isEmpty(readable) && random.oneIn(2)
      ? { readable: [], writable }
      : { readable, writable };
  }

  #pieces(random: Random, len: number, isWritable = false): Buffer[] {
    const pieces: Buffer[] = [];
    const kind = random.below(10);
    let left = len;
    let numLeft = MAX_PIECES;
    // The status by itself, or split off from what the result does not need.
    const last = isWritable && kind < 3 ? Math.min(left, random.between(0, 9)) : 0;
    left -= last;
    while (left > 0 && kind > 4 && numLeft > 2) {
      const take = kind === 9 ? 1 : Math.min(left, random.below(kind === 8 ? 3 : 60));
      pieces.push(this.#piece(random, take));
      left -= take;
      numLeft--;
    }
    if (left > 0 || (pieces.length === 0 && last === 0)) pieces.push(this.#piece(random, left));
    if (last > 0) pieces.push(this.#piece(random, last));
    if (random.oneIn(16)) pieces.push(this.#piece(random, 0));
    return pieces;
  }

  #piece(random: Random, len: number): Buffer {
    const address = this.#next + random.below(MAX_GAP);
    this.#next = address + len;
    return { address, len };
  }
}
