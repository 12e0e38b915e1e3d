/**
 * MACs that chain a block cipher, over libcrypto's CBC mode: CMAC, XCBC and plain CBC-MAC.
 *
 * libcrypto's own CMAC goes through its cipher block by block in 3.0; CBC into a scratch buffer is
 * three times as fast.
 *
 * @module
 */

import type { MacContext } from "../contexts.ts";
import { checkLens, closeCipherContext, closedError, openCipherContext } from "./contexts.ts";
import { ContextIv } from "./iv_place.ts";
import type { Handle, Libcrypto, Symbols } from "./library.ts";
import { Enc } from "./symbols.ts";

const SCRATCH_LEN = 16 * 1024;
const MAX_BLOCK_LEN = 16;
const ZEROS = new Uint8Array(MAX_BLOCK_LEN);
// Takes the chaining values, which are nobody's business; libcrypto may hold up a block across calls.
const scratch = new Uint8Array(SCRATCH_LEN + MAX_BLOCK_LEN);

/** What is added to the last block: for a complete one, and for one that was padded. */
export interface LastBlockKeys {
  readonly complete: Uint8Array;
  readonly padded: Uint8Array;
}

/** A CBC-MAC under one key; the tag is as long as the cipher's block. */
export class LibcryptoCbcMac implements MacContext {
  readonly #library: Libcrypto;
  readonly #symbols: Symbols;
  readonly #outLenAt: Handle;
  readonly #blockLen: number;
  readonly #last: Uint8Array;
  readonly #iv: ContextIv;
  #keys: LastBlockKeys | null = null;
  #context: Handle | null;

  /**
   * Without keys for the last block: zeros up to a whole block, and no block at all for no bytes
   * (ISO/IEC 9797-1, MAC algorithm 1, padding method 1).
   *
   * @param cipher in CBC mode
   * @param key not kept
   */
  constructor(library: Libcrypto, cipher: Handle, key: Uint8Array, blockLen: number) {
    this.#library = library;
    this.#symbols = library.symbols;
    this.#outLenAt = library.outLenAt;
    this.#blockLen = blockLen;
    this.#last = new Uint8Array(blockLen);
    this.#iv = new ContextIv(library, cipher, key.length, blockLen);
    this.#context = openCipherContext(library, (context) => {
      const { symbols } = library;
      // Nothing ends an encryption here, so nothing is ever padded.
      if (symbols.EVP_CipherInit_ex(context, cipher, null, key, ZEROS, Enc.ENCRYPT) !== 1) {
        throw library.error("set a key");
      }
    });
  }

  /** CMAC (NIST SP 800-38B): keys for the last block are x and x^2 times E(K, 0), clause 6.1. */
  static cmac(library: Libcrypto, cipher: Handle, key: Uint8Array, blockLen: number): MacContext {
    const mac = new LibcryptoCbcMac(library, cipher, key, blockLen);
    try {
      const complete = new Uint8Array(blockLen);
      mac.compute(ZEROS, complete, complete.subarray(blockLen), complete);
      double(complete);
      const padded = complete.slice();
      double(padded);
      mac.#keys = { complete, padded };
      return mac;
    } catch (error) {
      mac.close();
      throw error;
    }
  }

  /** AES-XCBC-MAC (RFC 3566, section 4): three keys, which are blocks encrypted with the one given. */
  static xcbc(library: Libcrypto, cipher: Handle, key: Uint8Array): MacContext {
    const derived = [1, 2, 3].map((byte) => new Uint8Array(MAX_BLOCK_LEN).fill(byte));
    const master = new LibcryptoCbcMac(library, cipher, key, MAX_BLOCK_LEN);
    try {
      for (const block of derived) master.compute(ZEROS, block, block.subarray(16), block);
    } finally {
      master.close();
    }
    const [chainKey, complete, padded] = derived;
    const mac = new LibcryptoCbcMac(library, cipher, chainKey, MAX_BLOCK_LEN);
    chainKey.fill(0);
    mac.#keys = { complete, padded };
    return mac;
  }

  compute(_iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    const context = this.#context;
    const symbols = this.#symbols;
    const blockLen = this.#blockLen;
    const total = first.length + second.length;
    if (context === null) throw closedError();
    checkLens(out.length <= blockLen);
    if (total === 0 && this.#keys === null) {
      out.fill(0);
      return;
    }
    if (!this.#iv.set(context, ZEROS)) throw this.#failed("start a MAC");
    // All whole blocks but the last.
    const head = total === 0 ? 0 : total - 1 - (total - 1) % blockLen;
    const fromFirst = Math.min(head, first.length);
    this.#absorb(context, first, fromFirst);
    this.#absorb(context, second, head - fromFirst);
    this.#closeLastBlock(first, second, head);
    if (symbols.EVP_CipherUpdate(context, scratch, this.#outLenAt, this.#last, blockLen) !== 1) {
      throw this.#failed("finish a MAC");
    }
    for (let i = 0; i < out.length; i++) out[i] = scratch[i];
    scratch.fill(0, 0, Math.max(blockLen, Math.min(SCRATCH_LEN + blockLen, head)));
  }

  close(): void {
    this.#iv.release();
    if (this.#context !== null) closeCipherContext(this.#library, this.#context);
    this.#context = null;
    this.#last.fill(0);
    this.#keys?.complete.fill(0);
    this.#keys?.padded.fill(0);
  }

  // Chains the first `len` bytes; libcrypto keeps what does not fill a block for the next call.
  #absorb(context: Handle, bytes: Uint8Array, len: number): void {
    for (let at = 0; at < len; at += SCRATCH_LEN) {
      const part = at === 0 ? bytes : bytes.subarray(at);
      const partLen = Math.min(SCRATCH_LEN, len - at);
      if (this.#symbols.EVP_CipherUpdate(context, scratch, this.#outLenAt, part, partLen) !== 1) {
        throw this.#failed("chain blocks");
      }
    }
  }

  // libcrypto may hold a part of a block now.
  #failed(doing: string): Error {
    this.#iv.release();
    return this.#library.error(doing);
  }

  // Puts what stands behind `head` into #last, padded, with the key for it added.
  #closeLastBlock(first: Uint8Array, second: Uint8Array, head: number): void {
    const last = this.#last;
    const keys = this.#keys;
    const len = first.length + second.length - head;
    last.fill(0);
    for (let i = 0; i < len; i++) {
      const at = head + i;
      last[i] = at < first.length ? first[at] : second[at - first.length];
    }
    if (keys === null) return;
    const isComplete = len === this.#blockLen;
    if (!isComplete) last[len] = 0x80;
    const key = isComplete ? keys.complete : keys.padded;
    for (let i = 0; i < last.length; i++) last[i] ^= key[i];
  }
}

// Times x in GF(2^64) or GF(2^128), whose R_b is 0x1b or 0x87 (SP 800-38B, 5.3).
function double(block: Uint8Array): void {
  const carry = block[0] >>> 7;
  const end = block.length - 1;
  for (let i = 0; i < end; i++) block[i] = (block[i] << 1) | (block[i + 1] >>> 7);
  block[end] = (block[end] << 1) ^ (-carry & (block.length === 8 ? 0x1b : 0x87));
}
