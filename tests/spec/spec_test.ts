/** Every MUST of the device has a test, and the device passes it. */

import { strict as assert } from "node:assert";
import { CASES, nameOf } from "./all_cases.ts";
import { ALL_MODES, type Mode } from "./cases.ts";
import { countKeywords, type Must, MUSTS, SPECIFICATION } from "./musts.ts";

Deno.test("the specification puts 41 MUSTs on the device, none lost between its items", () => {
  assert.equal(MUSTS.length, 41);
  assert.equal(countKeywords(SPECIFICATION), 41);
  assert.equal(new Set(MUSTS.map(({ id }) => id)).size, 41);
});

Deno.test("every MUST of the device has a test", () => {
  const covered = new Set(CASES.map(({ must }) => must));

  const untested = MUSTS.filter(({ id }) => !covered.has(id)).map(({ id, text }) =>
    `${id}: ${text}`
  );

  assert.deepEqual(untested, []);
});

Deno.test("every test names a MUST that is in the specification", () => {
  const known = new Set(MUSTS.map(({ id }) => id));

  assert.deepEqual(CASES.filter(({ must }) => !known.has(must)).map(nameOf), []);
});

// The configuration is the same in all modes; the control queue has no stateless requests; two MUSTs
// of each service say what one side of MUX_MODE is like.
function modesOf({ section, text }: Must): readonly (Mode | null)[] {
  if (section === "Device configuration layout") return [null];
  if (section.startsWith("Session operation")) return ["not-MUX", "MUX"];
  if (text.startsWith("If the VIRTIO_CRYPTO_F_MUX_MODE")) return ["MUX", "stateless"];
  if (text.startsWith("Otherwise")) return ["not-MUX"];
  return ALL_MODES;
}

Deno.test("every MUST is tested in each mode that makes a difference to it", () => {
  for (const each of MUSTS) {
    const tested = new Set(CASES.filter(({ must }) => must === each.id).map(({ mode }) => mode));
    assert.deepEqual(tested, new Set(modesOf(each)), each.id);
  }
});

for (const each of CASES) Deno.test(nameOf(each), each.run);
