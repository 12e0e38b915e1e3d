/** Resets with requests in flight, stopped queues, broken rings, and the end of a device. */

import { strict as assert } from "node:assert";
import { AlgorithmSet, Register } from "../../device/mod.ts";
import { RecordKind } from "../../gateway/records.ts";
import { EngineRig } from "../support/engine_rig.ts";
import { fakeAlgorithms, FakeLog } from "../support/fakes.ts";
import { concat } from "../support/random.ts";
import {
  ALL_MODES,
  type Answer,
  read,
  RemoteRig,
  startUp,
  submit,
  write,
} from "../support/remote_rig.ts";
import { SAMPLES } from "../support/samples.ts";
import { SLOW, slowRig, slowSubmits as slow, sortedIds, turn, upTo } from "../support/slow_rig.ts";

const { COMPLETE, REFUSED, INTERRUPT, WRITE_OK, READ_OK } = RecordKind;
const CIPHER = (() => {
  const sample = SAMPLES.find(({ name }) => name === "a stateless cipher request") ?? assert.fail();
  return sample.make(new EngineRig());
})();
const of = (answers: readonly Answer[], kind: number) =>
  answers.filter((answer) => answer.kind === kind);

Deno.test("a reset refuses with 4 what is in flight, before it is answered, and nothing comes later", async () => {
  const { rig } = slowRig();
  rig.push(...slow(8));
  await rig.device.push(concat(write(99, Register.Status, 0), submit(100, 0, SLOW, 33)));
  await rig.device.settled();

  const refused = of(rig.answers, REFUSED);
  const done = of(rig.answers, COMPLETE);
  assert.ok(refused.length > 1 && refused.every(({ value }) => value === 4));
  assert.deepEqual(sortedIds([...refused, ...done]), [...upTo(8), 100]);
  const resetAt = rig.answers.findIndex(({ kind }) => kind === WRITE_OK);
  assert.deepEqual(rig.answers.slice(resetAt + 1).map(({ id }) => id), [100]);
  const { length } = rig.answers;
  await turn();
  await turn();
  assert.equal(rig.answers.length, length);
});

for (
  const [title, register, value] of [
    ["QueueReady = 0", Register.QueueReady, 0],
    ["QueueReset", Register.QueueReset, 1],
  ] as const
) {
  Deno.test(`${title} refuses with 4 what is in flight on that queue alone`, async () => {
    const { rig } = slowRig();
    rig.push(write(98, Register.QueueSel, 0));
    rig.push(...slow(10));
    await rig.device.push(write(99, register, value));
    await rig.device.settled();

    const refused = of(rig.answers, REFUSED);
    assert.ok(refused.length > 0 && refused.every(({ value, id }) => value === 4 && id % 2 === 0));
    assert.deepEqual(sortedIds([...refused, ...of(rig.answers, COMPLETE)]), upTo(10));
    const stoppedAt = rig.answers.findIndex(({ id }) => id === 99);
    assert.ok(rig.answers.slice(stoppedAt).every(({ kind }) => kind !== REFUSED));
    assert.equal(of(rig.answers, COMPLETE).filter(({ id }) => id % 2 === 1).length, 5);
  });

  Deno.test(`after ${title} the queue can be set up anew and serves`, async () => {
    const rig = new RemoteRig();
    rig.start([...ALL_MODES, "RING_RESET"]);
    const data = (id: number) => submit(id, 1, CIPHER.readable, CIPHER.writableLen);
    const answers = await rig.askSlowly(
      data(1),
      write(2, Register.QueueSel, 1),
      write(3, register, value),
      data(4),
      write(5, Register.QueueNum, 16),
      write(6, Register.QueueReady, 1),
      data(7),
      data(8),
    );

    assert.deepEqual(
      answers.filter(({ kind }) => kind !== WRITE_OK).map(({ id, kind }) => [id, kind]),
      [[1, COMPLETE], [4, REFUSED], [7, COMPLETE], [8, COMPLETE]],
    );
    assert.equal(answers.find(({ id }) => id === 4)?.value, 3);
  });
}

Deno.test("QueueReset without RING_RESET leaves the queue as it is", () => {
  const rig = new RemoteRig();
  rig.start();

  rig.push(
    write(1, Register.QueueSel, 0),
    write(2, Register.QueueReset, 1),
    submit(3, 0, CIPHER.readable, CIPHER.writableLen),
  );

  assert.equal(rig.take().at(-1)?.kind, COMPLETE);
});

Deno.test("a reset ends sessions, and a device starts up again in the same connection", () => {
  const rig = new RemoteRig();
  rig.start();
  const create = concat(
    Uint8Array.of(2, 1),
    new Uint8Array(14),
    Uint8Array.of(4),
    new Uint8Array(7),
  );
  for (let i = 0; i < 3; i++) {
    const [created] = rig.ask(submit(1, 2, create, 16));
    assert.equal(created.payload[0], 1, "numbers start anew");
    rig.ask(write(2, Register.Status, 0));
    assert.deepEqual([rig.device.state().sessions, rig.device.state().status], [0, 0]);
    rig.start();
  }
});

