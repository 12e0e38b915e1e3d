/**
 * Every algorithm of the device: the one list all else is derived from.
 *
 * @module
 */

import { AEADS } from "./aeads.ts";
import { AES_MODES } from "./aes_modes.ts";
import type { Algorithm } from "./algorithm.ts";
import { HASHES, HMACS } from "./hashes.ts";

/** In the order of services and numbers. */
export const ALGORITHMS: readonly Algorithm[] =
  ([...AES_MODES, ...HASHES, ...HMACS, ...AEADS] as Algorithm[])
    .sort((a, b) => a.service - b.service || a.id - b.id);
