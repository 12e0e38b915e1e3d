import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { ALGORITHMS, type CipherAlgorithm, maxKeyLen, Service } from "../../device/mod.ts";
import { connect } from "../../gateway/client/mod.ts";
import { addToCounter, ivCarrier } from "../../gateway/cli/cipher_stream.ts";
import { embeddedOptions } from "../../gateway/cli/device.ts";
import { digestLine } from "../../gateway/cli/digest.ts";
import type { Io } from "../../gateway/cli/io.ts";
import { barText, Progress, sizeText } from "../../gateway/cli/progress.ts";
import { run } from "../../gateway/cli/run.ts";
import { openSource, readAll } from "../../gateway/cli/source.ts";
import { RemoteDevice } from "../../gateway/remote_device.ts";

/** Surroundings that remember what was written to them. */
function fakeIo(chunks: readonly Uint8Array[] = [], env: Record<string, string> = {}): Io & {
  out: string;
  err: string;
} {
  const io = {
    out: "",
    err: "",
    stdin: (async function* () {
      yield* chunks;
      await Promise.resolve();
    })(),
    writeOut: (bytes: Uint8Array) => {
      io.out += new TextDecoder().decode(bytes);
      return Promise.resolve();
    },
    writeErr: (text: string) => void (io.err += text),
    errColumns: 0,
    mayConnectToSelf: false,
    env: (name: string): string | undefined => env[name],
    interrupted: new AbortController().signal,
  };
  return io;
}

Deno.test("a counter advances as one big-endian number that wraps at its width", () => {
  fc.assert(fc.property(
    fc.constantFrom(8, 16),
    fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
    fc.nat(2 ** 31 - 1),
    (len, start, blocks) => {
      const mask = 2n ** BigInt(len * 8) - 1n;
      const hex = (value: bigint) => (value & mask).toString(16).padStart(len * 2, "0");
      const counter = Uint8Array.fromHex(hex(start));
      const next = addToCounter(counter, blocks);
      assert.equal(next.toHex(), hex((start & mask) + BigInt(blocks)));
      assert.equal(counter.toHex(), hex(start));
    },
  ));
});

const STREAMED = ALGORITHMS.filter((row): row is CipherAlgorithm =>
  row.service === Service.CIPHER && ivCarrier(row, new Uint8Array(row.ivLen), false) !== undefined
);

for (const row of STREAMED) {
  for (const op of ["encrypt", "decrypt"] as const) {
    Deno.test(`${row.name}: to ${op} in pieces gives the bytes of one request`, async () => {
      await using device = await connect(
        new RemoteDevice(embeddedOptions(undefined, { writeErr() {} })),
      );
      const key = new Uint8Array(randomBytes(maxKeyLen(row.keyLens)));
      const iv = new Uint8Array(row.ivLen).fill(0xff);
      const src = new Uint8Array(randomBytes(48 * row.blockLen + (row.blockLen === 1 ? 1000 : 0)));
      await using session = await device.cipherSession({ algorithm: row.id, op, key });
      const carrier = ivCarrier(row, iv, op === "decrypt");
      assert.ok(carrier !== undefined);
      const parts: Uint8Array[] = [];
      for (let at = 0; at < src.length; at += 48) {
        const part = src.subarray(at, at + 48);
        const dst = await session.run({ iv: carrier.next(part), src: part });
        carrier.done(dst);
        parts.push(dst);
      }
      const whole = await session.run({ iv, src });
      assert.equal(parts.map((part) => part.toHex()).join(""), whole.toHex());
    });
  }
}

Deno.test("a stream is read in pieces of the length asked for, however its chunks fall", async () => {
  const chunks = [1, 0, 5, 3, 2].map((len, i) => new Uint8Array(len).fill(i));
  const source = await openSource(undefined, fakeIo(chunks));
  const lens: number[] = [];
  for (let part = await source.read(4); part.length > 0; part = await source.read(4)) {
    lens.push(part.length);
  }
  assert.deepEqual(lens, [4, 4, 3]);
});

Deno.test("reading all stops at the limit", async () => {
  const chunks = () => [new Uint8Array(6), new Uint8Array(4)];
  assert.equal((await readAll(await openSource("-", fakeIo(chunks())), 10))?.length, 10);
  assert.equal(await readAll(await openSource("-", fakeIo(chunks())), 9), undefined);
});

Deno.test("sizes and the bar are read by people", () => {
  assert.equal(sizeText(1023), "1023 B");
  assert.equal(sizeText(1536), "1.5 KiB");
  assert.equal(sizeText(5 * 2 ** 30), "5.0 GiB");
  assert.equal(sizeText(5 * 2 ** 40), "5120.0 GiB");
  const bar = barText(2 ** 20, 2 ** 21, 1000, 60);
  assert.equal(bar, `[${"#".repeat(16)}${".".repeat(16)}]  50%  1.0 MiB  1.0 MiB/s`);
  assert.equal(bar.length, 59);
  assert.equal(barText(2 ** 20, undefined, 2000, 60), "1.0 MiB  512.0 KiB/s");
  assert.ok(barText(1, 2, 1, 10).length < 10);
});

Deno.test("the bar shows on a terminal alone, when the work has taken a second, and goes again", () => {
  const shown = (errColumns: number, ms: number) => {
    let err = "";
    let now = 0;
    const io = { ...fakeIo(), errColumns, writeErr: (text: string) => void (err += text) };
    const progress = new Progress(io, 100, () => now);
    now = ms;
    progress.add(50);
    progress.clear();
    return err;
  };
  assert.equal(shown(0, 5000), "");
  assert.equal(shown(40, 999), "");
  assert.equal(shown(40, 2000), "\r\x1b[K[#########.........]  50%  50 B  25 B/s\r\x1b[K");
});

Deno.test("names with line breaks and backslashes are escaped as sha256sum does", () => {
  const digest = Uint8Array.of(0xab);
  assert.equal(digestLine(digest, "a b"), "ab  a b");
  assert.equal(digestLine(digest, "a\nb\\c"), "\\ab  a\\nb\\\\c");
});

Deno.test("commands run in process with surroundings of their own", async () => {
  const io = fakeIo([new TextEncoder().encode("abc")]);
  assert.equal(await run(["hash", "--algorithm", "md5"], io), 0);
  assert.equal(io.out, "900150983cd24fb0d6963f7d28e17f72  -\n");
});

Deno.test("an unexpected error is one line too, and tells more when asked to", async () => {
  const broken = { ...fakeIo(), writeOut: () => Promise.reject(new Error("no\nway")) };
  let err = "";
  broken.writeErr = (text) => void (err += text);
  assert.equal(await run(["--version"], broken), 1);
  assert.equal(err, "ringway: Unexpected error: no way (RINGWAY_DEBUG=1 tells more)\n");
  err = "";
  broken.env = () => "1";
  await run(["--version"], broken);
  assert.match(err, /\n +at /);
});
