/** Both halves of a split ring against a small naive model. */

import { strict as assert } from "node:assert";
import fc from "fast-check";
import { type Buffer, GuestMemory, placeQueue, SplitDriverQueue } from "../../../device/mod.ts";
import { DescriptorChain } from "../../../device/ring/descriptor_chain.ts";
import { SplitDeviceQueue } from "../../../device/ring/split_device_queue.ts";
import { Random } from "../../support/random.ts";

type Op =
  | { op: "add"; readable: number[]; writable: number[]; indirect: boolean }
  | { op: "publish" }
  | { op: "device"; num: number; reverse: boolean; enable: boolean }
  | { op: "reap"; num: number; enable: boolean };

const RING_SPACE = 0x10000;

interface InFlight {
  readonly head: number;
  readonly numDescriptors: number;
  readonly readable: Uint8Array;
  readonly output: Buffer[];
  result: Uint8Array;
}

// "The other side is told when the entry it named is among the new ones", entry by entry.
function isNamed(event: number, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if ((i & 0xffff) === event) return true;
  return false;
}

/** The model: plain lists of what is where, and counters that never wrap. */
class Model {
  readonly random: Random;
  readonly memory = new GuestMemory();
  readonly region;
  readonly driver: SplitDriverQueue;
  readonly device: SplitDeviceQueue;
  readonly chain = new DescriptorChain();
  readonly eventIdx: boolean;
  readonly size: number;
  added: InFlight[] = [];
  available: InFlight[] = [];
  answered: InFlight[] = [];
  numFree: number;
  numAdded = 0;
  numPublished = 0;
  numPopped = 0;
  numUsed = 0;
  numReaped = 0;
  // What each side asked for last; both events stand at 0 in a fresh ring.
  usedEvent = 0;
  availEvent = 0;
  #next = RING_SPACE;

  constructor(size: number, eventIdx: boolean, seed: number) {
    this.random = new Random(seed);
    this.size = size;
    this.numFree = size;
    this.eventIdx = eventIdx;
    this.region = this.memory.add(0, new Uint8Array(new SharedArrayBuffer(RING_SPACE * 4)));
    const { addresses } = placeQueue(16 * (seed % 16), size);
    this.driver = new SplitDriverQueue(this.region, addresses, size, eventIdx);
    this.device = new SplitDeviceQueue(this.memory, { size, eventIdx, ...addresses });
  }

  buffers(lens: readonly number[]): Buffer[] {
    return lens.map((len) => {
      const address = this.#next + 1 + this.random.below(5);
      this.#next = address + len;
      if (this.#next > this.region.end) {
        this.#next = RING_SPACE + len;
        return { address: RING_SPACE, len };
      }
      return { address, len };
    });
  }

  add(op: Op & { op: "add" }): void {
    const input = this.buffers(op.readable);
    const output = this.buffers(op.writable);
    const readable: number[] = [];
    for (const { address, len } of input) {
      const bytes = this.random.bytes(len);
      this.region.bytes.set(bytes, address);
      readable.push(...bytes);
    }
    const numDescriptors = op.indirect ? 1 : input.length + output.length;
    const head = op.indirect ? this.#addIndirect(input, output) : this.driver.add(input, output);
    if (numDescriptors > this.numFree) return assert.equal(head, -1);
    assert.ok(head >= 0 && head < this.size);
    this.numFree -= numDescriptors;
    this.numAdded++;
    const bytes = Uint8Array.from(readable);
    this.added.push({ head, numDescriptors, readable: bytes, output, result: new Uint8Array(0) });
    assert.equal(this.driver.numFree, this.numFree);
  }

