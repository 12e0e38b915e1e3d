/** Used elements, the used index and both directions of notification suppression. */

import { strict as assert } from "node:assert";
import fc from "fast-check";
import { BrokenRingError, GuestMemory, placeQueue, SplitDriverQueue } from "../../../device/mod.ts";
import { needEvent } from "../../../device/ring/split_layout.ts";
import { RawRing } from "../../support/raw_ring.ts";

Deno.test("an event is needed exactly when the index named is among the new ones", () => {
  const u16 = fc.nat(0xffff);
  fc.assert(fc.property(u16, fc.nat(300), u16, fc.boolean(), (old, num, far, near) => {
    const event = near ? (old + (far % 310) - 5) & 0xffff : far;
    const isAmong = Array.from({ length: num }, (_, i) => (old + i) & 0xffff).includes(event);

    assert.equal(needEvent(event, (old + num) & 0xffff, old), isAmong);
  }));
});

Deno.test("used elements stand in the ring before one index shows them all", () => {
  const ring = new RawRing(4);

  ring.device.push(3, 100);
  ring.device.push(1, 0xffffffff);
  assert.equal(ring.usedIdx, 0);
  ring.device.publish();

  assert.equal(ring.usedIdx, 2);
  assert.deepEqual([ring.usedElem(0), ring.usedElem(1)], [{ id: 3, len: 100 }, {
    id: 1,
    len: 0xffffffff,
  }]);
});

Deno.test("nothing pushed is nothing to notify of", () => {
  for (const eventIdx of [false, true]) {
    const ring = new RawRing(4, eventIdx);

    assert.equal(ring.device.publish(), false);
    assert.equal(ring.usedIdx, 0);
  }
});

Deno.test("without event indices NO_INTERRUPT keeps the device quiet, used_event does not", () => {
  const ring = new RawRing(4);
  ring.usedEvent(500);
  ring.device.push(0, 1);
  assert.equal(ring.device.publish(), true);
  ring.availFlags(1);
  ring.device.push(0, 1);

  assert.equal(ring.device.publish(), false);
});

Deno.test("with event indices used_event counts and NO_INTERRUPT does not", () => {
  const ring = new RawRing(4, true);
  ring.availFlags(1);
  ring.usedEvent(1);
  ring.device.push(0, 1);
  assert.equal(ring.device.publish(), false);
  ring.device.push(0, 1);
  ring.device.push(0, 1);

  assert.equal(ring.device.publish(), true);
});

Deno.test("asking for notifications names the next entry and sees what has come meanwhile", () => {
  const ring = new RawRing(4, true);
  ring.offer(0);
  ring.pop();
  assert.equal(ring.device.enableNotification(), false);
  assert.equal(ring.availEvent, 1);
  ring.offer(1);

  assert.equal(ring.device.enableNotification(), true);
});

function driverQueue(eventIdx: boolean) {
  const memory = new GuestMemory();
  const region = memory.add(0, new Uint8Array(new SharedArrayBuffer(4096)));
  const { addresses } = placeQueue(0, 4);
  return { driver: new SplitDriverQueue(region, addresses, 4, eventIdx), region, addresses };
}

Deno.test("the driver half heeds NO_NOTIFY without event indices only", () => {
  for (const eventIdx of [false, true]) {
    const { driver, region, addresses } = driverQueue(eventIdx);
    region.view.setUint16(addresses.device, 1, true);
    driver.add([{ address: 0, len: 1 }], []);

    assert.equal(driver.publish(), eventIdx);
    assert.equal(driver.publish(), false, "nothing new");
  }
});

Deno.test("the driver half refuses chains that a device makes up", () => {
  const madeUp: readonly (readonly [string, number])[] = [
    ["beyond the ring", 4],
    ["never in flight", 2],
    ["inside another chain", 1],
    ["all ones", 0xffffffff],
  ];
  for (const [what, id] of madeUp) {
    const { driver, region, addresses } = driverQueue(true);
    driver.add([{ address: 0, len: 1 }, { address: 0, len: 1 }], []);
    driver.publish();
    region.view.setUint32(addresses.device + 4, id, true);
    region.view.setUint16(addresses.device + 2, 1, true);

    assert.throws(() => driver.popUsed(), BrokenRingError, what);
  }
});

Deno.test("the driver half refuses a chain that comes back twice", () => {
  const { driver, region, addresses } = driverQueue(true);
  driver.add([{ address: 0, len: 1 }], []);
  driver.publish();
  region.view.setUint16(addresses.device + 2, 2, true);

  assert.equal(driver.popUsed(), 0);
  assert.throws(() => driver.popUsed(), BrokenRingError);
});

Deno.test("what a device scribbles over the table does not disturb the driver half's free list", () => {
  const { driver, region, addresses } = driverQueue(false);
  const buffer = { address: 64, len: 1 };
  driver.add([buffer, buffer], [buffer]);
  driver.publish();
  region.bytes.fill(0xff, addresses.desc, addresses.desc + 64);
  region.view.setUint32(addresses.device + 4, 0, true);
  region.view.setUint16(addresses.device + 2, 1, true);

  assert.equal(driver.popUsed(), 0);
  assert.equal(driver.numFree, 4);
  assert.ok(driver.add([buffer, buffer], [buffer, buffer]) >= 0);
  assert.equal(driver.add([buffer], []), -1);
});

Deno.test("a pair without bytes has a descriptor all the same, and without room is refused", () => {
  const { driver, region } = driverQueue(false);

  assert.equal(driver.addPair(0, 0, 0, 0), 0);
  assert.equal(driver.addPair(64, 3, 128, 5), 1);
  assert.equal(driver.numFree, 1);
  assert.equal(driver.addPair(64, 3, 128, 5), -1);
  assert.equal(driver.addPair(0, 0, 128, 5), 3);
  assert.equal(driver.addIndirect(256, 4), -1);
  assert.equal(region.view.getUint16(3 * 16 + 12, true), 2);
  assert.throws(() => driver.add([], []), RangeError);
});
