import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { chmod, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { connect } from "../../gateway/client/mod.ts";
import { VERSION } from "../../gateway/version.ts";
import { commandLine, execute, ringway, withDirectory, withServe } from "./ringway.ts";

const KEY = "000102030405060708090a0b0c0d0e0f";
const IV = "fffffffffffffffffffffffffffffffe";
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("the help names every command, and each command's help its options", async () => {
  const all = text((await ringway(["--help"])).stdout);
  for (const name of ["serve", "info", "crypt", "hash", "mac", "token"]) {
    assert.match(all, new RegExp(`^  ${name} `, "m"));
    const { code, stdout, stderr } = await ringway([name, "--help"]);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.match(text(stdout), new RegExp(`^Usage: ringway ${name} \\[options\\]`));
    assert.match(text(stdout), /--help/);
  }
  assert.equal(
    text((await ringway(["help", "crypt"])).stdout).slice(0, 20),
    "Usage: ringway crypt",
  );
});

Deno.test("the help of serve names every option of a gateway", async () => {
  const help = text((await ringway(["serve", "--help"])).stdout);
  const { serveOptionsSchema } = await import("../../gateway/options.ts");
  for (const key of Object.keys(serveOptionsSchema.shape)) {
    // The program finds out by itself what it may do.
    if (key === "selfConnection") continue;
    const option = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    assert.match(help, new RegExp(`--${option}\\b`), key);
  }
});

Deno.test("the version is that of the package", async () => {
  assert.equal(text((await ringway(["--version"])).stdout), `ringway ${VERSION}\n`);
});

/** Ways through ciphers whose data go through in many requests, by OpenSSL's name for them. */
const STREAMED = [
  { algorithm: "aes-128-cbc", openssl: "-aes-128-cbc", key: KEY, iv: IV, block: 16 },
  { algorithm: "aes-256-cbc", openssl: "-aes-256-cbc", key: KEY + KEY, iv: IV, block: 16 },
  { algorithm: "aes-192-ecb", openssl: "-aes-192-ecb", key: KEY + "0011223344556677", block: 16 },
  { algorithm: "aes-256-ctr", openssl: "-aes-256-ctr", key: KEY + KEY, iv: IV, block: 1 },
];

for (const { algorithm, openssl, key, iv, block } of STREAMED) {
  Deno.test(`crypt with ${algorithm} gives OpenSSL's bytes, whatever the length, and takes them back`, async () => {
    await withDirectory(async (cwd) => {
      // Lengths around the edges of requests: 256 KiB and 1 MiB.
      for (const len of [0, 262_160, 3_000_000]) {
        const input = new Uint8Array(randomBytes(len - len % block));
        const ivOf = (name: string) => iv === undefined ? [] : [name, iv];
        const words = ["enc", openssl, "-nopad", "-K", key, ...ivOf("-iv")];
        const expected = await execute("openssl", words, { input });
        assert.equal(expected.code, 0, expected.stderr);
        await writeFile(join(cwd, "in"), input);
        const common = ["crypt", "--algorithm", algorithm, "--key", key, ...ivOf("--iv")];
        const sealed = await ringway([...common, "--out", "out", "in"], { cwd });
        assert.equal(sealed.stderr, "");
        assert.equal(sealed.code, 0);
        const actual = await readFile(join(cwd, "out"));
        assert.ok(actual.equals(expected.stdout), `${len} bytes differ`);
        const opened = await ringway([...common, "--decrypt"], { input: new Uint8Array(actual) });
        assert.ok(Buffer.from(opened.stdout).equals(input), `${len} bytes differ on the way back`);
      }
    });
  });
}

Deno.test("crypt with an AEAD algorithm seals and opens, through a gateway and here", async () => {
  await withServe(["--log", "none"], async ({ url }) => {
    const common = ["crypt", "-a", "aes-128-gcm", "-k", KEY, "--iv", IV.slice(8), "--aad", "01"];
    const input = new TextEncoder().encode("attack at dawn");
    const sealed = await ringway([...common, "--url", url.replace("http", "ws")], { input });
    assert.equal(sealed.stdout.length, input.length + 16);
    const opened = await ringway([...common, "-d"], { input: sealed.stdout });
    assert.equal(text(opened.stdout), "attack at dawn");
    const http = await ringway([...common, "-d", "--url", url], { input: sealed.stdout });
    assert.equal(text(http.stdout), "attack at dawn");
  });
});

Deno.test("keys come from files, as digits or bytes, and from the environment", async () => {
  await withDirectory(async (cwd) => {
    await writeFile(join(cwd, "hex"), `${KEY.slice(0, 16)}\n${KEY.slice(16)}\n`);
    await writeFile(join(cwd, "raw"), Uint8Array.fromHex(KEY));
    const expected = createHmac("sha256", Uint8Array.fromHex(KEY)).update("x").digest("hex");
    for (const key of [KEY, "@hex", "raw:raw", "env:MY_KEY"]) {
      const options = { cwd, input: new TextEncoder().encode("x"), env: { MY_KEY: KEY } };
      const { stdout } = await ringway(["mac", "--key", key], options);
      assert.equal(text(stdout), `${expected}  -\n`, key);
    }
  });
});

Deno.test("hash prints what sha256sum prints, and goes on behind a file it cannot read", async () => {
  await withDirectory(async (cwd) => {
    await writeFile(join(cwd, "a"), "abc");
    await writeFile(join(cwd, "b\\c"), "");
    const expected = await execute("sha256sum", ["a", "b\\c"], { cwd });
    const { code, stdout, stderr } = await ringway(["hash", "a", "none", "b\\c"], { cwd });
    assert.equal(text(stdout), text(expected.stdout));
    assert.equal(stderr, "ringway: Cannot read none: no such file or directory\n");
    assert.equal(code, 1);
  });
});

Deno.test("hash takes the algorithm and length asked for", async () => {
  const input = new TextEncoder().encode("abc");
  const shake = createHash("shake128", { outputLength: 40 }).update(input).digest("hex");
  const long = await ringway(["hash", "-a", "shake128", "--length", "40"], { input });
  assert.equal(text(long.stdout), `${shake}  -\n`);
  const md5 = createHash("md5").update(input).digest("hex");
  const short = await ringway(["hash", "-a", "md5", "--length", "4", "-"], { input });
  assert.equal(text(short.stdout), `${md5.slice(0, 8)}  -\n`);
});

Deno.test("an output file takes the old one's place and mode, a link's target the link's", async () => {
  await withDirectory(async (cwd) => {
    const out = join(cwd, "out");
    await writeFile(out, "old");
    await chmod(out, 0o600);
    await symlink("out", join(cwd, "link"));
    const args = ["crypt", "-a", "aes-ecb", "-k", KEY, "-o", "link"];
    const { code } = await ringway(args, { cwd, input: new Uint8Array(16) });
    assert.equal(code, 0);
    assert.equal((await stat(out)).size, 16);
    assert.equal((await stat(out)).mode & 0o777, 0o600);
    assert.deepEqual((await readdir(cwd)).sort(), ["link", "out"]);
  });
});

Deno.test("input and output may be the same file", async () => {
  await withDirectory(async (cwd) => {
    const input = new Uint8Array(randomBytes(1_000_000));
    await writeFile(join(cwd, "file"), input);
    const args = ["crypt", "-a", "aes-ctr", "-k", KEY, "--iv", IV, "-i", "file", "-o", "file"];
    await ringway(args, { cwd });
    assert.ok(!(await readFile(join(cwd, "file"))).equals(input));
    await ringway([...args, "--decrypt"], { cwd });
    assert.ok((await readFile(join(cwd, "file"))).equals(input));
  });
});

Deno.test("an output that is no regular file is written to, not replaced", async () => {
  const args = ["crypt", "-a", "aes-ecb", "-k", KEY, "-o", "/dev/null"];
  assert.equal((await ringway(args, { input: new Uint8Array(16) })).code, 0);
  assert.ok((await stat("/dev/null")).isCharacterDevice());
});

Deno.test("a reader that goes away ends the command with one line", async () => {
  const [program, words] = commandLine(["crypt", "-a", "aes-ecb", "-k", KEY, "/dev/zero"]);
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => stderr += chunk);
  const ended = new Promise((resolve) => child.on("close", resolve));
  child.stdout.once("data", () => child.stdout.destroy());
  assert.equal(await ended, 1);
  assert.match(stderr, /^ringway: Cannot write standard output: [^\n]+\n$/);
});

