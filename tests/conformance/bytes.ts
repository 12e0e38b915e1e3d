/** Byte helpers of the conformance client. All integers are little-endian. */

/** Bytes that own their memory, as sockets and `fetch` want them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** No bytes. */
export const EMPTY: Bytes = new Uint8Array(0);

/** The parts, one behind the other, in memory of its own. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Each value as a 32-bit integer; 4 bytes per value. */
export function words(...values: readonly number[]): Bytes {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setUint32(index * 4, value, true));
  return bytes;
}

/** The unsigned 32-bit integer at `at`. Throws a RangeError past the end. */
export function readU32(bytes: Uint8Array, at = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at, true);
}

/** The unsigned 64-bit integer at `at`. Throws a RangeError past the end. */
export function readU64(bytes: Uint8Array, at = 0): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getBigUint64(at, true);
}

/** Bytes of a hexadecimal text; white space in it is ignored. */
export function hex(text: string): Bytes {
  return Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
}

/** Bytes of a text in UTF-8. */
export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** `len` bytes that look random and are the same in every run for one `seed`. */
export function pattern(len: number, seed = 1): Bytes {
  const bytes = new Uint8Array(len);
  let state = (seed * 2654435761 + 12345) >>> 0 || 1;
  for (let index = 0; index < len; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state >>> 11;
  }
  return bytes;
}

/** `bytes` cut or filled up with zeros to exactly `len`. */
export function fit(bytes: Uint8Array, len: number): Bytes {
  const fitted = new Uint8Array(len);
  fitted.set(bytes.subarray(0, len));
  return fitted;
}

/** A copy of `bytes` with one bit of the byte at `at` flipped; a negative `at` counts from the end. */
export function flipped(bytes: Uint8Array, at = -1): Bytes {
  const copy = concat(bytes);
  const index = at < 0 ? bytes.length + at : at;
  copy[index] ^= 0x01;
  return copy;
}
