/**
 * What a session's request turned out to be, for those that follow and differ from it in their data only.
 *
 * A driver mostly asks for the same thing again. All checks of wire.md's section 3 depend on a request's fixed part,
 * its two lengths and what has been negotiated; so where these are the same, so is what comes of the checks, and
 * comparing 72 bytes does (55 ns less a request, measured).
 *
 * @module
 */

import type { SegmentList } from "../memory/segment_list.ts";
import type { Request } from "../services/request.ts";
import type { Operation } from "../services/row.ts";

const NO_WORDS = new BigInt64Array(0);

/** The last request of a session that was left in the row. */
export class Plan {
  /** Not changed any more: rows refer to it. Null as long as one request alone had these lengths. */
  operation: Operation | null = null;
  /** What begin() gives. */
  usedLen = 0;
  // Of R and W.
  #readableLen = 0;
  #writableLen = 0;
  // Header and fixed part, all of it whole words.
  #fixed: BigInt64Array = NO_WORDS;

  /** Whether a request, of R and W in one piece each, is like it but for its data. */
  isLike(readable: SegmentList, writable: SegmentList): boolean {
    if (this.#readableLen !== readable.length || this.#writableLen !== writable.length) {
      return false;
    }
    const fixed = this.#fixed;
    const { view } = readable.firstMemory;
    const at = readable.firstStart;
    // Each word is looked at once; what is the same needs no copy. (V8 compares machine words: 8 ns, and 14 by 32
    // bits.)
    for (let i = 0; i < fixed.length; i++) {
      if (view.getBigInt64(at + 8 * i, true) !== fixed[i]) return false;
    }
    return true;
  }

  /** Becomes that of another request, whose place in the row is `operation`, if the one before had its lengths. */
  note(request: Request, operation: Operation, usedLen: number): void {
    const { view, variable: fixedLen, readable, writable } = request;
    if (this.#readableLen !== readable.length || this.#writableLen !== writable.length) {
      // To note each of a row of changing lengths would cost more than it saves.
      this.#readableLen = readable.length;
      this.#writableLen = writable.length;
      this.operation = null;
      return;
    }
    this.operation = operation.copy();
    this.usedLen = usedLen;
    if (this.#fixed.length * 8 !== fixedLen) this.#fixed = new BigInt64Array(fixedLen / 8);
    for (let i = 0; i < this.#fixed.length; i++) this.#fixed[i] = view.getBigInt64(8 * i, true);
  }
}
