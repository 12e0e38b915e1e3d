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
  /** The digest of "abc", hex. */
  readonly abc: string;
}

const ABC = "616263";
const JEFE = "4a656665";
const WHAT_DO_YA_WANT = "7768617420646f2079612077616e7420666f72206e6f7468696e673f";
const BROKEN = "collisions are practical";

interface FixedFacts extends Facts {
  /** HMAC of "what do ya want for nothing?" under the key "Jefe", hex: RFC 2202, RFC 4231, case 2. */
  readonly jefe?: string;
  readonly noble: typeof sha256 | typeof sha3_256;
}

const FIXED: readonly FixedFacts[] = [
  {
    name: "MD5",
    digestLen: 16,
    standard: "RFC 1321",
    weakness: BROKEN,
    abc: "900150983cd24fb0d6963f7d28e17f72",
    jefe: "750c783e6ab0b503eaa86e310a5db738",
    noble: md5,
  },
  {
    name: "SHA1",
    digestLen: 20,
    standard: "FIPS 180-4",
    weakness: BROKEN,
    abc: "a9993e364706816aba3e25717850c26c9cd0d89d",
    jefe: "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
    noble: sha1,
  },
  {
    name: "SHA_224",
    digestLen: 28,
    standard: "FIPS 180-4",
    abc: "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
    jefe: "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44",
    noble: sha224,
  },
  {
    name: "SHA_256",
    digestLen: 32,
    standard: "FIPS 180-4",
    abc: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    jefe: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    noble: sha256,
  },
  {
    name: "SHA_384",
    digestLen: 48,
    standard: "FIPS 180-4",
    abc: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc23" +
      "58baeca134c825a7",
    jefe: "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c7" +
      "8b3239ecfab21649",
    noble: sha384,
  },
  {
    name: "SHA_512",
    digestLen: 64,
    standard: "FIPS 180-4",
    abc: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a8" +
      "36ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    jefe: "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a" +
      "6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    noble: sha512,
  },
  {
    name: "SHA3_224",
    digestLen: 28,
    standard: "FIPS 202",
    abc: "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
    noble: sha3_224,
  },
  {
    name: "SHA3_256",
    digestLen: 32,
    standard: "FIPS 202",
    abc: "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
    noble: sha3_256,
  },
  {
    name: "SHA3_384",
    digestLen: 48,
    standard: "FIPS 202",
    abc: "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f5" +
      "39f1edf228376d25",
    noble: sha3_384,
  },
  {
    name: "SHA3_512",
    digestLen: 64,
    standard: "FIPS 202",
    abc: "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c9" +
      "1a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
    noble: sha3_512,
  },
];

// The digest that NESTED mode hashes again is twice the security strength (wire.md, section 5).
const EXTENDABLE: readonly (Facts & { readonly noble: typeof shake128 })[] = [
  {
    name: "SHA3_SHAKE128",
    digestLen: 32,
    standard: "FIPS 202",
    abc: "5881092dd818bf5cf8a3ddb793fbcba74097d5c526a6d35f97b83351940f2cc8",
    noble: shake128,
  },
  {
    name: "SHA3_SHAKE256",
    digestLen: 64,
    standard: "FIPS 202",
    abc: "483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739d5a15bef186a5386" +
      "c75744c0527e1faa9f8726e462a12a4feb06bd8801e751e4",
    noble: shake256,
  },
];

function row(
  { name, digestLen, standard, weakness, abc }: Facts,
): Omit<HashAlgorithm, "maxResultLen" | "implementations"> {
  return {
    service: Service.HASH,
    id: HashAlgo[name],
    name,
    standard,
    knownAnswer: { src: ABC, result: abc },
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
export const HMACS: readonly MacAlgorithm[] = FIXED.flatMap(
  ({ name, digestLen, noble, jefe }): MacAlgorithm[] =>
    jefe === undefined ? [] : [{
      service: Service.MAC,
      id: MacAlgo[`HMAC_${name}` as keyof typeof MacAlgo],
      name: `HMAC_${name}`,
      standard: "RFC 2104",
      knownAnswer: { key: JEFE, src: WHAT_DO_YA_WANT, result: jefe },
      ...(name in HMAC_WEAKNESS ? { weakness: HMAC_WEAKNESS[name] } : {}),
      keyLens: { min: 1, max: 512 },
      maxResultLen: digestLen,
      ivLen: 0,
      implementations: [{ accelerator: "noble", open: (key) => new NobleHmac(noble, key) }],
    }],
);
