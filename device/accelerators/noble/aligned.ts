/**
 * noble reads and writes 32-bit words in place, so it wants memory that starts on a multiple of 4.
 *
 * @module
 */

/** Something that works on aligned memory, a piece at a time, in order. */
export interface AlignedWorker {
  /** `dst` is `src` or does not overlap it; all pieces but the last are a multiple of 16 bytes. */
  piece(src: Uint8Array, dst: Uint8Array): void;
}

const PIECE_LEN = 4096;
const scratch = new Uint8Array(PIECE_LEN);

/** Runs all of `src` through the worker, by way of private aligned memory where it must. */
export function runAligned(worker: AlignedWorker, src: Uint8Array, dst: Uint8Array): void {
  if (src.length === 0) return;
  if (src.byteOffset % 4 === 0 && dst.byteOffset % 4 === 0) {
    worker.piece(src, dst);
    return;
  }
  for (let at = 0; at < src.length; at += PIECE_LEN) {
    const len = Math.min(PIECE_LEN, src.length - at);
    const piece = scratch.subarray(0, len);
    piece.set(src.subarray(at, at + len));
    worker.piece(piece, piece);
    dst.set(piece, at);
  }
  scratch.fill(0);
}

/** The whole 32-bit words of memory that starts on a multiple of 4. */
export function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}
