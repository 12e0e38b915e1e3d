/**
 * AES in f8 mode (RFC 3711, section 4.1.2.1), with the mask given as a second half of the key.
 *
 * The AES underneath is table-driven, hence not constant time.
 *
 * @module
 */

import type { CipherContext } from "../contexts.ts";
import { AES_BLOCK_LEN, AesBlock, loadLe, storeLe } from "../noble/aes_block.ts";

/** AES-F8 under one key: encryption and decryption are the same. */
export class AesF8 implements CipherContext {
  readonly #cipher: AesBlock;
  /** Under k_e xor m. */
  readonly #masked: AesBlock;
  /** IV'. */
  readonly #start = new Int32Array(4);
  /** S(j). */
  readonly #block = new Int32Array(4);
  readonly #tail = new Uint8Array(AES_BLOCK_LEN);

  /** @param key k_e of 16, 24 or 32 bytes and then the mask m of the same length; not kept */
  constructor(key: Uint8Array) {
    const len = key.length / 2;
    const masked = new Uint8Array(len);
    for (let i = 0; i < len; i++) masked[i] = key[i] ^ key[len + i];
    this.#cipher = new AesBlock(key.subarray(0, len));
    this.#masked = new AesBlock(masked);
    masked.fill(0);
  }

  /** {@inheritDoc CipherContext.process} */
  process(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    const start = this.#start, block = this.#block, tail = this.#tail;
    for (let i = 0; i < 4; i++) start[i] = loadLe(iv, 4 * i);
    this.#masked.encryptWords(start);
    block.fill(0);
    let at = 0;
    for (let j = 0; at + AES_BLOCK_LEN <= src.length; at += AES_BLOCK_LEN) {
      this.#advance(j++);
      for (let i = 0; i < 4; i++) storeLe(dst, at + 4 * i, loadLe(src, at + 4 * i) ^ block[i]);
    }
    if (at === src.length) return;
    this.#advance(at / AES_BLOCK_LEN);
    for (let i = 0; i < 4; i++) storeLe(tail, 4 * i, block[i]);
    for (let i = 0; at < src.length; i++, at++) dst[at] = src[at] ^ tail[i];
  }

  /** {@inheritDoc CipherContext.close} */
  close(): void {
    this.#cipher.close();
    this.#masked.close();
    this.#start.fill(0);
    this.#block.fill(0);
    this.#tail.fill(0);
  }

  /** S(j) = E(k_e, IV' xor j xor S(j-1)), where j is a big-endian block and below 2^32 here. */
  #advance(j: number): void {
    const block = this.#block, start = this.#start;
    block[0] ^= start[0];
    block[1] ^= start[1];
    block[2] ^= start[2];
    block[3] ^= start[3] ^
      ((j << 24) | ((j & 0xff00) << 8) | ((j >>> 8) & 0xff00) | (j >>> 24));
    this.#cipher.encryptWords(block);
  }
}
