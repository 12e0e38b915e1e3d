/**
 * Between bytes and 32-bit words, in the big-endian order of the 3GPP algorithms and DES.
 *
 * @module
 */

/** The four bytes at `at` as a big-endian 32-bit integer. */
export function loadBe(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

/**
 * The four bytes at `at` of `first || second` as a big-endian integer; zeros stand for what lies behind
 * the end.
 */
export function loadJoinedBe(first: Uint8Array, second: Uint8Array, at: number): number {
  if (at + 4 <= first.length) return loadBe(first, at);
  const rest = at - first.length;
  if (rest >= 0 && rest + 4 <= second.length) return loadBe(second, rest);
  let word = 0;
  for (let i = 0; i < 4; i++) word = (word << 8) | byteAt(first, second, at + i);
  return word;
}

function byteAt(first: Uint8Array, second: Uint8Array, at: number): number {
  if (at < first.length) return first[at];
  return at - first.length < second.length ? second[at - first.length] : 0;
}

/** Writes a 32-bit integer as four big-endian bytes at `at`. */
export function storeBe(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** Writes the leftmost `out.length` bytes, at most 4, of a word. */
export function storeLeftmost(out: Uint8Array, word: number): void {
  for (let i = 0; i < out.length; i++) out[i] = word >>> (24 - 8 * i);
}

/**
 * `dst[from .. end) = src[from .. end) xor words`; the first word goes to `from`, the last one may
 * be used in part.
 */
export function xorWords(
  words: Int32Array,
  src: Uint8Array,
  dst: Uint8Array,
  from: number,
  end: number,
): void {
  let at = from, n = 0;
  for (; at + 4 <= end; at += 4) {
    const word = words[n++];
    dst[at] = src[at] ^ (word >>> 24);
    dst[at + 1] = src[at + 1] ^ (word >>> 16);
    dst[at + 2] = src[at + 2] ^ (word >>> 8);
    dst[at + 3] = src[at + 3] ^ word;
  }
  for (let shift = 24; at < end; at++, shift -= 8) dst[at] = src[at] ^ (words[n] >>> shift);
}
