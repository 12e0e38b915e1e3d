/**
 * Comparing, searching and reading memory fast.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { expect } from "./kind.ts";

/** An array of bytes with its words. */
export class Memory {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly #words: Int32Array;

  constructor(len: number) {
    this.bytes = new Uint8Array(new SharedArrayBuffer(len));
    this.#words = new Int32Array(this.bytes.buffer);
  }

  /** The first byte of `[from, to)` that differs from another memory's, or -1. */
  differsAt(other: Memory, from: number, to: number): number {
    const a = this.#words;
    const b = other.#words;
    const end = Math.ceil(to / 4);
    for (let i = from >>> 2; i < end; i++) {
      if (a[i] === b[i]) continue;
      for (let at = 4 * i;; at++) if (this.bytes[at] !== other.bytes[at]) return at;
    }
    return -1;
  }

  /** Fails when the two differ in `[from, to)`. */
  mustEqual(expected: Memory, from: number, to: number, what: string): void {
    const at = this.differsAt(expected, from, to);
    expect(at < 0, () => {
      const got = this.bytes.slice(at, at + 16).toHex();
      return `${what}: at ${at} is ${got}, not ${expected.bytes.slice(at, at + 16).toHex()}`;
    });
  }
}

/** Whether all of the buffer's first `len` bytes are 0. */
export function isZero(buffer: ArrayBufferLike, len: number): boolean {
  const words = new Int32Array(buffer, 0, Math.min(len, buffer.byteLength) >>> 2);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}

/** Fails when one of the keys, or the start of one, stands in memory. */
export function mustNotHold(
  bytes: Uint8Array,
  keys: readonly Uint8Array[],
  where: string,
): void {
  const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const key of keys) {
    const at = haystack.indexOf(key.subarray(0, 12));
    expect(at < 0, () => `Key ${key.toHex()} still stands in ${where}, at ${at}`);
  }
}

/** Hexadecimal digits of bytes, the first 160 of them. */
export function brief(bytes: Uint8Array): string {
  const more = bytes.length > 160 ? `... (${bytes.length} bytes)` : "";
  return bytes.slice(0, 160).toHex() + more;
}
