/** Algorithms chosen by name. */

import { strict as assert } from "node:assert";
import { AlgorithmChoiceError, ALGORITHMS, chooseAlgorithms } from "../../device/mod.ts";

const names = (choice: string) => chooseAlgorithms(ALGORITHMS, choice).map(({ name }) => name);

Deno.test("all are all, and modern those without a weakness", () => {
  assert.equal(names("all").length, ALGORITHMS.length);
  assert.deepEqual(
    names("modern"),
    ALGORITHMS.filter(({ weakness }) => weakness === undefined).map(({ name }) => name),
  );
});

Deno.test("a list is read from left to right, and given in the order of the algorithms", () => {
  assert.deepEqual(names("sha-256, aes-gcm"), ["SHA_256", "GCM"]);
  assert.deepEqual(names("sha-256,aes-gcm,-sha-256"), ["GCM"]);
  assert.deepEqual(names("-md5,md5"), names("all"));
});

Deno.test("a list that starts by leaving out starts from all", () => {
  assert.equal(names("-md5").length, ALGORITHMS.length - 1);
  assert.ok(!names("-modern").includes("GCM"));
});

Deno.test("what is no algorithm, has a key length, or leaves nothing is refused and named", () => {
  for (
    const [choice, says] of [
      ["aes-gcn", /Unknown algorithm: aes-gcn \(did you mean aes-gcm/],
      ["", /Unknown algorithm: $/],
      ["aes-128-gcm", /chosen with all its key lengths, as aes-gcm: aes-128-gcm/],
      ["md5,-md5", /No algorithm is left by: md5,-md5/],
      ["-all", /No algorithm is left/],
    ] as const
  ) {
    assert.throws(() => names(choice), (error: Error) => {
      assert.ok(error instanceof AlgorithmChoiceError);
      assert.match(error.message, says);
      return true;
    });
  }
});
