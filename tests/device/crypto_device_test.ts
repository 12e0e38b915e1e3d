/** The runner: draining, batches, time slices, resets at awkward moments. */

import { strict as assert } from "node:assert";
import { AlgorithmSet, DeviceStatus, Interrupt, Register, Status } from "../../device/mod.ts";
import { EngineRig } from "../support/engine_rig.ts";
import { fakeAlgorithms, FakeLog } from "../support/fakes.ts";
import { Rig, type RigOptions, UNWRITTEN } from "../support/rig.ts";
import { SAMPLES } from "../support/samples.ts";

const ALL = [
  "MUX_MODE",
  "CIPHER_STATELESS_MODE",
  "HASH_STATELESS_MODE",
  "MAC_STATELESS_MODE",
  "AEAD_STATELESS_MODE",
];
const STATELESS = SAMPLES.filter(({ stateless }) => stateless).map((sample) => ({
  ...sample,
  ...sample.make(new EngineRig()),
}));
const [CIPHER] = STATELESS;

function countingRig(options: RigOptions = {}) {
  const interrupts: number[] = [];
  const rig = new Rig({ accept: ALL, ...options, interrupt: (bits) => interrupts.push(bits) });
  interrupts.length = 0;
  return { rig, interrupts };
}

for (const indirect of [false, true]) {
  for (const eventIdx of [false, true]) {
    const title = `${indirect ? "indirect" : "direct"}, ${
      eventIdx ? "with" : "without"
    } event index`;
    Deno.test(`every kind of request is served through a ring on every queue: ${title}`, () => {
      const accept = [...ALL, "RING_INDIRECT_DESC", ...(eventIdx ? ["RING_EVENT_IDX"] : [])];
      const { rig } = countingRig({ accept });
      for (const { readable, writableLen, result } of STATELESS) {
        for (
          const [queue, cuts] of [[0, [1, 1, 1, 5]], [1, [24]], [2, [7, 0, 30]], [3, []]] as const
        ) {
          const at = { readableCuts: cuts, writableCuts: [...cuts, writableLen - 20], indirect };
          const outcome = rig.submit(queue, readable, writableLen, at);

          assert.equal(outcome.usedLen, writableLen);
          assert.deepEqual(outcome.writable.subarray(0, -1), result);
          assert.equal(outcome.writable.at(-1), Status.OK);
        }
      }
    });
  }
}

Deno.test("the status may be alone in its descriptor, or in front of one of length 0", () => {
  const { rig } = countingRig();
  const { readable, writableLen, result } = CIPHER;
  for (const writableCuts of [[writableLen - 1, 1], [writableLen - 1, 0, 1], [writableLen, 0]]) {
    const { writable } = rig.submit(0, readable, writableLen, { writableCuts });

    assert.deepEqual([...writable], [...result, Status.OK]);
  }
});

Deno.test("a header may come in descriptors of one byte", () => {
  const { rig } = countingRig();
  const { readable, writableLen } = CIPHER;
  const readableCuts = new Array(40).fill(1);

  assert.equal(rig.submit(0, readable, writableLen, { readableCuts }).usedLen, writableLen);
});

Deno.test("a batch is answered in order and with one interrupt", () => {
  const { rig, interrupts } = countingRig();
  const finish = Array.from({ length: 30 }, (_, i) => {
    const { readable, writableLen } = STATELESS[i % STATELESS.length];
    return rig.begin(0, readable, writableLen);
  });

  rig.kick(0);

  finish.forEach((fetch, i) => {
    const { writable } = fetch();
    assert.deepEqual(writable.subarray(0, -1), STATELESS[i % STATELESS.length].result);
  });
  assert.deepEqual(interrupts, [Interrupt.USED_BUFFER]);
  assert.equal(rig.device.counters.requests, 30);
});

Deno.test("a request without any writable byte comes back with used.len 0", () => {
  const { rig } = countingRig();

  assert.equal(rig.submit(0, CIPHER.readable, 0).usedLen, 0);
  assert.equal(rig.submit(rig.control, CIPHER.readable, 0).usedLen, 0);
  assert.equal(rig.submit(0, new Uint8Array(0), 0).usedLen, 0);
});

