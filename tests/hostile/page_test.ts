/** Every case of the page is sent by a test that exists. */

import { strict as assert } from "node:assert";
import { HOSTILE_CASES } from "./page.ts";

// The names that the suites register, without registering them here.
async function registered(): Promise<Set<string>> {
  const names = new Set<string>();
  const { test } = Deno;
  const record = (name: string) => names.add(name.replace(/ \((rings|WebSocket|HTTP)\)$/, ""));
  Object.assign(Deno, { test: Object.assign(record, test) });
  try {
    await Promise.all([
      import("./lengths_test.ts"),
      import("./keys_test.ts"),
      import("./chains_test.ts"),
      import("./late_test.ts"),
      import("./rings_test.ts"),
      import("./shapes_test.ts"),
      import("./sessions_test.ts"),
      import("./race_test.ts"),
      import("./faults_test.ts"),
      import("./network_test.ts"),
      import("./load_test.ts"),
      import("./flood_test.ts"),
    ]);
  } finally {
    Object.assign(Deno, { test });
  }
  return names;
}

Deno.test("every case that has broken others is sent by a test", async () => {
  const names = await registered();

  const missing = Object.entries(HOSTILE_CASES).flatMap(([chapter, cases]) =>
    cases.flatMap(({ what, tests }) => {
      const absent = tests.filter((name) => !names.has(name));
      return tests.length === 0 || absent.length > 0 ? [{ chapter, what, absent }] : [];
    })
  );

  assert.ok(names.size > 150, `${names.size} tests`);
  assert.deepEqual(missing, []);
});

Deno.test("the page has its chapters whole", () => {
  const sizes = Object.entries(HOSTILE_CASES).map(([chapter, cases]) => [chapter, cases.length]);

  assert.deepEqual(Object.fromEntries(sizes), {
    lengths: 13,
    rings: 19,
    "time of check": 5,
    sessions: 11,
    shapes: 9,
    network: 11,
  });
});
