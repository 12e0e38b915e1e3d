import { Snow3gUea2, Snow3gUia2 } from "../accelerators/typescript/snow3g.ts";
import { CipherAlgo, MacAlgo, Service } from "../wire/constants.ts";
import type { CipherAlgorithm, MacAlgorithm } from "./algorithm.ts";

/**
 * SNOW3G_UEA2 and SNOW3G_UIA2, of whole bytes.
 *
 * Their ivs, of big-endian 32-bit words: COUNT, BEARER(5) DIRECTION(1) 0(26), and both again; COUNT,
 * FRESH, COUNT ^ (DIRECTION << 31), FRESH ^ (DIRECTION << 15).
 */
export const SNOW3G: readonly (CipherAlgorithm | MacAlgorithm)[] = [
  {
    service: Service.CIPHER,
    id: CipherAlgo.SNOW3G_UEA2,
    name: "SNOW3G_UEA2",
    standard: "3GPP TS 35.215, TS 35.216",
    knownAnswer: {
      key: "5acb1d644c0d51204ea5f1451010d852",
      iv: "fa556b261c000000fa556b261c000000",
      src: "ad9c441f890b38c457a49d421407e8",
      result: "ba0f31300334c56b52a7497cbac046",
    },
    keyLens: [16],
    ivLen: 16,
    blockLen: 1,
    minLen: 0,
    implementations: [{ accelerator: "typescript", open: (key) => new Snow3gUea2(key) }],
  },
  {
    service: Service.MAC,
    id: MacAlgo.SNOW3G_UIA2,
    name: "SNOW3G_UIA2",
    standard: "3GPP TS 35.215, TS 35.216",
    knownAnswer: {
      key: "c736c6aab22bfff91e2698d2e22ad57e",
      iv: "14793e410397e8fd94793e41039768fd",
      src: "d0a7d463df9fb2b278833fa02e235aa172bd970c1473e12907fb648b6599aaa0b24a03866542" +
        "2b20a499276a50427009",
      result: "38b554c0",
    },
    keyLens: [16],
    maxResultLen: 4,
    ivLen: 16,
    implementations: [{ accelerator: "typescript", open: (key) => new Snow3gUia2(key) }],
  },
];
