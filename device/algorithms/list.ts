/**
 * Every algorithm of the device: the one list all else is derived from.
 *
 * @module
 */

import { AEADS } from "./aeads.ts";
import { AES_F8 } from "./aes_f8.ts";
import { AES_MODES } from "./aes_modes.ts";
import { AES_XTS } from "./aes_xts.ts";
import type { Algorithm } from "./algorithm.ts";
import { ARC4 } from "./arc4.ts";
import { CBCMAC_AES } from "./cbcmac_aes.ts";
import { CMACS } from "./cmac.ts";
import { DES } from "./des.ts";
import { GMACS } from "./gmac.ts";
import { HASHES, HMACS } from "./hashes.ts";
import { KASUMI } from "./kasumi.ts";
import { SNOW3G } from "./snow3g.ts";
import { XCBC_AES } from "./xcbc_aes.ts";
import { ZUC } from "./zuc.ts";

const ALL: readonly (readonly Algorithm[])[] = [
  ARC4,
  AES_MODES,
  DES,
  KASUMI,
  SNOW3G,
  AES_F8,
  AES_XTS,
  ZUC,
  HASHES,
  HMACS,
  CMACS,
  GMACS,
  CBCMAC_AES,
  XCBC_AES,
  AEADS,
];

/** In the order of services and numbers. */
export const ALGORITHMS: readonly Algorithm[] = ALL.flat()
  .sort((a, b) => a.service - b.service || a.id - b.id);
