/**
 * CBC-MAC over any block cipher: ISO/IEC 9797-1 MAC algorithm 1 with padding method 1, that is zeros
 * up to a whole block, and no block at all for no bytes.
 *
 * As constant in time as the block cipher is: the table-driven ones here are not.
 *
 * @module
 */

import type { MacContext } from "../contexts.ts";
import type { BlockCipher } from "./block_cipher.ts";
import { CbcChain } from "./cbc_chain.ts";

/** CBC-MAC under one key; the tag is as long as the cipher's block, zeros for an empty message. */
export class CbcMac implements MacContext {
  readonly #cipher: BlockCipher;
  readonly #chain: CbcChain;

  /** @param cipher becomes this object's, which closes it */
  constructor(cipher: BlockCipher) {
    this.#cipher = cipher;
    this.#chain = new CbcChain(cipher);
  }

  /** {@inheritDoc MacContext.compute} */
  compute(_iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    const chain = this.#chain;
    chain.reset();
    chain.update(first);
    chain.update(second);
    if (chain.filled === 0) chain.copyTo(out);
    else chain.finish(out);
  }

  /** {@inheritDoc MacContext.close} */
  close(): void {
    this.#cipher.close();
    this.#chain.reset();
  }
}
