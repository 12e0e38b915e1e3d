/**
 * KASUMI (3GPP TS 35.202) and its modes f8 and f9 (3GPP TS 35.201).
 *
 * Tables are indexed by secret data: this is not constant time.
 *
 * @module
 */

import type { CipherContext, MacContext } from "../contexts.ts";
import type { BlockCipher } from "./block_cipher.ts";
import { FROM_NINE, FROM_SEVEN } from "./kasumi_tables.ts";
import { loadBe, loadJoinedBe, storeBe, storeLeftmost, xorWords } from "./words.ts";

/** Words of keystream made at a time. */
const CHUNK_WORDS = 64;
/** The constants C1..C8 of the key schedule. */
const CONSTANTS = [0x0123, 0x4567, 0x89ab, 0xcdef, 0xfedc, 0xba98, 0x7654, 0x3210];
/** Subkeys per round: KL1 KL2 KO1 KO2 KO3 KI1 KI2 KI3, of 16 bits each. */
const ROUND_KEYS = 8;

/** KASUMI under one key of 16 bytes. */
export class Kasumi implements BlockCipher {
  /** Bytes of a block. */
  readonly blockLen = 8;
  readonly #schedule = new Int32Array(8 * ROUND_KEYS);
  readonly #block = new Int32Array(2);

  /**
   * @param key 16 bytes; not kept
   * @param modifier byte that is added to each byte of the key, as f8 and f9 do for their second key
   */
  constructor(key: Uint8Array, modifier = 0) {
    const k = new Int32Array(8);
    for (let i = 0; i < 8; i++) {
      k[i] = ((key[2 * i] ^ modifier) << 8) | (key[2 * i + 1] ^ modifier);
    }
    fillSchedule(this.#schedule, k);
    k.fill(0);
  }

  /** {@inheritDoc BlockCipher.encryptBlock} */
  encryptBlock(src: Uint8Array, srcPos: number, dst: Uint8Array, dstPos: number): void {
    const block = this.#block;
    block[0] = loadBe(src, srcPos);
    block[1] = loadBe(src, srcPos + 4);
    this.encryptWords(block);
    storeBe(dst, dstPos, block[0]);
    storeBe(dst, dstPos + 4, block[1]);
  }

  /** Encrypts a block of two big-endian words in place. */
  encryptWords(block: Int32Array): void {
    const k = this.#schedule;
    let left = block[0], right = block[1];
    for (let at = 0; at < 8 * ROUND_KEYS; at += 2 * ROUND_KEYS) {
      right ^= mixO(k, at, mixL(k, at, left));
      left ^= mixL(k, at + ROUND_KEYS, mixO(k, at + ROUND_KEYS, right));
    }
    block[0] = left;
    block[1] = right;
  }

  /** Overwrites the key schedule. The object must not be used afterwards. */
  close(): void {
    this.#schedule.fill(0);
    this.#block.fill(0);
  }
}

/** TS 35.202, "Key Schedule": the subkeys of all rounds from the eight 16-bit pieces of the key. */
function fillSchedule(schedule: Int32Array, k: Int32Array): void {
  for (let i = 0; i < 8; i++) {
    const at = i * ROUND_KEYS;
    schedule[at] = rotate16(k[i], 1);
    schedule[at + 1] = prime(k, i + 2);
    schedule[at + 2] = rotate16(k[(i + 1) & 7], 5);
    schedule[at + 3] = rotate16(k[(i + 5) & 7], 8);
    schedule[at + 4] = rotate16(k[(i + 6) & 7], 13);
    schedule[at + 5] = prime(k, i + 4);
    schedule[at + 6] = prime(k, i + 3);
    schedule[at + 7] = prime(k, i + 7);
  }
}

/** K'_i, the piece of the key plus its constant. */
function prime(k: Int32Array, i: number): number {
  return k[i & 7] ^ CONSTANTS[i & 7];
}

function rotate16(v: number, left: number): number {
  return ((v << left) | (v >>> (16 - left))) & 0xffff;
}

/** TS 35.202, "Function FL". */
function mixL(k: Int32Array, at: number, input: number): number {
  const left = input >>> 16;
  const right = (input & 0xffff) ^ rotate16(left & k[at], 1);
  return ((left ^ rotate16(right | k[at + 1], 1)) << 16) | right;
}

/** TS 35.202, "Function FO": three rounds of FI. */
function mixO(k: Int32Array, at: number, input: number): number {
  const a = input >>> 16, b = input & 0xffff;
  const l1 = mixI(a ^ k[at + 2], k[at + 5]) ^ b;
  const l2 = mixI(b ^ k[at + 3], k[at + 6]) ^ l1;
  const l3 = mixI(l1 ^ k[at + 4], k[at + 7]) ^ l2;
  return (l2 << 16) | l3;
}

/** TS 35.202, "Function FI". */
function mixI(input: number, key: number): number {
  const v = FROM_NINE[input >>> 7] ^ FROM_SEVEN[input & 0x7f] ^ key;
  return FROM_NINE[v & 0x1ff] ^ FROM_SEVEN[v >>> 9];
}

/** f8 under one key: encryption and decryption are the same (TS 35.201, clause 3); iv of 8 bytes. */
export class KasumiF8 implements CipherContext {
  readonly #kasumi: Kasumi;
  /** Under the key plus KM = 0x55..55. */
  readonly #modified: Kasumi;
  /** The register A. */
  readonly #start = new Int32Array(2);
  readonly #block = new Int32Array(2);
  readonly #words = new Int32Array(CHUNK_WORDS);

