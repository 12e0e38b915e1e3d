/**
 * Which algorithms libcrypto computes, and how it is asked to.
 *
 * The rows of the other files name implementations that are always there. libcrypto is not, so it adds
 * itself to a list of rows once it has been opened; nothing else differs with or without it.
 *
 * @module
 */

import {
  Keyed,
  LibcryptoAead,
  LibcryptoGcm,
  LibcryptoGmac,
} from "../accelerators/libcrypto/aead.ts";
import { LibcryptoCbcMac } from "../accelerators/libcrypto/cbc_mac.ts";
import { LibcryptoCcm } from "../accelerators/libcrypto/ccm.ts";
import { LibcryptoArc4, LibcryptoCipher } from "../accelerators/libcrypto/cipher.ts";
import { LibcryptoHash, LibcryptoHmac } from "../accelerators/libcrypto/hash.ts";
import type { Handle, Libcrypto } from "../accelerators/libcrypto/library.ts";
import { LibcryptoXts } from "../accelerators/libcrypto/xts.ts";
import { useForBulk } from "../memory/copy.ts";
import { Service } from "../wire/constants.ts";
import type {
  AeadAlgorithm,
  Algorithm,
  CipherAlgorithm,
  HashAlgorithm,
  Implementation,
  KeyLens,
  MacAlgorithm,
  OpenAead,
  OpenCipher,
  OpenHash,
  OpenMac,
} from "./algorithm.ts";

/**
 * The same algorithms, those that libcrypto can compute with it among their implementations. Many bytes
 * at once are copied by it too in this thread from then on.
 *
 * @example
 * ```ts
 * import { openLibcrypto } from "../accelerators/libcrypto/library.ts";
 * import { withLibcrypto } from "./libcrypto.ts";
 * import { ALGORITHMS } from "./list.ts";
 * const { library } = openLibcrypto();
 * const algorithms = library === null ? ALGORITHMS : withLibcrypto(ALGORITHMS, library);
 * algorithms.length === ALGORITHMS.length; // true
 * ```
 */
export function withLibcrypto(algorithms: readonly Algorithm[], library: Libcrypto): Algorithm[] {
  if (library.bulk !== null) useForBulk(library.bulk);
  const digests = new Digests(library);
  return algorithms.map((algorithm): Algorithm => {
    switch (algorithm.service) {
      case Service.CIPHER:
        return add(algorithm, openCipherOf(algorithm, library));
      case Service.HASH:
        return add(algorithm, openHashOf(algorithm, digests));
      case Service.MAC:
        return add(algorithm, openMacOf(algorithm, library, digests));
      case Service.AEAD:
        return add(algorithm, openAeadOf(algorithm, library));
    }
  });
}

function add<Open, A extends { readonly implementations: readonly Implementation<Open>[] }>(
  algorithm: A,
  open: Open | null,
): A {
  if (open === null) return algorithm;
  const implementations = [...algorithm.implementations, { accelerator: "libcrypto", open }];
  return { ...algorithm, implementations };
}

// Handles by the length of the key in bytes; null unless all are there.
function fetchByKeyLen(
  keyLens: KeyLens,
  library: Libcrypto,
  nameOf: (keyLen: number) => string,
): ((key: Uint8Array) => Handle) | null {
  const byKeyLen: Handle[] = [];
  for (const keyLen of "min" in keyLens ? [] : keyLens) {
    const handle = library.fetchCipher(nameOf(keyLen));
    if (handle === null) return null;
    byKeyLen[keyLen] = handle;
  }
  return (key) => {
    const handle = byKeyLen[key.length];
    if (handle === undefined) throw new RangeError(`No cipher has a key of ${key.length} bytes`);
    return handle;
  };
}

// OpenSSL's names by ours, the key's bits in place of #.
const CIPHERS: Readonly<Record<string, string>> = {
  AES_ECB: "AES-#-ECB",
  AES_CBC: "AES-#-CBC",
  AES_CTR: "AES-#-CTR",
  DES_ECB: "DES-ECB",
  DES_CBC: "DES-CBC",
  "3DES_ECB": "DES-EDE3-ECB",
  "3DES_CBC": "DES-EDE3-CBC",
};

function withBits(name: string): (keyLen: number) => string {
  return (keyLen) => name.replace("#", String(8 * keyLen));
}

