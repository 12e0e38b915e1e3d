import { CbcMac } from "../accelerators/typescript/cbc_mac.ts";
import { Kasumi, KasumiF8, KasumiF9 } from "../accelerators/typescript/kasumi.ts";
import { CipherAlgo, MacAlgo, Service } from "../wire/constants.ts";
import type { CipherAlgorithm, MacAlgorithm } from "./algorithm.ts";

/**
 * KASUMI_F8, KASUMI_F9 and CBCMAC_KASUMI_F9.
 *
 * The iv of KASUMI_F8 is COUNT(32) BEARER(5) DIRECTION(1) 0(26). The caller of KASUMI_F9 formats the
 * input: COUNT, FRESH, message, DIRECTION bit, a 1, zeros to a whole byte.
 */
export const KASUMI: readonly (CipherAlgorithm | MacAlgorithm)[] = [
  {
    service: Service.CIPHER,
    id: CipherAlgo.KASUMI_F8,
    name: "KASUMI_F8",
    standard: "3GPP TS 35.201, TS 35.202",
    knownAnswer: {
      key: "5acb1d644c0d51204ea5f1451010d852",
      iv: "fa556b261c000000",
      src: "ad9c441f890b38c457a49d421407e8",
      result: "9bc92ca803c67b28a11a4bee5a0c25",
    },
    keyLens: [16],
    ivLen: 8,
    blockLen: 1,
    minLen: 0,
    implementations: [{ accelerator: "typescript", open: (key) => new KasumiF8(key) }],
  },
  {
    service: Service.MAC,
    id: MacAlgo.KASUMI_F9,
    name: "KASUMI_F9",
    standard: "3GPP TS 35.201, TS 35.202",
    knownAnswer: {
      key: "c736c6aab22bfff91e2698d2e22ad57e",
      src: "14793e410397e8fdd0a7d463df9fb2b278833fa02e235aa172bd970c1473e12907fb648b6599" +
        "aaa0b24a038665422b20a499276a50427009c0",
      result: "dd7dfadd",
    },
    keyLens: [16],
    maxResultLen: 4,
    ivLen: 0,
    implementations: [{ accelerator: "typescript", open: (key) => new KasumiF9(key) }],
  },
  {
    service: Service.MAC,
    id: MacAlgo.CBCMAC_KASUMI_F9,
    name: "CBCMAC_KASUMI_F9",
    standard: "ISO/IEC 9797-1, algorithm 1, over 3GPP TS 35.202",
    knownAnswer: {
      key: "e737e1b87e020430457b2b1dc66ebee7",
      src: "7474672ede71c4b6cd2dc7ea57f50a8f9f1800a814304cc5",
      result: "64cbb235d5a819c0",
    },
    keyLens: [16],
    maxResultLen: 8,
    ivLen: 0,
    implementations: [
      { accelerator: "typescript", open: (key) => new CbcMac(new Kasumi(key)) },
    ],
  },
];
