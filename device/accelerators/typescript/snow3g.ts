/**
 * SNOW 3G and its two modes, UEA2 (also 128-EEA1) and UIA2 (also 128-EIA1): "Specification of the
 * 3GPP Confidentiality and Integrity Algorithms UEA2 & UIA2", Document 1 (UEA2 and UIA2) and
 * Document 2 (SNOW 3G), ETSI/SAGE.
 *
 * Tables are indexed by secret data: this is not constant time.
 *
 * @module
 */

import type { CipherContext, MacContext } from "../contexts.ts";
import { loadBe, loadJoinedBe, storeLeftmost, xorWords } from "./words.ts";
import { DIV_ALPHA, MUL_ALPHA, S1, S2 } from "./snow3g_tables.ts";

/** Words of keystream made at a time. */
const CHUNK_WORDS = 256;

/** The keystream generator of SNOW 3G under one key of 16 bytes. */
export class Snow3g {
  /** The last words made by {@link Snow3g.generate}. */
  readonly words = new Int32Array(CHUNK_WORDS);
  /** Document 2, clause 4.1: the key as k3, k2, k1, k0, for its first byte belongs to k3. */
  readonly #key = new Int32Array(4);
  /**
   * The shift register as a tape: `#tape[t .. t+15]` are s0..s15 at time t, so that clocking it
   * writes one word and moves none.
   */
  readonly #tape = new Int32Array(16 + CHUNK_WORDS);
  /** R1, R2, R3 of the finite state machine. */
  readonly #fsm = new Int32Array(3);

  /** @param key 16 bytes; not kept */
  constructor(key: Uint8Array) {
    for (let i = 0; i < 4; i++) this.#key[i] = loadBe(key, 4 * i);
  }

  /** Starts the keystream for an iv of 16 bytes, IV3 first (Document 2, clause 4.1). */
  start(iv: Uint8Array): void {
    const s = this.#tape;
    for (let i = 0; i < 4; i++) {
      const k = this.#key[3 - i];
      s[i] = s[i + 8] = ~k;
      s[i + 4] = s[i + 12] = k;
    }
    s[15] ^= loadBe(iv, 12);
    s[12] ^= loadBe(iv, 8);
    s[10] ^= loadBe(iv, 4);
    s[9] ^= loadBe(iv, 0);
    this.#fsm.fill(0);
    for (let t = 0; t < 32; t++) {
      const f = this.#clockFsm(t);
      s[t + 16] = this.#feedback(t) ^ f;
    }
    s.copyWithin(0, 32, 48);
    // Clause 4.2: the first output of the machine is discarded.
    this.#clockFsm(0);
    s[16] = this.#feedback(0);
    s.copyWithin(0, 1, 17);
  }

  /** Makes the next `num` words of keystream, at most {@link CHUNK_WORDS} (clause 4.2). */
  generate(num: number): void {
    const s = this.#tape, z = this.words, s1 = S1, s2 = S2, mul = MUL_ALPHA, div = DIV_ALPHA;
    let r1 = this.#fsm[0], r2 = this.#fsm[1], r3 = this.#fsm[2];
    for (let t = 0; t < num; t++) {
      const s0 = s[t], s11 = s[t + 11];
      z[t] = ((s[t + 15] + r1) ^ r2) ^ s0;
      const next = (r2 + (r3 ^ s[t + 5])) | 0;
      r3 = s2[r2 >>> 24] ^ s2[256 | ((r2 >>> 16) & 255)] ^ s2[512 | ((r2 >>> 8) & 255)] ^
        s2[768 | (r2 & 255)];
      r2 = s1[r1 >>> 24] ^ s1[256 | ((r1 >>> 16) & 255)] ^ s1[512 | ((r1 >>> 8) & 255)] ^
        s1[768 | (r1 & 255)];
      r1 = next;
      s[t + 16] = (s0 << 8) ^ mul[s0 >>> 24] ^ s[t + 2] ^ (s11 >>> 8) ^ div[s11 & 255];
    }
    this.#fsm[0] = r1;
    this.#fsm[1] = r2;
    this.#fsm[2] = r3;
    s.copyWithin(0, num, num + 16);
  }

  /** Overwrites key and state. The object must not be used afterwards. */
  close(): void {
    this.words.fill(0);
    this.#key.fill(0);
    this.#tape.fill(0);
    this.#fsm.fill(0);
  }

  /** Clause 3.4.5: the register's new word in keystream mode. */
  #feedback(t: number): number {
    const s = this.#tape, s0 = s[t], s11 = s[t + 11];
    return (s0 << 8) ^ MUL_ALPHA[s0 >>> 24] ^ s[t + 2] ^ (s11 >>> 8) ^ DIV_ALPHA[s11 & 255];
  }

  /** Clause 3.4.6: the machine's output word; its registers move on. */
  #clockFsm(t: number): number {
    const s = this.#tape, fsm = this.#fsm;
    const r1 = fsm[0], r2 = fsm[1];
    const f = (s[t + 15] + r1) ^ r2;
    fsm[0] = r2 + (fsm[2] ^ s[t + 5]);
    fsm[1] = substitute(S1, r1);
    fsm[2] = substitute(S2, r2);
    return f;
  }
}

