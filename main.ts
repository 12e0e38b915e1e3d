/**
 * The `ringway` program.
 *
 * @module
 */

import { processIo } from "./gateway/cli/io.ts";
import { run } from "./gateway/cli/run.ts";

if (import.meta.main) {
  // Deno would ask at the terminal, or end the process where nobody can catch it: so it is asked beforehand.
  const { state } = Deno.permissions.querySync({ name: "net", host: "127.0.0.1" });
  Deno.exit(await run(Deno.args, processIo(state === "granted")));
}
