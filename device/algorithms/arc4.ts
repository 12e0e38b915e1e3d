import { Arc4 } from "../accelerators/typescript/arc4.ts";
import { CipherAlgo, Service } from "../wire/constants.ts";
import type { CipherAlgorithm } from "./algorithm.ts";

/** ARC4; every request starts the keystream anew. */
export const ARC4: readonly CipherAlgorithm[] = [
  {
    service: Service.CIPHER,
    id: CipherAlgo.ARC4,
    name: "ARC4",
    standard: "RFC 6229",
    knownAnswer: {
      key: "2e",
      src: "0000000000000000000000000000000000000000000000000000000000000000000000000000",
      result: "7d0ebd8586251eba5612e7f0ae1461b85e7d6d01870ed72cae875737359780097099d507f3f9",
    },
    weakness: "its keystream is biased",
    keyLens: { min: 1, max: 256 },
    ivLen: 0,
    blockLen: 1,
    minLen: 0,
    implementations: [{ accelerator: "typescript", open: (key) => new Arc4(key) }],
  },
];
