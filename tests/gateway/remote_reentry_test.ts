/** A sink that acts on the device from within send. */

import { strict as assert } from "node:assert";
import { AlgorithmSet, Register } from "../../device/mod.ts";
import { fakeAlgorithms, FakeLog } from "../support/fakes.ts";
import { concat } from "../support/random.ts";
import { ALL_MODES, read, RemoteRig, startUp, submit, write } from "../support/remote_rig.ts";

const SRC_LEN = 30_000;

// R of a stateless AES_CBC request whose key and source are of one byte. Its answer is so long that the
// device sends answers on in the midst of taking what is completed.
function request(byte: number): Uint8Array {
  const bytes = new Uint8Array(24 + 80 + 16 + 16 + SRC_LEN).fill(byte, 24 + 80);
  const view = new DataView(bytes.buffer);
  [3, 16, 1, 16, SRC_LEN, SRC_LEN].forEach((word, i) => view.setUint32(24 + 4 * i, word, true));
  view.setUint32(24 + 72, 1, true);
  return bytes;
}

function submits(num: number): Uint8Array[] {
  return Array.from(
    { length: num },
    (_, id) => submit(id, id % 2, request(0x80 + id), SRC_LEN + 1),
  );
}

Deno.test("a resume within send neither loses nor repeats a record, and all that was read is overwritten", async () => {
  const log = new FakeLog();
  const rig = new RemoteRig({
    maxUnansweredBytes: 300_000,
    algorithms: new AlgorithmSet(fakeAlgorithms(log)),
  });
  rig.start();
  rig.ask(submit(0, 0, new Uint8Array(0), 1_000_000));
  const send = rig.send.bind(rig);
  rig.send = (message, numRecords) => {
    send(message, numRecords);
    rig.device.resume();
  };
  const num = 14;

  await rig.device.push(concat(...submits(num)));
  await rig.device.settled();

  const ids = rig.answers.map(({ id }) => id).toSorted((a, b) => a - b);
  assert.deepEqual(ids, Array.from({ length: num }, (_, i) => i));
  assert.ok(rig.answers.every(({ value }) => value === SRC_LEN + 1));
  const arenas = new Set(
    log.seen.map(({ buffer }) => buffer).filter((b) => b instanceof SharedArrayBuffer),
  );
  for (const buffer of arenas) {
    const text = new Uint8Array(buffer).toHex();
    for (let id = 0; id < num; id++) {
      assert.ok(!text.includes((0x80 + id).toString(16).repeat(64)), `R of ${id} is still there`);
    }
  }
  rig.device.close();
});

Deno.test("a close within send ends the device: no record behind it is executed", () => {
  const log = new FakeLog();
  const rig = new RemoteRig({ algorithms: new AlgorithmSet(fakeAlgorithms(log)) });
  rig.start();
  const create = new Uint8Array(16 + 56 + 16);
  const view = new DataView(create.buffer);
  view.setUint32(0, 2, true);
  view.setUint32(16, 3, true);
  view.setUint32(20, 16, true);
  view.setUint32(24, 1, true);
  view.setUint32(64, 1, true);
  rig.onSend = () => rig.device.close();

  rig.device.push(concat(...submits(4), ...startUp(2, ALL_MODES), submit(2, 2, create, 16)));

  assert.deepEqual([rig.device.state().sessions, log.isOpen], [0, 0]);
  assert.equal(rig.device.state().status, 0);
});

Deno.test("a device that is closed within send while completions are taken stays closed and quiet", async () => {
  const log = new FakeLog();
  const rig = new RemoteRig({ algorithms: new AlgorithmSet(fakeAlgorithms(log)) });
  rig.start();
  rig.onSend = () => rig.device.close();

  await rig.device.push(concat(...submits(50), write(1, Register.Status, 0)));
  await rig.device.settled();

  assert.equal(rig.messages.length, 2, "the start-up's answers and one message");
  assert.throws(() => rig.device.push(read(1, 0)), /closed device/);
});
