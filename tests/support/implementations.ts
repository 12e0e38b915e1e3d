/** Every algorithm with every implementation that this machine has: what contracts are run over. */

import { type Algorithm, ALGORITHMS, openLibcrypto, withLibcrypto } from "../../device/mod.ts";

const opened = openLibcrypto();

/** The rows, libcrypto's implementations among theirs where it is installed. */
export const IMPLEMENTED: readonly Algorithm[] = opened.library === null
  ? ALGORITHMS
  : withLibcrypto(ALGORITHMS, opened.library);

/** The rows of one service. */
export function implementedRows<A extends Algorithm>(service: A["service"]): A[] {
  return IMPLEMENTED.filter((row): row is A => row.service === service);
}
