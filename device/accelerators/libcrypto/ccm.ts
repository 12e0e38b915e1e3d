/**
 * AES-CCM of libcrypto.
 *
 * @module
 */

import type { AeadContext } from "../contexts.ts";
import { checkLens, closeCipherContext, closedError, openCipherContext } from "./contexts.ts";
import type { Handle, Libcrypto, Symbols } from "./library.ts";
import { Ctrl, Enc } from "./symbols.ts";

const MAX_TAG_LEN = 16;
// A message of no bytes must have an address all the same: without one, it would be a length.
const someBytes = new Uint8Array(16);

/**
 * AES-CCM with one key. The lengths of iv and tag and the direction are part of libcrypto's key set-up,
 * so the key is kept and set again when they change, which a session's hardly do.
 */
export class LibcryptoCcm implements AeadContext {
  readonly #library: Libcrypto;
  readonly #symbols: Symbols;
  readonly #outLenAt: Handle;
  readonly #key: Uint8Array;
  #context: Handle | null;
  #ivLen = 0;
  #tagLen = 0;
  #enc: number = Enc.UNCHANGED;

  /** @param key copied */
  constructor(library: Libcrypto, cipher: Handle, key: Uint8Array) {
    this.#library = library;
    this.#symbols = library.symbols;
    this.#outLenAt = library.outLenAt;
    this.#key = key.slice();
    this.#context = openCipherContext(library, (context) => {
      const { symbols } = library;
      if (symbols.EVP_CipherInit_ex(context, cipher, null, null, null, Enc.ENCRYPT) !== 1) {
        throw library.error("set a cipher");
      }
    });
  }

  seal(iv: Uint8Array, aad: Uint8Array, src: Uint8Array, dst: Uint8Array, tag: Uint8Array): void {
    const context = this.#start(iv, src, dst, tag, Enc.ENCRYPT);
    this.#authenticate(context, aad, src.length);
    if (
      !this.#transform(context, src, dst) ||
      this.#symbols.EVP_CIPHER_CTX_ctrl(context, Ctrl.GET_TAG, tag.length, tag) !== 1
    ) throw this.#library.error("encrypt");
  }

  open(
    iv: Uint8Array,
    aad: Uint8Array,
    src: Uint8Array,
    tag: Uint8Array,
    dst: Uint8Array,
  ): boolean {
    const context = this.#start(iv, src, dst, tag, Enc.DECRYPT);
    if (this.#symbols.EVP_CIPHER_CTX_ctrl(context, Ctrl.SET_TAG, tag.length, tag) !== 1) {
      throw this.#library.error("set a tag");
    }
    this.#authenticate(context, aad, src.length);
    if (this.#transform(context, src, dst)) return true;
    this.#symbols.ERR_clear_error();
    dst.fill(0);
    return false;
  }

  close(): void {
    if (this.#context !== null) closeCipherContext(this.#library, this.#context);
    this.#context = null;
    this.#key.fill(0);
  }

  #start(
    iv: Uint8Array,
    src: Uint8Array,
    dst: Uint8Array,
    tag: Uint8Array,
    enc: number,
  ): Handle {
    const context = this.#context;
    if (context === null) throw closedError();
    checkLens(dst.length >= src.length && tag.length <= MAX_TAG_LEN && iv.length < MAX_TAG_LEN);
    if (iv.length !== this.#ivLen || tag.length !== this.#tagLen || enc !== this.#enc) {
      this.#setUp(context, iv.length, tag.length, enc);
    }
    if (this.#symbols.setIv(context, null, null, null, iv, enc) !== 1) {
      throw this.#library.error("start a message");
    }
    return context;
  }

  #setUp(context: Handle, ivLen: number, tagLen: number, enc: number): void {
    const symbols = this.#symbols;
    if (
      symbols.EVP_CIPHER_CTX_ctrl(context, Ctrl.SET_IVLEN, ivLen, null) !== 1 ||
      symbols.EVP_CIPHER_CTX_ctrl(context, Ctrl.SET_TAG, tagLen, null) !== 1 ||
      symbols.EVP_CipherInit_ex(context, null, null, this.#key, null, enc) !== 1
    ) throw this.#library.error("set a key");
    this.#ivLen = ivLen;
    this.#tagLen = tagLen;
    this.#enc = enc;
  }

  // The first block that is authenticated holds the message's length, so it is told beforehand.
  #authenticate(context: Handle, aad: Uint8Array, len: number): void {
    const symbols = this.#symbols;
    if (
      symbols.EVP_CipherUpdate(context, null, this.#outLenAt, null, len) !== 1 ||
      (aad.length > 0 &&
        symbols.EVP_CipherUpdate(context, null, this.#outLenAt, aad, aad.length) !== 1)
    ) throw this.#library.error("add associated data");
  }

  // Decryption verifies the tag in the same call.
  #transform(context: Handle, src: Uint8Array, dst: Uint8Array): boolean {
    const isEmpty = src.length === 0;
    const from = isEmpty ? someBytes : src;
    const to = isEmpty ? someBytes : dst;
    return this.#symbols.EVP_CipherUpdate(context, to, this.#outLenAt, from, src.length) === 1;
  }
}
