/**
 * Copies and overwrites of many bytes, which is most of what handling a large request costs.
 *
 * TypedArray's own methods are slow where memory is shared (Deno 2.9.6): set() takes 0.5 us for 16 KiB, and
 * 4.2 us when the two addresses differ modulo 8, C's memmove 0.2 us either way; fill() takes 2.3 us,
 * memset 0.2 us.
 *
 * @module
 */

/** What a library can do faster with many bytes. */
export interface BulkOperations {
  /** Copies all of `source` to the start of `target`, which is long enough; they may overlap. */
  copy(target: Uint8Array, source: Uint8Array): void;
  /** Overwrites all bytes with zeros. */
  wipe(target: Uint8Array): void;
}

// From here on a call out of JavaScript pays: 512 B are copied in 28 ns, by set() in 25 where the addresses
// agree and in 133 where they do not; 256 B are overwritten in 16 ns against 57.
const COPY_LEN = 512;
const WIPE_LEN = 256;

let bulk: BulkOperations = {
  copy: (target, source) => target.set(source),
  wipe: (target) => target.fill(0),
};

/** Has many bytes worked on by `operations` in this thread from now on. */
export function useForBulk(operations: BulkOperations): void {
  bulk = operations;
}

/**
 * Copies all of `source` to the start of `target`.
 *
 * @throws {RangeError} when `target` is too short
 */
export function copy(target: Uint8Array, source: Uint8Array): void {
  if (source.length < COPY_LEN) return target.set(source);
  if (target.length < source.length) {
    throw new RangeError(`Cannot copy ${source.length} bytes to ${target.length}`);
  }
  bulk.copy(target, source);
}

/** Overwrites `[start, end)` of some bytes with zeros. */
export function wipe(bytes: Uint8Array, start: number, end: number): void {
  if (end - start < WIPE_LEN) bytes.fill(0, start, end);
  else bulk.wipe(bytes.subarray(start, end));
}
