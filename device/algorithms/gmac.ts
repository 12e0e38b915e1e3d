import { AesBlock } from "../accelerators/noble/aes_block.ts";
import { Gmac } from "../accelerators/typescript/gmac.ts";
import { Twofish } from "../accelerators/typescript/twofish.ts";
import { MacAlgo, Service } from "../wire/constants.ts";
import type { MacAlgorithm } from "./algorithm.ts";

const KEY_LENS = [16, 24, 32];

/** GMAC_AES and GMAC_TWOFISH, with ivs of 12 bytes. */
export const GMACS: readonly MacAlgorithm[] = [
  {
    service: Service.MAC,
    id: MacAlgo.GMAC_AES,
    name: "GMAC_AES",
    standard: "NIST SP 800-38D",
    knownAnswer: {
      key: "99e3e8793e686e571d8285c564f75e2b",
      iv: "c2dd0ab868da6aa8ad9c0d23",
      src: "b668e42d4e444ca8b23cfdd95a9fedd5178aa521144890b093733cf5cf22526c5917ee476541" +
        "809ac6867a8c399309fc",
      result: "3f4fba100eaf1f34b0baadaae9995d85",
    },
    keyLens: KEY_LENS,
    maxResultLen: 16,
    ivLen: 12,
    implementations: [
      { accelerator: "typescript", open: (key) => new Gmac(new AesBlock(key)) },
    ],
  },
  {
    service: Service.MAC,
    id: MacAlgo.GMAC_TWOFISH,
    name: "GMAC_TWOFISH",
    standard: "NIST SP 800-38D over Twofish (Schneier et al., 1998)",
    knownAnswer: {
      key: "0b17ee10396fa777e1b7666c86a0f633",
      iv: "275fd0c76351203669c2f83c",
      src: "80486aaac8c3dfaf104d3511cac1e489d98ccdd2e12ebcfb9894a1e2259763",
      result: "20c651826d1b08b710071d2bd6fe3171",
    },
    keyLens: KEY_LENS,
    maxResultLen: 16,
    ivLen: 12,
    implementations: [
      { accelerator: "typescript", open: (key) => new Gmac(new Twofish(key)) },
    ],
  },
];
