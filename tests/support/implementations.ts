/** Every algorithm with every implementation there is: what contracts are run over. */

import { type Algorithm, ALGORITHMS, openLibcrypto, withLibcrypto } from "../../device/mod.ts";

const opened = openLibcrypto();
// A suite that quietly left an accelerator out would say that it is fine.
if (opened.library === null) throw new Error(`The tests need libcrypto: ${opened.reason}`);

/** The rows, libcrypto's implementations among theirs. */
export const IMPLEMENTED: readonly Algorithm[] = withLibcrypto(ALGORITHMS, opened.library);

/** The rows of one service. */
export function implementedRows<A extends Algorithm>(service: A["service"]): A[] {
  return IMPLEMENTED.filter((row): row is A => row.service === service);
}
