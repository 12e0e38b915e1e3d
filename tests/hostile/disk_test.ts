/**
 * The command line on a full disk: the error is clear, no partial output stays, the input is never lost.
 *
 * Where a small file system can be mounted, that is full; elsewhere files may not grow beyond a size, which
 * fails the same system call with another reason.
 */

import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { commandLine, execute, type Outcome, withDirectory } from "../cli/ringway.ts";
import { Random } from "../support/random.ts";

const LIMIT = 1 << 20;
const BLOCK = 512;
const KEY = "00".repeat(16);
const CRYPT = ["crypt", "-a", "aes-128-ctr", "-k", KEY, "--iv", KEY];
const FULL = /^ringway: Cannot write [^\n]*: (no space left on device|file too large)[^\n]*\n$/i;

/** A place that has room for a MiB, and how a command is run there. */
interface FullPlace {
  readonly path: string;
  readonly run: (args: readonly string[], input?: Uint8Array) => Promise<Outcome>;
}

async function withFullPlace(body: (place: FullPlace) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const path = join(directory, "small");
    await mkdir(path);
    const mount = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${LIMIT}`, "tmpfs", path]);
    const isMounted = mount.status === 0;
    const run: FullPlace["run"] = (args, input) => {
      const [program, words] = commandLine(args);
      if (isMounted) return execute(program, words, { cwd: path, input });
      // Ignored, the signal that would end the program becomes an error of write().
      const script = `trap '' XFSZ; ulimit -f ${LIMIT / BLOCK}; exec "$0" "$@"`;
      return execute("sh", ["-c", script, program, ...words], { cwd: path, input });
    };
    try {
      await body({ path, run });
    } finally {
      if (isMounted) spawnSync("umount", [path]);
    }
  });
}

const plaintext = (len: number) => new Random(len).bytes(len);

Deno.test("crypt to a file on a full disk says so in one line, and leaves no part of the output", () =>
  withFullPlace(async ({ path, run }) => {
    const { code, stderr } = await run([...CRYPT, "-o", "out"], plaintext(3 << 20));

    assert.equal(code, 1);
    assert.match(stderr, FULL);
    assert.deepEqual(await readdir(path), []);
  }));

Deno.test("crypt of a file onto itself on a full disk leaves the file as it was", () =>
  withFullPlace(async ({ path, run }) => {
    const input = plaintext(700_000);
    const file = join(path, "file");
    await writeFile(file, input);
    // With what is there already the disk has no room for the output beside it; where files have a
    // largest size instead, the command is given more than that to append.
    const source = join(path, "..", "source");
    await writeFile(source, plaintext(LIMIT + 4096));

    const { code, stderr } = await run([...CRYPT, "-i", source, "-o", "file"]);

    assert.equal(code, 1);
    assert.match(stderr, FULL);
    assert.deepEqual(await readdir(path), ["file"]);
    assert.deepEqual(new Uint8Array(await readFile(file)), input);
    assert.equal((await readFile(source)).length, LIMIT + 4096);
  }));

Deno.test("crypt in place where there is room for one of the two only never loses the input", () =>
  withFullPlace(async ({ path, run }) => {
    const input = plaintext(600_000);
    await writeFile(join(path, "file"), input);

    const { code } = await run([...CRYPT, "-i", "file", "-o", "file"]);

    const after = new Uint8Array(await readFile(join(path, "file")));
    assert.deepEqual(await readdir(path), ["file"]);
    // Refused, and as it was; or done, and it can be undone.
    if (code !== 0) assert.deepEqual(after, input);
    else {
      const back = await run([...CRYPT, "-d", "-i", "file", "-o", "-"]);
      assert.deepEqual(back.stdout, input);
    }
  }));

for (const args of [[...CRYPT, "-o", "/dev/full"], ["hash", "-a", "shake128", "-l", "60000"]]) {
  Deno.test(`${args[0]} to a full device says so in one line`, async () => {
    const [program, words] = commandLine(args);
    const script = args.includes("/dev/full") ? 'exec "$0" "$@"' : 'exec "$0" "$@" > /dev/full';

    const { code, stderr } = await execute("sh", ["-c", script, program, ...words], {
      input: plaintext(300_000),
    });

    assert.equal(code, 1);
    assert.match(stderr, /^ringway: Cannot write [^\n]*no space left on device[^\n]*\n$/i);
  });
}

Deno.test("a token that finds no room leaves the tokens file as it was, and is not printed", () =>
  withFullPlace(async ({ path, run }) => {
    const rows = Array.from({ length: 6000 }, (_, i) => ({
      name: `client-${i}`,
      sha256: "ab".repeat(32),
    }));
    const text = JSON.stringify({ tokens: rows });
    await writeFile(join(path, "tokens.json"), text);

    const { code, stdout, stderr } = await run(["token", "new", "late", "--tokens", "tokens.json"]);

    // Written anew with indentation the file does not fit any more.
    assert.equal(code, 1, stderr);
    assert.equal(stdout.length, 0);
    assert.match(stderr, /^ringway: Cannot add a token to tokens\.json: [^\n]+\n$/);
    assert.equal(await readFile(join(path, "tokens.json"), "utf8"), text);
    assert.deepEqual(await readdir(path), ["tokens.json"]);
  }));
