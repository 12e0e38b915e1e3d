import { strict as assert } from "node:assert";
import { ALGORITHMS, openLibcrypto } from "../../../device/mod.ts";

const CONFIG = new URL("../../../deno.json", import.meta.url).pathname;
const MOD = new URL("../../../device/mod.ts", import.meta.url).href;

function reasonOf(path: string): string {
  const opened = openLibcrypto(path);
  assert.equal(opened.library, null);
  return "reason" in opened ? opened.reason : "";
}

Deno.test("libcrypto is found without a path, and opened once", () => {
  const first = openLibcrypto();
  const second = openLibcrypto();

  assert.ok(first.library !== null);
  assert.equal(second.library, first.library);
  assert.match(first.library.version, /^\d+\.\d+\.\d+$/);
});

Deno.test("The version is that which the openssl command tells of its library", async () => {
  const { stdout } = await new Deno.Command("openssl", { args: ["version"] }).output();

  const told = new TextDecoder().decode(stdout).match(/Library: OpenSSL (\d+\.\d+\.\d+)/);

  assert.equal(openLibcrypto().library?.version, told?.[1]);
});

Deno.test("A path that leads nowhere gives no library, but a reason", () => {
  assert.match(reasonOf("/nowhere/libcrypto.so.3"), /nowhere/);
});

Deno.test("A file that is no library gives a reason", () => {
  assert.notEqual(reasonOf(new URL(import.meta.url).pathname), "");
});

Deno.test("A library that is not libcrypto gives a reason", () => {
  const path = Deno.build.os === "darwin" ? "/usr/lib/libSystem.B.dylib" : "libc.so.6";

  assert.match(reasonOf(path), /OpenSSL_version_num/);
});

Deno.test("A cipher that no provider has is null, and leaves the library as it was", () => {
  const { library } = openLibcrypto();

  assert.equal(library?.fetchCipher("ROT13"), null);
  assert.equal(library?.fetchDigest("CRC32"), null);
  assert.notEqual(library?.fetchCipher("AES-128-CBC"), null);
});

Deno.test("Nothing is cleaned up at a process's end, where threads may be using it", async () => {
  // OPENSSL_cleanup would call what is registered: abort().
  const script = `
    import { openLibcrypto } from ${JSON.stringify(MOD)};
    const { library } = openLibcrypto();
    const { symbols } = Deno.dlopen(library.path, {
      OPENSSL_atexit: { parameters: ["pointer"], result: "i32" },
      OPENSSL_cleanup: { parameters: [], result: "void" },
      dlsym: { parameters: ["pointer", "buffer"], result: "pointer" },
    });
    const abort = symbols.dlsym(null, new TextEncoder().encode("abort\\0"));
    if (abort === null || symbols.OPENSSL_atexit(abort) !== 1) Deno.exit(1);
    if (Deno.args[0] === "now") symbols.OPENSSL_cleanup();
    Deno.exit(0);`;
  const endOf = async (when: string) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-ffi", "--allow-env", `--config=${CONFIG}`, "-", when],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(script));
    await writer.close();
    const { signal, code } = await child.status;
    return signal ?? code;
  };

  assert.equal(await endOf("now"), "SIGABRT");
  assert.equal(await endOf("never"), 0);
});

Deno.test("The permission for the library's file alone is enough", async () => {
  const { stdout } = await new Deno.Command("sh", {
    args: [
      "-c",
      "for d in /usr/lib/*-linux-gnu /usr/lib64 /lib64 /usr/lib /opt/homebrew/lib; do ls $d/libcrypto.so.3 $d/libcrypto.3.dylib; done 2>/dev/null; true",
    ],
  }).output();
  const [path] = new TextDecoder().decode(stdout).trim().split("\n");

  const result = await runChild([path], "--allow-env", `--allow-ffi=${path}`);

  assert.equal(result.reason, undefined);
  assert.deepEqual(result.accelerators, ["libcrypto", "typescript"]);
});

const CHILD = `
  import { ALGORITHMS, openLibcrypto, selfTest, withLibcrypto } from ${JSON.stringify(MOD)};
  const opened = openLibcrypto(Deno.args[0]);
  const rows = opened.library === null ? ALGORITHMS : withLibcrypto(ALGORITHMS, opened.library);
  const { passed, failures } = selfTest(rows);
  console.log(JSON.stringify({
    reason: opened.reason,
    numFailures: failures.length,
    accelerators: [...new Set(passed.list().map((offered) => offered.accelerator))].sort(),
    numOffered: passed.list().length,
  }));
`;

async function runChild(
  own: readonly string[],
  ...args: string[]
): Promise<Record<string, unknown>> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, CHILD);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", `--config=${CONFIG}`, ...args, file, ...own],
      env: { NO_COLOR: "1" },
    }).output();
    assert.notEqual(stdout.length, 0, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("Without the permission the same algorithms are served by others", async () => {
  const result = await runChild([], "--allow-env");

  assert.match(String(result.reason), /FFI is not permitted/);
  assert.deepEqual(result.accelerators, ["noble", "typescript"]);
  assert.equal(result.numOffered, ALGORITHMS.length);
  assert.equal(result.numFailures, 0);
});

Deno.test("With the permission libcrypto passes its self-test and serves", async () => {
  const result = await runChild([], "--allow-env", "--allow-ffi");

  assert.equal(result.reason, undefined);
  assert.deepEqual(result.accelerators, ["libcrypto", "typescript"]);
  assert.equal(result.numOffered, ALGORITHMS.length);
  assert.equal(result.numFailures, 0);
});
