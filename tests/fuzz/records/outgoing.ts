/**
 * A message that is written record by record.
 *
 * @module
 */

import type { Random } from "../random.ts";

/** A message, and whether it stops being records at its end. */
export interface Message {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isMalformed: boolean;
  readonly numRecords: number;
}

/** The four bytes of a number. */
export function u32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

/** See the module's comment. */
export class Outgoing {
  #parts: Uint8Array[] = [];
  #nextId = 1;

  /**
   * Writes a record.
   *
   * @returns its id, which no other record has
   */
  write(
    kind: number,
    value: number,
    payload: Uint8Array,
    { queue = 0, flags = 0 } = {},
  ): number {
    const id = this.#nextId;
    this.#nextId = (this.#nextId + 1) >>> 0;
    const size = 16 + payload.length;
    const bytes = new Uint8Array(Math.ceil(size / 8) * 8);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, size, true);
    bytes[4] = kind;
    bytes[5] = flags;
    view.setUint16(6, queue, true);
    view.setUint32(8, id, true);
    view.setUint32(12, value, true);
    bytes.set(payload, 16);
    this.#parts.push(bytes);
    return id;
  }

  /** The message so far; what is malformed stands behind its last record. The next one is empty. */
  take(random: Random, isMalformed: boolean): Message {
    const parts = this.#parts;
    const numRecords = parts.length;
    this.#parts = [];
    if (isMalformed) {
      const tail = random.bytes(random.between(1, 40));
      const declared = random.pick([0, 15, tail.length + 1, 0xffffffff, 0x80000000]);
      if (tail.length >= 16) new DataView(tail.buffer).setUint32(0, declared, true);
      parts.push(tail);
    }
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return { bytes, isMalformed, numRecords };
  }
}
