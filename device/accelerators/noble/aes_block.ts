/**
 * The AES block cipher (FIPS 197) of @noble/ciphers, for modes of operation that noble has not.
 *
 * noble's block functions take an expanded key and four words in little-endian order and return an
 * object of four words, the one thing allocated per block. They are table-driven, hence not constant
 * time.
 *
 * @module
 */

import { unsafe } from "@noble/ciphers/aes.js";
import type { BlockCipher } from "../typescript/block_cipher.ts";

/** Bytes of an AES block. */
export const AES_BLOCK_LEN = 16;

/** One AES key of 16, 24 or 32 bytes, expanded. */
export class AesBlock implements BlockCipher {
  /** Bytes of a block. */
  readonly blockLen = AES_BLOCK_LEN;
  readonly #encryptKey: Uint32Array;
  /** The schedule of the equivalent inverse cipher; many modes never need it. */
  readonly #decryptKey: Uint32Array;

  /**
   * @param key 16, 24 or 32 bytes; not kept
   * @param decrypts whether {@link AesBlock.decryptWords} will be called
   */
  constructor(key: Uint8Array, decrypts = false) {
    this.#encryptKey = unsafe.expandKeyLE(key);
    this.#decryptKey = decrypts ? unsafe.expandKeyDecLE(key) : new Uint32Array(0);
  }

  /** Encrypts the 16 bytes at `src[srcPos]` to `dst[dstPos]`; both may be the same memory. */
  encryptBlock(src: Uint8Array, srcPos: number, dst: Uint8Array, dstPos: number): void {
    const out = unsafe.encrypt(
      this.#encryptKey,
      loadLe(src, srcPos),
      loadLe(src, srcPos + 4),
      loadLe(src, srcPos + 8),
      loadLe(src, srcPos + 12),
    );
    storeLe(dst, dstPos, out.s0);
    storeLe(dst, dstPos + 4, out.s1);
    storeLe(dst, dstPos + 8, out.s2);
    storeLe(dst, dstPos + 12, out.s3);
  }

  /** Decrypts the 16 bytes at `src[srcPos]` to `dst[dstPos]`; both may be the same memory. */
  decryptBlock(src: Uint8Array, srcPos: number, dst: Uint8Array, dstPos: number): void {
    const out = unsafe.decrypt(
      this.#decryptKey,
      loadLe(src, srcPos),
      loadLe(src, srcPos + 4),
      loadLe(src, srcPos + 8),
      loadLe(src, srcPos + 12),
    );
    storeLe(dst, dstPos, out.s0);
    storeLe(dst, dstPos + 4, out.s1);
    storeLe(dst, dstPos + 8, out.s2);
    storeLe(dst, dstPos + 12, out.s3);
  }

  /** Encrypts a block of four words, each the little-endian value of four bytes, in place. */
  encryptWords(block: Int32Array): void {
    const out = unsafe.encrypt(this.#encryptKey, block[0], block[1], block[2], block[3]);
    block[0] = out.s0;
    block[1] = out.s1;
    block[2] = out.s2;
    block[3] = out.s3;
  }

  /** Decrypts a block of four words, each the little-endian value of four bytes, in place. */
  decryptWords(block: Int32Array): void {
    const out = unsafe.decrypt(this.#decryptKey, block[0], block[1], block[2], block[3]);
    block[0] = out.s0;
    block[1] = out.s1;
    block[2] = out.s2;
    block[3] = out.s3;
  }

  /** Overwrites the schedules. The object must not be used afterwards. */
  close(): void {
    this.#encryptKey.fill(0);
    this.#decryptKey.fill(0);
  }
}

/** The four bytes at `at` as a little-endian 32-bit integer. */
export function loadLe(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** Writes a 32-bit integer as four little-endian bytes at `at`. */
export function storeLe(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}