Deno.test("an interrupted command leaves no file", async () => {
  await withDirectory(async (cwd) => {
    const args = ["crypt", "-a", "aes-ecb", "-k", KEY, "-o", join(cwd, "out"), "/dev/zero"];
    const [program, words] = commandLine(args);
    const child = spawn(program, words, { stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk) => stderr += chunk);
    const ended = new Promise((resolve) => child.on("close", resolve));
    while ((await readdir(cwd)).length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    process.kill(child.pid ?? 0, "SIGINT");
    assert.equal(await ended, 1);
    assert.equal(stderr, "ringway: Interrupted by SIGINT\n");
    assert.deepEqual(await readdir(cwd), []);
  });
});

Deno.test("info shows the algorithms of the device here, and of a gateway", async () => {
  await withServe(["--log", "none", "--max-size", "8K", "--queues", "2"], async ({ url }) => {
    const here = await ringway(["info"]);
    assert.match(text(here.stdout), /^CIPHER +aes-cbc +16 24 32 +16 /m);
    for (const address of [url, url.replace("http", "ws")]) {
      assert.match(text((await ringway(["info", address])).stdout), /max_size 8192 B/);
    }
    const json = JSON.parse(text((await ringway(["info", "--json", url])).stdout));
    assert.equal(json.limits.maxSize, 8192);
    assert.equal(json.device.queues, 2);
  });
});

Deno.test("a new token opens the gateway whose tokens file it went into", async () => {
  await withDirectory(async (cwd) => {
    const make = (name: string) => ringway(["token", "new", name, "--tokens", "tokens"], { cwd });
    const first = await make("alice");
    const second = await make("bob");
    assert.equal(second.stderr, "");
    const third = await make("bob");
    assert.equal(
      third.stderr,
      "ringway: Cannot add a token to tokens: the name bob is there already\n",
    );
    assert.equal((await stat(join(cwd, "tokens"))).mode & 0o777, 0o600);
    assert.ok(!(await readFile(join(cwd, "tokens"), "utf8")).includes(text(first.stdout).trim()));
    await writeFile(join(cwd, "bob"), second.stdout);
    await withServe(["--log", "none", "--tokens", join(cwd, "tokens")], async ({ url }) => {
      const args = ["hash", "--url", url.replace("http", "ws")];
      assert.equal((await ringway(args)).code, 1);
      assert.equal((await ringway([...args, "--token-file", "bob"], { cwd })).code, 0);
      const env = { RINGWAY_TOKEN: text(first.stdout).trim() };
      assert.equal((await ringway(args, { env })).code, 0);
    });
  });
});

Deno.test("a token without a file is printed with the entry that knows it", async () => {
  const { stdout, stderr } = await ringway(["token", "new", "alice"]);
  const entry = JSON.parse(stderr.slice(stderr.indexOf("{")));
  const sha256 = createHash("sha256").update(text(stdout).trim()).digest("hex");
  assert.deepEqual(entry, { name: "alice", sha256 });
});

Deno.test("serve ends gently on SIGTERM, tells its connections, and exits with 0", async () => {
  await withServe([], async ({ url, pid, ended }) => {
    const device = await connect(url.replace("http", "ws"));
    process.kill(pid, "SIGTERM");
    assert.equal(await device.goingAway, 10);
    await device.close();
    const { code, stderr } = await ended;
    assert.equal(code, 0);
    assert.match(stderr, / info draining /);
  });
});