  /** @param key 16 bytes; not kept */
  constructor(key: Uint8Array) {
    this.#kasumi = new Kasumi(key);
    this.#modified = new Kasumi(key, 0x55);
  }

  /** {@inheritDoc CipherContext.process} */
  process(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    const start = this.#start;
    start[0] = loadBe(iv, 0);
    start[1] = loadBe(iv, 4);
    this.#modified.encryptWords(start);
    this.#block.fill(0);
    for (let at = 0; at < src.length; at += 4 * CHUNK_WORDS) {
      const end = Math.min(src.length, at + 4 * CHUNK_WORDS);
      this.#generate(at >>> 3, (end - at + 7) >>> 3);
      xorWords(this.#words, src, dst, at, end);
    }
  }

  /** "Keystream Generation": KSB_n = KASUMI(A xor BLKCNT xor KSB_(n-1)) for the next `num` blocks. */
  #generate(count: number, num: number): void {
    const block = this.#block, words = this.#words;
    for (let n = 0; n < num; n++) {
      block[0] ^= this.#start[0];
      block[1] ^= this.#start[1] ^ (count + n);
      this.#kasumi.encryptWords(block);
      words[2 * n] = block[0];
      words[2 * n + 1] = block[1];
    }
  }

  /** {@inheritDoc CipherContext.close} */
  close(): void {
    this.#kasumi.close();
    this.#modified.close();
    this.#start.fill(0);
    this.#block.fill(0);
    this.#words.fill(0);
  }
}

/**
 * f9 under one key, over the padded string PS of TS 35.201, clause 4, that is
 * COUNT || FRESH || MESSAGE || DIRECTION || 1 || 0*, of which the zeros of the last block may be
 * absent; tag of 4 bytes.
 */
export class KasumiF9 implements MacContext {
  readonly #kasumi: Kasumi;
  /** Under the key plus KM = 0xaa..aa. */
  readonly #modified: Kasumi;
  readonly #a = new Int32Array(2);
  readonly #b = new Int32Array(2);

  /** @param key 16 bytes; not kept */
  constructor(key: Uint8Array) {
    this.#kasumi = new Kasumi(key);
    this.#modified = new Kasumi(key, 0xaa);
  }

  /** {@inheritDoc MacContext.compute} */
  compute(_iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    const a = this.#a, b = this.#b;
    a.fill(0);
    b.fill(0);
    for (let at = 0; at < first.length + second.length; at += 8) {
      a[0] ^= loadJoinedBe(first, second, at);
      a[1] ^= loadJoinedBe(first, second, at + 4);
      this.#kasumi.encryptWords(a);
      b[0] ^= a[0];
      b[1] ^= a[1];
    }
    this.#modified.encryptWords(b);
    storeLeftmost(out, b[0]);
  }

  /** {@inheritDoc MacContext.close} */
  close(): void {
    this.#kasumi.close();
    this.#modified.close();
    this.#a.fill(0);
    this.#b.fill(0);
  }
}
