import { XcbcMac } from "../accelerators/typescript/xcbc.ts";
import { MacAlgo, Service } from "../wire/constants.ts";
import type { MacAlgorithm } from "./algorithm.ts";

/** XCBC_AES with the full tag of 16 bytes; AES-XCBC-MAC-96 is its first 12. */
export const XCBC_AES: readonly MacAlgorithm[] = [
  {
    service: Service.MAC,
    id: MacAlgo.XCBC_AES,
    name: "XCBC_AES",
    standard: "RFC 3566",
    knownAnswer: {
      key: "000102030405060708090a0b0c0d0e0f",
      src: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021",
      result: "becbb3bccdb518a30677d5481fb6b4d8",
    },
    keyLens: [16],
    maxResultLen: 16,
    ivLen: 0,
    implementations: [{ accelerator: "typescript", open: (key) => new XcbcMac(key) }],
  },
];
