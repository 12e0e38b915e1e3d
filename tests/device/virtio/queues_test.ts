/** How a driver sets up, stops and resets queues through the registers. */

import { strict as assert } from "node:assert";
import { FeatureSet, Register, VirtioFeature } from "../../../device/mod.ts";
import { VirtioRig } from "../../support/virtio_rig.ts";

function ready(rig: VirtioRig, queue: number): number {
  rig.write(Register.QueueSel, queue);
  return rig.read(Register.QueueReady);
}

Deno.test("a queue becomes ready with a power of 2 up to QueueNumMax, and with nothing else", () => {
  const sizes = [0, 1, 2, 3, 5, 6, 7, 12, 16, 255, 256, 1000, 1023, 1024, 1025, 2048, 32768, 65536];
  for (const size of [...sizes, 2 ** 31, 2 ** 32 - 1]) {
    const rig = new VirtioRig();
    rig.setUpQueue(0, 8);
    rig.write(Register.QueueReady, 0);
    rig.write(Register.QueueNum, size);
    rig.write(Register.QueueReady, 1);

    const isLegal = size > 0 && size <= 1024 && Number.isInteger(Math.log2(size));
    assert.equal(ready(rig, 0), isLegal ? 1 : 0, `${size}`);
  }
});

Deno.test("a queue without a size does not become ready", () => {
  const rig = new VirtioRig();
  rig.write(Register.QueueReady, 1);

  assert.equal(ready(rig, 0), 0);
});

Deno.test("each queue has registers of its own", () => {
  const rig = new VirtioRig();
  rig.startUp(15);
  rig.setUpQueue(0, 8);
  rig.setUpQueue(2, 4);

  assert.deepEqual([0, 1, 2].map((queue) => ready(rig, queue)), [1, 0, 1]);
  assert.equal(rig.device.queue(0)?.size, 8);
  assert.equal(rig.device.queue(1), null);
  assert.equal(rig.device.queue(2)?.size, 4);
});

Deno.test("size and addresses of a ready queue are fixed", () => {
  const rig = new VirtioRig();
  rig.startUp(15);
  rig.setUpQueue(0, 8);

  rig.write(Register.QueueNum, 16);
  rig.write(Register.QueueDescHigh, 1);
  rig.write(Register.QueueDriverLow, 0xfffffff0);

  assert.equal(rig.device.queue(0)?.size, 8);
});

Deno.test("QueueReady takes 0 and 1 only", () => {
  const rig = new VirtioRig();
  rig.setUpQueue(0, 8);
  rig.write(Register.QueueReady, 2, 0xffffffff);
  assert.equal(ready(rig, 0), 1);
  rig.write(Register.QueueReady, 0);
  rig.write(Register.QueueReady, 3);

  assert.equal(ready(rig, 0), 0);
});

Deno.test("a queue that was stopped and made ready again starts at index 0", () => {
  const rig = new VirtioRig();
  rig.startUp(15);
  rig.setUpQueue(0, 8);
  const before = rig.device.queue(0);

  rig.write(Register.QueueReady, 0);
  assert.equal(rig.device.queue(0), null);
  rig.write(Register.QueueReady, 1);

  assert.notEqual(rig.device.queue(0), before);
  assert.equal(rig.device.queue(0)?.lastAvail, 0);
});

Deno.test("a queue goes on where it is when QueueReady is written 1 again", () => {
  const rig = new VirtioRig();
  rig.startUp(15);
  rig.setUpQueue(0, 8);
  const before = rig.device.queue(0);

  rig.write(Register.QueueReady, 1);

  assert.equal(rig.device.queue(0), before);
});

Deno.test("QueueReset ends one queue, with all its registers, when RING_RESET is negotiated", () => {
  const rig = new VirtioRig();
  rig.startUp(15, FeatureSet.of([VirtioFeature.VERSION_1, VirtioFeature.RING_RESET]));
  rig.setUpQueue(0, 8);
  rig.setUpQueue(1, 8);

  rig.write(Register.QueueReset, 1);

  assert.equal(rig.read(Register.QueueReset), 0);
  assert.deepEqual([ready(rig, 0), ready(rig, 1)], [1, 0]);
  rig.write(Register.QueueReady, 1);
  assert.equal(ready(rig, 1), 0, "its size is gone");
  rig.setUpQueue(1, 16);
  assert.equal(rig.device.queue(1)?.size, 16);
});

Deno.test("QueueReset does nothing without RING_RESET, nor with another value than 1", () => {
  const rig = new VirtioRig();
  rig.startUp(15);
  rig.setUpQueue(0);
  rig.write(Register.QueueReset, 1);
  assert.equal(ready(rig, 0), 1);

  const other = new VirtioRig();
  other.startUp(15, FeatureSet.of([VirtioFeature.VERSION_1, VirtioFeature.RING_RESET]));
  other.setUpQueue(0);
  other.write(Register.QueueReset, 0, 2, 0xffffffff);
  assert.equal(ready(other, 0), 1);
});

Deno.test("a reset forgets queues, selectors, interrupts and addresses", () => {
  const rig = new VirtioRig();
  rig.startUp(15);
  rig.setUpQueue(2);
  rig.device.raise(3);
  rig.write(Register.DeviceFeaturesSel, 1);
  rig.write(Register.DriverFeaturesSel, 1);

  rig.write(Register.Status, 0);

  assert.equal(rig.read(Register.InterruptStatus), 0);
  assert.deepEqual([0, 1, 2].map((queue) => ready(rig, queue)), [0, 0, 0]);
  rig.write(Register.QueueSel, 2);
  rig.write(Register.QueueReady, 1);
  assert.equal(rig.read(Register.QueueReady), 0);
  assert.equal(rig.read(Register.DeviceFeatures) & 3, 3, "the selector is 0 again");
  rig.write(Register.DriverFeatures, 1);
  assert.equal(rig.device.features.low, 1);
});

Deno.test("a reset does not take the configuration's generation back", () => {
  const rig = new VirtioRig();
  rig.device.setConfig(rig.config);
  rig.device.setConfig(rig.config);

  rig.write(Register.Status, 0);

  assert.equal(rig.read(Register.ConfigGeneration), 2);
});