Deno.test("a write of 256 to Status resets too: the register is 8 bits wide", () => {
  const rig = new RemoteRig();
  rig.start();

  rig.ask(write(1, Register.Status, 0x100));

  assert.equal(rig.device.state().status, 0);
  assert.equal(rig.ask(submit(2, 0, CIPHER.readable, 49))[0].value, 4);
});

for (const breakAt of [1, 3]) {
  Deno.test(`a ring broken at SUBMIT ${breakAt} raises the interrupt, refuses, and recovers by reset`, () => {
    const rig = new RemoteRig({ testBreakRing: breakAt });
    rig.start();
    const data = (id: number) => submit(id, 0, CIPHER.readable, CIPHER.writableLen);

    const answers = rig.ask(data(1), data(2), data(3), data(4), read(5, Register.Status));

    assert.deepEqual(sortedIds(answers), [0, 1, 2, 3, 4, 5], "an INTERRUPT has id 0");
    const [interrupt] = of(answers, INTERRUPT);
    assert.equal(interrupt.value & 2, 2);
    assert.ok(of(answers, REFUSED).every(({ value }) => value === 4));
    assert.ok(of(answers, REFUSED).some(({ id }) => id === 4));
    assert.equal(of(answers, COMPLETE).length + of(answers, REFUSED).length, 4);
    const firstRefused = answers.findIndex(({ kind }) => kind === REFUSED);
    assert.ok(answers.indexOf(interrupt) < firstRefused, "told of before what it causes");
    assert.equal(answers.at(-1)?.payload[0], 15 | 64);
    assert.equal(rig.device.counters.brokenRings, 1);
    assert.deepEqual(rig.log, ["warn ring broken"]);
    assert.equal(rig.ask(data(6))[0].value, 4);

    const after = rig.ask(...startUp(2, ALL_MODES), data(7), read(8, Register.InterruptStatus));
    assert.deepEqual(
      after.filter(({ kind }) => kind !== WRITE_OK).map(({ id, kind }) => [id, kind]),
      [
        [7, COMPLETE],
        [8, READ_OK],
      ],
    );
    assert.deepEqual([...after.at(-1)?.payload ?? []], [0, 0, 0, 0]);
  });
}

Deno.test("an acknowledged interrupt is gone, a used buffer's is the gateway's own affair", () => {
  const rig = new RemoteRig({ testBreakRing: 2 });
  rig.start();
  const data = (id: number) => submit(id, 0, CIPHER.readable, CIPHER.writableLen);
  const [, first] = rig.ask(data(1), read(2, Register.InterruptStatus));
  assert.equal(first.payload[0], 0);
  rig.ask(data(3));

  const [before, , after] = rig.ask(
    read(4, Register.InterruptStatus),
    write(5, Register.InterruptACK, 2),
    read(6, Register.InterruptStatus),
  );

  assert.deepEqual([before.payload[0], after.payload[0]], [2, 0]);
});

Deno.test("the arena of a closed or reset device is zeros, what was in flight included", async () => {
  for (const end of ["close", "reset"] as const) {
    const { rig, log } = slowRig();
    const secret = SLOW.slice();
    secret.fill(0x5c, 40);
    rig.push(...upTo(6).map((id) => submit(id, 0, secret, 33)));
    const arena = log.seen.find(({ buffer }) => buffer instanceof SharedArrayBuffer);

    if (end === "close") rig.device.close();
    else await rig.device.push(write(9, Register.Status, 0));

    const bytes = new Uint8Array(arena?.buffer ?? assert.fail("The arena was not seen"));
    assert.ok(bytes.every((byte) => byte === 0), end);
    rig.device.close();
  }
});

Deno.test("what short requests of a message have read and written is zeros once all of them are answered", () => {
  const log = new FakeLog();
  const rig = new RemoteRig({ algorithms: new AlgorithmSet(fakeAlgorithms(log)) });
  rig.start();
  const secret = CIPHER.readable.slice();
  secret.fill(0x5c, 24 + 80);
  // Those in the midst fail behind their checks, and write a status alone.
  const noRoom = CIPHER.writableLen - 2;
  const answers = rig.ask(
    ...upTo(90).map((id) => submit(id, 0, secret, id % 4 === 2 ? noRoom : CIPHER.writableLen)),
  );

  assert.deepEqual(answers.map(({ id }) => id), upTo(90));
  assert.equal(answers.filter(({ value }) => value === 1).length, 22);
  const arena = log.seen.find(({ buffer }) => buffer instanceof SharedArrayBuffer);
  const bytes = new Uint8Array(arena?.buffer ?? assert.fail("The arena was not seen"));
  assert.ok(bytes.every((byte) => byte === 0));
  rig.device.close();
});

Deno.test("a fault of an accelerator is answered ERR, logged and counted, and the device goes on", () => {
  const { rig, log } = slowRig();
  log.spinMs = 0;
  log.failAt = "run";
  const [bad] = rig.ask(submit(1, 0, CIPHER.readable, CIPHER.writableLen));
  log.failAt = null;
  const [good] = rig.ask(submit(2, 0, CIPHER.readable, CIPHER.writableLen));

  assert.deepEqual([bad.value, ...bad.payload], [1, 1]);
  assert.equal(good.value, CIPHER.writableLen);
  assert.deepEqual(rig.log, ["error request failed by a fault"]);
  assert.equal(rig.device.counters.faults, 1);
});
