/**
 * Encryption with Twofish ("Twofish: A 128-Bit Block Cipher", Schneier et al., 1998).
 *
 * The S-boxes are evaluated rather than tabulated per key: GMAC encrypts one block per message, which
 * never repays the 4 KiB of tables. They are indexed by secret data: this is not constant time.
 *
 * @module
 */

import { loadLe, storeLe } from "../noble/aes_block.ts";
import type { BlockCipher } from "./block_cipher.ts";
import { LAST_Q_AND_MDS, multiply, Q0, Q1, RS } from "./twofish_tables.ts";

/** Twofish under one key of 16, 24 or 32 bytes. */
export class Twofish implements BlockCipher {
  /** Bytes of a block. */
  readonly blockLen = 16;
  /** K0..K39 of section 4.3. */
  readonly #subkeys = new Int32Array(40);
  /** The list S, which keys the function g; its first element is used last. */
  readonly #boxKeys: Int32Array;

  /** @param key 16, 24 or 32 bytes; not kept */
  constructor(key: Uint8Array) {
    const num = key.length / 8;
    const even = new Int32Array(num), odd = new Int32Array(num);
    this.#boxKeys = new Int32Array(num);
    for (let i = 0; i < num; i++) {
      even[i] = loadLe(key, 8 * i);
      odd[i] = loadLe(key, 8 * i + 4);
      this.#boxKeys[num - 1 - i] = reedSolomon(key, 8 * i);
    }
    fillSubkeys(this.#subkeys, even, odd);
    even.fill(0);
    odd.fill(0);
  }

  /** {@inheritDoc BlockCipher.encryptBlock} */
  encryptBlock(src: Uint8Array, srcPos: number, dst: Uint8Array, dstPos: number): void {
    const k = this.#subkeys, s = this.#boxKeys;
    let r0 = loadLe(src, srcPos) ^ k[0], r1 = loadLe(src, srcPos + 4) ^ k[1];
    let r2 = loadLe(src, srcPos + 8) ^ k[2], r3 = loadLe(src, srcPos + 12) ^ k[3];
    // Section 4.1; two rounds at a time, so that the halves need no exchange.
    for (let at = 8; at < 40; at += 4) {
      let t0 = h(s, r0), t1 = h(s, rotateLeft(r1, 8));
      r2 = rotateLeft(r2 ^ (t0 + t1 + k[at]), 31);
      r3 = rotateLeft(r3, 1) ^ (t0 + 2 * t1 + k[at + 1]);
      t0 = h(s, r2);
      t1 = h(s, rotateLeft(r3, 8));
      r0 = rotateLeft(r0 ^ (t0 + t1 + k[at + 2]), 31);
      r1 = rotateLeft(r1, 1) ^ (t0 + 2 * t1 + k[at + 3]);
    }
    storeLe(dst, dstPos, r2 ^ k[4]);
    storeLe(dst, dstPos + 4, r3 ^ k[5]);
    storeLe(dst, dstPos + 8, r0 ^ k[6]);
    storeLe(dst, dstPos + 12, r1 ^ k[7]);
  }

  /** Overwrites the key schedule. The object must not be used afterwards. */
  close(): void {
    this.#subkeys.fill(0);
    this.#boxKeys.fill(0);
  }
}

function rotateLeft(word: number, left: number): number {
  return (word << left) | (word >>> (32 - left));
}

/** Section 4.3.4: the expanded key words, from h keyed with the even and the odd words of the key. */
function fillSubkeys(subkeys: Int32Array, even: Int32Array, odd: Int32Array): void {
  for (let i = 0; i < 40; i += 2) {
    const a = h(even, i * 0x01010101);
    const b = rotateLeft(h(odd, (i + 1) * 0x01010101), 8);
    subkeys[i] = a + b;
    subkeys[i + 1] = rotateLeft(a + 2 * b, 9);
  }
}

/** Section 4.3: RS times the eight bytes of the key at `at`, as a little-endian word. */
function reedSolomon(key: Uint8Array, at: number): number {
  let word = 0;
  for (let row = 3; row >= 0; row--) {
    let byte = 0;
    for (let i = 0; i < 8; i++) byte ^= multiply(RS[row][i], key[at + i], 0x4d);
    word = (word << 8) | byte;
  }
  return word;
}

/** Section 4.3.2: the function h with a list of 2 to 4 words; with the list S it is g. */
function h(list: Int32Array, x: number): number {
  let y0 = x & 255, y1 = (x >>> 8) & 255, y2 = (x >>> 16) & 255, y3 = x >>> 24;
  if (list.length === 4) {
    const l = list[3];
    y0 = Q1[y0] ^ (l & 255);
    y1 = Q0[y1] ^ ((l >>> 8) & 255);
    y2 = Q0[y2] ^ ((l >>> 16) & 255);
    y3 = Q1[y3] ^ (l >>> 24);
  }
  if (list.length >= 3) {
    const l = list[2];
    y0 = Q1[y0] ^ (l & 255);
    y1 = Q1[y1] ^ ((l >>> 8) & 255);
    y2 = Q0[y2] ^ ((l >>> 16) & 255);
    y3 = Q0[y3] ^ (l >>> 24);
  }
  const l1 = list[1], l0 = list[0];
  y0 = Q0[Q0[y0] ^ (l1 & 255)] ^ (l0 & 255);
  y1 = Q0[Q1[y1] ^ ((l1 >>> 8) & 255)] ^ ((l0 >>> 8) & 255);
  y2 = Q1[Q0[y2] ^ ((l1 >>> 16) & 255)] ^ ((l0 >>> 16) & 255);
  y3 = Q1[Q1[y3] ^ (l1 >>> 24)] ^ (l0 >>> 24);
  return LAST_Q_AND_MDS[y0] ^ LAST_Q_AND_MDS[256 | y1] ^ LAST_Q_AND_MDS[512 | y2] ^
    LAST_Q_AND_MDS[768 | y3];
}
