/** Each kind of broken ring is a BrokenRingError, and nothing but a broken ring is one. */

import { strict as assert } from "node:assert";
import { BrokenRingError, GuestMemory } from "../../../device/mod.ts";
import { SplitDeviceQueue } from "../../../device/ring/split_device_queue.ts";
import { BREAKAGES } from "../../support/breakages.ts";
import { BUFFERS, NEXT, RawRing } from "../../support/raw_ring.ts";

for (const { what, says, breakIt } of BREAKAGES) {
  Deno.test(`${what} breaks the ring`, () => {
    const ring = new RawRing(8);
    breakIt(ring);

    const attempt = () => ring.pop();

    assert.throws(attempt, (error) => error instanceof BrokenRingError && says.test(error.message));
  });
}

Deno.test("a chain of 2^32 bytes breaks the ring, one of 2^32 - 1 does not", () => {
  // 16 descriptors over the same 256 MiB: nothing is touched of them.
  const len = 2 ** 28;
  const ring = new RawRing(16);
  ring.memory.add(2 ** 30, new Uint8Array(new SharedArrayBuffer(len)));
  for (let i = 0; i < 16; i++) {
    ring.desc(i, { addr: 2 ** 30, len, flags: i < 15 ? NEXT : 0, next: i + 1 });
  }
  ring.desc(15, { addr: 2 ** 30, len: len - 1 });
  ring.offer(0);

  assert.ok(ring.device.pop(ring.chain));
  assert.equal(ring.chain.readable.length, 2 ** 32 - 1);
  ring.desc(15, { addr: 2 ** 30, len });
  ring.offer(0);

  assert.throws(() => ring.device.pop(ring.chain), /more than 2\^32 - 1 bytes/);
});

Deno.test("an index exactly as far ahead as the queue is long is a full queue, not a broken one", () => {
  const ring = new RawRing(8);
  for (let i = 0; i < 8; i++) {
    ring.desc(i, { addr: BUFFERS, len: i });
    ring.offer(i);
  }

  const heads = Array.from({ length: 8 }, () => ring.pop()?.head);

  assert.deepEqual(heads, [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(ring.pop(), null);
});

const PARTS: readonly {
  readonly part: "desc" | "driver" | "device";
  readonly alignment: number;
  readonly len: number;
}[] = [
  { part: "desc", alignment: 16, len: 16 * 8 },
  { part: "driver", alignment: 2, len: 6 + 2 * 8 },
  { part: "device", alignment: 4, len: 6 + 8 * 8 },
];

for (const { part, alignment, len } of PARTS) {
  const memory = new GuestMemory();
  const end = 0x10000;
  memory.add(0x1000, new Uint8Array(new SharedArrayBuffer(end - 0x1000)));
  const good = { size: 8, eventIdx: true, desc: 0x2000, driver: 0x3000, device: 0x4000 };
  const last = Math.floor((end - len) / alignment) * alignment;

  Deno.test(`a ring whose ${part} part is not aligned to ${alignment} cannot run`, () => {
    for (const off of [1, alignment / 2, alignment - 1]) {
      const config = { ...good, [part]: good[part] + off };
      assert.throws(() => new SplitDeviceQueue(memory, config), BrokenRingError, `off ${off}`);
    }
  });

  Deno.test(`a ring whose ${part} part lies outside memory cannot run`, () => {
    const outside = [0, 0xff0, last + alignment, end, 2 ** 40, 2 ** 53, 2 ** 64 - 16];
    for (const address of outside) {
      const config = { ...good, [part]: address };
      assert.throws(() => new SplitDeviceQueue(memory, config), /outside memory/, `${address}`);
    }
  });

  Deno.test(`a ring whose ${part} part ends with memory runs`, () => {
    const queue = new SplitDeviceQueue(memory, { ...good, [part]: last });

    assert.equal(queue.lastAvail, 0);
  });
}
