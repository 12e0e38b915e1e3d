/** The memory of requests in flight: never shared by two, never beyond its limit. */

import { strict as assert } from "node:assert";
import fc from "fast-check";
import { GuestMemory } from "../../device/mod.ts";
import { Arena } from "../../gateway/arena.ts";

const BASE = 2 ** 32;
const KIB = 1024;

Deno.test("allocations in use never overlap, however they are freed", () => {
  const op = fc.oneof(
    { weight: 3, arbitrary: fc.record({ len: fc.nat(30 * KIB) }) },
    { weight: 2, arbitrary: fc.record({ free: fc.nat() }) },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(op, { maxLength: 120 }), (max, ops) => {
      const arena = new Arena(new GuestMemory(), BASE, 128 * KIB, max);
      const inUse = new Map<number, { from: number; to: number }>();
      for (const op of ops) {
        if ("free" in op) {
          const slots = [...inUse.keys()];
          if (slots.length === 0) continue;
          const slot = slots[op.free % slots.length];
          arena.free(slot, 0);
          inUse.delete(slot);
        } else {
          const slot = arena.allocate(op.len);
          if (slot < 0) {
            assert.ok(inUse.size > 0, "an empty arena refused");
            continue;
          }
          assert.ok(!inUse.has(slot));
          const from = arena.offset(slot);
          assert.ok(from % 16 === 0 && from >= 0 && from + op.len <= arena.memory.bytes.length);
          for (const other of inUse.values()) {
            assert.ok(from + op.len <= other.from || other.to <= from || op.len === 0);
          }
          inUse.set(slot, { from, to: from + op.len });
        }
        assert.ok(inUse.size <= max);
        assert.equal(arena.isEmpty, inUse.size === 0);
      }
    }),
  );
});

Deno.test("an arena has no memory before its first allocation, then 64 KiB or what is needed", () => {
  const memory = new GuestMemory();
  const arena = new Arena(memory, BASE, 1024 * KIB, 8);
  assert.deepEqual([arena.capacity, arena.memory.bytes.length, memory.regions.length], [0, 0, 0]);

  arena.free(arena.allocate(1), 1);
  assert.equal(arena.capacity, 64 * KIB);
  arena.free(arena.allocate(65 * KIB), 0);

  assert.equal(arena.capacity, 128 * KIB);
  assert.equal(memory.find(arena.address(5), 10)?.bytes.buffer, arena.memory.bytes.buffer);
  assert.equal(arena.address(5), BASE + 5);
});

Deno.test("an arena grows to its limit and not beyond", () => {
  const arena = new Arena(new GuestMemory(), BASE, 100 * KIB, 8);

  arena.free(arena.allocate(100 * KIB), 0);
  assert.equal(arena.capacity, 100 * KIB);
  assert.equal(arena.double(), false);

  assert.throws(() => arena.allocate(100 * KIB + 1), RangeError);
  assert.throws(() => arena.allocate(2 ** 32), RangeError);
});

Deno.test("an empty arena doubles until it is at its limit", () => {
  const arena = new Arena(new GuestMemory(), BASE, 200 * KIB, 8);
  const seen: number[] = [];
  while (arena.double()) seen.push(arena.capacity);

  assert.deepEqual(seen, [64 * KIB, 128 * KIB, 200 * KIB]);
});

Deno.test("an arena in use does not grow: the allocation has to wait", () => {
  const arena = new Arena(new GuestMemory(), BASE, 1024 * KIB, 8);
  const first = arena.allocate(16);

  assert.equal(arena.allocate(64 * KIB), -1);
  arena.free(first, 16);

  assert.ok(arena.allocate(64 * KIB) >= 0);
});

Deno.test("no more than the most allocations are in use at a time", () => {
  const arena = new Arena(new GuestMemory(), BASE, 64 * KIB, 3);
  const slots = [arena.allocate(1), arena.allocate(0), arena.allocate(1)];
  assert.equal(new Set(slots).size, 3);

  assert.equal(arena.allocate(1), -1);
  arena.free(slots[0], 1);

  assert.ok(arena.allocate(1) >= 0);
});

Deno.test("memory let go is overwritten and unmapped, and the arena begins anew", () => {
  const memory = new GuestMemory();
  const arena = new Arena(memory, BASE, 64 * KIB, 3);
  for (const len of [100, 200, 300]) arena.allocate(len);
  arena.free(1, 200);
  const { bytes } = arena.memory;
  bytes.fill(0xff, 0, 100);
  bytes.fill(0xff, arena.offset(2), arena.offset(2) + 300);

  arena.release();

  assert.ok(bytes.every((byte) => byte === 0));
  assert.deepEqual([memory.regions.length, arena.capacity, arena.isEmpty], [0, 0, true]);
  assert.equal(arena.offset(arena.allocate(5)), 0);
});

Deno.test("growth overwrites the memory it replaces", () => {
  const arena = new Arena(new GuestMemory(), BASE, 256 * KIB, 3);
  const slot = arena.allocate(5000);
  const { bytes } = arena.memory;
  bytes.fill(0xff, 0, 5000);
  arena.free(slot, 5000);

  arena.free(arena.allocate(100 * KIB), 0);

  assert.ok(bytes.every((byte) => byte === 0));
});

Deno.test("what was freed is overwritten when it is told to be, and before it is used again", () => {
  const arena = new Arena(new GuestMemory(), BASE, 64 * KIB, 8);
  const [first, second, third] = [100, 200, 300].map((len) => arena.allocate(len));
  const { bytes } = arena.memory;
  bytes.fill(0xff);

  arena.free(second, 200);
  arena.free(first, 100);
  arena.wipeFreed();
  const numLeft = bytes.subarray(0, arena.offset(third)).filter((byte) => byte !== 0).length;
  arena.free(third, 300);
  const again = arena.allocate(400);

  // Only what stands behind an allocation to make its length a multiple of 16 may be left.
  assert.ok(numLeft <= 15 + 15, `${numLeft} bytes are left`);
  assert.ok(bytes.subarray(0, 400).every((byte, i) => byte === 0 || i < arena.offset(third)));
  assert.equal(arena.offset(again), 0);
});

Deno.test("what several share is freed and overwritten, all of it, behind the last of them", () => {
  const arena = new Arena(new GuestMemory(), BASE, 64 * KIB, 8);
  const slot = arena.allocate(1000, 3);
  const { bytes } = arena.memory;
  bytes.fill(0xff, 0, 1000);

  arena.free(slot, 200);
  arena.free(slot, 1000);
  arena.wipeFreed();
  assert.ok(bytes.subarray(0, 1000).every((byte) => byte === 0xff));
  assert.equal(arena.isEmpty, false);

  arena.free(slot, 600);
  arena.wipeFreed();
  assert.ok(bytes.every((byte) => byte === 0));
  assert.equal(arena.isEmpty, true);
  // The slot's next user has it alone.
  arena.free(arena.allocate(1000), 0);
  assert.equal(arena.isEmpty, true);
});

Deno.test("an allocation is not touched by the overwriting of what was freed before it", () => {
  const arena = new Arena(new GuestMemory(), BASE, 64 * KIB, 8);
  arena.free(arena.allocate(5000), 5000);

  const slot = arena.allocate(5000);
  arena.memory.bytes.fill(0xff, 0, 5000);
  arena.free(arena.allocate(16), 16);
  arena.wipeFreed();

  const start = arena.offset(slot);
  assert.ok(arena.memory.bytes.subarray(start, start + 5000).every((byte) => byte === 0xff));
});