function openCipherOf(algorithm: CipherAlgorithm, library: Libcrypto): OpenCipher | null {
  const { name, keyLens, ivLen, blockLen } = algorithm;
  if (name === "ARC4") {
    const cipher = library.fetchCipher("RC4");
    return cipher === null ? null : (key) => new LibcryptoArc4(library, cipher, key);
  }
  if (name === "AES_XTS") {
    // A key is two.
    const xts = fetchByKeyLen(keyLens, library, (keyLen) => `AES-${4 * keyLen}-XTS`);
    const ecb = fetchByKeyLen(keyLens, library, (keyLen) => `AES-${4 * keyLen}-ECB`);
    if (xts === null || ecb === null) return null;
    return (key, decrypt) =>
      new LibcryptoXts(library, { xts: xts(key), ecb: ecb(key) }, key, decrypt);
  }
  if (!(name in CIPHERS)) return null;
  const cipherFor = fetchByKeyLen(keyLens, library, withBits(CIPHERS[name]));
  if (cipherFor === null) return null;
  return (key, decrypt) =>
    new LibcryptoCipher(library, cipherFor(key), key, ivLen, blockLen, decrypt);
}

// OpenSSL's names by ours.
const DIGESTS: Readonly<Record<string, string>> = {
  MD5: "MD5",
  SHA1: "SHA1",
  SHA_224: "SHA2-224",
  SHA_256: "SHA2-256",
  SHA_384: "SHA2-384",
  SHA_512: "SHA2-512",
  SHA3_224: "SHA3-224",
  SHA3_256: "SHA3-256",
  SHA3_384: "SHA3-384",
  SHA3_512: "SHA3-512",
  SHA3_SHAKE128: "SHAKE-128",
  SHA3_SHAKE256: "SHAKE-256",
};

// One hash per digest for everyone: HMAC runs on those of the HASH service.
class Digests {
  readonly library: Libcrypto;
  readonly #hashes: Map<string, LibcryptoHash | null> = new Map();

  constructor(library: Libcrypto) {
    this.library = library;
  }

  find(name: string, digestLen: number): LibcryptoHash | null {
    let hash = this.#hashes.get(name);
    if (hash === undefined) {
      const handle = name in DIGESTS ? this.library.fetchDigest(DIGESTS[name]) : null;
      hash = handle === null ? null : new LibcryptoHash(this.library, handle, digestLen);
      this.#hashes.set(name, hash);
    }
    return hash;
  }
}

function openHashOf(algorithm: HashAlgorithm, digests: Digests): OpenHash | null {
  const { name, maxResultLen, innerLen } = algorithm;
  const isExtendable = maxResultLen !== innerLen;
  const hash = digests.find(name, isExtendable ? 0 : innerLen);
  return hash === null ? null : () => hash;
}

const DES_BLOCK_LEN = 8;
const AES_BLOCK_LEN = 16;

function openMacOf(
  algorithm: MacAlgorithm,
  library: Libcrypto,
  digests: Digests,
): OpenMac | null {
  const { name, keyLens, maxResultLen } = algorithm;
  if (name.startsWith("HMAC_")) {
    const hash = digests.find(name.slice("HMAC_".length), maxResultLen);
    // FIPS 180-4, 1: SHA-384 and SHA-512 have blocks of 1024 bits, those before them of 512.
    const blockLen = maxResultLen > 32 ? 128 : 64;
    return hash === null ? null : (key) => new LibcryptoHmac(library, hash, blockLen, key);
  }
  if (name === "GMAC_AES") {
    const cipherFor = fetchByKeyLen(keyLens, library, withBits("AES-#-GCM"));
    return cipherFor && ((key) => new LibcryptoGmac(library, cipherFor(key), key));
  }
  if (name === "CMAC_3DES") {
    const cipherFor = fetchByKeyLen(keyLens, library, () => "DES-EDE3-CBC");
    return cipherFor &&
      ((key) => LibcryptoCbcMac.cmac(library, cipherFor(key), key, DES_BLOCK_LEN));
  }
  if (!["CMAC_AES", "CBCMAC_AES", "XCBC_AES"].includes(name)) return null;
  const cipherFor = fetchByKeyLen(keyLens, library, withBits("AES-#-CBC"));
  if (cipherFor === null) return null;
  return (key) => {
    const cipher = cipherFor(key);
    if (name === "CMAC_AES") return LibcryptoCbcMac.cmac(library, cipher, key, AES_BLOCK_LEN);
    if (name === "XCBC_AES") return LibcryptoCbcMac.xcbc(library, cipher, key);
    return new LibcryptoCbcMac(library, cipher, key, AES_BLOCK_LEN);
  };
}

function openAeadOf(algorithm: AeadAlgorithm, library: Libcrypto): OpenAead | null {
  const { name, keyLens } = algorithm;
  if (name === "CHACHA20_POLY1305") {
    const cipher = library.fetchCipher("ChaCha20-Poly1305");
    return cipher && ((key) => new LibcryptoAead(Keyed.of(library, cipher, key)));
  }
  const cipherFor = fetchByKeyLen(keyLens, library, withBits(`AES-#-${name}`));
  if (cipherFor === null) return null;
  return name === "GCM"
    ? (key) => new LibcryptoGcm(library, cipherFor(key), key)
    : (key) => new LibcryptoCcm(library, cipherFor(key), key);
}
