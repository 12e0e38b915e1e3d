import { AesBlock } from "../accelerators/noble/aes_block.ts";
import { Cmac } from "../accelerators/typescript/cmac.ts";
import { Des } from "../accelerators/typescript/des.ts";
import { MacAlgo, Service } from "../wire/constants.ts";
import type { MacAlgorithm } from "./algorithm.ts";

/** CMAC_3DES and CMAC_AES. */
export const CMACS: readonly MacAlgorithm[] = [
  {
    service: Service.MAC,
    id: MacAlgo.CMAC_3DES,
    name: "CMAC_3DES",
    standard: "NIST SP 800-38B",
    knownAnswer: {
      key: "8c1f29f440f7f8b55b45fe8f1f688661ba40f43d9e7cc86b",
      src: "220817144a15a0a654fc1beaabce60270aa72df83591754ee7a5fbb40b7420d7",
      result: "80ac51c2ef7bd5d7",
    },
    weakness: "64-bit blocks collide after some 32 GiB",
    keyLens: [24],
    maxResultLen: 8,
    ivLen: 0,
    implementations: [
      { accelerator: "typescript", open: (key) => new Cmac(new Des(key, false)) },
    ],
  },
  {
    service: Service.MAC,
    id: MacAlgo.CMAC_AES,
    name: "CMAC_AES",
    standard: "NIST SP 800-38B",
    knownAnswer: {
      key: "2b7e151628aed2a6abf7158809cf4f3c",
      src: "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411",
      result: "dfa66747de9ae63030ca32611497c827",
    },
    keyLens: [16, 24, 32],
    maxResultLen: 16,
    ivLen: 0,
    implementations: [
      { accelerator: "typescript", open: (key) => new Cmac(new AesBlock(key)) },
    ],
  },
];
