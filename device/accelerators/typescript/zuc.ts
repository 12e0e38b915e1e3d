/**
 * ZUC and its two modes, 128-EEA3 and 128-EIA3: "Specification of the 3GPP Confidentiality and Integrity
 * Algorithms 128-EEA3 & 128-EIA3", Document 1 (the modes) and Document 2 (ZUC, version 1.6), ETSI/SAGE.
 *
 * Tables are indexed by secret data: this is not constant time.
 *
 * @module
 */

import type { CipherContext, MacContext } from "../contexts.ts";
import { loadJoinedBe, storeLeftmost, xorWords } from "./words.ts";
import { KEY_CONSTANTS, S } from "./zuc_tables.ts";

/** Words of keystream made at a time. */
const CHUNK_WORDS = 256;

/** The keystream generator of ZUC under one key of 16 bytes. */
export class Zuc {
  /** The last words made by {@link Zuc.generate}. */
  readonly words = new Int32Array(CHUNK_WORDS);
  /** The key's part of the register, clause 3.5. */
  readonly #key = new Int32Array(16);
  /** The register as a tape: `#tape[t .. t+15]` are s0..s15, of 31 bits each, at time t. */
  readonly #tape = new Int32Array(16 + CHUNK_WORDS);
  /** R1 and R2 of the nonlinear function F. */
  readonly #memory = new Int32Array(2);

  /** @param key 16 bytes; not kept */
  constructor(key: Uint8Array) {
    for (let i = 0; i < 16; i++) this.#key[i] = (key[i] << 23) | (KEY_CONSTANTS[i] << 8);
  }

  /** Starts the keystream for an iv of 16 bytes (clauses 3.5 and 3.6.1). */
  start(iv: Uint8Array): void {
    const s = this.#tape;
    for (let i = 0; i < 16; i++) s[i] = this.#key[i] | iv[i];
    this.#memory.fill(0);
    for (let t = 0; t < 32; t++) {
      const w = this.#clockF(t);
      s[t + 16] = addModP(this.#feedback(t), w >>> 1);
    }
    s.copyWithin(0, 32, 48);
    // Clause 3.6.2: the first output of F is discarded.
    this.#clockF(0);
    s[16] = this.#feedback(0);
    s.copyWithin(0, 1, 17);
  }

  /** Makes the next `num` words of keystream, at most {@link CHUNK_WORDS} (clause 3.6.2). */
  generate(num: number): void {
    const s = this.#tape, words = this.words, box = S;
    let r1 = this.#memory[0], r2 = this.#memory[1];
    for (let t = 0; t < num; t++) {
      const s0 = s[t], s15 = s[t + 15];
      // Clause 3.3: each word of the bit-reorganization joins halves of two cells.
      const x0 = ((s15 & 0x7fff8000) << 1) | (s[t + 14] & 0xffff);
      const x1 = (s[t + 11] << 16) | (s[t + 9] >>> 15);
      const x2 = (s[t + 7] << 16) | (s[t + 5] >>> 15);
      const x3 = (s[t + 2] << 16) | (s0 >>> 15);
      words[t] = ((x0 ^ r1) + r2) ^ x3;
      // Clause 3.4: F.
      const w1 = (r1 + x1) | 0, w2 = r2 ^ x2;
      const u = (w1 << 16) | (w2 >>> 16), v = (w2 << 16) | (w1 >>> 16);
      const lu = u ^ (u << 2 | u >>> 30) ^ (u << 10 | u >>> 22) ^ (u << 18 | u >>> 14) ^
        (u << 24 | u >>> 8);
      const lv = v ^ (v << 8 | v >>> 24) ^ (v << 14 | v >>> 18) ^ (v << 22 | v >>> 10) ^
        (v << 30 | v >>> 2);
      r1 = box[lu >>> 24] | box[256 | ((lu >>> 16) & 255)] | box[512 | ((lu >>> 8) & 255)] |
        box[768 | (lu & 255)];
      r2 = box[lv >>> 24] | box[256 | ((lv >>> 16) & 255)] | box[512 | ((lv >>> 8) & 255)] |
        box[768 | (lv & 255)];
      // Clause 3.2: the register.
      s[t + 16] = feedback(s0, s[t + 4], s[t + 10], s[t + 13], s15);
    }
    this.#memory[0] = r1;
    this.#memory[1] = r2;
    s.copyWithin(0, num, num + 16);
  }

  /** Overwrites key and state. The object must not be used afterwards. */
  close(): void {
    this.words.fill(0);
    this.#key.fill(0);
    this.#tape.fill(0);
    this.#memory.fill(0);
  }

  #feedback(t: number): number {
    const s = this.#tape;
    return feedback(s[t], s[t + 4], s[t + 10], s[t + 13], s[t + 15]);
  }