function substitute(table: Int32Array, w: number): number {
  return table[w >>> 24] ^ table[256 | ((w >>> 16) & 255)] ^ table[512 | ((w >>> 8) & 255)] ^
    table[768 | (w & 255)];
}

/** UEA2 under one key: encryption and decryption are the same (Document 1, clause 3). */
export class Snow3gUea2 implements CipherContext {
  readonly #snow: Snow3g;

  /** @param key 16 bytes; not kept */
  constructor(key: Uint8Array) {
    this.#snow = new Snow3g(key);
  }

  /** {@inheritDoc CipherContext.process} */
  process(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    const snow = this.#snow;
    snow.start(iv);
    for (let at = 0; at < src.length; at += 4 * CHUNK_WORDS) {
      const end = Math.min(src.length, at + 4 * CHUNK_WORDS);
      snow.generate((end - at + 3) >>> 2);
      xorWords(snow.words, src, dst, at, end);
    }
  }

  /** {@inheritDoc CipherContext.close} */
  close(): void {
    this.#snow.close();
  }
}

/** UIA2 under one key; iv of 16 bytes, tag of 4 (Document 1, clause 4). */
export class Snow3gUia2 implements MacContext {
  readonly #snow: Snow3g;
  /** `table[16 * position + nibble]`, two words each: that nibble of a word, times P. */
  readonly #table = new Int32Array(8 * 16 * 2);
  /** The running EVAL: a polynomial of degree 63, upper word first. */
  readonly #eval = new Int32Array(2);

  /** @param key 16 bytes; not kept */
  constructor(key: Uint8Array) {
    this.#snow = new Snow3g(key);
  }

  /** {@inheritDoc MacContext.compute} */
  compute(iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    const snow = this.#snow, state = this.#eval, table = this.#table;
    snow.start(iv);
    snow.generate(5);
    const z = snow.words;
    // Clause 4.4: P = z1 || z2, Q = z3 || z4, and z5 masks the result.
    const len = first.length + second.length;
    fillMultiples(table, z[0], z[1]);
    state.fill(0);
    for (let at = 0; at < len; at += 8) {
      state[0] ^= loadJoinedBe(first, second, at);
      state[1] ^= loadJoinedBe(first, second, at + 4);
      multiplyBy(table, state);
    }
    // The last term is LENGTH, in bits.
    state[0] ^= Math.floor(len / 0x20000000);
    state[1] ^= len << 3;
    fillMultiples(table, z[2], z[3]);
    multiplyBy(table, state);
    storeLeftmost(out, state[0] ^ z[4]);
  }

  /** {@inheritDoc MacContext.close} */
  close(): void {
    this.#snow.close();
    this.#table.fill(0);
    this.#eval.fill(0);
  }
}

/** Fills the table with the multiples of P = (hi, lo) by each nibble of a word (clause 4.3). */
function fillMultiples(table: Int32Array, hi: number, lo: number): void {
  for (let base = 0; base < 256; base += 32) {
    for (let bit = 2; bit <= 16; bit <<= 1) {
      table[base + bit] = hi;
      table[base + bit + 1] = lo;
      for (let i = 2; i < bit; i += 2) {
        table[base + bit + i] = hi ^ table[base + i];
        table[base + bit + i + 1] = lo ^ table[base + i + 1];
      }
      // MUL64x: x^64 = x^4 + x^3 + x + 1.
      const carry = hi >> 31;
      hi = (hi << 1) | (lo >>> 31);
      lo = (lo << 1) ^ (carry & 0x1b);
    }
  }
}

/** Multiplies `value` by the P of the table: upper word times P, times x^32, plus lower word times P. */
function multiplyBy(table: Int32Array, value: Int32Array): void {
  const v0 = value[0], v1 = value[1];
  let hi = 0, lo = 0;
  for (let shift = 0; shift < 32; shift += 4) {
    const at = (shift << 3) | (((v0 >>> shift) & 15) << 1);
    hi ^= table[at];
    lo ^= table[at + 1];
  }
  const over = hi;
  hi = lo ^ (over >>> 31) ^ (over >>> 29) ^ (over >>> 28);
  lo = over ^ (over << 1) ^ (over << 3) ^ (over << 4);
  for (let shift = 0; shift < 32; shift += 4) {
    const at = (shift << 3) | (((v1 >>> shift) & 15) << 1);
    hi ^= table[at];
    lo ^= table[at + 1];
  }
  value[0] = hi;
  value[1] = lo;
}
