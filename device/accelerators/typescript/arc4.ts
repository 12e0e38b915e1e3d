/**
 * ARC4, also RC4: the stream cipher as published in 1994 (RFC 6229 has its test vectors).
 *
 * Its table is indexed by secret data: this is not constant time.
 *
 * @module
 */

import type { CipherContext } from "../contexts.ts";

/**
 * ARC4 under one key of 1 to 256 bytes. Every call starts the keystream anew; encryption and
 * decryption are the same.
 */
export class Arc4 implements CipherContext {
  /** The permutation that the key schedule yields. */
  readonly #scheduled = new Uint8Array(256);
  /** The permutation at work; bytes in 32-bit elements index faster than bytes in bytes. */
  readonly #state = new Int32Array(256);

  /** @param key 1 to 256 bytes; not kept */
  constructor(key: Uint8Array) {
    const s = this.#scheduled;
    for (let i = 0; i < 256; i++) s[i] = i;
    for (let i = 0, j = 0; i < 256; i++) {
      const si = s[i];
      j = (j + si + key[i % key.length]) & 255;
      s[i] = s[j];
      s[j] = si;
    }
  }

  /** {@inheritDoc CipherContext.process} */
  process(_iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    const s = this.#state;
    s.set(this.#scheduled);
    let i = 0, j = 0;
    for (let at = 0; at < src.length; at++) {
      i = (i + 1) & 255;
      const si = s[i];
      j = (j + si) & 255;
      const sj = s[j];
      s[i] = sj;
      s[j] = si;
      dst[at] = src[at] ^ s[(si + sj) & 255];
    }
  }

  /** {@inheritDoc CipherContext.close} */
  close(): void {
    this.#scheduled.fill(0);
    this.#state.fill(0);
  }
}
