import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { execute, ringway, withDirectory, withServe } from "../cli/ringway.ts";

const LEN = 100 * 1000 * 1000;
const KEY = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
/** A counter that wraps soon, at every width an implementation might have got wrong. */
const IV = "fffffffffffffffffffffffffffffff0";

async function writeRandom(path: string): Promise<void> {
  const file = await open(path, "w");
  const block = randomBytes(1_000_000);
  for (let i = 0; i < LEN / block.length; i++) {
    // Blocks that differ: a swap of two requests must not go unseen.
    block.writeUInt32LE(i, 0);
    await file.write(block);
  }
  await file.close();
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

const CASES = [
  { algorithm: "aes-128-cbc", key: KEY.slice(0, 32), flags: ["-nopad"] },
  { algorithm: "aes-256-ctr", key: KEY, flags: [] },
];

Deno.test("crypt of 100 MB through a running gateway gives the bytes of openssl enc", async (t) => {
  await withDirectory(async (cwd) => {
    await writeRandom(join(cwd, "in"));
    await withServe(["--log", "none"], async ({ url }) => {
      for (const { algorithm, key, flags } of CASES) {
        await t.step(`${algorithm}, there and back`, async () => {
          const words = ["enc", `-${algorithm}`, ...flags, "-K", key, "-iv", IV];
          const { code, stderr } = await execute(
            "openssl",
            [...words, "-in", "in", "-out", "expected"],
            { cwd },
          );
          assert.equal(code, 0, stderr);
          const common = ["crypt", "--algorithm", algorithm, "--key", key, "--iv", IV];
          const gateway = ["--url", url.replace("http", "ws")];
          const sealed = await ringway([...common, ...gateway, "--out", "out", "in"], { cwd });
          assert.deepEqual([sealed.code, sealed.stderr], [0, ""]);
          assert.equal(await digestOf(join(cwd, "out")), await digestOf(join(cwd, "expected")));
          const opened = await ringway([...common, ...gateway, "-d", "-o", "back", "out"], { cwd });
          assert.deepEqual([opened.code, opened.stderr], [0, ""]);
          assert.equal(await digestOf(join(cwd, "back")), await digestOf(join(cwd, "in")));
        });
      }
    });
  });
});
