/** Rings that are broken, and rings that only look it. */

import { strict as assert } from "node:assert";
import { DeviceStatus, Interrupt, Register, Status } from "../../device/mod.ts";
import { DescFlag } from "../../device/ring/split_layout.ts";
import { RefusedReason } from "../../gateway/records.ts";
import { breakQueue, PORTABLE } from "../support/broken_queue.ts";
import { assertFailed, assertResult, atGateway, everywhere, onRings, prepareAll } from "./cases.ts";
import { type Lane } from "./lanes.ts";
import { type RingLane } from "./ring_lane.ts";
import { forget } from "./cases.ts";
import { build, createHashSession, hashStateless } from "../../device/wire/requests.ts";
import { SESSIONS, SRC } from "../support/samples.ts";
import { startServer } from "../../gateway/server.ts";
import { connect, type Device, NeedsResetError } from "../../gateway/client/mod.ts";

const RUNNING = 15;
// A request that any device answers: an opcode it does not know.
const UNKNOWN = { readable: new Uint8Array(24).fill(0xff), writableLen: 1 };

// The device has stopped, told it once, and starts again with a reset.
async function assertBroken(lane: RingLane): Promise<void> {
  const { rig } = lane;
  assert.equal(rig.read(Register.Status), RUNNING | DeviceStatus.DEVICE_NEEDS_RESET);
  assert.equal(rig.read(Register.InterruptStatus) & Interrupt.CONFIGURATION, 2);
  rig.begin(0, UNKNOWN.readable, 1);
  rig.kick(0);
  assert.equal(rig.queues[0].popUsed(), -1, "A stopped queue was served");
  await lane.restart();
  assert.equal(rig.read(Register.Status), RUNNING);
}

for (const { what, breakIt } of PORTABLE) {
  onRings(`${what} stops the device until its reset, and no other device`, async (lane) => {
    const neighbour = await lane.neighbour();

    breakQueue(lane.rig, 1, breakIt);

    assertFailed(await neighbour.run([UNKNOWN]), Status.NOTSUPP);
    await assertBroken(lane);
    await neighbour.close();
  });
}

// Writes one descriptor of queue 1 by hand and offers it.
function offer(
  { rig }: RingLane,
  address: bigint,
  len: number,
  flags: number,
): void {
  const ring = 0x4000;
  const { view } = rig.region;
  view.setBigUint64(ring, address, true);
  view.setUint32(ring + 8, len, true);
  view.setUint16(ring + 12, flags, true);
  const avail = ring + 64 * 16;
  view.setUint16(avail + 4, 0, true);
  view.setUint16(avail + 2, 1, true);
  rig.write(Register.QueueNotify, 1);
}

const BEYOND = [2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 16n, 2n ** 64n - 1n];

onRings(
  "a buffer outside memory, half outside it, or at an address near 2^53 and 2^64 stops the device (CVE-2017-5931)",
  async (lane) => {
    const { end } = lane.rig.region;
    const places: readonly (readonly [bigint, number])[] = [
      [BigInt(end), 1],
      [BigInt(end - 4), 5],
      [BigInt(end - 1), 0xffffffff],
      [0n, 0xffffffff],
      ...BEYOND.map((address) => [address, 16] as const),
    ];
    for (const flags of [0, DescFlag.WRITE]) {
      for (const [address, len] of places) {
        offer(lane, address, len, flags);
        await assertBroken(lane);
      }
    }
  },
);

onRings(
  "an indirect table outside memory, half outside it, or at an address near 2^64 stops the device",
  async (lane) => {
    const { end } = lane.rig.region;
    const places: readonly (readonly [bigint, number])[] = [
      [BigInt(end), 16],
      [BigInt(end - 16), 32],
      [0n, 0xfffffff0],
      ...BEYOND.map((address) => [address, 16] as const),
    ];
    for (const [address, len] of places) {
      offer(lane, address, len, DescFlag.INDIRECT);
      await assertBroken(lane);
    }
  },
);

