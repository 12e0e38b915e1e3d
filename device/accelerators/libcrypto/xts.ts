/**
 * XTS-AES of libcrypto, with data units of any length.
 *
 * @module
 */

import type { CipherContext } from "../contexts.ts";
import { LibcryptoCipher } from "./cipher.ts";
import type { Handle, Libcrypto } from "./library.ts";

const BLOCK_LEN = 16;
const TWEAK_LEN = 16;
// libcrypto refuses more than 2^20 blocks of one data unit (NIST SP 800-38E, clause 4).
const MAX_BLOCKS_LOG2 = 20;
const MAX_LEN = BLOCK_LEN << MAX_BLOCKS_LOG2;
const NO_IV = new Uint8Array(0);

/** The ciphers that one kind of key needs. */
export interface XtsCiphers {
  readonly xts: Handle;
  /** ECB under half the key. */
  readonly ecb: Handle;
}

/**
 * XTS-AES under one key in one direction. Data is at least 16 bytes.
 *
 * A longer data unit than libcrypto takes is cut: each piece starts with the tweak that the standard has
 * there, decrypted, since libcrypto encrypts what it is given (IEEE Std 1619, 5.3).
 */
export class LibcryptoXts implements CipherContext {
  readonly #library: Libcrypto;
  readonly #ciphers: XtsCiphers;
  readonly #xts: LibcryptoCipher;
  /** Key2, for long data units. */
  readonly #tweakKey: Uint8Array;

  /** @param key Key1 and then Key2, which differ; Key2 is copied */
  constructor(library: Libcrypto, ciphers: XtsCiphers, key: Uint8Array, decrypt: boolean) {
    this.#library = library;
    this.#ciphers = ciphers;
    this.#xts = new LibcryptoCipher(library, ciphers.xts, key, TWEAK_LEN, 1, decrypt);
    this.#tweakKey = key.slice(key.length / 2);
  }

  process(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    if (src.length <= MAX_LEN) this.#xts.process(iv, src, dst);
    else this.#processLong(iv, src, dst);
  }

  close(): void {
    this.#xts.close();
    this.#tweakKey.fill(0);
  }

  #processLong(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    const { ecb } = this.#ciphers;
    const tweak = new Uint8Array(TWEAK_LEN);
    const pieceIv = iv.slice();
    const encrypt = new LibcryptoCipher(this.#library, ecb, this.#tweakKey, 0, BLOCK_LEN, false);
    try {
      const decrypt = new LibcryptoCipher(this.#library, ecb, this.#tweakKey, 0, BLOCK_LEN, true);
      try {
        encrypt.process(NO_IV, iv, tweak);
        for (let at = 0; at < src.length;) {
          const left = src.length - at;
          // Stealing needs a whole block beside the last bytes: they go with the piece before.
          const numBlocks = left <= MAX_LEN
            ? Math.ceil(left / BLOCK_LEN)
            : left - MAX_LEN < BLOCK_LEN
            ? MAX_LEN / BLOCK_LEN - 1
            : MAX_LEN / BLOCK_LEN;
          const end = Math.min(src.length, at + numBlocks * BLOCK_LEN);
          this.#xts.process(pieceIv, src.subarray(at, end), dst.subarray(at, end));
          at = end;
          timesAlpha(tweak, numBlocks);
          decrypt.process(NO_IV, tweak, pieceIv);
        }
      } finally {
        decrypt.close();
      }
    } finally {
      encrypt.close();
      tweak.fill(0);
    }
  }
}

// Times alpha^num in GF(2^128), the first byte the least significant (IEEE Std 1619, 5.2).
function timesAlpha(tweak: Uint8Array, num: number): void {
  const view = new DataView(tweak.buffer, tweak.byteOffset, TWEAK_LEN);
  let a = view.getInt32(0, true), b = view.getInt32(4, true);
  let c = view.getInt32(8, true), d = view.getInt32(12, true);
  for (let i = 0; i < num; i++) {
    const carry = d >> 31;
    d = (d << 1) | (c >>> 31);
    c = (c << 1) | (b >>> 31);
    b = (b << 1) | (a >>> 31);
    a = (a << 1) ^ (carry & 0x87);
  }
  view.setInt32(0, a, true);
  view.setInt32(4, b, true);
  view.setInt32(8, c, true);
  view.setInt32(12, d, true);
}
