/**
 * How many bytes a hash or MAC yields in full, so that a caller need not say it.
 *
 * @module
 */

import { HashAlgo, MacAlgo, Service } from "./constants.ts";

/** Full tags that differ from the 16 bytes of an AES or Twofish block. */
const SHORT_TAG_LENS: Readonly<Record<string, number>> = {
  CMAC_3DES: 8,
  KASUMI_F9: 4,
  SNOW3G_UIA2: 4,
  CBCMAC_KASUMI_F9: 8,
  ZUC_EIA3: 4,
};
const BLOCK_LEN = 16;

function hashLen(name: string): number | undefined {
  if (name === "MD5") return 16;
  if (name === "SHA1") return 20;
  // The length of SHAKE's result is the caller's choice.
  if (name.startsWith("SHA3_SHAKE")) return undefined;
  return Number(name.slice(name.lastIndexOf("_") + 1)) / 8;
}

function macLen(name: string): number | undefined {
  return name.startsWith("HMAC_") ? hashLen(name.slice(5)) : SHORT_TAG_LENS[name] ?? BLOCK_LEN;
}

const RESULT_LENS: ReadonlyMap<number, number | undefined> = new Map([
  ...Object.entries(HashAlgo).map(([name, algo]) =>
    [Service.HASH << 8 | algo, hashLen(name)] as const
  ),
  ...Object.entries(MacAlgo).map(([name, algo]) =>
    [Service.MAC << 8 | algo, macLen(name)] as const
  ),
]);

/**
 * Bytes of an algorithm's full result; undefined where there is no such length (SHAKE, ciphers).
 *
 * @example
 * ```ts
 * import { HashAlgo, Service } from "./constants.ts";
 * import { fullResultLen } from "./result_lens.ts";
 * fullResultLen(Service.HASH, HashAlgo.SHA_256); // 32
 * fullResultLen(Service.HASH, HashAlgo.SHA3_SHAKE128); // undefined
 * ```
 */
export function fullResultLen(service: Service, algo: number): number | undefined {
  return RESULT_LENS.get(service << 8 | algo);
}
