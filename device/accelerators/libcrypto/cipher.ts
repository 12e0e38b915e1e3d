/**
 * Ciphers of libcrypto: AES, DES and 3DES in ECB, CBC and CTR mode, and ARC4. Constant time where the
 * machine has instructions for AES.
 *
 * @module
 */

import type { CipherContext } from "../contexts.ts";
import { checkLens, closeCipherContext, closedError, openCipherContext } from "./contexts.ts";
import { ContextIv } from "./iv_place.ts";
import type { Handle, Libcrypto, Symbols } from "./library.ts";
import { Enc } from "./symbols.ts";

// After a multiple of it a stream of any cipher stands at the start of a block, with nothing left over.
const MAX_BLOCK_LEN = 16;

/**
 * A cipher with a key schedule of its own, in one direction: a request sets the iv, if there is one,
 * and the data goes through in one call.
 */
export class LibcryptoCipher implements CipherContext {
  readonly inRow = true;
  readonly #library: Libcrypto;
  readonly #symbols: Symbols;
  readonly #ivLen: number;
  readonly #blockLen: number;
  // Null for ciphers without one.
  readonly #iv: ContextIv | null;
  #context: Handle | null;

  /**
   * @param ivLen bytes of iv the cipher reads, 0 for none
   * @param blockLen sources are multiples of so many bytes: what is left over would wait for more
   */
  constructor(
    library: Libcrypto,
    cipher: Handle,
    key: Uint8Array,
    ivLen: number,
    blockLen: number,
    decrypt: boolean,
  ) {
    this.#library = library;
    this.#symbols = library.symbols;
    this.#ivLen = ivLen;
    this.#blockLen = blockLen;
    this.#iv = ivLen === 0 ? null : new ContextIv(library, cipher, key.length, ivLen);
    const enc = decrypt ? Enc.DECRYPT : Enc.ENCRYPT;
    this.#context = openCipherContext(library, (context) => {
      const { symbols } = library;
      // Only decryption would hold back a last block that may be padding. Elsewhere it stays as it is:
      // once switched off, it is switched off anew with every iv (50 ns).
      if (
        symbols.EVP_CipherInit_ex(context, cipher, null, key, null, enc) !== 1 ||
        (decrypt && symbols.EVP_CIPHER_CTX_set_padding(context, 0) !== 1)
      ) throw library.error("set a key");
    });
  }

  process(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    const context = this.#context;
    const library = this.#library;
    const symbols = this.#symbols;
    const len = src.length;
    if (context === null) throw closedError();
    checkLens(iv.length === this.#ivLen && dst.length >= len && len % this.#blockLen === 0);
    if (len === 0) return;
    if (
      (this.#iv !== null && !this.#iv.set(context, iv)) ||
      symbols.EVP_CipherUpdate(context, dst, library.outLenAt, src, len) !== 1
    ) {
      this.#iv?.release();
      throw library.error("encrypt or decrypt");
    }
    if (this.#blockLen === 1 && len % MAX_BLOCK_LEN !== 0) this.#iv?.release();
  }

  close(): void {
    this.#iv?.release();
    if (this.#context !== null) closeCipherContext(this.#library, this.#context);
    this.#context = null;
  }
}

/** ARC4: its state cannot be wound back, so every request sets the key again. */
export class LibcryptoArc4 implements CipherContext {
  readonly #library: Libcrypto;
  readonly #key: Uint8Array;
  #context: Handle | null;

  /** @param key 1 to 256 bytes; copied */
  constructor(library: Libcrypto, cipher: Handle, key: Uint8Array) {
    this.#library = library;
    this.#key = key.slice();
    this.#context = openCipherContext(library, (context) => {
      const { symbols } = library;
      if (
        symbols.EVP_CipherInit_ex(context, cipher, null, null, null, Enc.ENCRYPT) !== 1 ||
        symbols.EVP_CIPHER_CTX_set_key_length(context, key.length) !== 1
      ) throw library.error("set the length of a key");
    });
  }

  process(_iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void {
    const context = this.#context;
    const { symbols } = this.#library;
    if (context === null) throw closedError();
    checkLens(dst.length >= src.length);
    if (src.length === 0) return;
    if (
      symbols.EVP_CipherInit_ex(context, null, null, this.#key, null, Enc.UNCHANGED) !== 1 ||
      symbols.EVP_CipherUpdate(context, dst, this.#library.outLenAt, src, src.length) !== 1
    ) throw this.#library.error("encrypt or decrypt");
  }

  close(): void {
    if (this.#context !== null) closeCipherContext(this.#library, this.#context);
    this.#context = null;
    this.#key.fill(0);
  }
}
