/**
 * What results ought to be, by `node:crypto`.
 *
 * @module
 */

import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";
import { join } from "./requests.ts";

const bytesOf = (buffer: Uint8Array): Uint8Array => new Uint8Array(buffer);

/** A digest of the parts in a row: `sha256`, `sha512`. */
export function digest(name: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return bytesOf(createHash(name).update(join(...parts)).digest());
}

/** An HMAC over the parts in a row. */
export function hmac(name: string, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return bytesOf(createHmac(name, key).update(join(...parts)).digest());
}

/** AES-128-CBC encryption without padding. */
export function encryptCbc(key: Uint8Array, iv: Uint8Array, src: Uint8Array): Uint8Array {
  const cbc = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false);
  return join(bytesOf(cbc.update(src)), bytesOf(cbc.final()));
}

/** AES-128-CBC decryption without padding. */
export function decryptCbc(key: Uint8Array, iv: Uint8Array, src: Uint8Array): Uint8Array {
  const cbc = createDecipheriv("aes-128-cbc", key, iv).setAutoPadding(false);
  return join(bytesOf(cbc.update(src)), bytesOf(cbc.final()));
}

/** AES-128-GCM encryption: ciphertext and 16-byte tag. */
export function sealGcm(
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  src: Uint8Array,
): { ciphertext: Uint8Array; tag: Uint8Array } {
  const gcm = createCipheriv("aes-128-gcm", key, iv, { authTagLength: 16 });
  gcm.setAAD(aad);
  const ciphertext = join(bytesOf(gcm.update(src)), bytesOf(gcm.final()));
  return { ciphertext, tag: bytesOf(gcm.getAuthTag()) };
}
