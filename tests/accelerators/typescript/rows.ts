/** The algorithms that our own code serves, each with its readable reference version. */

import { ARC4 } from "../../../device/algorithms/arc4.ts";
import { AES_F8 } from "../../../device/algorithms/aes_f8.ts";
import { AES_XTS } from "../../../device/algorithms/aes_xts.ts";
import {
  type Algorithm,
  type CipherAlgorithm,
  type KeyLens,
  type MacAlgorithm,
  type OpenCipher,
  type OpenMac,
} from "../../../device/algorithms/algorithm.ts";
import { CBCMAC_AES } from "../../../device/algorithms/cbcmac_aes.ts";
import { CMACS } from "../../../device/algorithms/cmac.ts";
import { DES } from "../../../device/algorithms/des.ts";
import { GMACS } from "../../../device/algorithms/gmac.ts";
import { KASUMI } from "../../../device/algorithms/kasumi.ts";
import { SNOW3G } from "../../../device/algorithms/snow3g.ts";
import { XCBC_AES } from "../../../device/algorithms/xcbc_aes.ts";
import { ZUC } from "../../../device/algorithms/zuc.ts";
import { Service } from "../../../device/wire/constants.ts";
import { arc4 } from "./reference/arc4.ts";
import * as des from "./reference/des.ts";
import * as kasumi from "./reference/kasumi.ts";
import * as modes from "./reference/modes.ts";
import * as snow3g from "./reference/snow3g.ts";
import * as twofish from "./reference/twofish.ts";
import * as zuc from "./reference/zuc.ts";

const ROWS: readonly Algorithm[] = [
  ...ARC4,
  ...DES,
  ...KASUMI,
  ...SNOW3G,
  ...AES_F8,
  ...AES_XTS,
  ...ZUC,
  ...CMACS,
  ...GMACS,
  ...CBCMAC_AES,
  ...XCBC_AES,
];

export const CIPHERS: readonly CipherAlgorithm[] = ROWS.filter((row) =>
  row.service === Service.CIPHER
);
export const MACS: readonly MacAlgorithm[] = ROWS.filter((row) => row.service === Service.MAC);

/** Opens a context of the only accelerator that serves a row. */
export function openCipher(row: CipherAlgorithm): OpenCipher {
  return row.implementations[0].open;
}

/** Opens a context of the only accelerator that serves a row. */
export function openMac(row: MacAlgorithm): OpenMac {
  return row.implementations[0].open;
}

/** Key lengths worth testing. */
export function keyLensOf(keyLens: KeyLens): readonly number[] {
  return "min" in keyLens ? [keyLens.min, 5, 16, keyLens.max] : keyLens;
}

type CipherReference = (
  key: Uint8Array,
  iv: Uint8Array,
  src: Uint8Array,
  decrypt: boolean,
) => Uint8Array;

const desEcb: CipherReference = (key, _iv, src, decrypt) => des.ecb(key, src, decrypt);

/** By the name of the algorithm. */
export const CIPHER_REFERENCES: Readonly<Record<string, CipherReference>> = {
  ARC4: (key, _iv, src) => arc4(key, src),
  DES_ECB: desEcb,
  DES_CBC: des.cbc,
  "3DES_ECB": desEcb,
  "3DES_CBC": des.cbc,
  "3DES_CTR": des.ctr,
  KASUMI_F8: kasumi.f8,
  SNOW3G_UEA2: snow3g.uea2,
  ZUC_EEA3: zuc.eea3,
  AES_F8: (key, iv, src) =>
    modes.aesF8(key.slice(0, key.length / 2), key.slice(key.length / 2), iv, src),
  AES_XTS: modes.aesXts,
};

type MacReference = (key: Uint8Array, iv: Uint8Array, message: Uint8Array) => Uint8Array;

/** By the name of the algorithm; full tags. */
export const MAC_REFERENCES: Readonly<Record<string, MacReference>> = {
  KASUMI_F9: (key, _iv, message) => kasumi.f9(key, message),
  CBCMAC_KASUMI_F9: (key, _iv, message) =>
    modes.cbcMac((input) => kasumi.block(key, input), 8, message),
  SNOW3G_UIA2: snow3g.uia2,
  ZUC_EIA3: zuc.eia3,
  CMAC_3DES: (key, _iv, message) => modes.cmac((input) => des.block(key, input), 8, message),
  CMAC_AES: (key, _iv, message) => modes.cmac(modes.aes(key), 16, message),
  CBCMAC_AES: (key, _iv, message) => modes.cbcMac(modes.aes(key), 16, message),
  XCBC_AES: (key, _iv, message) => modes.xcbc(key, message),
  GMAC_AES: (key, iv, message) => modes.gmac(modes.aes(key), iv, message),
  GMAC_TWOFISH: (key, iv, message) => modes.gmac((input) => twofish.block(key, input), iv, message),
};
