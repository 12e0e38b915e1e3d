import assert from "node:assert/strict";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { startServer } from "../../gateway/server.ts";
import { type Outcome, ringway, type RunOptions, withDirectory } from "./ringway.ts";

const KEY = "000102030405060708090a0b0c0d0e0f";
const CBC = ["crypt", "--algorithm", "aes-128-cbc", "--key", KEY, "--iv", KEY];

/** Asserts that a command failed with one line on standard error, and nothing else to say. */
function assertError(outcome: Outcome, line: RegExp): void {
  assert.match(outcome.stderr, /^ringway: [^\n]*\n$/);
  assert.match(outcome.stderr, line);
  assert.equal(outcome.code, 1);
  assert.equal(outcome.stdout.length, 0);
}

const CASES: readonly [string, readonly string[], RegExp, RunOptions?][] = [
  ["no command", [], /^ringway: Command is missing \(ringway --help tells/],
  ["an unknown command", ["encrypt"], /Unknown command encrypt, did you mean crypt\?/],
  ["an unknown option", [...CBC, "--colour"], /Unknown option '--colour' \(ringway crypt --help/],
  ["a missing option", ["crypt", "--key", KEY], /Option --algorithm is missing/],
  ["an option without its value", ["crypt", "--key"], /--key/],
  ["one argument too many", [...CBC, "a", "b"], /Unexpected argument b/],
  ["input given twice", [...CBC, "--in", "a", "b"], /Input is given twice: --in a and b/],
  [
    "an unknown algorithm",
    ["crypt", "-a", "aes-128-cbx", "-k", KEY],
    /Unknown algorithm aes-128-cbx, did you mean aes-128-cbc/,
  ],
  ["an algorithm that cannot encrypt", ["crypt", "-a", "md5", "-k", KEY], /md5 cannot encrypt/],
  ["an algorithm that cannot hash", ["hash", "-a", "aes-cbc"], /aes-cbc cannot hash/],
  [
    "a wrong key length",
    ["crypt", "-a", "aes-128-cbc", "-k", KEY + "00", "--iv", KEY],
    /Key of aes-128-cbc must be 16 bytes, got 17$/m,
  ],
  [
    "a wrong key length of an algorithm with several",
    ["crypt", "-a", "aes-cbc", "-k", "00", "--iv", KEY],
    /Key of aes-cbc must be 16, 24 or 32 bytes, got 1$/m,
  ],
  ["a key that is no hexadecimal number", ["mac", "--key", "0g"], /Invalid --key: want an even/],
  [
    "a key file that is not there",
    ["mac", "--key", "@none"],
    /Cannot read none for --key: no such/,
  ],
  ["a key variable that is not set", ["mac", "--key", "env:NO_KEY"], /NO_KEY is not set/],
  ["a missing iv", ["crypt", "-a", "aes-ctr", "-k", KEY], /aes-ctr needs an iv: --iv HEX/],
  [
    "a wrong iv length",
    ["crypt", "-a", "aes-ctr", "-k", KEY, "--iv", "00"],
    /IV of aes-ctr must be 16 bytes, got 1/,
  ],
  ["an iv too many", ["crypt", "-a", "aes-ecb", "-k", KEY, "--iv", KEY], /aes-ecb takes no iv/],
  ["aad too many", [...CBC, "--aad", "00"], /takes neither --aad nor --tag-len/],
  [
    "a tag length that cannot be",
    ["crypt", "-a", "gcm", "-k", KEY, "--iv", KEY.slice(8), "--tag-len", "5"],
    /Tag of aes-gcm must be 4, 8, 12/,
  ],
  [
    "data that are no whole blocks",
    CBC,
    /Length of the data must be a multiple of 16 bytes for aes-128-cbc, got 17/,
    { input: new Uint8Array(17) },
  ],
  [
    "data that do not verify",
    ["crypt", "-d", "-a", "gcm", "-k", KEY, "--iv", KEY.slice(8)],
    /Data do not verify/,
    { input: new Uint8Array(32) },
  ],
  [
    "data shorter than their tag",
    ["crypt", "-d", "-a", "gcm", "-k", KEY, "--iv", KEY.slice(8)],
    /Data of 3 bytes are shorter than the tag of 16/,
    { input: new Uint8Array(3) },
  ],
  [
    "more data than one request takes",
    ["crypt", "-a", "gcm", "-k", KEY, "--iv", KEY.slice(8), "--max-size", "4K"],
    /Standard input is too large: aes-gcm takes all data in one request, here at most 2033 bytes/,
    { input: new Uint8Array(2034) },
  ],
  [
    "more data than one digest takes",
    ["hash", "--max-size", "4K"],
    /too large: sha-256 takes all data in one request, here at most 4063 bytes/,
    { input: new Uint8Array(4064) },
  ],
  [
    "a digest without its length",
    ["hash", "-a", "shake128"],
    /needs the digest's length: --length/,
  ],
  ["a digest too long", ["hash", "-l", "33"], /sha-256 has at most 32 bytes, asked for 33/],
  ["an input that is not there", [...CBC, "none"], /Cannot read none: no such file or directory/],
  ["an input that is a directory", [...CBC, "."], /Cannot read .: is a directory/i],
  [
    "an output that cannot be made",
    [...CBC, "-o", "none/out"],
    /Cannot write none\/out: no such file or directory/,
  ],
  [
    "a gateway that is not there",
    ["hash", "--url", "ws://127.0.0.1:1"],
    /Cannot reach the gateway at ws:\/\/127\.0\.0\.1:1/,
  ],
  ["an address that is none", ["hash", "--url", "gateway"], /Invalid address gateway/],
  [
    "a description of a gateway that is not there",
    ["info", "http://127.0.0.1:1"],
    /Cannot reach the gateway/,
  ],
  [
    "a token that would be sent in the clear",
    ["info", "http://a.example"],
    /Refusing to send the token/,
    { env: { RINGWAY_TOKEN: "t" } },
  ],
  ["a port that cannot be", ["serve", "--port", "65536"], /Invalid --port/],
  ["a number that is none", ["serve", "--queues", "many"], /Invalid --queues, want a whole number/],
  ["a size that is none", ["serve", "--max-size", "4X"], /--max-size: .*4X/],
  ["a listener open to others", ["serve", "--host", "0.0.0.0"], /Refusing to listen on 0\.0\.0\.0/],
  ["a tokens file that is not there", ["serve", "--tokens", "none"], /Cannot read tokens file/],
  ["a certificate without its key", ["serve", "--tls-cert", "none"], /Invalid --tls-key/],
  ["a token without a name", ["token", "new"], /token new NAME/],
  ["a token with a name that cannot be", ["token", "new", "a b"], /Invalid name/],
];

for (const [what, args, line, options] of CASES) {
  Deno.test(`${what} is told in one line, and the exit code is 1`, async () => {
    await withDirectory(async (cwd) => assertError(await ringway(args, { cwd, ...options }), line));
  });
}

Deno.test("a port that is taken is told in one line", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const outcome = await ringway(["serve", "--log", "none", "--port", String(port)]);
    assertError(outcome, new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${port}: .*in use`, "i"));
  } finally {
    server.close();
  }
});

Deno.test("a gateway that wants a token says so in one line", async () => {
  await withDirectory(async (directory) => {
    const tokens = join(directory, "tokens.json");
    await writeFile(tokens, '{"tokens":[]}');
    const server = await startServer({ port: 0, tokens });
    try {
      for (const url of [server.url, server.url.replace("http", "ws")]) {
        assertError(await ringway(["hash", "--url", url]), /answered HTTP 401/);
        assertError(await ringway(["info", url]), /answered HTTP 401/);
      }
    } finally {
      await server.close();
    }
  });
});

Deno.test("a failure leaves no output file, and the old one as it was", async () => {
  await withDirectory(async (cwd) => {
    await writeFile(join(cwd, "in"), new Uint8Array(5_000_001));
    await writeFile(join(cwd, "old"), "precious");
    const input = new Uint8Array(5_000_001);
    const failing = [
      [...CBC, "-o", "new"],
      [...CBC, "-o", "old"],
      ["crypt", "-d", "-a", "gcm", "-k", KEY, "--iv", KEY.slice(8), "-o", "new", "in"],
    ];
    for (const args of failing) assert.equal((await ringway(args, { cwd, input })).code, 1);
    assert.deepEqual((await readdir(cwd)).sort(), ["in", "old"]);
    assert.equal((await stat(join(cwd, "old"))).size, 8);
  });
});
