/**
 * GCM from a given J0 (NIST SP 800-38D, clause 7.1), which libcrypto does not take: the iv that
 * yields it.
 *
 * For an iv of 16 bytes J0 is `GHASH(iv || 0^64 || [128]_64) = (iv * H + L) * H`, so
 * `iv = (J0 / H + L) / H`: two products a request, 1 us together, and everything behind them is
 * libcrypto's: the counter's wrap at 32 bits, GHASH, the tag. To compose GCM of CTR and a GHASH of our
 * own would reach a tenth of that.
 *
 * @module
 */

import { divideByX, element, invert, load, multiply, store } from "./gf128.ts";
import type { Element } from "./gf128.ts";

const BLOCK_LEN = 16;
// L: the length of the iv in bits, as the last word of its block.
const IV_BITS = 128;
const LENGTH_WORD = 3;
// The lengths' block of 16 bytes of aad is x^56: the bit of value 128 in its first 64 bits.
const AAD_BITS_DEGREE = 56;

/** Turns J0 into the iv that yields it, under one key. */
export class GcmStart {
  /** 1 / H. */
  readonly #inverse: Element = element();
  readonly #product: Element = element();
  readonly #iv: Uint8Array = new Uint8Array(BLOCK_LEN);

  /**
   * Finds H, which libcrypto keeps to itself, from two tags under one iv. That of no data is
   * `E(K, J0)`; that of a block of zeros as aad is `x^56 * H + E(K, J0)`.
   *
   * @param tagOf writes the 16-byte tag of aad without plaintext, always under the same iv of 12 bytes
   */
  constructor(tagOf: (aad: Uint8Array, tag: Uint8Array) => void) {
    const mask = new Uint8Array(BLOCK_LEN);
    const tag = new Uint8Array(BLOCK_LEN);
    tagOf(new Uint8Array(0), mask);
    tagOf(new Uint8Array(BLOCK_LEN), tag);
    for (let i = 0; i < BLOCK_LEN; i++) tag[i] ^= mask[i];
    const inverse = this.#inverse;
    load(tag, inverse);
    for (let i = 0; i < AAD_BITS_DEGREE; i++) divideByX(inverse);
    tag.fill(0);
    mask.fill(0);
    // One key in 2^128, if any.
    if (inverse.every((word) => word === 0)) throw new Error("Cannot start GCM from J0: H is zero");
    invert(inverse);
  }

  /** The iv of 16 bytes that yields this J0; valid until the next call. */
  ivOf(j0: Uint8Array): Uint8Array {
    const product = this.#product;
    load(j0, product);
    multiply(product, this.#inverse);
    product[LENGTH_WORD] ^= IV_BITS;
    multiply(product, this.#inverse);
    store(product, this.#iv);
    return this.#iv;
  }

  /** Overwrites what H can be told from. */
  close(): void {
    this.#inverse.fill(0);
    this.#product.fill(0);
    this.#iv.fill(0);
  }
}
