/** The mutations fit the device as it stands; `deno task test:mutations` runs them. */

import { strict as assert } from "node:assert";
import { nameOf } from "./all_cases.ts";
import { countFinds, targets, untargeted } from "./mutation_checks.ts";
import { MUTATIONS } from "./mutations.ts";
import { MUSTS } from "./musts.ts";

Deno.test("what a mutation replaces stands exactly once in its file", () => {
  const stale = MUTATIONS
    .map((mutation) => ({ name: mutation.name, file: mutation.file, finds: countFinds(mutation) }))
    .filter(({ finds }) => finds !== 1);

  assert.deepEqual(stale, []);
});

Deno.test("a mutation has a name of its own and changes something", () => {
  assert.equal(new Set(MUTATIONS.map(({ name }) => name)).size, MUTATIONS.length);
  for (const { name, find, replace } of MUTATIONS) assert.notEqual(find, replace, name);
});

Deno.test("a mutation is aimed at tests of each MUST it names", () => {
  const known = new Set(MUSTS.map(({ id }) => id));
  for (const mutation of MUTATIONS) {
    const hit = new Set(targets(mutation).map(({ must }) => must));
    assert.deepEqual(mutation.musts.filter((id) => !known.has(id) || !hit.has(id)), []);
  }
});

Deno.test("every test of a MUST, in each of its modes, has a mutation aimed at it", () => {
  assert.deepEqual(untargeted(MUTATIONS).map(nameOf), []);
});
