import { strict as assert } from "node:assert";
import fc from "fast-check";
import { GuestMemory } from "../../../device/mod.ts";

function shared(len: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(len));
}

Deno.test("an address range is found exactly when one region holds all of it", () => {
  const starts = fc.uniqueArray(fc.nat(20), { maxLength: 8 });
  const look = fc.tuple(fc.nat(24 * 64), fc.nat(100));
  fc.assert(fc.property(starts, fc.array(look), (slots, looks) => {
    const memory = new GuestMemory();
    for (const slot of slots) memory.add(slot * 64, shared(slot % 2 === 0 ? 64 : 32));
    const ends = (slot: number) => slot * 64 + (slot % 2 === 0 ? 64 : 32);

    for (const [address, len] of looks) {
      const slot = slots.find((slot) => address >= slot * 64 && address < ends(slot));
      const isWhole = slot !== undefined && address + len <= ends(slot);

      assert.equal(memory.containing(address)?.start, slot === undefined ? undefined : slot * 64);
      const found = memory.find(address, len);
      if (isWhole) assert.equal(found?.start, (slot ?? 0) * 64);
      else if (len > 0) assert.equal(found, null);
    }
  }));
});

Deno.test("regions must not overlap, not even by a byte or one inside another", () => {
  const memory = new GuestMemory();
  memory.add(0x1000, shared(0x1000));

  for (const [start, len] of [[0x1000, 16], [0x1ff0, 32], [0, 0x1010], [0, 0x4000], [0x1800, 16]]) {
    assert.throws(() => memory.add(start, shared(len)), /overlaps/, `${start}`);
  }
  memory.add(0x2000, shared(16));
  memory.add(0xff0, shared(16));
  assert.deepEqual(memory.regions.map(({ start }) => start), [0xff0, 0x1000, 0x2000]);
});

Deno.test("a region that is not aligned to 16 bytes, here or there, is refused", () => {
  const memory = new GuestMemory();

  assert.throws(() => memory.add(8, shared(16)), /not aligned/);
  assert.throws(() => memory.add(0, shared(32).subarray(8)), /not aligned/);
  assert.deepEqual(memory.regions, []);
});

Deno.test("a region that ends beyond 2^53 is refused", () => {
  const memory = new GuestMemory();

  assert.throws(() => memory.add(2 ** 53 - 16, shared(32)), /beyond 2\^53/);
});

Deno.test("a region that has gone is found no more, though it was the last one looked up", () => {
  const memory = new GuestMemory();
  const region = memory.add(0, shared(64));
  memory.find(0, 64);

  memory.remove(region);

  assert.equal(memory.find(0, 1), null);
  assert.equal(memory.containing(0), null);
  memory.add(0, shared(64));
});
