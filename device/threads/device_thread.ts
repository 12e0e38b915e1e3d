/**
 * The module that device threads run.
 *
 * @module
 */

import { offeredHere } from "./offered.ts";
import { runDeviceThread } from "./thread.ts";

runDeviceThread(({ offered, libcryptoPath }) => offeredHere(offered, libcryptoPath));
