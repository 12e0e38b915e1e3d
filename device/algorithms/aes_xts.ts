import { AesXts } from "../accelerators/typescript/aes_xts.ts";
import { CipherAlgo, Service } from "../wire/constants.ts";
import type { CipherAlgorithm } from "./algorithm.ts";

/**
 * Whether the two halves of an XTS key differ, which FIPS 140 (implementation guidance C.I) demands.
 * Compares in constant time.
 */
export function halvesDiffer(key: Uint8Array): boolean {
  const len = key.length / 2;
  let difference = 0;
  for (let i = 0; i < len; i++) difference |= key[i] ^ key[len + i];
  return difference !== 0;
}

/** AES_XTS with ciphertext stealing; the iv is the tweak. Keys with equal halves are refused. */
export const AES_XTS: readonly CipherAlgorithm[] = [
  {
    service: Service.CIPHER,
    id: CipherAlgo.AES_XTS,
    name: "AES_XTS",
    standard: "IEEE 1619; NIST SP 800-38E",
    knownAnswer: {
      key: "e79419fc6d058801f6e5bf95e6ecf10f8c38bc885af408eaababd52d1ff5a1d78d44c747de62" +
        "125c2e9f3b4c3976a5d4bd1f80d5f148bfa4df813431e3cd57b6",
      iv: "f2e0eba7e7bbf67f0000000000000000",
      src: "06e3c200dbf0609480cec6f954062f68fa55c620115e93445e0925cdd708668ebc",
      result: "e3c8d3bc83eab55b81e308c47bdbf6e79a6efd3a64cdb3b670a941497b9e2e4b53",
    },
    keyLens: [32, 64],
    ivLen: 16,
    blockLen: 1,
    minLen: 16,
    acceptsKey: halvesDiffer,
    implementations: [
      { accelerator: "typescript", open: (key, decrypt) => new AesXts(key, decrypt) },
    ],
  },
];
