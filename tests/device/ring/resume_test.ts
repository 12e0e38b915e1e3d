import { strict as assert } from "node:assert";
import {
  DescriptorChain,
  GuestMemory,
  placeQueue,
  SplitDeviceQueue,
  SplitDriverQueue,
} from "../../../device/mod.ts";

Deno.test("A queue resumed by another half goes on in both rings where they stand", () => {
  const memory = new GuestMemory();
  const region = memory.add(0, new Uint8Array(new SharedArrayBuffer(65536)));
  const { addresses } = placeQueue(0, 8);
  const driver = new SplitDriverQueue(region, addresses, 8, false);
  const chain = new DescriptorChain();
  const config = { size: 8, eventIdx: false, ...addresses };
  const first = new SplitDeviceQueue(memory, config);
  const heads = [1, 2, 3].map((len) => driver.addPair(4096, len, 8192, 1));
  driver.publish();
  for (const _ of heads.slice(1)) {
    first.pop(chain);
    first.push(chain.head, 1);
  }
  first.publish();

  const second = new SplitDeviceQueue(memory, config);
  second.resumeAt(first.lastAvail);
  const popped = second.pop(chain);
  second.push(chain.head, 7);
  second.publish();

  assert.ok(popped);
  assert.equal(chain.readable.length, 3);
  assert.deepEqual([driver.popUsed(), driver.popUsed(), driver.popUsed()], heads);
  assert.equal(driver.usedLen, 7);
  assert.equal(driver.popUsed(), -1);
});
