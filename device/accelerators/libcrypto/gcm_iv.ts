/**
 * Setting the iv of an AES-GCM message by a parameter, where the provider's cipher serves (see gcm_method.ts).
 *
 * EVP_CipherInit_ex asks the provider for the iv's length each time and takes 61 ns; this takes 26 (measured,
 * OpenSSL 3.0). A `tlsivfixed` said to be of -1 bytes sets a whole iv; OpenSSL has had it since 1.0.1, as
 * `EVP_CTRL_GCM_SET_IV_FIXED`. No manual says so: each library is tried before it is relied on.
 *
 * @module
 */

import type { Handle, Libcrypto } from "./library.ts";
import { OctetParam } from "./octet_param.ts";
import { Enc } from "./symbols.ts";

const KEY_LEN = 16;
const IV_LEN = 12;
const WHOLE = 2n ** 64n - 1n;

/**
 * The parameter that sets an iv of 12 bytes in a context that has its key and direction, and encrypts as
 * with EVP_CipherInit_ex from there on.
 *
 * @returns null where the library does not do so
 */
export function gcmIvParam(library: Omit<Libcrypto, "gcmIv">): OctetParam | null {
  const { symbols } = library;
  const cipher = library.fetchCipher("AES-128-GCM");
  const context = symbols.EVP_CIPHER_CTX_new();
  try {
    if (cipher === null || context === null) return null;
    const key = new Uint8Array(KEY_LEN);
    const iv = Uint8Array.from({ length: IV_LEN }, (_, i) => i + 1);
    if (symbols.EVP_CipherInit_ex(context, cipher, null, key, key, Enc.ENCRYPT) !== 1) return null;
    const before = tagOfNothing(library, context);
    const param = new OctetParam(symbols, "tlsivfixed", IV_LEN, WHOLE);
    param.bytes.set(iv);
    if (symbols.EVP_CIPHER_CTX_set_params(context, param.handle) !== 1) return null;
    const byParam = tagOfNothing(library, context);
    if (symbols.setIv(context, null, null, null, iv, Enc.ENCRYPT) !== 1) return null;
    const expected = tagOfNothing(library, context);
    const works = byParam !== null && byParam === expected && byParam !== before;
    return works ? param : null;
  } finally {
    if (context !== null) symbols.EVP_CIPHER_CTX_free(context);
    symbols.ERR_clear_error();
  }
}

// It is the encrypted iv. Null when there is none.
function tagOfNothing(library: Omit<Libcrypto, "gcmIv">, context: Handle): string | null {
  const { symbols, outLenAt, tag } = library;
  const isMade = symbols.EVP_CipherFinal_ex(context, outLenAt, outLenAt) === 1 &&
    symbols.EVP_CIPHER_CTX_get_params(context, tag.handle) === 1;
  return isMade ? tag.bytes.join() : null;
}
