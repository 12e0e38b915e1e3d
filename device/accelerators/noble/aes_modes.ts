/**
 * AES in ECB, CBC and CTR mode (NIST SP 800-38A) over the block functions of @noble/ciphers.
 *
 * noble's own modes expand the key at every call; these keep the schedule. Table-driven, hence not
 * constant time.
 *
 * @module
 */

import { unsafe } from "@noble/ciphers/aes.js";
import type { CipherContext } from "../contexts.ts";
import { type AlignedWorker, runAligned, words } from "./aligned.ts";

/** AES-ECB in one direction. */
export class AesEcb implements CipherContext, AlignedWorker {
  readonly #schedule: Uint32Array;
  readonly #decrypt: boolean;

  constructor(key: Uint8Array, decrypt: boolean) {
    this.#schedule = decrypt ? unsafe.expandKeyDecLE(key) : unsafe.expandKeyLE(key);
    this.#decrypt = decrypt;
  }

  process(_iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    runAligned(this, src, dst);
  }

  piece(src: Uint8Array, dst: Uint8Array): void {
    const from = words(src);
    const to = words(dst);
    const schedule = this.#schedule;
    const transform = this.#decrypt ? unsafe.decrypt : unsafe.encrypt;
    for (let i = 0; i < from.length; i += 4) {
      const block = transform(schedule, from[i], from[i + 1], from[i + 2], from[i + 3]);
      to[i] = block.s0;
      to[i + 1] = block.s1;
      to[i + 2] = block.s2;
      to[i + 3] = block.s3;
    }
  }

  close(): void {
    this.#schedule.fill(0);
  }
}

/** AES-CBC encryption without padding. */
export class AesCbcEncrypt implements CipherContext, AlignedWorker {
  readonly #schedule: Uint32Array;
  readonly #chain: Uint8Array = new Uint8Array(16);
  readonly #chainWords: Uint32Array = words(this.#chain);

  constructor(key: Uint8Array) {
    this.#schedule = unsafe.expandKeyLE(key);
  }

  process(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    this.#chain.set(iv);
    runAligned(this, src, dst);
  }

  piece(src: Uint8Array, dst: Uint8Array): void {
    const from = words(src);
    const to = words(dst);
    const chain = this.#chainWords;
    const schedule = this.#schedule;
    let s0 = chain[0], s1 = chain[1], s2 = chain[2], s3 = chain[3];
    for (let i = 0; i < from.length; i += 4) {
      const block = unsafe.encrypt(
        schedule,
        s0 ^ from[i],
        s1 ^ from[i + 1],
        s2 ^ from[i + 2],
        s3 ^ from[i + 3],
      );
      to[i] = s0 = block.s0;
      to[i + 1] = s1 = block.s1;
      to[i + 2] = s2 = block.s2;
      to[i + 3] = s3 = block.s3;
    }
    chain[0] = s0;
    chain[1] = s1;
    chain[2] = s2;
    chain[3] = s3;
  }

  close(): void {
    this.#schedule.fill(0);
    this.#chain.fill(0);
  }
}

/** AES-CBC decryption without padding. */
export class AesCbcDecrypt implements CipherContext, AlignedWorker {
  readonly #schedule: Uint32Array;
  readonly #chain: Uint8Array = new Uint8Array(16);
  readonly #chainWords: Uint32Array = words(this.#chain);

  constructor(key: Uint8Array) {
    this.#schedule = unsafe.expandKeyDecLE(key);
  }

  process(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    this.#chain.set(iv);
    runAligned(this, src, dst);
  }

  piece(src: Uint8Array, dst: Uint8Array): void {
    const from = words(src);
    const to = words(dst);
    const chain = this.#chainWords;
    const schedule = this.#schedule;
    let p0 = chain[0], p1 = chain[1], p2 = chain[2], p3 = chain[3];
    for (let i = 0; i < from.length; i += 4) {
      // Read before dst, which may be the same memory, is written.
      const c0 = from[i], c1 = from[i + 1], c2 = from[i + 2], c3 = from[i + 3];
      const block = unsafe.decrypt(schedule, c0, c1, c2, c3);
      to[i] = block.s0 ^ p0;
      to[i + 1] = block.s1 ^ p1;
      to[i + 2] = block.s2 ^ p2;
      to[i + 3] = block.s3 ^ p3;
      p0 = c0;
      p1 = c1;
      p2 = c2;
      p3 = c3;
    }
    chain[0] = p0;
    chain[1] = p1;
    chain[2] = p2;
    chain[3] = p3;
  }

  close(): void {
    this.#schedule.fill(0);
    this.#chain.fill(0);
  }
}

/** AES-CTR: the whole 16-byte iv is a big-endian counter that wraps at 2^128. */
export class AesCtr implements CipherContext, AlignedWorker {
  readonly #schedule: Uint32Array;
  readonly #counter: Uint8Array = new Uint8Array(16);

  constructor(key: Uint8Array) {
    this.#schedule = unsafe.expandKeyLE(key);
  }

  process(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    this.#counter.set(iv);
    runAligned(this, src, dst);
  }

  piece(src: Uint8Array, dst: Uint8Array): void {
    // Advances the counter by whole blocks, which all pieces but the last are made of.
    unsafe.ctrCounter(this.#schedule, this.#counter, src, dst);
  }

  close(): void {
    this.#schedule.fill(0);
    this.#counter.fill(0);
  }
}
