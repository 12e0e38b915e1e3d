/**
 * The functions of OpenSSL 3's libcrypto that are used here, as Deno's FFI wants them described.
 *
 * Types are chosen for V8's fast calls, which a 64-bit integer would lose (measured: 5 ns against 40 ns a
 * call): handles are `pointer`, bytes `buffer`, every length 32 bits. `size_t` parameters are declared
 * `u32` too: they stand among the register arguments, where x86-64 and arm64 clear the upper half when
 * a 32-bit value is written, libffi's slow path widens them itself, and only lengths of arrays under
 * 2^32 bytes are ever passed.
 *
 * @module
 */

/** Parameters and results by the functions' C names (EVP_EncryptInit(3), EVP_DigestInit(3)). */
export const SYMBOLS = {
  CRYPTO_malloc: { parameters: ["u32", "pointer", "i32"], result: "pointer" },
  CRYPTO_memdup: { parameters: ["buffer", "u32", "pointer", "i32"], result: "pointer" },
  OSSL_PARAM_construct_octet_string: {
    parameters: ["buffer", "buffer", "usize"],
    result: { struct: ["pointer", "u32", "pointer", "usize", "usize"] },
  },
  OPENSSL_init_crypto: { parameters: ["u64", "pointer"], result: "i32" },
  OSSL_LIB_CTX_new: { parameters: [], result: "pointer" },
  OSSL_PROVIDER_load: { parameters: ["pointer", "buffer"], result: "pointer" },
  ERR_get_error: { parameters: [], result: "u64" },
  ERR_error_string_n: { parameters: ["u64", "buffer", "u32"], result: "void" },
  ERR_clear_error: { parameters: [], result: "void" },

  EVP_CIPHER_fetch: { parameters: ["pointer", "buffer", "pointer"], result: "pointer" },
  EVP_CIPHER_CTX_new: { parameters: [], result: "pointer" },
  EVP_CIPHER_CTX_free: { parameters: ["pointer"], result: "void" },
  EVP_CIPHER_CTX_ctrl: { parameters: ["pointer", "i32", "i32", "buffer"], result: "i32" },
  EVP_CIPHER_CTX_get_params: { parameters: ["pointer", "pointer"], result: "i32" },
  EVP_CIPHER_CTX_set_params: { parameters: ["pointer", "pointer"], result: "i32" },
  EVP_CIPHER_CTX_set_padding: { parameters: ["pointer", "i32"], result: "i32" },
  EVP_CIPHER_CTX_set_key_length: { parameters: ["pointer", "i32"], result: "i32" },
  // The second and third parameters are the cipher and its ENGINE.
  EVP_CipherInit_ex: {
    parameters: ["pointer", "pointer", "pointer", "buffer", "buffer", "i32"],
    result: "i32",
  },
  // The same with NULL for the key: a request's part. Buffers cost some 5 ns each, pointers nothing.
  setIv: {
    name: "EVP_CipherInit_ex",
    parameters: ["pointer", "pointer", "pointer", "pointer", "buffer", "i32"],
    result: "i32",
  },
  EVP_CipherUpdate: {
    parameters: ["pointer", "buffer", "pointer", "buffer", "i32"],
    result: "i32",
  },
  EVP_CipherFinal_ex: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },

  EVP_MD_fetch: { parameters: ["pointer", "buffer", "pointer"], result: "pointer" },
  EVP_MD_CTX_new: { parameters: [], result: "pointer" },
  EVP_MD_CTX_free: { parameters: ["pointer"], result: "void" },
  EVP_MD_CTX_copy_ex: { parameters: ["pointer", "pointer"], result: "i32" },
  EVP_DigestInit_ex2: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  EVP_DigestUpdate: { parameters: ["pointer", "buffer", "u32"], result: "i32" },
  EVP_DigestFinal_ex: { parameters: ["pointer", "buffer", "pointer"], result: "i32" },
  EVP_DigestFinalXOF: { parameters: ["pointer", "buffer", "u32"], result: "i32" },
} as const;

/** C's own, memmove(3) and memset(3), found among the library's dependencies. */
export const BULK_SYMBOLS = {
  memmove: { parameters: ["buffer", "buffer", "u32"], result: "void" },
  memset: { parameters: ["buffer", "i32", "u32"], result: "void" },
} as const;

/** What finds and sets an iv in a context (EVP_CIPHER_CTX_get_original_iv(3), memmove(3)). */
export const IV_SYMBOLS = {
  ivPlace: { name: "EVP_CIPHER_CTX_iv_noconst", parameters: ["pointer"], result: "pointer" },
  setAt: { name: "memmove", parameters: ["pointer", "buffer", "u32"], result: "void" },
} as const;

/** What makes AES-GCM's methods (EVP_aes_128_gcm(3), EVP_CIPHER_meth_dup(3)). */
export const METHOD_SYMBOLS = {
  EVP_aes_128_gcm: { parameters: [], result: "pointer" },
  EVP_aes_192_gcm: { parameters: [], result: "pointer" },
  EVP_aes_256_gcm: { parameters: [], result: "pointer" },
  EVP_CIPHER_meth_dup: { parameters: ["pointer"], result: "pointer" },
} as const;

/** What tells a library's version before anything else is asked of it. */
export const VERSION_SYMBOLS = {
  OpenSSL_version_num: { parameters: [], result: "u64" },
} as const;

/** An option of `OPENSSL_init_crypto` (openssl/crypto.h). */
export const INIT_NO_ATEXIT = 0x80000n;

/** Commands of `EVP_CIPHER_CTX_ctrl` (openssl/evp.h). */
export const Ctrl = { SET_IVLEN: 0x9, GET_TAG: 0x10, SET_TAG: 0x11 } as const;

/** Values of the last parameter of `EVP_CipherInit_ex`. */
export const Enc = { DECRYPT: 0, ENCRYPT: 1, UNCHANGED: -1 } as const;
