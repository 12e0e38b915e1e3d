/**
 * The module that the workers of listeners run.
 *
 * @module
 */

import { runListener } from "./worker.ts";

runListener();