const PARTS = [
  ["descriptor table", Register.QueueDescLow, Register.QueueDescHigh, 16],
  ["available ring", Register.QueueDriverLow, Register.QueueDriverHigh, 2],
  ["used ring", Register.QueueDeviceLow, Register.QueueDeviceHigh, 4],
] as const;

for (const [part, low, high, alignment] of PARTS) {
  onRings(`a ${part} that is not aligned or not in memory stops the device`, async (lane) => {
    const { rig } = lane;
    const { end } = rig.region;
    const wrong = [1, alignment - 1, end, end - alignment, 0xfffffff0, 0xffffffff, end / 2 + 1];
    const places = [...wrong.map((address) => [address, 0]), [0, 1], [0, 0x200000], [
      0,
      0xffffffff,
    ]];
    for (const [lowValue, highValue] of places) {
      rig.write(Register.QueueSel, 1);
      rig.write(Register.QueueReady, 0);
      rig.write(low, lowValue);
      rig.write(high, highValue);
      rig.write(Register.QueueReady, 1);
      rig.write(Register.QueueNotify, 1);
      await assertBroken(lane);
    }
  });
}

onRings(
  "results written into the ring itself harm its own driver alone (CVE-2024-3446)",
  async (lane) => {
    const { rig } = lane;
    const ring = 0x4000;
    const { readable } = build(hashStateless, { algo: 4, src: SRC, hashResultLen: 32 }, lane.mode);
    // Over the descriptors, the available ring, the used ring, and the end of one and start of the next.
    for (const at of [0, 16, 1024 - 8, 1024, 1024 + 2, 1024 + 132, 1160, 1164, 1160 + 500]) {
      const [input] = rig.place(readable.length);
      rig.region.bytes.set(readable, input.address);
      rig.queues[1].add([input], [{ address: ring + at, len: 33 }]);
      rig.kick(1);
      for (let i = 0; i < 4; i++) rig.write(Register.QueueNotify, 1);
      const status = rig.read(Register.Status);
      assert.ok(status === RUNNING || status === (RUNNING | DeviceStatus.DEVICE_NEEDS_RESET));
      await lane.restart();
    }
  },
);

onRings(
  "a ring whose parts lie over each other harms its own driver alone (CVE-2024-3446)",
  async (lane) => {
    const { rig } = lane;
    for (const at of [0, 16, 64, 1024]) {
      rig.write(Register.QueueSel, 1);
      rig.write(Register.QueueReady, 0);
      rig.write(Register.QueueDescLow, 0x4000);
      rig.write(Register.QueueDriverLow, 0x4000 + at);
      rig.write(Register.QueueDeviceLow, 0x4000 + at);
      rig.write(Register.QueueReady, 1);
      for (let i = 0; i < 10; i++) {
        rig.region.view.setUint16(0x4000 + at + 2, i, true);
        rig.write(Register.QueueNotify, 1);
      }
      await lane.restart();
    }
  },
);

everywhere(
  "a queue of 0 entries, or of a number that is no power of 2, or of too many does not become ready",
  async (lane) => {
    const sizes = [0, 3, 5, 6, 7, 63, 65, 1023, 1025, 2048, 0x8000, 0x80000000, 0xffffffff];
    await lane.write(Register.QueueSel, 1);
    await lane.write(Register.QueueReady, 0);
    for (const size of sizes) {
      await lane.write(Register.QueueNum, size);
      await lane.write(Register.QueueReady, 1);

      assert.equal(await lane.read(Register.QueueReady), 0, `size ${size}`);
    }
    assertFailed(await lane.run([UNKNOWN]), Status.NOTSUPP);
    await lane.restart();
  },
);

everywhere("requests before DRIVER_OK are not executed, whatever bits are set", async (lane) => {
  const request = { ...build(createHashSession, SESSIONS.hash, lane.mode), queue: lane.control };
  for (const bits of [[], [1], [1, 3], [1, 3, 4], [15]]) {
    await lane.write(Register.Status, 0);
    for (const value of bits) await lane.write(Register.Status, value);

    await assertNotExecuted(lane, request);
    assert.equal(lane.levels().sessions, 0);
  }
  await lane.restart();
});

