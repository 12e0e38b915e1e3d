/** What stops the reading of records, and what makes it go on. */

import { strict as assert } from "node:assert";
import { setImmediate } from "node:timers";
import { AlgorithmSet, Status } from "../../device/mod.ts";
import { RecordKind } from "../../gateway/records.ts";
import { MalformedMessageError } from "../../gateway/remote_device.ts";
import { EngineRig } from "../support/engine_rig.ts";
import { fakeAlgorithms, FakeLog, type FakeLog as Log } from "../support/fakes.ts";
import { hash } from "../support/oracle.ts";
import { concat, counting } from "../support/random.ts";
import { read, RemoteRig, submit } from "../support/remote_rig.ts";
import { SAMPLES } from "../support/samples.ts";

const CIPHER = (() => {
  const sample = SAMPLES.find(({ name }) => name === "a stateless cipher request") ?? assert.fail();
  return { ...sample, ...sample.make(new EngineRig()) };
})();

/** R of a stateless SHA_256 request. */
function hashRequest(src: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(24 + 16 + src.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x100, true);
  view.setUint32(24, 4, true);
  view.setUint32(28, src.length, true);
  view.setUint32(32, 32, true);
  bytes.set(src, 40);
  return bytes;
}

const ids = (rig: RemoteRig) => rig.answers.map(({ id }) => id);
const upTo = (num: number) => Array.from({ length: num }, (_, i) => i);

function submits(num: number): Uint8Array {
  return concat(...upTo(num).map((id) => submit(id, id % 2, CIPHER.readable, CIPHER.writableLen)));
}

/** Lets answers leave again and again until so many have come; the numbers seen on the way. */
async function leaveUntil(
  rig: RemoteRig,
  num: number,
): Promise<{ records: number; bytes: number }[]> {
  const seen: { records: number; bytes: number }[] = [];
  while (rig.answers.length < num) {
    seen.push({ records: rig.unsentRecords, bytes: rig.unsentBytes });
    rig.leave();
    rig.device.resume();
    // The device may have yielded: then it goes on by itself.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return seen;
}

Deno.test("so many records as may be unanswered are started, the rest when answers have left", async () => {
  const rig = new RemoteRig({ maxRecords: 30 });
  rig.start();
  rig.holds = true;

  const pushed = rig.device.push(submits(100));
  assert.ok(pushed !== undefined);
  assert.equal(rig.answers.length, 30);
  rig.device.resume();
  assert.equal(rig.answers.length, 30, "nothing has left yet");

  const seen = await leaveUntil(rig, 100);
  await pushed;

  assert.ok(seen.every(({ records }) => records <= 30));
  assert.deepEqual(ids(rig).toSorted((a, b) => a - b), upTo(100));
});

Deno.test("records that need no device are bounded just the same", async () => {
  const rig = new RemoteRig({ maxRecords: 50 });
  rig.holds = true;

  const pushed = rig.device.push(concat(...upTo(120).map((id) => read(id, 0x100, 56))));

  assert.equal(rig.answers.length, 50);
  const seen = await leaveUntil(rig, 120);
  await pushed;
  assert.ok(seen.every(({ records }) => records <= 50));
  assert.deepEqual(ids(rig), upTo(120));
});

Deno.test("so many bytes as may be unanswered are let in, and not a record more", async () => {
  const max = 10_000;
  const rig = new RemoteRig({ maxUnansweredBytes: max });
  rig.start();
  rig.holds = true;

  const pushed = rig.device.push(submits(400));
  const seen = await leaveUntil(rig, 400);
  await pushed;

  // The record that reached the limit is the last one; its answer is 16 + 49 bytes, padded.
  assert.ok(seen.some(({ bytes }) => bytes >= max));
  assert.ok(
    seen.every(({ bytes }) => bytes < max + 72 + CIPHER.readable.length + CIPHER.writableLen),
  );
  assert.deepEqual(ids(rig).toSorted((a, b) => a - b), upTo(400));
});

Deno.test("part of the answers leaving lets as many records in", () => {
  const rig = new RemoteRig({ maxRecords: 10 });
  rig.start();
  rig.holds = true;
  rig.device.push(submits(40));

  rig.unsentRecords -= 3;
  rig.device.resume();

  assert.equal(rig.answers.length, 13);
  rig.device.close();
});

Deno.test("answers are kept while there is no sink, and stop the reading at the limits", async () => {
  const rig = new RemoteRig({ maxRecords: 20 });
  rig.start();
  rig.device.sink = null;

  const pushed = rig.device.push(submits(50));
  assert.equal(rig.answers.length, 0);
  rig.device.sink = rig;
  rig.device.resume();
  await pushed;
  await rig.device.settled();

  assert.deepEqual(ids(rig).toSorted((a, b) => a - b), upTo(50));
});

Deno.test("a malformed tail behind a stop rejects the push, after all in front has been answered", async () => {
  const rig = new RemoteRig({ maxRecords: 5 });
  rig.start();
  rig.holds = true;
  const pushed = rig.device.push(concat(submits(12), counting(15))) ?? assert.fail();
  const outcome = assert.rejects(pushed, MalformedMessageError);

  await leaveUntil(rig, 12);
  rig.leave();
  rig.device.resume();
  await outcome;

  assert.deepEqual(ids(rig).toSorted((a, b) => a - b), upTo(12));
  rig.leave();
  assert.equal(rig.device.push(read(77, 0)), undefined);
});

Deno.test("a second push while one is under way is an error of the caller's, and does no harm", async () => {
  const rig = new RemoteRig({ maxRecords: 5 });
  rig.holds = true;
  const pushed = rig.device.push(concat(...upTo(8).map((id) => read(id, 0))));

  assert.throws(() => rig.device.push(read(9, 0)), /another is pushed/);
  rig.leave();
  rig.device.resume();
  await pushed;

  assert.deepEqual(ids(rig), upTo(8));
});

Deno.test("requests of every size go through, in one message, whatever memory they need", async () => {
  const rig = new RemoteRig({ maxSize: 300_000 });
  rig.start();
  const sizes = [
    1,
    65_536,
    70_000,
    10,
    200_000,
    200_001,
    0,
    131_072,
    299_000,
    299_001,
    5,
    64,
    150_000,
  ];
  const sources = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));

  const answers = await rig.askSlowly(
    ...sources.map((src, id) => submit(id, id % 2, hashRequest(src), 33)),
  );

  assert.equal(answers.length, sizes.length);
  for (const { id, value, payload } of answers) {
    assert.equal(value, 33);
    assert.deepEqual(payload.subarray(0, 32), hash("sha256", sources[id]));
  }
});

