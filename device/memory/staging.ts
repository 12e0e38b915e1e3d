/**
 * Private memory for bytes that cannot be worked on where they lie: scattered ones, and those a
 * driver must not be able to change meanwhile.
 *
 * @module
 */

import { wipe } from "./copy.ts";
import { MemoryBytes } from "./memory_bytes.ts";
import type { SegmentList } from "./segment_list.ts";

// Kept from request to request up to here; larger ones go back at once.
const KEPT_LEN = 256 * 1024;
const ALIGNMENT = 16;
// Copies from here on are overwritten when the batch ends: to overwrite 16 KiB takes 170 ns, which is 3 %
// of an AES-GCM decryption.
const BULK_LEN = 2048;

/**
 * A stack of private buffers. A request takes what it needs and wipes it when it ends.
 *
 * One serves all devices of a thread: requests run one after the other and keep nothing.
 */
export class Staging {
  readonly #kept: Pile = new Pile();
  // Apart, for nothing but copies: what one of them is handed was written over to its last byte.
  readonly #bulk: Pile = new Pile();
  #large: Uint8Array<ArrayBuffer>[] = [];

  /** `len` private bytes, zeros, aligned to 16. The caller knows that as many bytes were sent. */
  take(len: number): Uint8Array<ArrayBuffer> {
    const start = this.#kept.reserve(len);
    return start < 0 ? this.#takeLarge(len) : this.#kept.memory.piece(start, len);
  }

  /** A private copy of part of a list. */
  copy(list: SegmentList, position: number, len: number): Uint8Array<ArrayBuffer> {
    const pile = len < BULK_LEN ? this.#kept : this.#bulk;
    const start = pile.reserve(len);
    if (start >= 0) {
      list.copyTo(position, pile.memory, start, len);
      return pile.memory.piece(start, len);
    }
    const bytes = this.#takeLarge(len);
    list.copyTo(position, new MemoryBytes(bytes), 0, len);
    return bytes;
  }

  /** Part of a list in one piece: where it lies if possible, else a private copy. */
  gather(list: SegmentList, position: number, len: number): Uint8Array {
    return list.view(position, len) ?? this.copy(list, position, len);
  }

  /** Takes back everything handed out, and overwrites it but for copies of 2 KiB and more. */
  wipe(): void {
    this.#kept.wipe();
    this.#bulk.takeBack();
    if (this.#large.length > 0) {
      for (const bytes of this.#large) wipe(bytes, 0, bytes.length);
      this.#large = [];
    }
  }

  /** Overwrites those too. To be called when no request follows at once. */
  rest(): void {
    this.#bulk.wipe();
  }

  #takeLarge(len: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(len);
    this.#large.push(bytes);
    return bytes;
  }
}

// Memory that is handed out from its start on.
class Pile {
  readonly memory: MemoryBytes<ArrayBuffer> = new MemoryBytes(new Uint8Array(KEPT_LEN));
  #used = 0;
  // Bytes that may have been written since the last wipe.
  #dirty = 0;

  /** Where `len` bytes start that are now handed out; -1 when they do not fit. */
  reserve(len: number): number {
    const start = this.#used;
    if (len > KEPT_LEN - start) return -1;
    this.#used = start + ((len + ALIGNMENT - 1) & ~(ALIGNMENT - 1));
    if (this.#used > this.#dirty) this.#dirty = this.#used;
    return start;
  }

  takeBack(): void {
    this.#used = 0;
  }

  wipe(): void {
    if (this.#dirty > 0) wipe(this.memory.bytes, 0, this.#dirty);
    this.#used = 0;
    this.#dirty = 0;
  }
}

/** Whether two views share memory. */
export function overlaps(a: Uint8Array, b: Uint8Array): boolean {
  // Buffers last: to ask a view for its buffer costs 20 ns.
  return a.byteOffset < b.byteOffset + b.length && b.byteOffset < a.byteOffset + a.length &&
    a.buffer === b.buffer;
}

/** Whether two views share memory without being the very same bytes. */
export function overlapsPartly(a: Uint8Array, b: Uint8Array): boolean {
  return overlaps(a, b) && !(a.byteOffset === b.byteOffset && a.length === b.length);
}
