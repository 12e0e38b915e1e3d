/**
 * GMAC over any cipher with blocks of 16 bytes: GCM of no plaintext (NIST SP 800-38D, clause 7).
 *
 * As constant in time as GHASH and the block cipher are: the table-driven ones here are not.
 *
 * @module
 */

import type { MacContext } from "../contexts.ts";
import type { BlockCipher } from "./block_cipher.ts";
import { Ghash } from "./ghash.ts";

const IV_LEN = 12;

/** GMAC under one key, with ivs of 12 bytes and tags of 16. */
export class Gmac implements MacContext {
  readonly #cipher: BlockCipher;
  readonly #ghash: Ghash;
  /** E(K, J0), where J0 is the iv and a 32-bit counter of 1. */
  readonly #mask = new Uint8Array(16);
  readonly #digest = new Uint8Array(16);

  /** @param cipher becomes this object's, which closes it */
  constructor(cipher: BlockCipher) {
    this.#cipher = cipher;
    const hashKey = new Uint8Array(16);
    cipher.encryptBlock(hashKey, 0, hashKey, 0);
    this.#ghash = new Ghash(hashKey);
    hashKey.fill(0);
  }

  /** {@inheritDoc MacContext.compute} */
  compute(iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    const ghash = this.#ghash, mask = this.#mask, digest = this.#digest;
    ghash.reset();
    ghash.updatePart(first);
    ghash.updatePart(second);
    ghash.pad();
    ghash.updateLengths(first.length + second.length, 0);
    ghash.digestInto(digest);

    mask.set(iv);
    mask.fill(0, IV_LEN);
    mask[15] = 1;
    this.#cipher.encryptBlock(mask, 0, mask, 0);
    for (let i = 0; i < out.length; i++) out[i] = digest[i] ^ mask[i];
  }

  /** {@inheritDoc MacContext.close} */
  close(): void {
    this.#cipher.close();
    this.#ghash.close();
    this.#mask.fill(0);
    this.#digest.fill(0);
  }
}
