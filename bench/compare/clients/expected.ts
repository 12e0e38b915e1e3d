/**
 * What requests give, by node:crypto.
 */

import { Buffer } from "node:buffer";
import { createCipheriv, createHash, createHmac } from "node:crypto";
import { inputOf, IV, KEY, type KindName, NONCE, plaintext } from "../../support/kinds.ts";

/** The result of a request of `size` bytes. */
export function expectedOf(kind: KindName, size: number): Uint8Array {
  const src = plaintext(size);
  switch (kind) {
    case "aes-128-ctr":
    case "aes-128-cbc":
      return Uint8Array.from(createCipheriv(kind, KEY, IV).update(src));
    case "aes-128-gcm": {
      const cipher = createCipheriv(kind, KEY, NONCE);
      const parts = [cipher.update(src), cipher.final(), cipher.getAuthTag()];
      return Uint8Array.from(Buffer.concat(parts));
    }
    case "aes-128-gcm-decrypt":
      return src;
    case "sha-256":
      return Uint8Array.from(createHash("sha256").update(inputOf(kind, size)).digest());
    case "hmac-sha-256":
      return Uint8Array.from(createHmac("sha256", KEY).update(inputOf(kind, size)).digest());
  }
}
