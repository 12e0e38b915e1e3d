/**
 * The tables of DES (FIPS 46-3, appendix 1), in the form in which the fast code uses them.
 *
 * @module
 */

/** S1 to S8: four rows of sixteen hexadecimal digits each. */
const BOXES = [
  "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
  "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
  "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
  "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
  "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
  "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
  "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
  "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
];

/** The permutation P: bit i + 1 of its output is bit P[i] of its input, bit 1 being the first. */
// deno-fmt-ignore
const P = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
  2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
];

/** Permuted choice 1: the bits of the key that make C, then D. */
// deno-fmt-ignore
const PC1 = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
  63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];

/** Permuted choice 2: the bits of C || D that make a round key. */
// deno-fmt-ignore
const PC2 = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
  41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];

/** How far C and D have been rotated at each round. */
const ROTATIONS = [
  1,
  2,
  4,
  6,
  8,
  10,
  12,
  14,
  15,
  17,
  19,
  21,
  23,
  25,
  27,
  28,
];

/**
 * Eight tables of 64 words: S-box, then P, then a rotation to the right by one bit, which is how the
 * fast code holds both halves (the six bits of the expansion E then lie side by side).
 */
export const SP: Int32Array = Int32Array.from({ length: 512 }, (_, i) => {
  const box = i >>> 6, input = i & 63;
  const row = ((input >>> 4) & 2) | (input & 1), column = (input >>> 1) & 15;
  const substituted = parseInt(BOXES[box][16 * row + column], 16) << (28 - 4 * box);
  let word = 0;
  for (const from of P) word = (word << 1) | ((substituted >>> (32 - from)) & 1);
  return (word >>> 1) | (word << 31);
});

/** For each of the 48 bits of the 16 round keys, the bit of the key (0 is the first) that it is. */
export const KEY_BITS: Uint8Array = Uint8Array.from({ length: 16 * 48 }, (_, i) => {
  const index = PC2[i % 48] - 1, half = index < 28 ? 0 : 28;
  return PC1[half + (index - half + ROTATIONS[Math.floor(i / 48)]) % 28] - 1;
});
