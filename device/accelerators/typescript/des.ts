/**
 * DES and TDEA (FIPS 46-3; TDEA also NIST SP 800-67) and their modes ECB, CBC and CTR (SP 800-38A).
 *
 * Tables are indexed by secret data: this is not constant time.
 *
 * @module
 */

import type { CipherContext } from "../contexts.ts";
import type { BlockCipher } from "./block_cipher.ts";
import { KEY_BITS, SP } from "./des_tables.ts";
import { loadBe, storeBe, xorWords } from "./words.ts";

const BLOCK_LEN = 8;
/** Words of one DES key schedule: two a round. */
const SCHEDULE_WORDS = 32;

/** DES under a key of 8 bytes, or TDEA under one of 24, in one direction. Parity bits are ignored. */
export class Des implements BlockCipher {
  /** Bytes of a block. */
  readonly blockLen = BLOCK_LEN;
  readonly #schedule: Int32Array;
  readonly #block = new Int32Array(2);

  /**
   * @param key 8 or 24 bytes; not kept
   * @param decrypt whether blocks are decrypted rather than encrypted
   */
  constructor(key: Uint8Array, decrypt: boolean) {
    const num = key.length / 8;
    this.#schedule = new Int32Array(num * SCHEDULE_WORDS);
    // TDEA encrypts with K1, decrypts with K2, encrypts with K3, and backwards (SP 800-67, clause 3.1).
    for (let i = 0; i < num; i++) {
      const at = 8 * (decrypt ? num - 1 - i : i);
      const schedule = this.#schedule.subarray(i * SCHEDULE_WORDS, (i + 1) * SCHEDULE_WORDS);
      fillSchedule(schedule, key.subarray(at, at + 8), decrypt !== (i === 1));
    }
  }

  /** {@inheritDoc BlockCipher.encryptBlock} */
  encryptBlock(src: Uint8Array, srcPos: number, dst: Uint8Array, dstPos: number): void {
    const block = this.#block;
    block[0] = loadBe(src, srcPos);
    block[1] = loadBe(src, srcPos + 4);
    this.transform(block);
    storeBe(dst, dstPos, block[0]);
    storeBe(dst, dstPos + 4, block[1]);
  }

  /** Encrypts or decrypts a block of two big-endian words in place. */
  transform(block: Int32Array): void {
    const k = this.#schedule, sp = SP;
    initialPermutation(block);
    let l = rotateLeft(block[0], 31), r = rotateLeft(block[1], 31);
    for (let at = 0; at < k.length;) {
      const end = at + SCHEDULE_WORDS;
      for (; at < end; at += 4) {
        let u = r ^ k[at], v = rotateLeft(r, 4) ^ k[at + 1];
        l ^= sp[u >>> 26] ^ sp[128 | ((u >>> 18) & 63)] ^ sp[256 | ((u >>> 10) & 63)] ^
          sp[384 | ((u >>> 2) & 63)] ^ sp[64 | (v >>> 26)] ^ sp[192 | ((v >>> 18) & 63)] ^
          sp[320 | ((v >>> 10) & 63)] ^ sp[448 | ((v >>> 2) & 63)];
        u = l ^ k[at + 2];
        v = rotateLeft(l, 4) ^ k[at + 3];
        r ^= sp[u >>> 26] ^ sp[128 | ((u >>> 18) & 63)] ^ sp[256 | ((u >>> 10) & 63)] ^
          sp[384 | ((u >>> 2) & 63)] ^ sp[64 | (v >>> 26)] ^ sp[192 | ((v >>> 18) & 63)] ^
          sp[320 | ((v >>> 10) & 63)] ^ sp[448 | ((v >>> 2) & 63)];
      }
      // The halves come out exchanged; between the parts of TDEA the permutations IP^-1 and IP cancel.
      const swapped = l;
      l = r;
      r = swapped;
    }
    block[0] = rotateLeft(l, 1);
    block[1] = rotateLeft(r, 1);
    finalPermutation(block);
  }

  /** Overwrites the key schedule. The object must not be used afterwards. */
  close(): void {
    this.#schedule.fill(0);
    this.#block.fill(0);
  }
}

function rotateLeft(word: number, left: number): number {
  return (word << left) | (word >>> (32 - left));
}

/** IP, as five exchanges of bit groups between the halves. */
function initialPermutation(block: Int32Array): void {
  let l = block[0], r = block[1];
  let t = ((l >>> 4) ^ r) & 0x0f0f0f0f;
  r ^= t;
  l ^= t << 4;
  t = ((l >>> 16) ^ r) & 0x0000ffff;
  r ^= t;
  l ^= t << 16;
  t = ((r >>> 2) ^ l) & 0x33333333;
  l ^= t;
  r ^= t << 2;
  t = ((r >>> 8) ^ l) & 0x00ff00ff;
  l ^= t;
  r ^= t << 8;
  t = ((l >>> 1) ^ r) & 0x55555555;
  r ^= t;
  l ^= t << 1;
  block[0] = l;
  block[1] = r;
}