Deno.test("a request that wants all the room there is for its answer gets it", async () => {
  const rig = new RemoteRig({ maxSize: 5000 });
  rig.start();
  const whole = 5000 + 4096 - CIPHER.readable.length;

  const answers = await rig.askSlowly(
    submit(1, 0, CIPHER.readable, whole),
    submit(2, 1, CIPHER.readable, whole),
    submit(3, 0, CIPHER.readable, whole),
  );

  assert.deepEqual(answers.map(({ value }) => value), Array(3).fill(CIPHER.writableLen));
});

function slowRig(log: Log = new FakeLog()): { rig: RemoteRig; log: Log } {
  const rig = new RemoteRig({ algorithms: new AlgorithmSet(fakeAlgorithms(log)) });
  rig.start();
  return { rig, log };
}

Deno.test("what a request read is overwritten in the arena when it is answered", () => {
  const { rig, log } = slowRig();
  for (const { name, make } of SAMPLES.filter(({ stateless }) => stateless)) {
    const { readable, writableLen } = make(new EngineRig());
    const [{ payload }] = rig.ask(submit(1, 0, readable, writableLen));
    assert.ok([Status.OK, Status.BADMSG].some((status) => status === payload.at(-1)), name);
    const arenas = log.seen.filter(({ buffer }) => buffer instanceof SharedArrayBuffer);
    for (const { buffer } of arenas) {
      // W stands behind R, which is rounded up to 16: nothing else lies in front of it.
      const arena = new Uint8Array(buffer).subarray(0, readable.length);
      assert.ok(arena.every((byte) => byte === 0), `${name}: R is still there`);
    }
  }
  assert.ok(log.seen.some(({ buffer }) => buffer instanceof SharedArrayBuffer));
});

Deno.test("R is overwritten at its own place too when many requests share the arena", async () => {
  const { rig, log } = slowRig();
  const key = counting(16, 0xa0);
  const records = upTo(40).map((id) => submit(id, id % 2, CIPHER.readable, CIPHER.writableLen));

  await rig.askSlowly(...records);

  const arenas = new Set(log.seen.map(({ buffer }) => buffer));
  for (const buffer of arenas) {
    const text = new Uint8Array(buffer).slice().toHex();
    assert.ok(!text.includes(key.toHex()), "A key was left in memory");
  }
});

Deno.test("an idle device has no rings and no arena, and closing it twice is fine", () => {
  const rig = new RemoteRig();
  rig.start();
  rig.device.close();
  rig.device.close();

  assert.throws(() => rig.device.push(read(1, 0)), /closed device/);
  rig.device.goAway(1);
  rig.device.resume();
  assert.deepEqual(rig.answers.filter(({ kind }) => kind === RecordKind.GOAWAY), []);
});
