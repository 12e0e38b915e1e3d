/**
 * AES-GCM (NIST SP 800-38D) over noble's AES: with J0 given instead of an iv, and with short tags,
 * which noble's own GCM does not do.
 *
 * @module
 */

import { unsafe } from "@noble/ciphers/aes.js";
import { equalBytes } from "@noble/ciphers/utils.js";
import type { AeadContext } from "../contexts.ts";
import { Ghash } from "../typescript/ghash.ts";
import { type AlignedWorker, runAligned } from "./aligned.ts";

const BLOCK_LEN = 16;
const ZEROS = new Uint8Array(BLOCK_LEN);

/** AES-GCM with one key: expanded AES key and GHASH table are made once. */
export class AesGcm implements AeadContext, AlignedWorker {
  readonly #schedule: Uint32Array;
  readonly #ghash: Ghash;
  readonly #counter: Uint8Array = new Uint8Array(BLOCK_LEN);
  readonly #tagMask: Uint8Array = new Uint8Array(BLOCK_LEN);
  readonly #tag: Uint8Array = new Uint8Array(BLOCK_LEN);

  constructor(key: Uint8Array) {
    this.#schedule = unsafe.expandKeyLE(key);
    const hashSubkey = new Uint8Array(BLOCK_LEN);
    unsafe.ctr32(this.#schedule, false, this.#counter, hashSubkey, hashSubkey);
    this.#ghash = new Ghash(hashSubkey);
    hashSubkey.fill(0);
  }

  seal(iv: Uint8Array, aad: Uint8Array, src: Uint8Array, dst: Uint8Array, tag: Uint8Array): void {
    this.#start(iv);
    runAligned(this, src, dst);
    this.#computeTag(aad, dst);
    tag.set(this.#tag.subarray(0, tag.length));
  }

  open(
    iv: Uint8Array,
    aad: Uint8Array,
    src: Uint8Array,
    tag: Uint8Array,
    dst: Uint8Array,
  ): boolean {
    this.#start(iv);
    this.#computeTag(aad, src);
    // Constant time over the tag's length, which is no secret.
    if (!equalBytes(this.#tag.subarray(0, tag.length), tag)) return false;
    runAligned(this, src, dst);
    return true;
  }

  piece(src: Uint8Array, dst: Uint8Array): void {
    unsafe.ctr32(this.#schedule, false, this.#counter, src, dst);
  }

  close(): void {
    this.#schedule.fill(0);
    this.#ghash.close();
    this.#counter.fill(0);
    this.#tagMask.fill(0);
    this.#tag.fill(0);
  }

  // J0 is the iv itself when it has 16 bytes (struct virtio_crypto_aead_data_req), else iv || 1
  // (SP 800-38D, 7.1, step 2). The counter goes on from inc32(J0).
  #start(iv: Uint8Array): void {
    const counter = this.#counter;
    counter.set(iv);
    if (iv.length === 12) {
      counter.fill(0, 12);
      counter[15] = 1;
    }
    unsafe.ctr32(this.#schedule, false, counter, ZEROS, this.#tagMask);
  }

  #computeTag(aad: Uint8Array, ciphertext: Uint8Array): void {
    const ghash = this.#ghash;
    const tag = this.#tag;
    ghash.reset();
    ghash.update(aad);
    ghash.update(ciphertext);
    ghash.updateLengths(aad.length, ciphertext.length);
    ghash.digestInto(tag);
    for (let i = 0; i < BLOCK_LEN; i++) tag[i] ^= this.#tagMask[i];
  }
}