  /** Clauses 3.3 and 3.4: the output of F; its memory moves on. */
  #clockF(t: number): number {
    const s = this.#tape, memory = this.#memory;
    const r1 = memory[0], r2 = memory[1];
    const x0 = ((s[t + 15] & 0x7fff8000) << 1) | (s[t + 14] & 0xffff);
    const w1 = r1 + ((s[t + 11] << 16) | (s[t + 9] >>> 15));
    const w2 = r2 ^ ((s[t + 7] << 16) | (s[t + 5] >>> 15));
    const u = (w1 << 16) | (w2 >>> 16), v = (w2 << 16) | (w1 >>> 16);
    memory[0] = substitute(u ^ rotate(u, 2) ^ rotate(u, 10) ^ rotate(u, 18) ^ rotate(u, 24));
    memory[1] = substitute(v ^ rotate(v, 8) ^ rotate(v, 14) ^ rotate(v, 22) ^ rotate(v, 30));
    return ((x0 ^ r1) + r2) | 0;
  }
}

function rotate(word: number, left: number): number {
  return (word << left) | (word >>> (32 - left));
}

function substitute(w: number): number {
  return S[w >>> 24] | S[256 | ((w >>> 16) & 255)] | S[512 | ((w >>> 8) & 255)] |
    S[768 | (w & 255)];
}

/** Adds modulo 2^31 - 1 (clause 3.2); zero stands as 2^31 - 1, as the register wants it. */
function addModP(a: number, b: number): number {
  const sum = (a + b) | 0;
  return (sum & 0x7fffffff) + (sum >>> 31);
}

/** Multiplies by a power of two modulo 2^31 - 1: a rotation of 31 bits. */
function timesPower(a: number, k: number): number {
  return ((a << k) & 0x7fffffff) | (a >>> (31 - k));
}

/** 2^15 s15 + 2^17 s13 + 2^21 s10 + 2^20 s4 + (1 + 2^8) s0 modulo 2^31 - 1 (clause 3.2). */
function feedback(s0: number, s4: number, s10: number, s13: number, s15: number): number {
  let sum = addModP(s0, timesPower(s0, 8));
  sum = addModP(sum, timesPower(s4, 20));
  sum = addModP(sum, timesPower(s10, 21));
  sum = addModP(sum, timesPower(s13, 17));
  return addModP(sum, timesPower(s15, 15));
}

/** 128-EEA3 under one key: encryption and decryption are the same (Document 1, clause 3). */
export class ZucEea3 implements CipherContext {
  readonly #zuc: Zuc;

  /** @param key 16 bytes; not kept */
  constructor(key: Uint8Array) {
    this.#zuc = new Zuc(key);
  }

  /** {@inheritDoc CipherContext.process} */
  process(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    const zuc = this.#zuc;
    zuc.start(iv);
    for (let at = 0; at < src.length; at += 4 * CHUNK_WORDS) {
      const end = Math.min(src.length, at + 4 * CHUNK_WORDS);
      zuc.generate((end - at + 3) >>> 2);
      xorWords(zuc.words, src, dst, at, end);
    }
  }

  /** {@inheritDoc CipherContext.close} */
  close(): void {
    this.#zuc.close();
  }
}

/** 128-EIA3 under one key; iv of 16 bytes, tag of 4 (Document 1, clause 4). */
export class ZucEia3 implements MacContext {
  readonly #zuc: Zuc;

  /** @param key 16 bytes; not kept */
  constructor(key: Uint8Array) {
    this.#zuc = new Zuc(key);
  }

  /** {@inheritDoc MacContext.compute} */
  compute(iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    const zuc = this.#zuc, z = zuc.words;
    const len = first.length + second.length, numWords = Math.ceil(len / 4);
    zuc.start(iv);
    zuc.generate(1);
    // Document 1, clause 4: every 1 bit of the message adds the 32 bits of keystream that start at its index.
    let tag = 0, before = 0, word = z[0], next = 0;
    for (let i = 0, n = CHUNK_WORDS; i <= numWords; i++, n++) {
      if (n === CHUNK_WORDS) {
        zuc.generate(Math.min(CHUNK_WORDS, numWords + 1 - i));
        n = 0;
      }
      next = z[n];
      if (i === numWords) break;
      tag ^= selectWindows(loadJoinedBe(first, second, 4 * i), word, next);
      before = word;
      word = next;
    }
    // So does the end of the message; the keystream's next whole word masks the sum.
    const used = 8 * (len % 4);
    const end = used === 0 ? word : (before << used) | (word >>> (32 - used));
    storeLeftmost(out, tag ^ end ^ next);
  }

  /** {@inheritDoc MacContext.close} */
  close(): void {
    this.#zuc.close();
  }
}

/** The sum of the 32-bit windows of `k0 || k1` that start at the 1 bits of `message`. */
function selectWindows(message: number, k0: number, k1: number): number {
  let sum = 0;
  for (let i = 0; i < 32; i++) {
    sum ^= k0 & (message >> 31);
    message <<= 1;
    k0 = (k0 << 1) | (k1 >>> 31);
    k1 <<= 1;
  }
  return sum;
}