Deno.test("a chain of writable descriptors only is answered ERR", () => {
  const { rig } = countingRig();
  const ring = rig.queues[0];
  const [output] = rig.place(9);
  ring.add([], [output]);
  rig.kick(0);

  assert.ok(ring.popUsed() >= 0);
  assert.deepEqual([ring.usedLen, rig.load([output]).at(-1)], [1, Status.ERR]);
});

Deno.test("requests in front of DRIVER_OK wait for it and the first notification after it", () => {
  const { rig } = countingRig();
  rig.write(Register.Status, 0);
  const before = DeviceStatus.ACKNOWLEDGE | DeviceStatus.DRIVER;
  rig.write(Register.Status, before);
  rig.write(Register.DriverFeaturesSel, 1);
  rig.write(Register.DriverFeatures, 1);
  rig.write(Register.Status, before | DeviceStatus.FEATURES_OK);
  rig.setUpQueue(0, 8);
  const finish = rig.begin(0, new Uint8Array(24).fill(0xff), 1);
  rig.kick(0);
  assert.equal(rig.queues[0].popUsed(), -1);

  rig.write(Register.Status, before | DeviceStatus.FEATURES_OK | DeviceStatus.DRIVER_OK);
  rig.write(Register.QueueNotify, 0);

  assert.deepEqual([...finish().writable], [Status.NOTSUPP]);
});

Deno.test("a bad request does not hold up the hundred behind it", () => {
  const { rig } = countingRig();
  for (const bad of [new Uint8Array(0), new Uint8Array(23), new Uint8Array(200).fill(0xff)]) {
    rig.begin(0, bad, 5);
    rig.kick(0);
    rig.queues[0].popUsed();
    for (let i = 0; i < 100; i++) {
      assert.equal(rig.submit(0, CIPHER.readable, CIPHER.writableLen).usedLen, CIPHER.writableLen);
    }
  }
});

Deno.test("a deadline stops between requests, and nothing is lost or done twice", () => {
  const { rig } = countingRig();
  const src = new Uint8Array(70_000);
  const readable = new Uint8Array(24 + 16 + src.length);
  const view = new DataView(readable.buffer);
  view.setUint32(0, 0x100, true);
  view.setUint32(24, 4, true);
  view.setUint32(28, src.length, true);
  view.setUint32(32, 32, true);
  const finish = Array.from({ length: 5 }, () => rig.begin(0, readable, 33));
  rig.queues[0].publish();
  let num = 0;

  // A deadline that has passed lets one request through each time.
  while (rig.device.drain(0, 0)) num++;

  assert.equal(num, 5);
  assert.equal(rig.device.counters.requests, 5);
  for (const fetch of finish) assert.equal(fetch().usedLen, 33);
});

Deno.test("a reset from the interrupt ends the work: nothing is written to the old ring after it", () => {
  let onInterrupt = () => {};
  const rig = new Rig({ accept: ALL, interrupt: () => onInterrupt() });
  const { readable, writableLen } = CIPHER;
  let before = new Uint8Array(0);
  onInterrupt = () => {
    onInterrupt = () => {};
    rig.write(Register.Status, 0);
    before = Uint8Array.from(rig.region.bytes);
  };
  rig.begin(0, readable, writableLen);
  rig.kick(0);

  assert.equal(rig.read(Register.Status), 0);
  assert.ok(before.every((byte, i) => byte === rig.region.bytes[i]), "A late write");
});

Deno.test("a queue that is stopped from the interrupt takes no further request", () => {
  let onInterrupt = () => {};
  const rig = new Rig({ accept: ALL, interrupt: () => onInterrupt() });
  const { readable, writableLen } = CIPHER;
  const first = rig.begin(0, readable, writableLen);
  onInterrupt = () => {
    onInterrupt = () => {};
    rig.begin(0, readable, writableLen);
    rig.queues[0].publish();
    rig.write(Register.QueueSel, 0);
    rig.write(Register.QueueReady, 0);
  };

  rig.kick(0);

  assert.equal(first().usedLen, writableLen);
  assert.equal(rig.device.counters.requests, 1);
});

