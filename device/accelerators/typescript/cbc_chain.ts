/**
 * The chain of blocks that CBC-MAC, CMAC and XCBC share: `X = E(K, X xor M)` for each block M.
 *
 * @module
 */

import type { BlockCipher } from "./block_cipher.ts";

/**
 * The running block of a CBC-MAC over bytes that come in pieces.
 *
 * A block that is complete is encrypted only when more bytes follow: CMAC and XCBC treat the last
 * block otherwise.
 */
export class CbcChain {
  /** X xor the bytes of the current block so far. */
  readonly block: Uint8Array;
  /** Bytes of the current block so far: 0 only before the first byte. */
  filled = 0;
  readonly #cipher: BlockCipher;

  /** @param cipher stays the caller's, who closes it */
  constructor(cipher: BlockCipher) {
    this.block = new Uint8Array(cipher.blockLen);
    this.#cipher = cipher;
  }

  /** Starts a new message: X = 0. */
  reset(): void {
    this.block.fill(0);
    this.filled = 0;
  }

  /** Appends `bytes` to the message. */
  update(bytes: Uint8Array): void {
    const block = this.block, blockLen = block.length;
    let filled = this.filled;
    for (let i = 0; i < bytes.length;) {
      if (filled === blockLen) {
        this.#cipher.encryptBlock(block, 0, block, 0);
        filled = 0;
      }
      const end = Math.min(bytes.length, i + blockLen - filled);
      while (i < end) block[filled++] ^= bytes[i++];
    }
    this.filled = filled;
  }

  /** Adds a subkey to the current block. */
  addKey(key: Uint8Array): void {
    for (let i = 0; i < key.length; i++) this.block[i] ^= key[i];
  }

  /** Appends the padding `10...0` of a last block that is not complete. */
  padWithOne(): void {
    this.block[this.filled] ^= 0x80;
  }

  /** Encrypts the current block, which ends the message, and writes its leftmost bytes. */
  finish(out: Uint8Array): void {
    this.#cipher.encryptBlock(this.block, 0, this.block, 0);
    this.copyTo(out);
  }

  /** Writes the leftmost bytes of the block. */
  copyTo(out: Uint8Array): void {
    for (let i = 0; i < out.length; i++) out[i] = this.block[i];
  }
}