async function assertNotExecuted(
  lane: Lane,
  request: Parameters<Lane["run"]>[0][0],
): Promise<void> {
  if ("rig" in lane) {
    const { rig } = lane as RingLane;
    const queue = request.queue ?? 0;
    rig.setUpQueue(queue, 64);
    rig.begin(queue, request.readable, request.writableLen);
    rig.kick(queue);
    assert.equal(rig.queues[queue].popUsed(), -1);
    return;
  }
  const [{ refused }] = await lane.run([request]);
  assert.equal(refused, RefusedReason.NOT_DRIVER_OK);
}

everywhere(
  "indices wrap at 65535: 70,000 requests on one queue are answered one by one",
  async (lane) => {
    for (let round = 0; round < 14; round++) {
      const came = await lane.run(new Array(5000).fill(UNKNOWN));

      assertFailed(came, Status.NOTSUPP);
    }
  },
);

onRings(
  "the event index wraps: each of 66,000 batches is notified of and interrupted for once",
  (lane) => {
    const { rig } = lane;
    const queue = rig.queues[2];
    const before = lane.numInterrupts;
    for (let i = 0; i < 66_000; i++) {
      queue.enableInterrupt();
      rig.begin(2, UNKNOWN.readable, 1);
      assert.ok(queue.publish(), `The kick ${i} was not wanted`);
      rig.write(Register.QueueNotify, 2);
      assert.ok(queue.popUsed() >= 0, `The request ${i} did not come back`);
    }

    assert.equal(lane.numInterrupts - before, 66_000);
  },
);

onRings(
  "without a wish for interrupts there are none while the event index wraps, and the next wish is heard",
  (lane) => {
    const { rig } = lane;
    const queue = rig.queues[2];
    rig.submit(2, UNKNOWN.readable, 1);
    queue.enableInterrupt();
    rig.submit(2, UNKNOWN.readable, 1);
    const before = lane.numInterrupts;
    // used_event stays where it is: no index passes it until it has gone round.
    for (let i = 0; i < 60_000; i++) rig.submit(2, UNKNOWN.readable, 1);
    assert.equal(lane.numInterrupts, before);
    queue.enableInterrupt();
    rig.submit(2, UNKNOWN.readable, 1);

    assert.equal(lane.numInterrupts, before + 1);
  },
);

everywhere("32 submitters at once all get their own results (a Linux hang)", async (lane) => {
  const others = await Promise.all(Array.from({ length: 31 }, () => lane.neighbour()));
  const lanes = [lane, ...others];
  await Promise.all(lanes.map(async (each) => {
    const prepared = await prepareAll(each);
    const requests = [0, 1, 2, 3].flatMap((queue) => prepared.map((good) => ({ ...good, queue })));
    const came = await each.run(requests);
    came.forEach((one, i) => assertResult(one, prepared[i % prepared.length].sample.result));
    await forget(each, prepared);
  }));
  for (const each of others) await each.close();
});

atGateway(
  "a broken ring of one client is told to it alone: other devices of the gateway work",
  async () => {
    const server = await startServer({ port: 0, testBreakRing: 3 });
    const url = server.url.replace("http", "ws");
    const src = new Uint8Array(8);
    const hash = (device: Device) => device.hash({ algorithm: "sha-256", src });
    try {
      await using device = await connect(url);
      await using other = await connect(url);
      const expected = await hash(other);

      const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => hash(device)));

      const lost = outcomes.filter((outcome) => outcome.status === "rejected");
      assert.ok(lost.length > 0);
      assert.ok(lost.every(({ reason }) => reason instanceof NeedsResetError));
      assert.deepEqual(await hash(other), expected);
    } finally {
      await server.close();
    }
  },
);
