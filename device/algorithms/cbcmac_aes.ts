import { AesBlock } from "../accelerators/noble/aes_block.ts";
import { CbcMac } from "../accelerators/typescript/cbc_mac.ts";
import { MacAlgo, Service } from "../wire/constants.ts";
import type { MacAlgorithm } from "./algorithm.ts";

/** CBCMAC_AES: zero iv, the last block padded with zeros, no block for no bytes. */
export const CBCMAC_AES: readonly MacAlgorithm[] = [
  {
    service: Service.MAC,
    id: MacAlgo.CBCMAC_AES,
    name: "CBCMAC_AES",
    standard: "ISO/IEC 9797-1, algorithm 1",
    knownAnswer: {
      key: "b0b4228e7fd02da2775f29ddef28fcf128b4ad54fee35ccb",
      src: "d16344d29913143a7c3cd4adc727a394",
      result: "b9ce2839635b179521112ebd24dc1075",
    },
    keyLens: [16, 24, 32],
    maxResultLen: 16,
    ivLen: 0,
    implementations: [
      { accelerator: "typescript", open: (key) => new CbcMac(new AesBlock(key)) },
    ],
  },
];
