/** SUBMIT: what is refused, what completes, and what a COMPLETE carries. */

import { strict as assert } from "node:assert";
import { Register, Status } from "../../device/mod.ts";
import { RecordKind, RefusedReason } from "../../gateway/records.ts";
import { SUBMIT_ALLOWANCE } from "../../gateway/remote_device.ts";
import { EngineRig } from "../support/engine_rig.ts";
import { type Answer, record, RemoteRig, submit, write } from "../support/remote_rig.ts";
import { concat } from "../support/random.ts";
import { SAMPLES } from "../support/samples.ts";

const { COMPLETE, REFUSED } = RecordKind;
const STATELESS = SAMPLES.filter(({ stateless }) => stateless).map((sample) => ({
  ...sample,
  ...sample.make(new EngineRig()),
}));
const [CIPHER] = STATELESS;
const CONTROL = 2;
const NOTHING = new Uint8Array(0);

const kinds = (answers: readonly Answer[]) => answers.map(({ kind }) => kind);
const ids = (answers: readonly Answer[]) => answers.map(({ id }) => id);

// A create of a SHA_256 session under MUX.
const CREATE_HASH = concat(
  Uint8Array.of(2, 1),
  new Uint8Array(14),
  Uint8Array.of(4),
  new Uint8Array(7),
);

function started(options = {}): RemoteRig {
  const rig = new RemoteRig(options);
  rig.start();
  return rig;
}

function refusals(answers: readonly Answer[]): number[][] {
  for (const { kind, payload } of answers) {
    if (kind === REFUSED) {
      assert.ok(new TextDecoder("utf-8", { fatal: true }).decode(payload).length > 0);
    }
  }
  return answers.filter(({ kind }) => kind === REFUSED).map(({ id, value }) => [id, value]);
}

Deno.test("a SUBMIT is refused for the first of its reasons: 1, then 4, then 3, then 5", () => {
  const rig = new RemoteRig();
  const over = (id: number, queue: number) =>
    submit(id, queue, NOTHING, (1 << 20) + SUBMIT_ALLOWANCE + 1);
  const before = rig.ask(
    over(1, 99),
    submit(2, 0, NOTHING, 1),
    record(3, 3, 2 ** 31, NOTHING, { queue: 9, flags: 1 }),
  );
  rig.start();
  const after = rig.ask(
    over(4, 99),
    over(5, 3),
    over(6, 0xffff),
    over(7, 0),
    submit(8, 3, NOTHING, 1),
  );

  assert.deepEqual(refusals(before), [[1, 4], [2, 4], [3, 1]]);
  assert.deepEqual(refusals(after), [[4, 3], [5, 3], [6, 3], [7, 5], [8, 3]]);
});

Deno.test("a queue that is not ready is refused with 3, the others serve", () => {
  const rig = started();
  const data = (id: number, queue: number) =>
    submit(id, queue, CIPHER.readable, CIPHER.writableLen);

  const answers = rig.ask(
    write(1, Register.QueueSel, 1),
    write(2, Register.QueueReady, 0),
    data(3, 1),
    data(4, 0),
    write(5, Register.QueueReady, 1),
    data(6, 1),
  );

  assert.deepEqual(refusals(answers), [[3, 3]]);
  assert.deepEqual(ids(answers.filter(({ kind }) => kind === COMPLETE)).toSorted(), [4, 6]);
});

Deno.test("payload and value together may have max_size and 4096 bytes, and not one more", () => {
  const rig = started({ maxSize: 1000 });
  for (
    const [readableLen, writableLen, isOver] of [
      [0, 5096, false],
      [5096, 0, false],
      [5000, 96, false],
      [5000, 97, true],
      [0, 5097, true],
      [1, 0xffffffff, true],
      [24, 0x80000000, true],
    ] as const
  ) {
    const [answer] = rig.ask(submit(1, 0, new Uint8Array(readableLen), writableLen));
    assert.equal(answer.kind, isOver ? REFUSED : COMPLETE, `${readableLen} ${writableLen}`);
    if (isOver) assert.equal(answer.value, RefusedReason.OVER_LIMIT);
  }
});

Deno.test("COMPLETE carries the result and the status behind it, whatever room W had", () => {
  const rig = started();
  for (const { name, readable, writableLen, result } of STATELESS) {
    for (const slack of [0, 1, 100]) {
      const [answer] = rig.ask(submit(1, 1, readable, writableLen + slack));

      assert.deepEqual([answer.kind, answer.queue, answer.value], [COMPLETE, 1, writableLen], name);
      assert.deepEqual(answer.payload, concat(result, Uint8Array.of(Status.OK)));
    }
  }
});

