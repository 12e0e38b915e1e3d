import { AesF8 } from "../accelerators/typescript/aes_f8.ts";
import { CipherAlgo, Service } from "../wire/constants.ts";
import type { CipherAlgorithm } from "./algorithm.ts";

/** AES_F8; its key is k_e and then the mask m of equal length. */
export const AES_F8: readonly CipherAlgorithm[] = [
  {
    service: Service.CIPHER,
    id: CipherAlgo.AES_F8,
    name: "AES_F8",
    standard: "RFC 3711, 4.1.2",
    knownAnswer: {
      key: "234829008467be186c3de14aae72d62c32f2870d555555555555555555555555",
      iv: "006e5cba50681de55c621599d462564a",
      src: "70736575646f72616e646f6d6e65737320697320746865206e6578742062657374207468696e67",
      result: "019ce7a26e7854014a6366aa95d4eefd1ad4172a14f9faf455b7f1d4b62bd08f562c0eef7c4802",
    },
    keyLens: [32, 48, 64],
    ivLen: 16,
    blockLen: 1,
    minLen: 0,
    implementations: [{ accelerator: "typescript", open: (key) => new AesF8(key) }],
  },
];
