/**
 * The tables of Twofish ("Twofish: A 128-Bit Block Cipher", Schneier et al., 1998).
 *
 * @module
 */

/** Section 4.3.5, the permutation q0. */
export const Q0: Uint8Array = Uint8Array.fromHex(
  "a967b3e804fda3769a928078e4ddd1380dc6359818f7ec6c43753726fa139448" +
    "f2d08b308454df23195b3d59f3aea2826301832ed9519b7ca6eba5be160ce361" +
    "c08c3af5732c250bbb4e896b536ab4f1e1e6bd45e2f4b666cc950356d41c1ed7" +
    "fbc38eb5e9cfbfbaea7739af33c96271817909ad24cdf9d8e5c5b94d440886e7" +
    "a11daaed0670b2d2417ba01131c2279020f660ff965cb1ab9e9c521b5f930aef" +
    "918549ee2d4f8f3b47876d46d63e69642acecb2ffc97057aac7fd51a4b0ea75a" +
    "28143f29883c4c02b8dab017551f8a7d57c78d74b7c49f727e15221258079934" +
    "6e50de6865bcdbf8c8a82b40dcfe32a4ca1021f0d35d0f006f9d36424a5ec1e0",
);

/** Section 4.3.5, the permutation q1. */
export const Q1: Uint8Array = Uint8Array.fromHex(
  "75f3c6f4db7bfbc84ad3e66b457de84bd632d8fd3771f1e1300ff81b87fa063f" +
    "5ebaae5b8a00bc9d6dc1b10e805dd2d5a0840714b5902ca3b2734c5492743651" +
    "38b0bd5afc6062966c42f7107c28278c13959cc724463b70cae385cb11d093b8" +
    "a68320ff9f77c3cc036f08bf40e72be2790caa82413aeab9e49aa4977eda7a17" +
    "6694a11d3df0deb30b72a71cefd1533e8f33265fec762a498188ee21c41aebd9" +
    "c53999cdad318b011823dd1f4e2df9484ff2658e785c58198de59857677f0564" +
    "af63b6fef5b73ca5cee96844e04d4369292eac1559a80a9e6e47df34356acfdc" +
    "22c9c09b89d4edab12a20d52bb022fa9d7611eb45004f6c2162586565509be91",
);

/** Multiplies in GF(2^8) modulo x^8 plus `polynomial`. */
export function multiply(a: number, b: number, polynomial: number): number {
  let product = 0;
  for (; b > 0; b >>>= 1) {
    if (b & 1) product ^= a;
    a = a & 0x80 ? ((a << 1) & 255) ^ polynomial : a << 1;
  }
  return product;
}

/** Section 4.3.2: the rows of the matrix MDS. */
const MDS = [
  [0x01, 0xef, 0x5b, 0x5b],
  [0x5b, 0xef, 0xef, 0x01],
  [0xef, 0x5b, 0x01, 0xef],
  [0xef, 0x01, 0xef, 0x5b],
];

/**
 * The last permutation of h (q1, q0, q1, q0 for the bytes 0 to 3) and then MDS, as four tables of 256
 * little-endian words to be added.
 */
export const LAST_Q_AND_MDS: Int32Array = Int32Array.from({ length: 1024 }, (_, i) => {
  const position = i >>> 8;
  const byte = (position & 1 ? Q0 : Q1)[i & 255];
  let word = 0;
  for (let row = 3; row >= 0; row--) word = (word << 8) | multiply(MDS[row][position], byte, 0x69);
  return word;
});

/** Section 4.3: the rows of the matrix RS, whose field is that of x^8 + 0x4d. */
export const RS: readonly (readonly number[])[] = [
  [0x01, 0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e],
  [0xa4, 0x56, 0x82, 0xf3, 0x1e, 0xc6, 0x68, 0xe5],
  [0x02, 0xa1, 0xfc, 0xc1, 0x47, 0xae, 0x3d, 0x19],
  [0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e, 0x03],
];
