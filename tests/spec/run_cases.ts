/**
 * Runs every case without a test runner and prints the names of those that fail, as JSON.
 *
 * @module
 */

import { CASES, nameOf } from "./all_cases.ts";

const failed = CASES.filter(({ run }) => {
  try {
    run();
    return false;
  } catch {
    return true;
  }
});

Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(failed.map(nameOf))));
