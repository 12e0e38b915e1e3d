/**
 * Private memory for bytes that cannot be worked on where they lie: scattered ones, and those a
 * driver must not be able to change meanwhile.
 *
 * @module
 */

import type { SegmentList } from "./segment_list.ts";

// Kept from request to request up to here; larger ones go back at once.
const KEPT_LEN = 256 * 1024;
const ALIGNMENT = 16;
// From here on a copy starts at the same address modulo 16 as its source: from shared memory that is
// up to 8 times faster (measured: 16 KiB in 0.5 us, not 4.2).
const SKEWED_LEN = 512;

/**
 * A stack of private buffers. A request takes what it needs and wipes all of it when it ends.
 *
 * One serves all devices of a thread: requests run one after the other and keep nothing.
 */
export class Staging {
  #kept: Uint8Array<ArrayBuffer> = new Uint8Array(KEPT_LEN);
  #used = 0;
  #large: Uint8Array<ArrayBuffer>[] = [];

  /** `len` private bytes, zeros, aligned to 16. The caller knows that as many bytes were sent. */
  take(len: number): Uint8Array<ArrayBuffer> {
    if (len <= KEPT_LEN - this.#used) {
      const bytes = this.#kept.subarray(this.#used, this.#used + len);
      this.#used += Math.ceil(len / 16) * 16;
      return bytes;
    }
    const bytes = new Uint8Array(len);
    this.#large.push(bytes);
    return bytes;
  }

  /** A private copy of part of a list. */
  copy(list: SegmentList, position: number, len: number): Uint8Array<ArrayBuffer> {
    const source = len >= SKEWED_LEN ? list.view(position, len) : null;
    if (source !== null) {
      const skew = source.byteOffset % ALIGNMENT;
      const bytes = this.take(skew + len).subarray(skew);
      bytes.set(source);
      return bytes;
    }
    const bytes = this.take(len);
    list.copyTo(position, bytes, 0, len);
    return bytes;
  }

  /** Part of a list in one piece: where it lies if possible, else a private copy. */
  gather(list: SegmentList, position: number, len: number): Uint8Array {
    return list.view(position, len) ?? this.copy(list, position, len);
  }

  /** Overwrites and takes back everything handed out. */
  wipe(): void {
    if (this.#used > 0) {
      this.#kept.fill(0, 0, Math.min(this.#used, KEPT_LEN));
      this.#used = 0;
    }
    if (this.#large.length > 0) {
      for (const bytes of this.#large) bytes.fill(0);
      this.#large = [];
    }
  }
}

/** Whether two views share memory. */
export function overlaps(a: Uint8Array, b: Uint8Array): boolean {
  return a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.length &&
    b.byteOffset < a.byteOffset + a.length;
}

/** Whether two views share memory without being the very same bytes. */
export function overlapsPartly(a: Uint8Array, b: Uint8Array): boolean {
  return overlaps(a, b) && !(a.byteOffset === b.byteOffset && a.length === b.length);
}
