/** Records and what answers them. */

import { strict as assert } from "node:assert";
import { Register } from "../../device/mod.ts";
import { RecordKind, RefusedReason } from "../../gateway/records.ts";
import { MalformedMessageError } from "../../gateway/remote_device.ts";
import { EngineRig } from "../support/engine_rig.ts";
import { type Answer, read, record, RemoteRig, submit, write } from "../support/remote_rig.ts";
import { concat, counting } from "../support/random.ts";
import { SAMPLES } from "../support/samples.ts";

const { READ_OK, WRITE_OK, COMPLETE, REFUSED } = RecordKind;
const STATELESS = SAMPLES.filter(({ stateless }) => stateless).map((sample) => ({
  ...sample,
  ...sample.make(new EngineRig()),
}));
const [CIPHER] = STATELESS;
const CONTROL = 2;
const NOTHING = new Uint8Array(0);

const kinds = (answers: readonly Answer[]) => answers.map(({ kind }) => kind);
const ids = (answers: readonly Answer[]) => answers.map(({ id }) => id);
const u32 = ({ payload }: Answer) => new DataView(payload.buffer).getUint32(0, true);

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

Deno.test("registers are read and written in order, their answers in one message", () => {
  const rig = new RemoteRig();

  const answers = rig.ask(
    read(7, Register.MagicValue),
    write(8, Register.Status, 1),
    read(9, Register.Status),
    write(10, Register.Status, 3),
    read(11, Register.Status),
  );

  assert.deepEqual(kinds(answers), [READ_OK, WRITE_OK, READ_OK, WRITE_OK, READ_OK]);
  assert.deepEqual(ids(answers), [7, 8, 9, 10, 11]);
  assert.deepEqual(answers.map(({ value }) => value), [0, 0x70, 0x70, 0x70, 0x70]);
  assert.deepEqual([u32(answers[0]), u32(answers[2]), u32(answers[4])], [0x74726976, 1, 3]);
  assert.deepEqual(rig.messages, [5]);
});

Deno.test("ids are the client's: any, and any twice", () => {
  const rig = new RemoteRig();

  const answers = rig.ask(...[0, 0xffffffff, 5, 5, 0].map((id) => read(id, Register.Version)));

  assert.deepEqual(ids(answers), [0, 0xffffffff, 5, 5, 0]);
});

Deno.test("the configuration is read in any range inside its 56 bytes, and written to no effect", () => {
  const rig = new RemoteRig();
  const [whole] = rig.ask(read(1, 0x100, 56));
  for (const [offset, len] of [[0, 0], [3, 5], [55, 1], [48, 8], [56, 0]]) {
    const [answer] = rig.ask(read(2, 0x100 + offset, len));
    assert.equal(answer.kind, READ_OK, `${offset}`);
    assert.deepEqual(answer.payload, whole.payload.slice(offset, offset + len));
  }
  const [written] = rig.ask(record(RecordKind.WRITE, 3, 0x103, counting(50)));
  assert.equal(written.kind, WRITE_OK);
  assert.deepEqual(rig.ask(read(1, 0x100, 56))[0].payload, whole.payload);
});

Deno.test("where there is no register a READ or WRITE is refused with 2", () => {
  const rig = new RemoteRig();
  const bad = [[0x100, 57], [0x130, 9], [0x138, 1], [0x100, 0xffffffff], [0xfffffff0, 16]];
  const registers = [[0x004, 3], [0x004, 5], [0x004, 0], [0x003, 4], [0x00c, 8], [0x018, 4], [
    0xf8,
    8,
  ]];
  const records = [...bad, ...registers].map(([offset, len], i) => read(i, offset, len));
  const writes = [[0x70, 3], [0x70, 5], [0x70, 0], [0x71, 4], [0x18, 4], [0x137, 2], [0x139, 0]]
    .map(([offset, len], i) => record(RecordKind.WRITE, 100 + i, offset, new Uint8Array(len)));

  const answers = rig.ask(...records, ...writes);

  assert.ok(
    answers.every(({ kind, value }) => kind === REFUSED && value === RefusedReason.NO_REGISTER),
  );
  assert.equal(refusals(answers).length, records.length + writes.length);
});

