/** However bytes are cut into segments, a list of them behaves like one array. */

import { strict as assert } from "node:assert";
import fc from "fast-check";
import { MemoryBytes } from "../../../device/memory/memory_bytes.ts";
import { SegmentList } from "../../../device/memory/segment_list.ts";
import { Random } from "../../support/random.ts";

// A list over pieces that lie in arrays of their own, with other bytes around them.
function cut(bytes: Uint8Array, random: Random): { list: SegmentList; backing: Uint8Array[] } {
  const list = new SegmentList();
  const backing: Uint8Array[] = [];
  let at = 0;
  for (const len of random.cuts(bytes.length)) {
    const before = random.below(5);
    const array = new Uint8Array(new SharedArrayBuffer(before + len + 3)).fill(0xc5);
    array.set(bytes.subarray(at, at + len), before);
    list.push(new MemoryBytes(array), before, len);
    backing.push(array);
    at += len;
  }
  return { list, backing };
}

function numCanaries(backing: readonly Uint8Array[], list: SegmentList): number {
  return backing.reduce((sum, { length }) => sum + length, 0) - list.length;
}

const seed = fc.nat();
const range = fc.tuple(fc.nat(400), fc.nat(400), fc.nat(400)).map(([len, a, b]) => {
  const from = Math.min(a % (len + 1), b % (len + 1));
  const to = Math.max(a % (len + 1), b % (len + 1));
  return { len, from, to };
});

Deno.test("copyTo reads what one array would give", () => {
  fc.assert(fc.property(seed, range, (seed, { len, from, to }) => {
    const random = new Random(seed);
    const bytes = random.bytes(len);
    const target = new Uint8Array(to - from + 4).fill(0xaa);

    cut(bytes, random).list.copyTo(from, new MemoryBytes(target), 2, to - from);

    assert.deepEqual(target.subarray(2, -2), bytes.subarray(from, to));
    assert.deepEqual([target[0], target[1], target.at(-1), target.at(-2)], Array(4).fill(0xaa));
  }));
});

Deno.test("copyFrom, wipe and setByte write what one array would hold, and nothing around it", () => {
  fc.assert(fc.property(seed, range, fc.nat(2), (seed, { len, from, to }, which) => {
    const random = new Random(seed);
    const bytes = random.bytes(len).map((byte) => byte & 0x3f);
    const { list, backing } = cut(bytes, random);
    const written = new Uint8Array(to - from).map((_, i) => which === 1 ? 0 : i & 0x3f);

    if (which === 0) list.copyFrom(from, written);
    else if (which === 1) list.wipe(from, to - from);
    else written.forEach((byte, i) => list.setByte(from + i, byte));

    bytes.set(written, from);
    assert.deepEqual(list.slice(), bytes);
    const canaries = backing.reduce((n, array) => n + array.filter((b) => b === 0xc5).length, 0);
    assert.equal(canaries, numCanaries(backing, list));
  }));
});

Deno.test("a view is given exactly when the bytes lie in one piece, and is that piece", () => {
  fc.assert(fc.property(seed, range, (seed, { len, from, to }) => {
    const random = new Random(seed);
    const bytes = random.bytes(len);
    const memory = new MemoryBytes(bytes);
    const list = new SegmentList();
    const ends: number[] = [];
    let at = 0;
    for (const cutLen of random.cuts(len)) {
      list.push(memory, at, cutLen);
      at += cutLen;
      if (cutLen > 0) ends.push(at);
    }
    const isCut = ends.some((end) => end > from && end < to);

    const view = list.view(from, to - from);

    if (isCut) assert.equal(view, null);
    else {
      assert.deepEqual(view, bytes.subarray(from, to));
      if (to > from) {
        assert.equal(view?.buffer, bytes.buffer);
        assert.equal(view?.byteOffset, from);
      }
    }
  }));
});

Deno.test("a cleared list is empty and can be filled anew", () => {
  const list = new SegmentList();
  list.push(new MemoryBytes(Uint8Array.of(1, 2, 3)), 0, 3);
  list.push(new MemoryBytes(Uint8Array.of(4)), 0, 1);

  list.clear();
  assert.equal(list.length, 0);
  list.push(new MemoryBytes(Uint8Array.of(9, 8)), 1, 1);

  assert.equal(list.numSegments, 1);
  assert.deepEqual(list.slice(), Uint8Array.of(8));
});

Deno.test("empty segments are not counted", () => {
  const list = new SegmentList();
  list.push(new MemoryBytes(Uint8Array.of(1)), 0, 0);
  list.push(new MemoryBytes(Uint8Array.of(1)), 0, 1);
  list.push(new MemoryBytes(Uint8Array.of(1)), 1, 0);

  assert.equal(list.numSegments, 1);
  assert.equal(list.view(1, 0)?.length, 0);
});

Deno.test("a released list holds no reference to memory that could be written", () => {
  const list = new SegmentList();
  list.push(new MemoryBytes(Uint8Array.of(1, 2, 3)), 0, 3);

  list.release();

  assert.deepEqual([list.length, list.numSegments, list.view(0, 1)], [0, 0, null]);
});
