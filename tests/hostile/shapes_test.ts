/** Requests cut into descriptors in every way there is, and what the device says it has written. */

import { strict as assert } from "node:assert";
import { BrokenRingError, type Buffer, Register, Status } from "../../device/mod.ts";
import { SplitDeviceQueue } from "../../device/ring/split_device_queue.ts";
import { SplitDriverQueue } from "../../device/ring/split_driver_queue.ts";
import { read, RemoteRig, submit } from "../support/remote_rig.ts";
import {
  assertResult,
  everywhere,
  fails,
  forget,
  onRings,
  prepare,
  prepareAll,
  type Prepared,
  samplesOf,
} from "./cases.ts";
import type { Lane, Sent } from "./lanes.ts";
import type { RingLane } from "./ring_lane.ts";
import type { Placement } from "../support/rig.ts";

const ones = (num: number) => new Array<number>(num).fill(1);

// Every kind of request, cut that way, gives its result.
async function serves(
  lane: RingLane,
  cut: (readableLen: number, writableLen: number) => Placement,
): Promise<void> {
  const prepared = await prepareAll(lane);
  for (const each of prepared) {
    const at = cut(each.readable.length, each.writableLen);
    const [came] = await lane.run([{ ...each, at }]);
    assertResult(came, each.sample.result);
  }
  await forget(lane, prepared);
}

everywhere(
  "one bad request of each kind, then a hundred good ones: none waits for ever",
  async (lane) => {
    const prepared = await prepareAll(lane);
    for (const { readable, writableLen } of prepared) {
      await fails(lane, [{ readable: readable.subarray(0, readable.length - 1), writableLen }]);
    }
    await forget(lane, prepared);
  },
);

everywhere("bad requests between good ones take no good one with them", async (lane) => {
  const prepared = await prepareAll(lane);
  const bad = prepared[0].readable.subarray(0, 40);
  const requests: Sent[] = prepared.flatMap((good) => [
    { readable: bad, writableLen: 9 },
    good,
    { readable: bad.subarray(0, 3), writableLen: 1 },
  ]);

  const came = await lane.run(requests);

  prepared.forEach(({ sample }, i) => assertResult(came[3 * i + 1], sample.result));
  assert.ok(came.every(({ written }, i) => i % 3 === 1 || written[0] === Status.ERR));
  await forget(lane, prepared);
});

onRings(
  "the status byte may lie alone in its descriptor",
  (lane) => serves(lane, (_, writableLen) => ({ writableCuts: [writableLen - 1] })),
);

onRings("the status byte is found before a zero-length last descriptor", async (lane) => {
  const prepared = await prepareAll(lane);
  for (const { readable, writableLen, sample } of prepared) {
    const came = await runInPlace(lane, readable, writableLen, (output) => [
      ...output,
      { address: output[0].address, len: 0 },
    ]);
    assertResult(came, sample.result);
  }
  await forget(lane, prepared);
});

onRings(
  "the status byte may be split off a result that is cut into single bytes",
  (lane) =>
    serves(lane, (_, writableLen) => ({
      writableCuts: writableLen < 60 ? ones(writableLen) : [writableLen - 50, ...ones(50)],
    })),
);

onRings(
  "a header may lie in many descriptors of one byte",
  (lane) => serves(lane, () => ({ readableCuts: ones(50) })),
);

onRings(
  "a whole request may lie in descriptors of one byte in an indirect table",
  (lane) =>
    serves(lane, (readableLen, writableLen) => ({
      readableCuts: ones(readableLen),
      writableCuts: ones(writableLen),
      indirect: true,
    })),
);

onRings(
  "everything may lie in one descriptor for reading and one for writing",
  (lane) => serves(lane, () => ({})),
);

onRings(
  "everything may lie in one descriptor of an indirect table",
  (lane) => serves(lane, () => ({ indirect: true })),
);

onRings("zero-length descriptors may stand anywhere", async (lane) => {
  const prepared = await prepareAll(lane);
  for (const { readable, writableLen, sample } of prepared) {
    const nowhere = { address: 0x7fff_ffff, len: 0 };
    const came = await runInPlace(
      lane,
      readable,
      writableLen,
      (output) => [nowhere, ...output, nowhere],
      (input) => [nowhere, ...input, nowhere, nowhere],
    );
    assertResult(came, sample.result);
  }
  await forget(lane, prepared);
});

onRings("dst may be src, to the byte and shifted by any number of bytes", async (lane) => {
  const prepared = await prepareAll(lane);
  for (const { readable, writableLen, sample } of prepared) {
    for (const shift of [0, 1, 7, 16, 48]) {
      const [input] = lane.rig.place(readable.length + writableLen + 64);
      // W starts `shift` bytes in front of the last bytes of R.
      const address = input.address + readable.length - shift;
      const came = await runInPlace(
        lane,
        readable,
        writableLen,
        () => [{ address, len: writableLen }],
        () => [{ address: input.address, len: readable.length }],
      );
      assertResult(came, sample.result);
    }
  }
  await forget(lane, prepared);
});

