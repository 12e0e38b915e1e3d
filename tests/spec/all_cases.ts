/**
 * All cases, by the specification's sections.
 *
 * @module
 */

import "./configuration_cases.ts";
import "./control_cases.ts";
import "./hash_cases.ts";
import "./mac_cases.ts";
import "./symmetric_cases.ts";
import "./aead_cases.ts";

export { type Case, CASES, keyOf, nameOf } from "./cases.ts";
