/** Time slices: a device with slow requests gives others their turn and loses nothing. */

import { strict as assert } from "node:assert";
import { AlgorithmSet, Register } from "../../device/mod.ts";
import { RecordKind } from "../../gateway/records.ts";
import { fakeAlgorithms, FakeLog } from "../support/fakes.ts";
import { concat } from "../support/random.ts";
import { type Answer, read, RemoteRig, submit, write } from "../support/remote_rig.ts";
import { slowRig, slowSubmits as slow, sortedIds, turn, upTo } from "../support/slow_rig.ts";

const { COMPLETE, READ_OK } = RecordKind;
const of = (answers: readonly Answer[], kind: number) =>
  answers.filter((answer) => answer.kind === kind);

Deno.test("a device whose time is up goes on later, answers everything, and settles", async () => {
  const { rig } = slowRig();

  rig.push(...slow(8));
  const early = rig.answers.length;
  await rig.device.settled();

  assert.ok(early < 8, "all was done at once");
  assert.deepEqual(sortedIds(rig.answers), upTo(8));
  assert.ok(rig.answers.every(({ kind, value }) => kind === COMPLETE && value === 33));
  assert.ok(rig.messages.length > 2, "answers leave as they become known");
});

Deno.test("records behind slow ones are executed in order all the same", async () => {
  const { rig } = slowRig({ maxRecords: 3 });

  await rig.device.push(concat(...slow(5), read(5, Register.Status), ...slow(2), read(6, 0)));
  await rig.device.settled();

  assert.deepEqual(sortedIds(rig.answers), [0, 0, 1, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(of(rig.answers, READ_OK).map(({ id }) => id), [5, 6]);
});

const CREATE_HASH = concat(
  Uint8Array.of(2, 1),
  new Uint8Array(14),
  Uint8Array.of(4),
  new Uint8Array(7),
);
const MIXES: readonly (readonly [string, (id: number) => Uint8Array])[] = [
  ["registers are read", (id) => read(id, Register.Status)],
  ["registers are written", (id) => write(id, Register.QueueSel, 0)],
  ["the control queue is used", (id) => submit(id, 2, CREATE_HASH, 15)],
];

for (const [what, between] of MIXES) {
  Deno.test(`a device yields though ${what} between slow requests`, async () => {
    const { rig } = slowRig();
    const records = slow(10).flatMap((record, id) => [record, between(100 + id)]);

    const pushed = rig.device.push(concat(...records));
    const early = rig.answers.length;
    await pushed;
    await rig.device.settled();

    assert.equal(rig.answers.length, 20);
    assert.ok(early < 20, "ten requests kept the thread, each longer than a slice");
  });
}

Deno.test("a device yields between slow requests of which the arena holds one at a time", async () => {
  const log = new FakeLog();
  log.spinMs = 5;
  const rig = new RemoteRig({
    maxSize: 70_100,
    sliceMs: 4,
    algorithms: new AlgorithmSet(fakeAlgorithms(log)),
  });
  rig.start();

  const pushed = rig.device.push(concat(...slow(10)));
  const early = rig.answers.length;
  await pushed;
  await rig.device.settled();

  assert.equal(rig.answers.length, 10);
  assert.ok(early < 10, "ten requests kept the thread, each longer than a slice");
});

Deno.test("two slow devices take turns", async () => {
  const a = slowRig();
  const b = slowRig();
  const order: string[] = [];
  const note = (name: string, rig: RemoteRig) => {
    const send = rig.send.bind(rig);
    rig.send = (message, num) => {
      order.push(...Array(num).fill(name));
      send(message, num);
    };
  };
  note("a", a.rig);
  note("b", b.rig);

  a.rig.device.push(concat(...slow(6)));
  b.rig.device.push(concat(...slow(6)));
  await Promise.all([a.rig.device.settled(), b.rig.device.settled()]);

  assert.deepEqual([a.rig.answers.length, b.rig.answers.length], [6, 6]);
  assert.ok(order.lastIndexOf("a") > order.indexOf("b"), order.join(""));
});

Deno.test("settled resolves at once when nothing is in flight, for each who waits", async () => {
  const { rig } = slowRig();
  await rig.device.settled();
  rig.device.push(concat(...slow(3)));

  await Promise.all([rig.device.settled(), rig.device.settled()]);

  assert.equal(rig.answers.length, 3);
});

Deno.test("closing a device that has yielded ends push and settled, and nothing comes later", async () => {
  const { rig, log } = slowRig();
  // More than the arena holds: the last records wait in the message.
  const pushed = rig.device.push(concat(...slow(24)));
  const settled = rig.device.settled();
  assert.ok(pushed !== undefined);
  const { length } = rig.answers;

  rig.device.close();
  await Promise.all([pushed, settled, rig.device.settled()]);
  await turn();
  await turn();

  assert.equal(rig.answers.length, length);
  assert.equal(log.isOpen, 0);
});
