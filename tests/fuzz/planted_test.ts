/** The faults to plant fit the project as it stands; `deno task fuzz:planted` plants them. */

import { strict as assert } from "node:assert";
import { FAULTS } from "./planted/faults.ts";
import { countFinds } from "./planted/tree.ts";

Deno.test("what a planted fault replaces stands exactly once in its file", () => {
  const stale = FAULTS
    .map((fault) => ({ name: fault.name, file: fault.file, finds: countFinds(fault) }))
    .filter(({ finds }) => finds !== 1);

  assert.deepEqual(stale, []);
});

Deno.test("a planted fault has a name of its own, changes something, and there are a dozen", () => {
  assert.ok(FAULTS.length >= 12);
  assert.equal(new Set(FAULTS.map(({ name }) => name)).size, FAULTS.length);
  for (const { name, find, replace } of FAULTS) assert.notEqual(find, replace, name);
});