Deno.test("a failed request's COMPLETE carries its status and nothing else", () => {
  const rig = started();
  rig.ask(submit(1, 0, CIPHER.readable, CIPHER.writableLen));
  for (const len of [1, 2, 500]) {
    const [answer] = rig.ask(submit(2, 0, new Uint8Array(24).fill(0xff), len));

    assert.deepEqual([answer.value, [...answer.payload]], [1, [Status.NOTSUPP]]);
  }
});

Deno.test("control requests are answered with what was written from the start of W", () => {
  const rig = started();
  const destroy = concat(
    Uint8Array.of(3, 1),
    new Uint8Array(14),
    Uint8Array.of(1),
    new Uint8Array(7),
  );

  const [created, tooSmall, gone, again] = rig.ask(
    submit(1, CONTROL, CREATE_HASH, 40),
    submit(2, CONTROL, CREATE_HASH, 15),
    submit(3, CONTROL, destroy, 1),
    submit(4, CONTROL, destroy, 8),
  );

  assert.deepEqual([created.value, ...created.payload], [16, 1, ...new Uint8Array(15)]);
  assert.deepEqual([tooSmall.value, tooSmall.payload.length], [0, 0]);
  assert.deepEqual([gone.value, ...gone.payload], [1, Status.OK]);
  assert.deepEqual([again.value, ...again.payload], [8, Status.ERR, 0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("a SUBMIT may have no bytes at all, or none of one direction", () => {
  const rig = started();

  const answers = rig.ask(
    submit(1, 0, NOTHING, 0),
    submit(2, 0, NOTHING, 9),
    submit(3, 0, CIPHER.readable, 0),
    submit(4, CONTROL, NOTHING, 0),
    submit(5, CONTROL, NOTHING, 16),
    submit(6, 0, CIPHER.readable, CIPHER.writableLen),
  );

  const byId = answers.toSorted((a, b) => a.id - b.id);
  assert.deepEqual(kinds(byId), Array(6).fill(COMPLETE));
  assert.deepEqual(byId.map(({ value }) => value), [0, 1, 0, 0, 16, CIPHER.writableLen]);
});

Deno.test("a session made in a message is used by the records behind it, on any queue", () => {
  const rig = started();
  const data = (session: number) => {
    const bytes = new Uint8Array(24 + 8 + 3);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 0x100, true);
    view.setUint32(8, session, true);
    view.setUint32(16, 1, true);
    view.setUint32(24, 3, true);
    view.setUint32(28, 32, true);
    return bytes;
  };

  const answers = rig.ask(
    submit(1, 0, data(1), 33),
    submit(2, CONTROL, CREATE_HASH, 16),
    submit(3, 0, data(1), 33),
    submit(4, 1, data(1), 33),
    submit(5, 0, data(2), 33),
    submit(6, CONTROL, CREATE_HASH, 16),
    submit(7, 1, data(2), 33),
  ).toSorted((a, b) => a.id - b.id);

  assert.deepEqual(answers.map(({ value }) => value), [1, 16, 33, 33, 1, 16, 33]);
});

for (const queueNum of [1, 2, 4, 1024]) {
  Deno.test(`a queue of ${queueNum} takes three hundred requests in one message, in order`, async () => {
    const rig = new RemoteRig();
    rig.start(undefined, queueNum);
    const records = Array.from(
      { length: 300 },
      (_, id) => submit(id, 0, CIPHER.readable, CIPHER.writableLen),
    );

    const answers = await rig.askSlowly(...records);

    assert.deepEqual(ids(answers), Array.from({ length: 300 }, (_, id) => id));
    assert.ok(answers.every(({ value }) => value === CIPHER.writableLen));
  });
}

for (const queueNum of [0, 3, 1000, 1025, 2048, 0xffffffff]) {
  Deno.test(`a queue of ${queueNum} does not become ready`, () => {
    const rig = new RemoteRig();
    rig.start(undefined, queueNum);

    assert.equal(rig.device.state().queuesReady, 0);
    assert.deepEqual(refusals(rig.ask(submit(1, 0, NOTHING, 1))), [[1, 3]]);
  });
}
