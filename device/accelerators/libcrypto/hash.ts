/**
 * Hash functions of libcrypto, and HMAC over them.
 *
 * @module
 */

import type { HashContext, MacContext } from "../contexts.ts";
import { checkLens, closedError, closeDigestContext, openDigestContext } from "./contexts.ts";
import type { Handle, Libcrypto, Symbols } from "./library.ts";

const MAX_DIGEST_LEN = 64;
const scratch = new Uint8Array(MAX_DIGEST_LEN);

/**
 * A hash function. Its context holds nothing from one message to the next, so all sessions of a thread
 * use the same: opening and closing cost nothing.
 */
export class LibcryptoHash implements HashContext {
  /** Bytes of the digest; 0 for an extendable-output function. */
  readonly digestLen: number;
  /** The digest's handle. */
  readonly handle: Handle;
  readonly #library: Libcrypto;
  readonly #symbols: Symbols;
  readonly #context: Handle;

  constructor(library: Libcrypto, handle: Handle, digestLen: number) {
    this.#library = library;
    this.#symbols = library.symbols;
    this.handle = handle;
    this.digestLen = digestLen;
    const context = library.symbols.EVP_MD_CTX_new();
    if (context === null) throw library.error("make a digest context");
    this.#context = context;
  }

  digest(first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    const symbols = this.#symbols;
    if (symbols.EVP_DigestInit_ex2(this.#context, this.handle, null) !== 1) {
      throw this.#library.error("start a digest");
    }
    this.#finish(first, second, out);
  }

  /** Goes on from the state of `from`, a context of the same digest, with `first || second`. */
  digestFrom(from: Handle, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    if (this.#symbols.EVP_MD_CTX_copy_ex(this.#context, from) !== 1) {
      throw this.#library.error("copy the state of a digest");
    }
    this.#finish(first, second, out);
  }

  /** Overwrites what is left of the last message. */
  close(): void {
    this.#symbols.EVP_DigestInit_ex2(this.#context, this.handle, null);
  }

  #finish(first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    const symbols = this.#symbols;
    const context = this.#context;
    const { digestLen } = this;
    if (
      (first.length > 0 && symbols.EVP_DigestUpdate(context, first, first.length) !== 1) ||
      (second.length > 0 && symbols.EVP_DigestUpdate(context, second, second.length) !== 1)
    ) throw this.#library.error("digest");
    if (digestLen === 0 || out.length === digestLen) {
      const isDone = digestLen === 0
        ? symbols.EVP_DigestFinalXOF(context, out, out.length)
        : symbols.EVP_DigestFinal_ex(context, out, null);
      if (isDone !== 1) throw this.#library.error("finish a digest");
      return;
    }
    checkLens(out.length < digestLen);
    if (symbols.EVP_DigestFinal_ex(context, scratch, null) !== 1) {
      throw this.#library.error("finish a digest");
    }
    for (let i = 0; i < out.length; i++) out[i] = scratch[i];
    scratch.fill(0);
  }
}

const NOTHING = new Uint8Array(0);

/**
 * HMAC (RFC 2104): both padded key blocks are absorbed once, and their states copied for each message.
 * Measured at 64 B: 270 ns, where libcrypto's HMAC takes 370 and its EVP_MAC 440; nor does every 3.0
 * start anew with a NULL key.
 */
export class LibcryptoHmac implements MacContext {
  readonly #library: Libcrypto;
  readonly #hash: LibcryptoHash;
  readonly #digest: Uint8Array;
  #inner: Handle | null;
  #outer: Handle | null;

  /**
   * @param hash of `blockLen` bytes a block; stays its owner's
   * @param key not kept
   */
  constructor(library: Libcrypto, hash: LibcryptoHash, blockLen: number, key: Uint8Array) {
    this.#library = library;
    this.#hash = hash;
    this.#digest = new Uint8Array(hash.digestLen);
    const block = new Uint8Array(blockLen);
    if (key.length > blockLen) hash.digest(key, NOTHING, block.subarray(0, hash.digestLen));
    else block.set(key);
    this.#inner = this.#absorb(block, 0x36);
    try {
      this.#outer = this.#absorb(block, 0x5c);
    } catch (error) {
      closeDigestContext(library, this.#inner);
      throw error;
    } finally {
      block.fill(0);
    }
  }

  compute(_iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    if (this.#inner === null || this.#outer === null) throw closedError();
    this.#hash.digestFrom(this.#inner, first, second, this.#digest);
    this.#hash.digestFrom(this.#outer, this.#digest, NOTHING, out);
  }

  close(): void {
    if (this.#inner !== null) closeDigestContext(this.#library, this.#inner);
    if (this.#outer !== null) closeDigestContext(this.#library, this.#outer);
    this.#inner = null;
    this.#outer = null;
    this.#digest.fill(0);
    this.#hash.close();
  }

  #absorb(block: Uint8Array, pad: number): Handle {
    const { symbols } = this.#library;
    const padded = block.map((byte) => byte ^ pad);
    try {
      return openDigestContext(this.#library, (context) => {
        if (
          symbols.EVP_DigestInit_ex2(context, this.#hash.handle, null) !== 1 ||
          symbols.EVP_DigestUpdate(context, padded, padded.length) !== 1
        ) throw this.#library.error("absorb a key");
      });
    } finally {
      padded.fill(0);
    }
  }
}