/** IP^-1: the same exchanges in the opposite order. */
function finalPermutation(block: Int32Array): void {
  let l = block[0], r = block[1];
  let t = ((l >>> 1) ^ r) & 0x55555555;
  r ^= t;
  l ^= t << 1;
  t = ((r >>> 8) ^ l) & 0x00ff00ff;
  l ^= t;
  r ^= t << 8;
  t = ((r >>> 2) ^ l) & 0x33333333;
  l ^= t;
  r ^= t << 2;
  t = ((l >>> 16) ^ r) & 0x0000ffff;
  r ^= t;
  l ^= t << 16;
  t = ((l >>> 4) ^ r) & 0x0f0f0f0f;
  r ^= t;
  l ^= t << 4;
  block[0] = l;
  block[1] = r;
}

/**
 * KS (FIPS 46-3, appendix 1): 48 bits a round, as two words. The first holds the six bits each of the
 * S-boxes 1, 3, 5, 7 at bits 26, 18, 10, 2, the second those of 2, 4, 6, 8.
 */
function fillSchedule(schedule: Int32Array, key: Uint8Array, decrypt: boolean): void {
  for (let round = 0; round < 16; round++) {
    const at = 2 * (decrypt ? 15 - round : round);
    for (let box = 0; box < 8; box++) {
      let bits = 0;
      for (let i = 48 * round + 6 * box, end = i + 6; i < end; i++) {
        const from = KEY_BITS[i];
        bits = (bits << 1) | ((key[from >>> 3] >>> (7 - (from & 7))) & 1);
      }
      schedule[at + (box & 1)] |= bits << (26 - 8 * (box >>> 1));
    }
  }
}

/** ECB over DES or TDEA, by the length of the key. */
export class DesEcb implements CipherContext {
  readonly #des: Des;
  readonly #block = new Int32Array(2);

  /** @param key 8 or 24 bytes; not kept */
  constructor(key: Uint8Array, decrypt: boolean) {
    this.#des = new Des(key, decrypt);
  }

  /** {@inheritDoc CipherContext.process} */
  process(_iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    const block = this.#block;
    for (let at = 0; at < src.length; at += BLOCK_LEN) {
      block[0] = loadBe(src, at);
      block[1] = loadBe(src, at + 4);
      this.#des.transform(block);
      storeBe(dst, at, block[0]);
      storeBe(dst, at + 4, block[1]);
    }
  }

  /** {@inheritDoc CipherContext.close} */
  close(): void {
    this.#des.close();
    this.#block.fill(0);
  }
}

/** CBC over DES or TDEA, by the length of the key; no padding. */
export class DesCbc implements CipherContext {
  readonly #des: Des;
  readonly #decrypt: boolean;
  readonly #block = new Int32Array(2);

  /** @param key 8 or 24 bytes; not kept */
  constructor(key: Uint8Array, decrypt: boolean) {
    this.#des = new Des(key, decrypt);
    this.#decrypt = decrypt;
  }

  /** {@inheritDoc CipherContext.process} */
  process(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    if (this.#decrypt) this.#decryptBlocks(iv, src, dst);
    else this.#encryptBlocks(iv, src, dst);
  }

  /** {@inheritDoc CipherContext.close} */
  close(): void {
    this.#des.close();
    this.#block.fill(0);
  }

  #encryptBlocks(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    const block = this.#block;
    block[0] = loadBe(iv, 0);
    block[1] = loadBe(iv, 4);
    for (let at = 0; at < src.length; at += BLOCK_LEN) {
      block[0] ^= loadBe(src, at);
      block[1] ^= loadBe(src, at + 4);
      this.#des.transform(block);
      storeBe(dst, at, block[0]);
      storeBe(dst, at + 4, block[1]);
    }
  }

  #decryptBlocks(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    const block = this.#block;
    let chain0 = loadBe(iv, 0), chain1 = loadBe(iv, 4);
    for (let at = 0; at < src.length; at += BLOCK_LEN) {
      const input0 = loadBe(src, at), input1 = loadBe(src, at + 4);
      block[0] = input0;
      block[1] = input1;
      this.#des.transform(block);
      storeBe(dst, at, block[0] ^ chain0);
      storeBe(dst, at + 4, block[1] ^ chain1);
      chain0 = input0;
      chain1 = input1;
    }
  }
}

/** CTR over DES or TDEA: the iv is a 64-bit big-endian counter, which wraps. */
export class DesCtr implements CipherContext {
  readonly #des: Des;
  readonly #block = new Int32Array(2);

  /** @param key 8 or 24 bytes; not kept */
  constructor(key: Uint8Array) {
    this.#des = new Des(key, false);
  }

  /** {@inheritDoc CipherContext.process} */
  process(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    const block = this.#block;
    let upper = loadBe(iv, 0), lower = loadBe(iv, 4);
    for (let at = 0; at < src.length; at += BLOCK_LEN) {
      block[0] = upper;
      block[1] = lower;
      this.#des.transform(block);
      xorWords(block, src, dst, at, Math.min(src.length, at + BLOCK_LEN));
      lower = (lower + 1) | 0;
      if (lower === 0) upper = (upper + 1) | 0;
    }
  }

  /** {@inheritDoc CipherContext.close} */
  close(): void {
    this.#des.close();
    this.#block.fill(0);
  }
}
