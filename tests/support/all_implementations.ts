/** The rows with every implementation there is on a machine that has all: libcrypto's as well. */

import { strict as assert } from "node:assert";
import {
  type Algorithm,
  ALGORITHMS,
  type Libcrypto,
  openLibcrypto,
  withLibcrypto,
} from "../../device/mod.ts";

/** libcrypto, whose absence is a failure here, not a skip. */
export const LIBCRYPTO: Libcrypto = (() => {
  const opened = openLibcrypto();
  return opened.library ?? assert.fail(`No libcrypto: ${opened.reason}`);
})();

/** See the file's comment. */
export const ALL_IMPLEMENTATIONS: readonly Algorithm[] = withLibcrypto(ALGORITHMS, LIBCRYPTO);
