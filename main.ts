/**
 * The `ringway` program.
 *
 * @module
 */

import { processIo } from "./gateway/cli/io.ts";
import { run } from "./gateway/cli/run.ts";

if (import.meta.main) Deno.exit(await run(Deno.args, processIo()));