Deno.test("what comes while the interrupt is raised is served without another notification", () => {
  let onInterrupt = () => {};
  const rig = new Rig({ accept: ALL, interrupt: () => onInterrupt() });
  const { readable, writableLen } = CIPHER;
  const first = rig.begin(0, readable, writableLen);
  let second = first;
  onInterrupt = () => {
    onInterrupt = () => {};
    second = rig.begin(0, readable, writableLen);
    rig.queues[0].publish();
  };

  rig.kick(0);

  assert.equal(first().usedLen, writableLen);
  assert.equal(second().usedLen, writableLen);
});

Deno.test("a reset with requests on the ring answers none of them later", () => {
  const { rig } = countingRig();
  rig.begin(0, CIPHER.readable, CIPHER.writableLen);
  rig.queues[0].publish();
  rig.write(Register.Status, 0);
  const before = Uint8Array.from(rig.region.bytes);

  rig.write(Register.QueueNotify, 0);

  assert.equal(rig.device.drain(0), false);
  assert.deepEqual(rig.region.bytes.findLastIndex((byte, i) => byte !== before[i]), -1);
  rig.startUp(ALL);
  assert.equal(rig.submit(0, CIPHER.readable, CIPHER.writableLen).usedLen, CIPHER.writableLen);
});

Deno.test("sessions are found from any queue, and gone after a reset", () => {
  const { rig } = countingRig({ accept: ["MUX_MODE"] });
  const source = new EngineRig();
  const sample = SAMPLES.find(({ name }) => name === "a session's hash request") ?? assert.fail();
  const create = new Uint8Array(24);
  new DataView(create.buffer).setUint32(0, 0x102, true);
  new DataView(create.buffer).setUint32(16, 4, true);
  assert.equal(rig.submit(rig.control, create, 16).writable[0], 1);
  const { readable, writableLen } = sample.make(source);
  for (let queue = 0; queue < 4; queue++) {
    assert.equal(rig.submit(queue, readable, writableLen).usedLen, writableLen);
  }

  rig.startUp(["MUX_MODE"]);

  assert.deepEqual(rig.submit(0, readable, writableLen).writable.at(-1), Status.INVSESS);
  assert.equal(rig.device.numSessions, 0);
});

Deno.test("modes are those of the last negotiation", () => {
  const { rig } = countingRig();
  assert.equal(rig.submit(0, CIPHER.readable, CIPHER.writableLen).writable.at(-1), Status.OK);

  rig.startUp(["MUX_MODE"]);
  assert.equal(rig.submit(0, CIPHER.readable, CIPHER.writableLen).writable.at(-1), Status.NOTSUPP);
  rig.startUp([]);

  assert.equal(rig.submit(0, CIPHER.readable, CIPHER.writableLen).writable.at(-1), Status.INVSESS);
});

Deno.test("a driver that rewrites its request while the device works gets what was read once", () => {
  const log = new FakeLog();
  const rig = new Rig({ algorithms: new AlgorithmSet(fakeAlgorithms(log)), accept: ALL });
  const { readable, writableLen } = CIPHER;
  const [input] = rig.place(readable.length);
  const [output] = rig.place(writableLen);
  rig.region.bytes.set(readable, input.address);
  rig.region.bytes.fill(UNWRITTEN, output.address, output.address + output.len);
  // The accelerator stands for another thread: it rewrites header and body in the midst of it.
  log.seen.push = (...seen) => {
    rig.region.bytes.fill(0xff, input.address, input.address + 24 + 80);
    return seen.length;
  };
  rig.queues[0].add([input], [output]);
  rig.kick(0);

  assert.ok(rig.queues[0].popUsed() >= 0);
  assert.equal(rig.queues[0].usedLen, writableLen);
  assert.equal(rig.load([output]).at(-1), Status.OK);
});
