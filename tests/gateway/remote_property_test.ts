/** However records are cut into messages, they are answered as they are one by one. */

import { strict as assert } from "node:assert";
import fc from "fast-check";
import { Register } from "../../device/mod.ts";
import { EngineRig } from "../support/engine_rig.ts";
import {
  ALL_MODES,
  type Answer,
  read,
  record,
  RemoteRig,
  startUp,
  submit,
  write,
} from "../support/remote_rig.ts";
import { concat, counting } from "../support/random.ts";
import { SAMPLES } from "../support/samples.ts";

const CONTROL = 2;

// Requests of every kind; those of sessions name session 1 until they are given another.
const DATA = SAMPLES.map((sample) => sample.make(new EngineRig()));
const CREATES = [
  [0x102, [4, 32], []],
  [0x202, [4, 32, 20, 0], counting(20)],
  [0x302, [1, 16, 16, 0, 1, 0], counting(16)],
] as const;

function create(which: number): Uint8Array {
  const [opcode, body, key] = CREATES[which];
  const bytes = new Uint8Array(16 + 4 * body.length + key.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, opcode, true);
  body.forEach((word, i) => view.setUint32(16 + 4 * i, word, true));
  bytes.set(key, 16 + 4 * body.length);
  return bytes;
}

function destroy(service: number, session: number): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, service << 8 | 3, true);
  view.setUint32(16, session, true);
  return bytes;
}

type Make = (id: number) => Uint8Array[];

const data: fc.Arbitrary<Make> = fc.record({
  which: fc.nat(DATA.length - 1),
  queue: fc.nat(3),
  session: fc.nat(5),
  slack: fc.constantFrom(0, 0, 0, -1, 7),
  keep: fc.constantFrom(1, 1, 1, 0.9, 0.3, 0),
}).map(({ which, queue, session, slack, keep }) => (id) => {
  const { readable, writableLen } = DATA[which];
  const bytes = readable.slice(0, Math.round(readable.length * keep));
  if (!SAMPLES[which].stateless && bytes.length > 8) bytes[8] = session;
  return [submit(id, queue, bytes, writableLen + slack)];
});

const control: fc.Arbitrary<Make> = fc.oneof(
  fc.tuple(fc.nat(2), fc.constantFrom(16, 16, 16, 20, 15)).map(([which, len]): Make => (id) => [
    submit(id, CONTROL, create(which), len),
  ]),
  fc.tuple(fc.nat(3), fc.nat(6)).map(([service, session]): Make => (id) => [
    submit(id, CONTROL, destroy(service, session), 1),
  ]),
);

const registers: fc.Arbitrary<Make> = fc.oneof(
  fc.constantFrom(0, 0x70, 0x60, 0x34, 0x44, 0x133, 3).map((offset): Make => (id) => [
    read(id, offset),
  ]),
  fc.nat(3).map((queue): Make => (id) => [write(id, Register.QueueSel, queue)]),
  fc.constantFrom(0, 1).map((ready): Make => (id) => [write(id, Register.QueueReady, ready)]),
  fc.constant<Make>((id) => [record(9, id, 0, counting(3))]),
);

const whole: fc.Arbitrary<Make> = fc.constantFrom<Make>(
  () => startUp(2, ALL_MODES, 4),
  (id) => [write(id, Register.Status, 0)],
  () => startUp(2, ALL_MODES, 16),
);

const makes = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: data },
    { weight: 5, arbitrary: control },
    { weight: 3, arbitrary: registers },
    { weight: 1, arbitrary: whole },
  ),
  { maxLength: 60 },
);

// Completions of different queues may come in any order, those of one queue may not.
function byOrigin(answers: readonly Answer[]): unknown[] {
  return answers
    .map(({ kind, queue, id, value, payload }) => ({
      kind,
      queue,
      id,
      value,
      text: payload.toHex(),
    }))
    .sort((a, b) => a.id - b.id);
}

async function run(messages: readonly Uint8Array[]): Promise<unknown[]> {
  const rig = new RemoteRig({ maxSessions: 3, maxSize: 2000 });
  for (const message of messages) {
    await rig.device.push(message);
    await rig.device.settled();
  }
  rig.device.close();
  return byOrigin(rig.answers);
}

Deno.test("any records, cut into messages anyhow, are answered as they are one by one", async () => {
  await fc.assert(
    fc.asyncProperty(
      makes,
      fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
      async (makes, cuts) => {
        const records = [...startUp(2, ALL_MODES, 8), ...makes.flatMap((make, i) => make(i))];
        const messages: Uint8Array[] = [];
        for (let at = 0; at < records.length;) {
          const num = cuts.next().value ?? 1;
          messages.push(concat(...records.slice(at, at + num)));
          at += num;
        }

        const together = await run(messages);

        assert.deepEqual(together, await run(records));
        assert.equal(together.length, records.length, "each record is answered once");
      },
    ),
    { numRuns: 120 },
  );
});

Deno.test("answers of one queue come in the order of its records", async () => {
  const rig = new RemoteRig();
  rig.start();
  const { readable, writableLen } = DATA[DATA.length - 1];
  const records = Array.from({ length: 200 }, (_, id) => submit(id, id % 2, readable, writableLen));

  const answers = await rig.askSlowly(...records);

  for (const queue of [0, 1]) {
    const ids = answers.filter((answer) => answer.queue === queue).map(({ id }) => id);
    assert.deepEqual(ids, ids.toSorted((a, b) => a - b));
    assert.equal(ids.length, 100);
  }
});