Deno.test("what the gateway owns reads 0 and is not written: ring addresses and QueueNotify", () => {
  const rig = new RemoteRig();
  const owned = [0x50, 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4];
  rig.start();
  rig.ask(write(1, Register.QueueSel, 0), ...owned.map((offset) => write(2, offset, 0xfffffff1)));

  assert.ok(
    rig.ask(...owned.map((offset) => read(3, offset))).every((answer) => u32(answer) === 0),
  );
  const [answer] = rig.ask(submit(4, 0, CIPHER.readable, CIPHER.writableLen));
  assert.equal(answer.value, CIPHER.writableLen);
});

Deno.test("a malformed record is refused with 1 and harms nothing else", () => {
  const rig = started();
  const four = Uint8Array.of(4, 0, 0, 0);

  const answers = rig.ask(
    record(0, 1, 0),
    record(4, 2, 0),
    record(COMPLETE, 3, 0, four),
    record(255, 4, 0),
    record(RecordKind.READ, 5, 0, NOTHING),
    record(RecordKind.READ, 6, 0, counting(3)),
    record(RecordKind.READ, 7, 0, counting(5)),
    record(RecordKind.READ, 8, 0, four, { flags: 1 }),
    record(RecordKind.SUBMIT, 9, 1, counting(24), { flags: 128 }),
    record(RecordKind.WRITE, 10, 0x70, four, { flags: 2 }),
    read(11, Register.Status),
  );

  assert.deepEqual(refusals(answers), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((id) => [id, 1]));
  assert.deepEqual([answers[10].id, u32(answers[10])], [11, 15]);
});

Deno.test("the padding of the last record may be absent, or be there in part", () => {
  const rig = started();
  const last = submit(2, 0, CIPHER.readable.subarray(0, 33), 1);
  for (let end = 16 + 33; end <= last.length; end++) {
    const answers = rig.ask(read(1, 0), last.subarray(0, end));

    assert.deepEqual(kinds(answers), [READ_OK, COMPLETE], `${end}`);
  }
});

Deno.test("a message may be empty", () => {
  const rig = new RemoteRig();

  assert.deepEqual(rig.ask(), []);
  assert.deepEqual(rig.messages, []);
});

Deno.test("a message that cannot be cut is answered up to the bad byte, then thrown for", () => {
  const good = [read(1, 0), submit(2, 0, CIPHER.readable, CIPHER.writableLen)];
  const withSize = (size: number) => {
    const bytes = read(3, 0);
    new DataView(bytes.buffer).setUint32(0, size, true);
    return bytes;
  };
  const tails = [
    counting(1),
    new Uint8Array(15),
    ...[0, 1, 15, 2 ** 31, 2 ** 32 - 1].map(withSize),
  ];
  for (const tail of tails) {
    const rig = started();

    assert.throws(() => rig.push(...good, tail, read(4, 0)), MalformedMessageError);

    assert.deepEqual(ids(rig.take()), [1, 2]);
    assert.deepEqual(ids(rig.ask(read(5, 0))), [5]);
  }
});

Deno.test("GOAWAY tells the seconds left", () => {
  const rig = new RemoteRig();

  rig.device.goAway(30);

  assert.deepEqual(rig.take(), [{
    kind: RecordKind.GOAWAY,
    queue: 0,
    id: 0,
    value: 30,
    payload: NOTHING,
  }]);
});

Deno.test("state tells status, features, sessions and ready queues", () => {
  const rig = started();
  rig.ask(submit(1, CONTROL, CREATE_HASH, 16));

  const state = rig.device.state();

  assert.deepEqual({ ...state, features: state.features.length }, {
    status: 15,
    features: 6,
    sessions: 1,
    queuesReady: 3,
  });
  assert.equal(rig.device.counters.requests, 1);
});
