/** The numbers of the specification, and their names. */

import { strict as assert } from "node:assert";
import { Status, statusName } from "../../device/mod.ts";

Deno.test("every status has its name, and any other number none", () => {
  for (const [name, value] of Object.entries(Status)) assert.equal(statusName(value), name);

  for (const value of [6, 255, -1, 0x100]) assert.equal(statusName(value), "UNKNOWN");
});
