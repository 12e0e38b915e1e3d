/** What JSON may look like before it is parsed. */

import { strict as assert } from "node:assert";
import { checkJsonShape } from "../../gateway/json_shape.ts";

const check = (text: string) => checkJsonShape(new TextEncoder().encode(text));

Deno.test("JSON may be nested sixteen deep and not seventeen", () => {
  check("[".repeat(16) + "]".repeat(16));
  check(`{"a":`.repeat(16) + "1" + "}".repeat(16));
  check("[[[]]],".repeat(10_000));

  assert.throws(() => check("[".repeat(17)), /nested too deeply/);
  assert.throws(() => check(`{"a":`.repeat(17)), /nested too deeply/);
});

Deno.test("the longest batch of the fullest items may be sent", () => {
  const item = JSON.stringify({
    algorithm: "aes-256-gcm",
    op: "encrypt",
    key: "00",
    iv: "00",
    aad: "00",
    data: "00",
    tagLen: 16,
  });

  check(`{"batch": [${new Array(4096).fill(item).join(", ")}], "encoding": "hex"}`);
});

Deno.test("more values than that are too many, be they items, names, strings or objects", () => {
  const num = 250_000;
  const bodies = [
    `[${new Array(num).fill("1").join()}]`,
    `{${Array.from({ length: num }, (_, i) => `"${i}":1`).join()}}`,
    '""'.repeat(num),
    "{}".repeat(num),
    ":".repeat(num),
  ];

  for (const body of bodies) assert.throws(() => check(body), /too many values/);
});

Deno.test("what stands in a string does not count, escaped quotes and backslashes at its end included", () => {
  const text = "[{,:".repeat(100_000);

  check(JSON.stringify(text));
  check(JSON.stringify({ a: `"\\${text}"`, b: "\\" }));
  assert.throws(() => check(`"\\\\"${"[".repeat(17)}`), /nested too deeply/);
  check(`"\\\\\\"${"[".repeat(17)}`);
});

Deno.test("what is no JSON is left to the parser", () => {
  for (const text of ["", "]", '"', '"\\', "}}}}[", "\u0000"]) check(text);
});
