import assert from "node:assert/strict";
import { createLog } from "../../gateway/log.ts";

const EPOCH = () => new Date(0);

Deno.test("a JSON line has time, level, event and the fields", () => {
  const lines: string[] = [];

  createLog((line) => lines.push(line), "json", EPOCH)("warn", "ring broken", { connections: 3 });

  assert.deepEqual(lines, [
    '{"time":"1970-01-01T00:00:00.000Z","level":"warn","event":"ring broken","connections":3}',
  ]);
});

Deno.test("a plain line quotes what would be ambiguous, so that no value can forge a line", () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line), "plain", EPOCH);

  log("info", "closing", { reason: "a b", code: 1002, forged: "x\n1970 error you=lose" });

  assert.deepEqual(lines, [
    '1970-01-01T00:00:00.000Z info closing reason="a b" code=1002 ' +
    'forged="x\\n1970 error you=lose"',
  ]);
});