  #addIndirect(input: Buffer[], output: Buffer[]): number {
    const all = [...input, ...output];
    // In shuffled slots, and between unused entries: the links alone count.
    const slots = [0];
    for (let i = 1; i < all.length; i++) slots.splice(1 + this.random.below(slots.length), 0, i);
    const table = Math.ceil(this.buffers([16 * all.length + 16])[0].address / 16) * 16;
    all.forEach(({ address, len }, i) => {
      const at = table + 16 * slots[i];
      const flags = (i >= input.length ? 2 : 0) | (i + 1 < all.length ? 1 : 0);
      this.region.view.setBigUint64(at, BigInt(address), true);
      this.region.view.setUint32(at + 8, len, true);
      this.region.view.setUint16(at + 12, flags, true);
      this.region.view.setUint16(at + 14, i + 1 < all.length ? slots[i + 1] : 0xffff, true);
    });
    return this.driver.addIndirect(table, all.length);
  }

  publish(): void {
    const notify = this.driver.publish();
    const isNew = this.numAdded > this.numPublished;
    const wanted = this.eventIdx
      ? isNamed(this.availEvent, this.numPublished, this.numAdded)
      : isNew;
    assert.equal(notify, wanted, "available buffer notification");
    this.available.push(...this.added.splice(0));
    this.numPublished = this.numAdded;
  }

  serve({ num, reverse, enable }: Op & { op: "device" }): void {
    const popped: InFlight[] = [];
    while (popped.length < num) {
      const isThere = this.device.pop(this.chain);
      assert.equal(isThere, this.available.length > 0);
      if (!isThere) break;
      popped.push(this.#serveOne());
    }
    if (reverse) popped.reverse();
    const before = this.numUsed;
    for (const { head, result } of popped) this.device.push(head, result.length);
    this.numUsed += popped.length;
    this.answered.push(...popped);
    const notify = this.device.publish();
    const wanted = this.eventIdx
      ? isNamed(this.usedEvent, before, this.numUsed)
      : popped.length > 0;
    assert.equal(notify, wanted, "used buffer notification");
    if (!enable) return;
    assert.equal(this.device.enableNotification(), this.available.length > 0);
    this.availEvent = this.numPopped & 0xffff;
  }

  #serveOne(): InFlight {
    const expected = this.available.shift() ?? assert.fail();
    const { head, readable, writable } = this.chain;
    assert.equal(head, expected.head);
    assert.deepEqual(readable.slice(), expected.readable);
    assert.equal(writable.length, expected.output.reduce((sum, { len }) => sum + len, 0));
    expected.result = this.random.bytes(writable.length);
    writable.copyFrom(0, expected.result);
    this.numPopped++;
    return expected;
  }

  reap({ num, enable }: Op & { op: "reap" }): void {
    for (let i = 0; i < num; i++) {
      const head = this.driver.popUsed();
      const expected = this.answered.shift();
      assert.equal(head, expected?.head ?? -1);
      if (expected === undefined) break;
      assert.equal(this.driver.usedLen, expected.result.length);
      const bytes = expected.output.flatMap(({ address, len }) => [
        ...this.region.bytes.subarray(address, address + len),
      ]);
      assert.deepEqual(Uint8Array.from(bytes), expected.result);
      this.numFree += expected.numDescriptors;
      this.numReaped++;
    }
    assert.equal(this.driver.numFree, this.numFree);
    if (!enable) return;
    assert.equal(this.driver.enableInterrupt(), this.answered.length > 0);
    this.usedEvent = this.numReaped & 0xffff;
  }

  run(op: Op): void {
    if (op.op === "add") this.add(op);
    else if (op.op === "publish") this.publish();
    else if (op.op === "device") this.serve(op);
    else this.reap(op);
  }

  finish(): void {
    this.publish();
    this.serve({ op: "device", num: Infinity, reverse: false, enable: true });
    this.reap({ op: "reap", num: this.answered.length, enable: true });
    assert.equal(this.numReaped, this.numAdded);
    assert.equal(this.driver.popUsed(), -1);
    assert.equal(this.numFree, this.size);
  }
}

const lens = (maxLength: number) => fc.array(fc.nat(24), { maxLength });
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant("add" as const),
      readable: lens(4),
      writable: lens(4),
      indirect: fc.boolean(),
    }).filter(({ readable, writable }) => readable.length + writable.length > 0),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("publish" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("device" as const),
      num: fc.integer({ min: 0, max: 6 }),
      reverse: fc.boolean(),
      enable: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("reap" as const),
      num: fc.integer({ min: 0, max: 6 }),
      enable: fc.boolean(),
    }),
  },
);

Deno.test("whatever the driver and the device do, each chain comes back once, in order and intact", () => {
  fc.assert(
    fc.property(
      fc.nat(10),
      fc.boolean(),
      fc.nat(),
      fc.array(op, { maxLength: 80 }),
      (log2Size, eventIdx, seed, ops) => {
        const model = new Model(2 ** log2Size, eventIdx, seed);

        for (const op of ops) model.run(op);

        model.finish();
      },
    ),
    { numRuns: 300 },
  );
});

for (const eventIdx of [false, true]) {
  const name = eventIdx ? "with event indices" : "without event indices";
  Deno.test(`the rings go on past index 65535 ${name}`, () => {
    const model = new Model(16, eventIdx, 5);
    const random = new Random(9);

    while (model.numReaped < 70_000) {
      for (let i = random.below(9); i > 0; i--) {
        model.add({ op: "add", readable: [2], writable: [1], indirect: random.below(8) === 0 });
      }
      model.publish();
      model.serve({
        op: "device",
        num: random.below(12),
        reverse: random.below(2) === 0,
        enable: random.below(3) > 0,
      });
      model.reap({ op: "reap", num: random.below(12), enable: random.below(3) > 0 });
    }

    model.finish();
  });
}
