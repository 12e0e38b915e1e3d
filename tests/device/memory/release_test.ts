/** Memory that has been unmapped is let go of. */

import { strict as assert } from "node:assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Rig } from "../../support/rig.ts";

const ADDRESS = 2 ** 32;

// In a function of its own: nothing of it stays on the stack.
function runInMemoryOfItsOwn(rig: Rig): WeakRef<SharedArrayBuffer> {
  const buffer = new SharedArrayBuffer(1 << 20);
  const region = rig.device.memory.add(ADDRESS, new Uint8Array(buffer));
  const [input, output] = [{ address: ADDRESS, len: 24 }, { address: ADDRESS + 64, len: 5 }];
  rig.queues[0].add([input], [output]);
  rig.kick(0);
  assert.ok(rig.queues[0].popUsed() >= 0);
  rig.device.memory.remove(region);
  return new WeakRef(buffer);
}

Deno.test("a device keeps nothing of a region that has gone, though its last request lay in it", async () => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const rig = new Rig();

  const buffer = runInMemoryOfItsOwn(rig);
  for (let i = 0; i < 10 && buffer.deref() !== undefined; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    collect();
  }

  assert.equal(buffer.deref(), undefined, "The memory is still held");
  assert.equal(rig.device.counters.requests, 1);
});
