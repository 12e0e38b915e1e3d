import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { sha3_224, sha3_256, sha3_384, sha3_512, shake128, shake256 } from "@noble/hashes/sha3.js";
import { NobleHash, NobleHmac, NobleXof } from "../accelerators/noble/hash.ts";
import { HashAlgo, MacAlgo, MAX_XOF_LEN, Service } from "../wire/constants.ts";
import type { HashAlgorithm, MacAlgorithm } from "./algorithm.ts";

interface Facts {
  readonly name: keyof typeof HashAlgo;
  readonly digestLen: number;
  readonly standard: string;
  readonly weakness?: string;
}

const BROKEN = "collisions are practical";

const FIXED: readonly (Facts & { readonly noble: typeof sha256 | typeof sha3_256 })[] = [
  { name: "MD5", digestLen: 16, standard: "RFC 1321", weakness: BROKEN, noble: md5 },
  { name: "SHA1", digestLen: 20, standard: "FIPS 180-4", weakness: BROKEN, noble: sha1 },
  { name: "SHA_224", digestLen: 28, standard: "FIPS 180-4", noble: sha224 },
  { name: "SHA_256", digestLen: 32, standard: "FIPS 180-4", noble: sha256 },
  { name: "SHA_384", digestLen: 48, standard: "FIPS 180-4", noble: sha384 },
  { name: "SHA_512", digestLen: 64, standard: "FIPS 180-4", noble: sha512 },
  { name: "SHA3_224", digestLen: 28, standard: "FIPS 202", noble: sha3_224 },
  { name: "SHA3_256", digestLen: 32, standard: "FIPS 202", noble: sha3_256 },
  { name: "SHA3_384", digestLen: 48, standard: "FIPS 202", noble: sha3_384 },
  { name: "SHA3_512", digestLen: 64, standard: "FIPS 202", noble: sha3_512 },
];

// The digest that NESTED mode hashes again is twice the security strength (wire.md, section 5).
const EXTENDABLE: readonly (Facts & { readonly noble: typeof shake128 })[] = [
  { name: "SHA3_SHAKE128", digestLen: 32, standard: "FIPS 202", noble: shake128 },
  { name: "SHA3_SHAKE256", digestLen: 64, standard: "FIPS 202", noble: shake256 },
];

function row(
  { name, digestLen, standard, weakness }: Facts,
): Omit<HashAlgorithm, "maxResultLen" | "implementations"> {
  return {
    service: Service.HASH,
    id: HashAlgo[name],
    name,
    standard,
    innerLen: digestLen,
    ...(weakness === undefined ? {} : { weakness }),
  };
}

/** All twelve hashes of the HASH service. */
export const HASHES: readonly HashAlgorithm[] = [
  ...FIXED.map((facts): HashAlgorithm => ({
    ...row(facts),
    maxResultLen: facts.digestLen,
    implementations: [
      { accelerator: "noble", open: () => new NobleHash(() => facts.noble.create()) },
    ],
  })),
  ...EXTENDABLE.map((facts): HashAlgorithm => ({
    ...row(facts),
    maxResultLen: MAX_XOF_LEN,
    implementations: [
      {
        accelerator: "noble",
        open: () => new NobleXof((dkLen) => facts.noble.create({ dkLen })),
      },
    ],
  })),
];

// HMAC is not hurt by collisions, but MD5 and SHA-1 are on their way out with it all the same.
const HMAC_WEAKNESS: Readonly<Record<string, string>> = {
  MD5: "MD5 is retired",
  SHA1: "SHA-1 is being retired",
};

/** The six HMACs of the MAC service, with keys of 1 to 512 bytes. */
export const HMACS: readonly MacAlgorithm[] = FIXED
  .filter(({ name }) => `HMAC_${name}` in MacAlgo)
  .map(({ name, digestLen, noble }): MacAlgorithm => ({
    service: Service.MAC,
    id: MacAlgo[`HMAC_${name}` as keyof typeof MacAlgo],
    name: `HMAC_${name}`,
    standard: "RFC 2104",
    ...(name in HMAC_WEAKNESS ? { weakness: HMAC_WEAKNESS[name] } : {}),
    keyLens: { min: 1, max: 512 },
    maxResultLen: digestLen,
    ivLen: 0,
    implementations: [{ accelerator: "noble", open: (key) => new NobleHmac(noble, key) }],
  }));
