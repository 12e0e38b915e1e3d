/**
 * One request on its way through the device. The object is reused from request to request.
 *
 * @module
 */

import { MemoryBytes } from "../memory/memory_bytes.ts";
import type { SegmentList } from "../memory/segment_list.ts";
import type { Staging } from "../memory/staging.ts";
import { Status } from "../wire/constants.ts";
import { MAX_FIXED_SIZE } from "../wire/structs.ts";
import { MAX_ROW_SRC_LEN, type Row } from "./row.ts";

// No algorithm reads more.
const MAX_IV_LEN = 16;

/** A request's bytes, and what has been found out about it so far. */
export class Request {
  /** Private copy of header and fixed part: nothing a driver can change is read twice. */
  readonly fixed: MemoryBytes = new MemoryBytes(new Uint8Array(MAX_FIXED_SIZE));
  /** View on {@link Request.fixed}. */
  readonly view: DataView = this.fixed.view;
  /** Private memory of this request. */
  readonly staging: Staging;
  /** Bound on the sum of declared lengths, in bytes. */
  readonly maxSize: number;
  /** R: all device-readable bytes. */
  readable: SegmentList;
  /** W: all device-writable bytes. */
  writable: SegmentList;
  /** Where the body starts in {@link Request.fixed}. */
  body = 0;
  /** Where the variable part starts in R. */
  variable = 0;
  /** Whether the opcode asks to decrypt. */
  decrypt = false;
  /** Result bytes written in front of the status, set on success. */
  resultLen = 0;

  /** Bytes of keys that have been copied from the front of the variable part. */
  keysLen = 0;

  /** Whether memory of W has been handed to an accelerator. */
  isWritten = false;

  /** Where a short operation may be left to be computed later; null when it is to be computed at once. */
  row: Row | null = null;

  /** Whether it has been left there. */
  isInRow = false;

  readonly #iv: MemoryBytes = new MemoryBytes(new Uint8Array(MAX_IV_LEN));

  constructor(staging: Staging, maxSize: number, none: SegmentList) {
    this.staging = staging;
    this.maxSize = maxSize;
    this.readable = none;
    this.writable = none;
  }

  /** Bytes of R behind the fixed part. */
  get variableLen(): number {
    return this.readable.length - this.variable;
  }

  /** The little-endian 32-bit field at `offset` of the body. */
  u32(offset: number): number {
    return this.view.getUint32(this.body + offset, true);
  }

  /**
   * Check 9 of wire.md for a data request: declared lengths against R, W and `max_size`.
   *
   * All are 32-bit numbers and added as such numbers add in JavaScript: without wrapping.
   *
   * @param readableLen sum of keys, iv, src and aad
   * @param resultLen sum of dst and hash_result
   */
  fits(readableLen: number, resultLen: number): boolean {
    return readableLen <= this.variableLen && resultLen + 1 <= this.writable.length &&
      readableLen + resultLen + 1 <= this.maxSize;
  }

  /** Check 9 of wire.md for a session's creation: the keys against R and `max_size`. */
  keysFit(keysLen: number): boolean {
    return keysLen <= this.variableLen && keysLen + 16 <= this.maxSize;
  }

  /**
   * A private copy of `len` bytes of iv, 16 at most, that stand `offset` behind the fixed
   * part. It is this request's: the next one's takes its place.
   */
  iv(offset: number, len: number): Uint8Array {
    this.readable.copyTo(this.variable + offset, this.#iv, 0, len);
    return this.#iv.piece(0, len);
  }

  /** A private copy of key bytes that stand `offset` behind the fixed part. */
  key(offset: number, len: number): Uint8Array<ArrayBuffer> {
    this.keysLen = Math.max(this.keysLen, offset + len);
    return this.staging.copy(this.readable, this.variable + offset, len);
  }

  /** The first `len` bytes of W for an accelerator to write to, or null when they lie apart. */
  output(len: number): Uint8Array | null {
    this.isWritten = true;
    return this.writable.view(0, len);
  }

  /** The row, when an operation on so many bytes may be left there. */
  rowFor(srcLen: number, isInRow: boolean | undefined): Row | null {
    const { row } = this;
    return isInRow === true && row !== null && srcLen <= MAX_ROW_SRC_LEN &&
        row.takes(this.readable, this.writable)
      ? row
      : null;
  }

  /** Success with so many result bytes, which are computed with the row. */
  doneInRow(resultLen: number): Status {
    this.isInRow = true;
    return this.done(resultLen);
  }

  /** Success with so many result bytes. */
  done(resultLen: number): Status {
    this.resultLen = resultLen;
    return Status.OK;
  }
}
