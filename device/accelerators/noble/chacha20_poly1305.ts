/**
 * ChaCha20-Poly1305 (RFC 8439) of @noble/ciphers, put together from its two halves so that result
 * and tag may lie apart.
 *
 * @module
 */

import { poly1305 } from "@noble/ciphers/_poly1305.js";
import { chacha20 } from "@noble/ciphers/chacha.js";
import { equalBytes } from "@noble/ciphers/utils.js";
import type { AeadContext } from "../contexts.ts";

const ZEROS = new Uint8Array(32);
const TAG_LEN = 16;

/** ChaCha20-Poly1305 with one key. */
export class ChaCha20Poly1305 implements AeadContext {
  readonly #key: Uint8Array;
  readonly #oneTimeKey: Uint8Array = new Uint8Array(32);
  readonly #lengths: DataView = new DataView(new ArrayBuffer(16));
  readonly #tag: Uint8Array = new Uint8Array(TAG_LEN);

  constructor(key: Uint8Array) {
    this.#key = key.slice();
  }

  seal(iv: Uint8Array, aad: Uint8Array, src: Uint8Array, dst: Uint8Array, tag: Uint8Array): void {
    // The payload starts at counter 1 (RFC 8439, 2.8).
    chacha20(this.#key, iv, src, dst, 1);
    this.#computeTag(iv, aad, dst);
    tag.set(this.#tag.subarray(0, tag.length));
  }

  open(
    iv: Uint8Array,
    aad: Uint8Array,
    src: Uint8Array,
    tag: Uint8Array,
    dst: Uint8Array,
  ): boolean {
    this.#computeTag(iv, aad, src);
    if (!equalBytes(this.#tag.subarray(0, tag.length), tag)) return false;
    chacha20(this.#key, iv, src, dst, 1);
    return true;
  }

  close(): void {
    this.#key.fill(0);
    this.#oneTimeKey.fill(0);
    this.#tag.fill(0);
  }

  // RFC 8439, 2.8: aad and ciphertext, each padded to 16 bytes, then both lengths.
  #computeTag(iv: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): void {
    chacha20(this.#key, iv, ZEROS, this.#oneTimeKey, 0);
    const mac = poly1305.create(this.#oneTimeKey);
    for (const part of [aad, ciphertext]) {
      mac.update(part);
      if (part.length % 16 !== 0) mac.update(ZEROS.subarray(0, 16 - part.length % 16));
    }
    this.#lengths.setUint32(0, aad.length, true);
    this.#lengths.setUint32(8, ciphertext.length, true);
    mac.update(new Uint8Array(this.#lengths.buffer));
    this.#tag.set(mac.digest());
    this.#oneTimeKey.fill(0);
  }
}
