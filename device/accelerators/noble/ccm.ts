/**
 * AES-CCM (NIST SP 800-38C, RFC 3610) over noble's AES, which has no CCM of its own.
 *
 * @module
 */

import { unsafe } from "@noble/ciphers/aes.js";
import { equalBytes } from "@noble/ciphers/utils.js";
import type { AeadContext } from "../contexts.ts";
import { loadLe } from "./aes_block.ts";
import { type AlignedWorker, runAligned } from "./aligned.ts";

const BLOCK_LEN = 16;
// SP 800-38C, A.2.2: shorter associated data is announced with 2 bytes, longer with 6.
const SHORT_AAD = 0xff00;

/** AES-CCM with one key. */
export class AesCcm implements AeadContext, AlignedWorker {
  readonly #schedule: Uint32Array;
  readonly #counter: Uint8Array = new Uint8Array(BLOCK_LEN);
  readonly #block: Uint8Array = new Uint8Array(BLOCK_LEN);
  readonly #blockView: DataView = new DataView(this.#block.buffer);
  readonly #tag: Uint8Array = new Uint8Array(BLOCK_LEN);
  readonly #mask: Uint8Array = new Uint8Array(BLOCK_LEN);
  // The CBC-MAC's chaining value, little-endian words as noble's block function has them.
  readonly #mac: Uint32Array = new Uint32Array(4);

  constructor(key: Uint8Array) {
    this.#schedule = unsafe.expandKeyLE(key);
  }

  seal(iv: Uint8Array, aad: Uint8Array, src: Uint8Array, dst: Uint8Array, tag: Uint8Array): void {
    this.#computeMac(iv, aad, src, tag.length);
    this.#start(iv);
    this.#maskTag();
    runAligned(this, src, dst);
    tag.set(this.#tag.subarray(0, tag.length));
  }

  open(
    iv: Uint8Array,
    aad: Uint8Array,
    src: Uint8Array,
    tag: Uint8Array,
    dst: Uint8Array,
  ): boolean {
    this.#start(iv);
    runAligned(this, src, dst);
    this.#computeMac(iv, aad, dst, tag.length);
    this.#maskTag();
    if (equalBytes(this.#tag.subarray(0, tag.length), tag)) return true;
    dst.fill(0);
    return false;
  }

  piece(src: Uint8Array, dst: Uint8Array): void {
    unsafe.ctrCounter(this.#schedule, this.#counter, src, dst);
  }

  close(): void {
    this.#schedule.fill(0);
    for (const bytes of [this.#counter, this.#block, this.#tag, this.#mask]) bytes.fill(0);
    this.#mac.fill(0);
  }

  // SP 800-38C, A.3: counter blocks are flags, nonce, counter; the first masks the tag. The counter
  // has 15 - iv.length bytes, and the caller's bound on the length of src keeps it within them.
  #start(iv: Uint8Array): void {
    const counter = this.#counter;
    counter.fill(0);
    counter[0] = 14 - iv.length;
    counter.set(iv, 1);
    this.#mask.fill(0);
    unsafe.ctrCounter(this.#schedule, counter, this.#mask, this.#mask);
  }

  #maskTag(): void {
    for (let i = 0; i < BLOCK_LEN; i++) this.#tag[i] = this.#macByte(i) ^ this.#mask[i];
  }

  #macByte(i: number): number {
    return (this.#mac[i >>> 2] >>> (8 * (i & 3))) & 0xff;
  }

  // SP 800-38C, A.2: B0, the associated data behind its length, the payload, each padded to a block.
  #computeMac(iv: Uint8Array, aad: Uint8Array, payload: Uint8Array, tagLen: number): void {
    const block = this.#block;
    const lenLen = 15 - iv.length;
    this.#mac.fill(0);
    block.fill(0);
    block[0] = (aad.length > 0 ? 0x40 : 0) | (((tagLen - 2) / 2) << 3) | (lenLen - 1);
    block.set(iv, 1);
    for (let i = 0, len = payload.length; i < lenLen; i++) {
      block[15 - i] = len % 256;
      len = Math.floor(len / 256);
    }
    this.#absorb(block, 0, BLOCK_LEN);
    if (aad.length > 0) this.#absorbAad(aad);
    this.#absorb(payload, 0, payload.length);
  }

  #absorbAad(aad: Uint8Array): void {
    const block = this.#block;
    block.fill(0);
    let prefixLen = 2;
    if (aad.length < SHORT_AAD) {
      this.#blockView.setUint16(0, aad.length);
    } else {
      this.#blockView.setUint16(0, 0xfffe);
      this.#blockView.setUint32(2, aad.length);
      prefixLen = 6;
    }
    const firstLen = Math.min(aad.length, BLOCK_LEN - prefixLen);
    for (let i = 0; i < firstLen; i++) block[prefixLen + i] = aad[i];
    this.#absorb(block, 0, BLOCK_LEN);
    this.#absorb(aad, firstLen, aad.length);
  }

  // CBC-MAC over bytes[from, to), the last block padded with zeros.
  #absorb(bytes: Uint8Array, from: number, to: number): void {
    const mac = this.#mac;
    const schedule = this.#schedule;
    let m0 = mac[0], m1 = mac[1], m2 = mac[2], m3 = mac[3];
    let at = from;
    for (; at + BLOCK_LEN <= to; at += BLOCK_LEN) {
      const next = unsafe.encrypt(
        schedule,
        m0 ^ loadLe(bytes, at),
        m1 ^ loadLe(bytes, at + 4),
        m2 ^ loadLe(bytes, at + 8),
        m3 ^ loadLe(bytes, at + 12),
      );
      m0 = next.s0;
      m1 = next.s1;
      m2 = next.s2;
      m3 = next.s3;
    }
    mac[0] = m0;
    mac[1] = m1;
    mac[2] = m2;
    mac[3] = m3;
    if (at === to) return;
    const block = this.#block;
    block.fill(0);
    for (let i = 0; at + i < to; i++) block[i] = bytes[at + i];
    this.#absorb(block, 0, BLOCK_LEN);
  }
}
