/** A broken ring, seen by the whole device: it stops, tells, and recovers through a reset. */

import { strict as assert } from "node:assert";
import { DeviceStatus, Interrupt, Register } from "../../../device/mod.ts";
import { breakQueue, PORTABLE } from "../../support/broken_queue.ts";
import { Rig } from "../../support/rig.ts";

const DRIVER_OK = DeviceStatus.ACKNOWLEDGE | DeviceStatus.DRIVER | DeviceStatus.FEATURES_OK |
  DeviceStatus.DRIVER_OK;

// A request that any device answers: an opcode it does not know.
const UNKNOWN = new Uint8Array(24).fill(0xff);

function brokenRig() {
  const interrupts: number[] = [];
  const broken: Error[] = [];
  const rig = new Rig({
    queues: 2,
    interrupt: (bits) => interrupts.push(bits),
    onBrokenRing: (error) => broken.push(error),
  });
  return { rig, interrupts, broken };
}

for (const { what, breakIt } of PORTABLE) {
  Deno.test(`after ${what} the device needs a reset, and works again after it`, () => {
    const { rig, interrupts, broken } = brokenRig();
    rig.submit(0, UNKNOWN, 1);
    interrupts.length = 0;

    breakQueue(rig, 1, breakIt);

    assert.equal(rig.read(Register.Status), DRIVER_OK | DeviceStatus.DEVICE_NEEDS_RESET);
    assert.deepEqual(interrupts, [Interrupt.CONFIGURATION]);
    assert.equal(rig.read(Register.InterruptStatus) & Interrupt.CONFIGURATION, 2);
    assert.equal(broken.length, 1);
    assert.equal(rig.device.counters.brokenRings, 1);
    rig.startUp([]);
    assert.equal(rig.read(Register.Status), DRIVER_OK);
    assert.equal(rig.submit(1, UNKNOWN, 1).usedLen, 1);
  });
}

Deno.test("a broken ring stops the other queues too, until the reset", () => {
  const { rig } = brokenRig();
  rig.queues[0].breakRing();
  rig.write(Register.QueueNotify, 0);
  rig.begin(1, UNKNOWN, 1);
  rig.kick(1);

  assert.equal(rig.queues[1].popUsed(), -1);
  assert.equal(rig.device.drain(1), false);
  assert.equal(rig.queues[1].popUsed(), -1);
});

Deno.test("requests in front of the break are answered, those behind it are not", () => {
  const { rig } = brokenRig();
  const finish = rig.begin(0, UNKNOWN, 1);
  rig.queues[0].add([{ address: 2 ** 40, len: 1 }], []);
  rig.begin(0, UNKNOWN, 1);

  rig.kick(0);

  assert.equal(finish().usedLen, 1);
  assert.equal(rig.queues[0].popUsed(), -1);
  assert.ok((rig.read(Register.Status) & DeviceStatus.DEVICE_NEEDS_RESET) !== 0);
});

Deno.test("a broken ring is reported once, however often it is kicked", () => {
  const { rig, broken } = brokenRig();
  rig.queues[0].breakRing();

  for (let i = 0; i < 3; i++) rig.write(Register.QueueNotify, 0);

  assert.equal(broken.length, 1);
});

Deno.test("a driver cannot take DEVICE_NEEDS_RESET back but by a reset", () => {
  const { rig } = brokenRig();
  rig.queues[0].breakRing();
  rig.write(Register.QueueNotify, 0);

  rig.write(Register.Status, DRIVER_OK);

  assert.equal(rig.read(Register.Status), DRIVER_OK | DeviceStatus.DEVICE_NEEDS_RESET);
  rig.write(Register.Status, 0);
  assert.equal(rig.read(Register.Status), 0);
});

for (const part of ["QueueDescLow", "QueueDriverLow", "QueueDeviceLow"] as const) {
  Deno.test(`a ring whose ${part} is odd or outside memory breaks at its first notification`, () => {
    for (const address of [0x80001, 0xfffffff0]) {
      const { rig, broken } = brokenRig();
      rig.write(Register.QueueSel, 0);
      rig.write(Register.QueueReady, 0);
      rig.write(Register[part], address);
      rig.write(Register.QueueReady, 1);

      rig.write(Register.QueueNotify, 0);

      assert.equal(broken.length, 1, `${address}`);
      assert.ok((rig.read(Register.Status) & DeviceStatus.DEVICE_NEEDS_RESET) !== 0);
    }
  });
}

Deno.test("a ring address with its upper half set lies outside memory", () => {
  const { rig, broken } = brokenRig();
  rig.write(Register.QueueSel, 0);
  rig.write(Register.QueueReady, 0);
  rig.write(Register.QueueDescHigh, 1);
  rig.write(Register.QueueReady, 1);

  rig.write(Register.QueueNotify, 0);

  assert.equal(broken.length, 1);
});
