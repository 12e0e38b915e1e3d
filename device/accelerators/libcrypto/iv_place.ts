/**
 * Setting the iv of a message where its context keeps it.
 *
 * EVP_CipherInit_ex asks the provider for the iv's length each time, by name, and takes 60 ns to put 16 bytes where
 * EVP_CIPHER_CTX_iv_noconst(3) says they lie; copying them there takes 9 (measured, OpenSSL 3.0). Of 64 B of AES-CTR
 * that is half, of 16 KiB 5 %. The function is deprecated and may go with a later version, and the manual does not
 * promise that a provider keeps nothing else of an iv: each cipher is tried before it is relied on.
 *
 * @module
 */

import type { Handle, Libcrypto } from "./library.ts";
import { Enc } from "./symbols.ts";

const MAX_IV_LEN = 16;
// Of two blocks of AES: nothing is left over in any mode.
const TRIED_LEN = 32;

/** What finds and sets an iv. */
export interface IvSymbols {
  /** Where a context keeps its iv; null when it does not tell. */
  ivPlace(context: Handle): Handle | null;
  /** Writes `len` bytes there. */
  setAt(place: Handle, iv: Uint8Array, len: number): void;
}

/**
 * The iv of one context, in a mode whose whole state between messages it is: CBC, CTR and XTS.
 *
 * @example
 * ```ts ignore
 * const contextIv = new ContextIv(library, cipher, 16, 16);
 * contextIv.set(context, iv); // true
 * // after a message that ended amid a block
 * contextIv.release();
 * ```
 */
export class ContextIv {
  readonly #library: Libcrypto;
  readonly #iv: IvSymbols | null;
  readonly #cipher: Handle;
  readonly #keyLen: number;
  readonly #ivLen: number;
  // Not looked for before the second message: the context of a stateless request has one.
  #place: Handle | null = null;
  #numInFull = 0;

  /** @param cipher of the context, with a key and an iv of so many bytes */
  constructor(library: Libcrypto, cipher: Handle, keyLen: number, ivLen: number) {
    this.#library = library;
    this.#iv = library.ivSymbols;
    this.#cipher = cipher;
    this.#keyLen = keyLen;
    this.#ivLen = ivLen;
  }

  /**
   * Sets it.
   *
   * @param context the same each time
   * @param iv at least as long as was said
   * @returns false when libcrypto has failed
   */
  set(context: Handle, iv: Uint8Array): boolean {
    const place = this.#place;
    if (place === null || this.#iv === null) return this.#setInFull(context, iv);
    this.#iv.setAt(place, iv, this.#ivLen);
    return true;
  }

  /**
   * Lets go of the place: the context is about to be freed, or there is more to set than the iv because the last
   * message ended amid a block or failed.
   */
  release(): void {
    this.#place = null;
    this.#numInFull = 0;
  }

  #setInFull(context: Handle, iv: Uint8Array): boolean {
    const { symbols } = this.#library;
    if (symbols.setIv(context, null, null, null, iv, Enc.UNCHANGED) !== 1) return false;
    if (this.#iv !== null && this.#numInFull++ === 1) {
      const isGood = this.#library.keepsIvInPlace(this.#cipher, this.#keyLen, this.#ivLen);
      if (isGood) this.#place = this.#iv.ivPlace(context);
    }
    return true;
  }
}

/** Whether contexts of a cipher work as after EVP_CipherInit_ex when an iv is written to its place. */
export function keepsIvInPlace(
  library: Libcrypto,
  cipher: Handle,
  keyLen: number,
  ivLen: number,
): boolean {
  return [Enc.ENCRYPT, Enc.DECRYPT].every((enc) => {
    const context = library.symbols.EVP_CIPHER_CTX_new();
    if (context === null) return false;
    try {
      return worksInPlace(library, context, cipher, keyLen, ivLen, enc);
    } finally {
      library.symbols.EVP_CIPHER_CTX_free(context);
      library.symbols.ERR_clear_error();
    }
  });
}

function worksInPlace(
  library: Libcrypto,
  context: Handle,
  cipher: Handle,
  keyLen: number,
  ivLen: number,
  enc: number,
): boolean {
  const { symbols, outLenAt, ivSymbols } = library;
  // Of three keys of 3DES and of two of XTS no two are the same.
  const key = counting(keyLen, 1);
  const src = counting(TRIED_LEN, 101);
  const ivs = [1, 2, 3].map((n) => counting(MAX_IV_LEN, 40 * n).subarray(0, ivLen));
  const text = (): string | null => {
    const dst = new Uint8Array(TRIED_LEN);
    const isDone = symbols.EVP_CipherUpdate(context, dst, outLenAt, src, TRIED_LEN) === 1;
    return isDone ? dst.join() : null;
  };
  if (
    ivSymbols === null || ivLen > MAX_IV_LEN ||
    symbols.EVP_CipherInit_ex(context, cipher, null, key, ivs[0], enc) !== 1 ||
    symbols.EVP_CIPHER_CTX_set_padding(context, 0) !== 1
  ) return false;
  const expected = ivs.map((iv) =>
    symbols.setIv(context, null, null, null, iv, Enc.UNCHANGED) === 1 ? text() : null
  );
  const place = ivSymbols.ivPlace(context);
  if (place === null) return false;
  const inPlace = ivs.map((iv) => {
    ivSymbols.setAt(place, iv, ivLen);
    return text();
  });
  return new Set(expected).size === ivs.length &&
    expected.every((one, i) => one !== null && one === inPlace[i]);
}

function counting(len: number, first: number): Uint8Array {
  return Uint8Array.from({ length: len }, (_, i) => first + i);
}
