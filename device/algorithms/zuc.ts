import { ZucEea3, ZucEia3 } from "../accelerators/typescript/zuc.ts";
import { CipherAlgo, MacAlgo, Service } from "../wire/constants.ts";
import type { CipherAlgorithm, MacAlgorithm } from "./algorithm.ts";

/**
 * ZUC_EEA3 and ZUC_EIA3, of whole bytes.
 *
 * Their ivs: COUNT(32) BEARER(5) DIRECTION(1) 0(26), and the same again; COUNT(32) BEARER(5) 0(27), and
 * the same with the first bits of its first and seventh byte flipped when DIRECTION is 1.
 */
export const ZUC: readonly (CipherAlgorithm | MacAlgorithm)[] = [
  {
    service: Service.CIPHER,
    id: CipherAlgo.ZUC_EEA3,
    name: "ZUC_EEA3",
    standard: "3GPP TS 35.221, TS 35.222",
    knownAnswer: {
      key: "e5bd3ea0eb55ade866c6ac58bd54302a",
      iv: "00056823c400000000056823c4000000",
      src: "14a8ef693d678507bbe7270a7f67ff5006c3525b9807e467c4e56000ba338f5d429559036751" +
        "822246c80d3b38f07f4be2d8ff5805f5132229bde93bbbdcaf382bf1ee972fbf9977bada8945" +
        "847a2a6c9ad34a667554e04d1f7fa2c33241bd8f01ba220d",
      result: "131d43e0dea1be5c5a1bfd971d852cbf712d7b4f57961fea3208afa8bca433f456ad09c7417e" +
        "58bc69cf8866d1353f74865e80781d202dfb3ecff7fcbc3b190fe82a204ed0e350fc0f6f2613" +
        "b2f2bca6df5a473a57a4a00d985ebad880d6f23864a07b01",
    },
    keyLens: [16],
    ivLen: 16,
    blockLen: 1,
    minLen: 0,
    implementations: [{ accelerator: "typescript", open: (key) => new ZucEea3(key) }],
  },
  {
    service: Service.MAC,
    id: MacAlgo.ZUC_EIA3,
    name: "ZUC_EIA3",
    standard: "3GPP TS 35.221, TS 35.222",
    knownAnswer: {
      key: "64af84a1640deab5259ca69abe2cc838",
      iv: "3dba869b30000000bdba869b30008000",
      src: "2f8c1c7bae670e0725311af1ecd38e32b9221e9a6c123137ca004c2ce34951c3",
      result: "3dfd5359",
    },
    keyLens: [16],
    maxResultLen: 4,
    ivLen: 16,
    implementations: [{ accelerator: "typescript", open: (key) => new ZucEia3(key) }],
  },
];
