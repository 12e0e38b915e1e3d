/**
 * Bytes together with what it takes to work on parts of them fast.
 *
 * @module
 */

import { copy } from "./copy.ts";

// A power of two. Drivers reuse their buffers, so few parts are named again and again: a part that is
// found again costs 4 ns, a new view 27 and its share of the garbage collection, one looked for in vain 52.
const NUM_PIECES = 512;
// Where in the table a part stands: by its start, in units that buffers are apart at least.
const START_SHIFT = 4;

/** Bytes, a view on them, and parts of them: what copies are made from and to. */
export interface ByteRange {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  piece(start: number, len: number): Uint8Array;
}

/**
 * A range of memory: its bytes, a view to read and write words at any alignment, and its parts.
 *
 * @example
 * ```ts
 * import { MemoryBytes } from "./memory_bytes.ts";
 * const memory = new MemoryBytes(Uint8Array.of(1, 2, 3, 4));
 * memory.piece(1, 2); // 2, 3: shares the bytes
 * memory.view.getUint16(0, true); // 0x0201
 * ```
 */
export class MemoryBytes<B extends ArrayBufferLike = ArrayBufferLike> implements ByteRange {
  readonly bytes: Uint8Array<B>;
  readonly view: DataView<B>;
  // Made with the first part that is asked for: many ranges never are.
  #pieces: (Uint8Array<B> | undefined)[] | null = null;

  constructor(bytes: Uint8Array<B>) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * `[start, start + len)` of the bytes, which the caller has checked. The same view may be handed out
   * more than once.
   */
  piece(start: number, len: number): Uint8Array<B> {
    const { bytes } = this;
    const at = bytes.byteOffset + start;
    const pieces = this.#pieces ??= new Array(NUM_PIECES).fill(undefined);
    const slot = (start >>> START_SHIFT) & (NUM_PIECES - 1);
    const known = pieces[slot];
    if (known !== undefined && known.byteOffset === at && known.length === len) return known;
    return pieces[slot] = new Uint8Array(bytes.buffer, at, len);
  }
}

// Up to here words are copied one by one: set() needs a view on its source and a call.
const LOOP_LIMIT = 128;

/** Copies `len` bytes from one range to another, wherever they start. */
export function copyBytes(
  source: ByteRange,
  from: number,
  target: ByteRange,
  to: number,
  len: number,
): void {
  if (len > LOOP_LIMIT) {
    copy(target.piece(to, len), source.piece(from, len));
    return;
  }
  // Looked up once: ranges are of several classes.
  const { view } = source;
  const targetView = target.view;
  const words = len & ~7;
  let i = 0;
  // V8 makes a load and a store of it: twice as fast as words of 32 bits.
  for (; i < words; i += 8) {
    targetView.setBigUint64(to + i, view.getBigUint64(from + i, true), true);
  }
  if ((len & 4) !== 0) {
    targetView.setInt32(to + i, view.getInt32(from + i, true), true);
    i += 4;
  }
  for (; i < len; i++) targetView.setUint8(to + i, view.getUint8(from + i));
}
