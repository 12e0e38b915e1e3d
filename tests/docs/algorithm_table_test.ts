import { strict as assert } from "node:assert";
import { readReadme, withTable } from "./algorithm_table.ts";

Deno.test("The README's table of algorithms is what the list says", () => {
  const readme = readReadme();

  const fresh = withTable(readme);

  assert.equal(readme, fresh, "The table is stale: run `deno task docs`");
});
