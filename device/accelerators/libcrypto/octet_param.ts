/**
 * Parameters of libcrypto that are made once and used with every message.
 *
 * EVP_CIPHER_CTX_ctrl(3) makes an `OSSL_PARAM` of its arguments at each call. One that stands ready, with the
 * address of bytes of ours in it, halves what the call costs (OSSL_PARAM(3)).
 *
 * @module
 */

import type { Handle, Symbols } from "./library.ts";

// Of a parameter, and of the one of zeros that ends the array.
const PARAM_SIZE = 40;

/**
 * An array of one parameter: an octet string.
 *
 * @example
 * ```ts ignore
 * const tag = new OctetParam(library.symbols, "tag", 16);
 * library.symbols.EVP_CIPHER_CTX_get_params(context, tag.handle); // the tag is in tag.bytes
 * ```
 */
export class OctetParam {
  /** What libcrypto reads or writes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The array, for functions that take parameters. It stays as long as the library: to its thread's end. */
  readonly handle: Handle;
  // Its address stands in the array, as that of the bytes does.
  readonly #name: Uint8Array<ArrayBuffer>;

  /**
   * @param len bytes there is room for
   * @param said the length that libcrypto is told, where a special one has a meaning of its own
   * @throws {Error} when there is no memory
   */
  constructor(symbols: Symbols, name: string, len: number, said: bigint = BigInt(len)) {
    // Buffers made as such never move; V8 keeps short arrays among its objects, which do.
    this.bytes = new Uint8Array(new ArrayBuffer(len));
    const text = new TextEncoder().encode(name);
    this.#name = new Uint8Array(new ArrayBuffer(text.length + 1));
    this.#name.set(text);
    const array = new Uint8Array(2 * PARAM_SIZE);
    array.set(symbols.OSSL_PARAM_construct_octet_string(this.#name, this.bytes, said));
    const handle = symbols.CRYPTO_memdup(array, array.length, null, 0);
    if (handle === null) throw new Error(`Cannot allocate the parameter ${name} with libcrypto`);
    this.handle = handle;
  }
}
