/** What a driver does between two looks of the device, and what the device does behind a reset. */

import { strict as assert } from "node:assert";
import { ALL_ALGORITHMS, Register } from "../../device/mod.ts";
import { DescriptorChain } from "../../device/ring/descriptor_chain.ts";
import { SplitDeviceQueue } from "../../device/ring/split_device_queue.ts";
import { ThreadRun } from "../../device/threads/thread_run.ts";
import { RecordKind } from "../../gateway/records.ts";
import { until } from "../gateway/helpers.ts";
import { RawRing, WRITE } from "../support/raw_ring.ts";
import { RemoteRig, submit, write } from "../support/remote_rig.ts";
import { Rig } from "../support/rig.ts";
import { Command, fakeRequest, fakeThreads, RESULT_LEN, sumOf } from "../support/thread_fakes.ts";
import { within } from "./lanes.ts";

const UNWRITTEN = 0xee;

Deno.test("an index that is taken back between two looks of a device thread runs no request twice", () => {
  const ring = new RawRing(8);
  ring.desc(0, { addr: 0x20000, len: 1, flags: WRITE });
  const words = new Int32Array(new SharedArrayBuffer(256));
  const { device } = ring;
  const run = new ThreadRun(
    {
      kind: "run",
      run: 1,
      version: 0,
      words: words.buffer,
      maxSize: 4096,
      layout: "v19",
      mux: true,
      stateless: [true, true, true, true],
      regions: ring.memory.regions.map(({ start, bytes }) => ({
        start,
        buffer: bytes.buffer as SharedArrayBuffer,
        offset: bytes.byteOffset,
        len: bytes.length,
      })),
      queues: [{ index: 0, generation: 1, config: device.config }],
      journal: null,
    },
    ALL_ALGORITHMS,
    1,
    (fault) => assert.fail(String(fault)),
  );
  ring.offer(0);
  ring.offer(0);
  // The thread looks for news between its two looks at the index: it is then that the driver acts.
  let numLooks = 0;
  Atomics.store(words, 1, 1);
  run.turn(0, new DescriptorChain(), {
    isWanted: false,
    takeMessages: () => {
      if (++numLooks === 2) ring.availIdx(1);
    },
    tell: () => {},
  });

  assert.equal(ring.usedIdx, 1, "One request was offered and not taken back");
  run.close();
});

Deno.test("a driver that adds a request whenever one is done does not hold the device beyond its deadline", () => {
  const rig = new Rig();
  const { pop } = SplitDeviceQueue.prototype;
  const { enableNotification } = SplitDeviceQueue.prototype;
  let num = 0;
  // As the device sees a driver beside it: there is always one more, of no bytes, or one at a time.
  const endless = (chain: DescriptorChain) => {
    chain.clear();
    return ++num < 1_000_000;
  };
  try {
    for (const oneByOne of [false, true]) {
      num = 0;
      SplitDeviceQueue.prototype.pop = function (chain) {
        return oneByOne ? endless(chain) && num % 2 === 0 : endless(chain);
      };
      SplitDeviceQueue.prototype.enableNotification = () => num < 1_000_000;

      assert.equal(rig.device.drain(0, performance.now()), true, "Requests still wait");

      assert.ok(num < 10_000, `${num} requests were run`);
    }
  } finally {
    SplitDeviceQueue.prototype.pop = pop;
    SplitDeviceQueue.prototype.enableNotification = enableNotification;
  }
  rig.device.close();
});

Deno.test("a reset from within the interrupt, requests behind it: nothing is written after the reset", () => {
  let resets = 0;
  const rig: Rig = new Rig({
    interrupt: () => {
      if (resets++ === 0) rig.write(Register.Status, 0);
    },
  });
  const [output] = rig.place(1);
  for (let i = 0; i < 4; i++) rig.begin(0, new Uint8Array(24).fill(0xff), 1);
  rig.region.bytes[output.address] = UNWRITTEN;
  rig.kick(0);
  const before = rig.region.bytes.slice();

  rig.device.drain(0);
  rig.write(Register.QueueNotify, 0);

  assert.deepEqual(rig.region.bytes.slice(), before);
  assert.equal(rig.read(Register.Status), 0);
  rig.device.close();
});

Deno.test("a reset with requests in flight in device threads: nothing of them is seen after it", async () => {
  const threads = fakeThreads(2);
  const rig = new RemoteRig({ threads, algorithms: threads.algorithms });
  const slow = fakeRequest(Command.SPIN, 3);
  const quick = fakeRequest(Command.SUM);
  try {
    for (let round = 0; round < 10; round++) {
      rig.start();
      // Two that threads are at when the reset comes, and more behind them.
      rig.push(...[0, 1, 2, 3].map((id) => submit(id, id % 2, slow, RESULT_LEN + 1)));
      const told = rig.ask(write(9, Register.Status, 0));
      assert.equal(told.at(-1)?.kind, RecordKind.WRITE_OK);
      assert.ok(told.slice(0, -1).every(({ kind }) => kind === RecordKind.REFUSED));
      rig.start();

      rig.push(...[10, 11].map((id) => submit(id, id % 2, quick, RESULT_LEN + 1)));
      await within(rig.device.settled(), "the requests behind the reset");

      const answers = rig.take();
      assert.deepEqual(answers.map(({ id }) => id).toSorted(), [10, 11]);
      const sum = sumOf(quick.subarray(-8));
      for (const { payload } of answers) assert.deepEqual(payload.subarray(0, RESULT_LEN), sum);
    }
  } finally {
    rig.device.close();
    await within(until(() => threads.held.runs === 0), "the threads to let go");
    await threads.close();
  }
});
