/**
 * DES and TDEA as FIPS 46-3 prints them: bits in arrays, numbered from 1, moved by its tables. The modes
 * are those of NIST SP 800-38A.
 */

// deno-fmt-ignore
const IP = [
  58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4,
  62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
  57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3,
  61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];
// deno-fmt-ignore
const E = [
  32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13, 12, 13, 14, 15, 16, 17,
  16, 17, 18, 19, 20, 21, 20, 21, 22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1,
];
// deno-fmt-ignore
const P = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
  2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
];
// deno-fmt-ignore
const PC1 = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
  63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
// deno-fmt-ignore
const PC2 = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
  41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
const SHIFTS = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
/** S1 to S8: four rows of sixteen. */
// deno-fmt-ignore
export const S = [
  [14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7, 0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5, 3, 8,
   4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0, 15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14, 10, 0, 6, 13],
  [15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10, 3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9, 11, 5,
   0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15, 13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12, 0, 5, 14, 9],
  [10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8, 13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11, 15, 1,
   13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7, 1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3, 11, 5, 2, 12],
  [7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15, 13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2, 12, 1, 10, 14, 9,
   10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4, 3, 15, 0, 6, 10, 1, 13, 8, 9, 4, 5, 11, 12, 7, 2, 14],
  [2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9, 14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15, 10, 3, 9, 8, 6,
   4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14, 11, 8, 12, 7, 1, 14, 2, 13, 6, 15, 0, 9, 10, 4, 5, 3],
  [12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11, 10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13, 14, 0, 11, 3, 8,
   9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6, 4, 3, 2, 12, 9, 5, 15, 10, 11, 14, 1, 7, 6, 0, 8, 13],
  [4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1, 13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5, 12, 2, 15, 8, 6,
   1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2, 6, 11, 13, 8, 1, 4, 10, 7, 9, 5, 0, 15, 14, 2, 3, 12],
  [13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7, 1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6, 11, 0, 14, 9, 2,
   7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8, 2, 1, 14, 7, 4, 10, 8, 13, 15, 12, 9, 0, 3, 5, 6, 11],
];

type Bits = readonly number[];

function toBits(bytes: Uint8Array): Bits {
  return [...bytes].flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (byte >> bit) & 1));
}

function toBytes(bits: Bits): Uint8Array {
  const bytes = new Uint8Array(bits.length / 8);
  bits.forEach((bit, i) => bytes[i >> 3] |= bit << (7 - (i & 7)));
  return bytes;
}

function permute(bits: Bits, table: readonly number[]): Bits {
  return table.map((from) => bits[from - 1]);
}

function add(a: Bits, b: Bits): Bits {
  return a.map((bit, i) => bit ^ b[i]);
}

/** KS: the sixteen round keys. */
function roundKeys(key: Uint8Array): Bits[] {
  const permuted = permute(toBits(key), PC1);
  let c = permuted.slice(0, 28), d = permuted.slice(28);
  return SHIFTS.map((shift) => {
    c = [...c.slice(shift), ...c.slice(0, shift)];
    d = [...d.slice(shift), ...d.slice(0, shift)];
    return permute([...c, ...d], PC2);
  });
}

/** The cipher function f(R, K). */
function f(r: Bits, key: Bits): Bits {
  const mixed = add(permute(r, E), key);
  const substituted = S.flatMap((box, i) => {
    const b = mixed.slice(6 * i, 6 * i + 6);
    const row = 2 * b[0] + b[5], column = 8 * b[1] + 4 * b[2] + 2 * b[3] + b[4];
    const value = box[16 * row + column];
    return [3, 2, 1, 0].map((bit) => (value >> bit) & 1);
  });
  return permute(substituted, P);
}

/** One block of DES in either direction. */
export function desBlock(key: Uint8Array, block: Uint8Array, decrypt: boolean): Uint8Array {
  const permuted = permute(toBits(block), IP);
  let l: Bits = permuted.slice(0, 32), r: Bits = permuted.slice(32);
  const keys = roundKeys(key);
  for (const roundKey of decrypt ? keys.reverse() : keys) [l, r] = [r, add(l, f(r, roundKey))];
  const output: number[] = [];
  [...r, ...l].forEach((bit, i) => output[IP[i] - 1] = bit);
  return toBytes(output);
}

/** One block of DES (key of 8 bytes) or TDEA (24 bytes: E K1, D K2, E K3). */
export function block(key: Uint8Array, input: Uint8Array, decrypt = false): Uint8Array {
  if (key.length === 8) return desBlock(key, input, decrypt);
  const keys = [key.subarray(0, 8), key.subarray(8, 16), key.subarray(16)];
  const order = decrypt ? [2, 1, 0] : [0, 1, 2];
  return order.reduce((data, k) => desBlock(keys[k], data, (k === 1) !== decrypt), input);
}

function eachBlock(src: Uint8Array, map: (input: Uint8Array) => Uint8Array): Uint8Array {
  const out = new Uint8Array(src.length);
  for (let i = 0; i < src.length; i += 8) {
    const input = src.slice(i, i + 8);
    out.set(map(input).subarray(0, input.length), i);
  }
  return out;
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ b[i]);
}

/** ECB. */
export function ecb(key: Uint8Array, src: Uint8Array, decrypt: boolean): Uint8Array {
  return eachBlock(src, (input) => block(key, input, decrypt));
}

/** CBC. */
export function cbc(
  key: Uint8Array,
  iv: Uint8Array,
  src: Uint8Array,
  decrypt: boolean,
): Uint8Array {
  let chain = iv;
  return eachBlock(src, (input) => {
    const output = decrypt ? xor(block(key, input, true), chain) : block(key, xor(input, chain));
    chain = decrypt ? input : output;
    return output;
  });
}

/** CTR with a 64-bit big-endian counter. */
export function ctr(key: Uint8Array, iv: Uint8Array, src: Uint8Array): Uint8Array {
  let counter = BigInt("0x" + iv.toHex());
  return eachBlock(src, (input) => {
    const hex = BigInt.asUintN(64, counter++).toString(16).padStart(16, "0");
    return xor(input, block(key, Uint8Array.fromHex(hex)));
  });
}
