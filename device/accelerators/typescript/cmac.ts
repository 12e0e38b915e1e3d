/**
 * CMAC over any block cipher (NIST SP 800-38B).
 *
 * As constant in time as the block cipher is: the table-driven ones here are not.
 *
 * @module
 */

import type { MacContext } from "../contexts.ts";
import type { BlockCipher } from "./block_cipher.ts";
import { CbcChain } from "./cbc_chain.ts";

/**
 * CMAC under one key; the tag is as long as the cipher's block.
 *
 * @example
 * ```ts
 * import { AesBlock } from "../noble/aes_block.ts";
 * import { Cmac } from "./cmac.ts";
 * const nothing = new Uint8Array(0);
 * const tag = new Uint8Array(16);
 * new Cmac(new AesBlock(new Uint8Array(16))).compute(nothing, nothing, nothing, tag);
 * ```
 */
export class Cmac implements MacContext {
  readonly #cipher: BlockCipher;
  readonly #chain: CbcChain;
  readonly #k1: Uint8Array;
  readonly #k2: Uint8Array;

  /** @param cipher becomes this object's, which closes it */
  constructor(cipher: BlockCipher) {
    this.#cipher = cipher;
    this.#chain = new CbcChain(cipher);
    // Clause 6.1: K1 and K2 are x and x^2 times E(K, 0).
    this.#k1 = new Uint8Array(cipher.blockLen);
    cipher.encryptBlock(this.#k1, 0, this.#k1, 0);
    double(this.#k1);
    this.#k2 = this.#k1.slice();
    double(this.#k2);
  }

  /** {@inheritDoc MacContext.compute} */
  compute(_iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    const chain = this.#chain;
    chain.reset();
    chain.update(first);
    chain.update(second);
    // Clause 6.2, step 4: only a last block that is complete goes without padding.
    if (chain.filled === this.#cipher.blockLen) {
      chain.addKey(this.#k1);
    } else {
      chain.padWithOne();
      chain.addKey(this.#k2);
    }
    chain.finish(out);
  }

  /** {@inheritDoc MacContext.close} */
  close(): void {
    this.#cipher.close();
    this.#chain.reset();
    this.#k1.fill(0);
    this.#k2.fill(0);
  }
}

/** Multiplies by x in GF(2^64) or GF(2^128), whose R_b clause 5.3 gives as 0x1b and 0x87. */
function double(block: Uint8Array): void {
  const carry = block[0] >>> 7;
  const last = block.length - 1;
  for (let i = 0; i < last; i++) block[i] = (block[i] << 1) | (block[i + 1] >>> 7);
  block[last] = (block[last] << 1) ^ (-carry & (block.length === 8 ? 0x1b : 0x87));
}
