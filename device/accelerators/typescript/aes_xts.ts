/**
 * XTS-AES with ciphertext stealing (IEEE Std 1619, clause 5).
 *
 * The AES underneath is table-driven, hence not constant time.
 *
 * @module
 */

import type { CipherContext } from "../contexts.ts";
import { AES_BLOCK_LEN, AesBlock, loadLe, storeLe } from "../noble/aes_block.ts";

/**
 * XTS-AES under one key in one direction. Data is at least 16 bytes; the iv is the tweak, the data
 * unit's number as 16 little-endian bytes.
 */
export class AesXts implements CipherContext {
  /** Under Key1, for the data. */
  readonly #data: AesBlock;
  /** Under Key2, for the tweak. */
  readonly #tweakCipher: AesBlock;
  readonly #decrypt: boolean;
  readonly #tweak = new Int32Array(4);
  readonly #block = new Int32Array(4);
  readonly #stolen = new Uint8Array(AES_BLOCK_LEN);

  /** @param key Key1 and then Key2, of 16 or 32 bytes each; not kept */
  constructor(key: Uint8Array, decrypt: boolean) {
    const len = key.length / 2;
    this.#data = new AesBlock(key.subarray(0, len), decrypt);
    this.#tweakCipher = new AesBlock(key.subarray(len));
    this.#decrypt = decrypt;
  }

  /** {@inheritDoc CipherContext.process} */
  process(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    const tweak = this.#tweak;
    for (let i = 0; i < 4; i++) tweak[i] = loadLe(iv, 4 * i);
    this.#tweakCipher.encryptWords(tweak);
    const rest = src.length % AES_BLOCK_LEN;
    const whole = src.length - rest - (rest === 0 ? 0 : AES_BLOCK_LEN);
    for (let at = 0; at < whole; at += AES_BLOCK_LEN) {
      this.#transform(src, at, dst, at);
      timesAlpha(tweak);
    }
    if (rest > 0) this.#stealing(src, dst, whole, rest);
  }

  /** {@inheritDoc CipherContext.close} */
  close(): void {
    this.#data.close();
    this.#tweakCipher.close();
    this.#tweak.fill(0);
    this.#block.fill(0);
    this.#stolen.fill(0);
  }

  /** Clauses 5.3.1 and 5.4.1: one block under the tweak. */
  #transform(src: Uint8Array, srcPos: number, dst: Uint8Array, dstPos: number): void {
    const block = this.#block, tweak = this.#tweak;
    for (let i = 0; i < 4; i++) block[i] = loadLe(src, srcPos + 4 * i) ^ tweak[i];
    if (this.#decrypt) this.#data.decryptWords(block);
    else this.#data.encryptWords(block);
    for (let i = 0; i < 4; i++) storeLe(dst, dstPos + 4 * i, block[i] ^ tweak[i]);
  }

  /**
   * Clauses 5.3.2 and 5.4.2: the last whole block at `at` and the `rest` bytes behind it. Decryption
   * takes the two tweaks in the opposite order.
   */
  #stealing(src: Uint8Array, dst: Uint8Array, at: number, rest: number): void {
    const stolen = this.#stolen, tweak = this.#tweak;
    const tail = at + AES_BLOCK_LEN;
    const t0 = tweak[0], t1 = tweak[1], t2 = tweak[2], t3 = tweak[3];
    if (this.#decrypt) timesAlpha(tweak);
    this.#transform(src, at, stolen, 0);
    for (let i = 0; i < rest; i++) {
      const kept = stolen[i];
      stolen[i] = src[tail + i];
      dst[tail + i] = kept;
    }
    if (this.#decrypt) {
      tweak[0] = t0;
      tweak[1] = t1;
      tweak[2] = t2;
      tweak[3] = t3;
    } else timesAlpha(tweak);
    this.#transform(stolen, 0, dst, at);
  }
}

/** Clause 5.2: times alpha in GF(2^128), least significant byte first. */
function timesAlpha(tweak: Int32Array): void {
  const carry = tweak[3] >> 31;
  tweak[3] = (tweak[3] << 1) | (tweak[2] >>> 31);
  tweak[2] = (tweak[2] << 1) | (tweak[1] >>> 31);
  tweak[1] = (tweak[1] << 1) | (tweak[0] >>> 31);
  tweak[0] = (tweak[0] << 1) ^ (carry & 0x87);
}
