/** The device status field, over every state and every write. */

import { strict as assert } from "node:assert";
import { DeviceStatus, FeatureSet, Register, VirtioFeature } from "../../../device/mod.ts";
import { nextStatus } from "../../../device/virtio/status.ts";
import { VirtioRig } from "../../support/virtio_rig.ts";

const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, DEVICE_NEEDS_RESET, FAILED } = DeviceStatus;
const DRIVERS_BITS = ACKNOWLEDGE | DRIVER | DRIVER_OK | FEATURES_OK | FAILED;
const ILLEGAL = FeatureSet.of([VirtioFeature.VERSION_1, 27]);

// Every status a device can have: DRIVER_OK never stands without FEATURES_OK.
const STATES = Array.from({ length: 256 }, (_, i) => i).filter((status) =>
  (status & ~(DRIVERS_BITS | DEVICE_NEEDS_RESET)) === 0 &&
  ((status & DRIVER_OK) === 0 || (status & FEATURES_OK) !== 0)
);

function everyWrite(check: (current: number, written: number, legal: boolean) => void): void {
  for (const current of STATES) {
    for (let written = 1; written < 256; written++) {
      for (const legal of [false, true]) check(current, written, legal);
    }
  }
}

Deno.test("no write takes a bit away", () => {
  everyWrite((current, written, legal) => {
    assert.equal(nextStatus(current, written, legal) & current, current);
  });
});

Deno.test("a write that would clear one of the driver's bits is ignored as a whole", () => {
  everyWrite((current, written, legal) => {
    if ((current & DRIVERS_BITS & ~written) === 0) return;
    assert.equal(nextStatus(current, written, legal), current);
  });
});

Deno.test("a write adds what it names, but for what the device does not grant", () => {
  everyWrite((current, written, legal) => {
    if ((current & DRIVERS_BITS & ~written) !== 0) return;
    let wanted = current | (written & DRIVERS_BITS);
    if (!legal && (current & FEATURES_OK) === 0) wanted &= ~FEATURES_OK;
    if ((wanted & FEATURES_OK) === 0) wanted &= ~DRIVER_OK;

    assert.equal(nextStatus(current, written, legal), wanted, `${current} <- ${written}, ${legal}`);
  });
});

Deno.test("DRIVER_OK never stands without FEATURES_OK, and bits nobody defined never stand", () => {
  everyWrite((current, written, legal) => {
    assert.ok(STATES.includes(nextStatus(current, written, legal)));
  });
});

Deno.test("the usual start-up goes through", () => {
  const rig = new VirtioRig();
  const seen: number[] = [];
  rig.accept(FeatureSet.of([VirtioFeature.VERSION_1, 0]));

  for (const written of [1, 3, 11, 15]) {
    rig.write(Register.Status, written);
    seen.push(rig.read(Register.Status));
  }

  assert.deepEqual(seen, [1, 3, 11, 15]);
  assert.deepEqual(rig.events, ["negotiated MUX_MODE,VERSION_1"]);
});

Deno.test("FEATURES_OK stays clear for features that were not offered, and can be tried again", () => {
  const rig = new VirtioRig();
  rig.accept(ILLEGAL);
  rig.write(Register.Status, 1, 3, 11);
  assert.equal(rig.read(Register.Status), 3);
  assert.deepEqual(rig.events, []);

  rig.accept(FeatureSet.of([VirtioFeature.VERSION_1]));
  rig.write(Register.Status, 11);

  assert.equal(rig.read(Register.Status), 11);
});

Deno.test("queues are notified under DRIVER_OK and not before", () => {
  const rig = new VirtioRig();
  rig.startUp(11);
  rig.setUpQueue(0);
  rig.write(Register.QueueNotify, 0);
  assert.deepEqual(rig.events, ["negotiated VERSION_1"]);
  assert.equal(rig.device.queue(0), null);

  rig.write(Register.Status, 15);
  rig.write(Register.QueueNotify, 0, 1, 2, 3, 0xffff, 0xffffffff);

  assert.deepEqual(rig.events, ["negotiated VERSION_1", "notified 0"]);
  assert.ok(rig.device.queue(0) !== null);
});

Deno.test("a device that needs a reset runs no queue", () => {
  const rig = new VirtioRig();
  rig.startUp(15);
  rig.setUpQueue(0);

  rig.device.needsReset();
  rig.write(Register.QueueNotify, 0);

  assert.equal(rig.read(Register.Status), 15 | DEVICE_NEEDS_RESET);
  assert.deepEqual(rig.interrupts, [2]);
  assert.equal(rig.device.queue(0), null);
  assert.ok(!rig.events.includes("notified 0"));
});

Deno.test("a driver cannot set DEVICE_NEEDS_RESET", () => {
  const rig = new VirtioRig();

  rig.write(Register.Status, 1 | DEVICE_NEEDS_RESET);

  assert.equal(rig.read(Register.Status), 1);
});

Deno.test("FAILED is kept until the reset", () => {
  const rig = new VirtioRig();
  rig.startUp(15);
  rig.write(Register.Status, 15 | FAILED);
  rig.write(Register.Status, 15);
  assert.equal(rig.read(Register.Status), 15 | FAILED);

  rig.write(Register.Status, 0);

  assert.equal(rig.read(Register.Status), 0);
});

Deno.test("writing 0 resets from every state", () => {
  for (const status of [1, 3, 11, 15]) {
    for (const isBroken of [false, true]) {
      const rig = new VirtioRig();
      rig.startUp(status);
      if (isBroken) rig.device.needsReset();
      const { epoch } = rig.device;

      rig.write(Register.Status, 0);

      assert.equal(rig.read(Register.Status), 0);
      assert.equal(rig.events.at(-1), "reset");
      assert.ok(rig.device.epoch > epoch);
    }
  }
});