everywhere("a request without room for its status is executed not at all", async (lane) => {
  const { sessions } = lane.levels();
  const prepared: Prepared[] = [];
  for (const sample of samplesOf(lane)) prepared.push(await prepare(lane, sample));

  const came = await lane.run(prepared.map(({ readable }) => ({ readable, writableLen: 0 })));

  for (const { usedLen, written, refused } of came) {
    assert.deepEqual([usedLen, written.length, refused], [0, 0, 0]);
  }
  await forget(lane, prepared);
  assert.equal(lane.levels().sessions, sessions);
});

everywhere(
  "chains with nothing to read are answered, chains with nothing at all come back (CVE-2020-14378)",
  async (lane) => {
    const nothing = new Uint8Array(0);
    for (const queue of [0, 1, lane.control]) {
      const came = await lane.run([1, 15, 16, 5000].map((writableLen) => ({
        readable: nothing,
        writableLen,
        queue,
      })));
      const [empty] = await lane.run([{ readable: nothing, writableLen: 0, queue }]);

      if (queue !== lane.control) assert.ok(came.every(({ written }) => written[0] === Status.ERR));
      assert.ok(came.every(({ usedLen }) => usedLen <= 16));
      assert.equal(empty.usedLen, 0);
    }
  },
);

everywhere("used.len is never more than was written, and never 0 beside a status", async (lane) => {
  const prepared = await prepareAll(lane);
  const requests = prepared.flatMap(({ readable }) =>
    Array.from({ length: 70 }, (_, writableLen) => ({ readable, writableLen }))
  );

  const came = await lane.run(requests);

  came.forEach(({ usedLen, written }, i) => {
    const { writableLen } = requests[i];
    assert.equal(written.length, usedLen);
    assert.ok(usedLen <= writableLen && (usedLen > 0) === (writableLen > 0));
  });
  await forget(lane, prepared);
});

for (const claimed of [41, 4096, 0x7fffffff, 0xffffffff]) {
  onRings(`a device that claims ${claimed} bytes of 40 is believed 40`, () => {
    const rig = new RemoteRig();
    rig.start();
    const { push } = SplitDeviceQueue.prototype;
    SplitDeviceQueue.prototype.push = function (head) {
      push.call(this, head, claimed);
    };
    try {
      const [answer, status] = rig.ask(
        submit(1, 0, new Uint8Array(24).fill(0xff), 40),
        read(2, Register.Status),
      );

      assert.equal(answer.value, 40);
      assert.deepEqual([...answer.payload], [...new Uint8Array(39), Status.NOTSUPP]);
      assert.equal(status.payload[0], 15);
    } finally {
      SplitDeviceQueue.prototype.push = push;
      rig.device.close();
    }
  });
}

onRings("a device that names a chain which is not in flight is not believed", ({ rig }) => {
  const { region } = rig;
  const parts = { desc: 0x80000, driver: 0x80400, device: 0x80800 };
  const queue = new SplitDriverQueue(region, parts, 16, false);
  queue.add([{ address: 0x90000, len: 8 }], []);
  queue.publish();
  for (const id of [1, 15, 16, 0xffff, 0xffffffff]) {
    region.view.setUint32(parts.device + 4, id, true);
    region.view.setUint16(parts.device + 2, 1, true);

    assert.throws(() => queue.popUsed(), BrokenRingError);
  }
});

// Runs a request whose buffers a test places itself.
async function runInPlace(
  lane: RingLane,
  readable: Uint8Array,
  writableLen: number,
  outputOf: (output: Buffer[]) => Buffer[],
  inputOf: (input: Buffer[]) => Buffer[] = (input) => input,
): Promise<Awaited<ReturnType<Lane["run"]>>[number]> {
  const { rig } = lane;
  const input = inputOf(rig.place(readable.length));
  const output = outputOf(rig.place(writableLen));
  const whole = input.find(({ len }) => len === readable.length);
  assert.ok(whole !== undefined);
  rig.region.bytes.set(readable, whole.address);
  const head = rig.queues[0].add(input, output);
  rig.kick(0);
  assert.equal(await Promise.resolve(rig.queues[0].popUsed()), head);
  const { usedLen } = rig.queues[0];
  const writable = rig.load(output);
  const written = new Uint8Array(usedLen);
  written.set(writable.subarray(0, usedLen - 1));
  written[usedLen - 1] = writable[writable.length - 1];
  return { usedLen, written, refused: 0 };
}
