/** Parts of memory, and copies between memories at every alignment. */

import { strict as assert } from "node:assert";
import { openLibcrypto } from "../../../device/accelerators/libcrypto/library.ts";
import { copy, useForBulk, wipe } from "../../../device/memory/copy.ts";
import { copyBytes, MemoryBytes } from "../../../device/memory/memory_bytes.ts";
import { Random } from "../../support/random.ts";

Deno.test("a piece is the bytes it names, whatever pieces were named before", () => {
  const random = new Random(3);
  const backing = random.bytes(1 << 16);
  const memory = new MemoryBytes(backing.subarray(48));

  for (let i = 0; i < 5000; i++) {
    const start = random.below(memory.bytes.length);
    const len = random.below(Math.min(300, memory.bytes.length - start));

    const piece = memory.piece(start, len);

    assert.deepEqual([piece.byteOffset, piece.length], [48 + start, len]);
    assert.equal(piece.buffer, backing.buffer);
  }
});

Deno.test("a piece that is named again is the same view", () => {
  const memory = new MemoryBytes(new Uint8Array(new SharedArrayBuffer(256)));

  assert.equal(memory.piece(64, 16), memory.piece(64, 16));
  assert.notEqual(memory.piece(64, 16), memory.piece(64, 17));
});

Deno.test("bytes are copied from and to every alignment, and none beside them", () => {
  const random = new Random(4);
  const source = new MemoryBytes(random.bytes(6000));
  for (const len of [0, 1, 3, 4, 5, 16, 24, 127, 128, 129, 1023, 1024, 1025, 5000]) {
    for (let i = 0; i < 20; i++) {
      const [from, to] = [random.below(17), random.below(17)];
      const target = new MemoryBytes(new Uint8Array(new SharedArrayBuffer(6000)).fill(0xc5));

      copyBytes(source, from, target, to, len);

      const expected = new Uint8Array(6000).fill(0xc5);
      expected.set(source.bytes.subarray(from, from + len), to);
      assert.deepEqual(target.bytes.slice(), expected);
    }
  }
});

Deno.test("libcrypto's memmove copies large pieces, overlapping ones too", () => {
  const { library } = openLibcrypto();
  assert.ok(library !== null && library.bulk !== null);
  useForBulk(library.bulk);
  const bytes = new Random(5).bytes(10_000);
  const moved = bytes.slice();

  copy(moved.subarray(1), moved.subarray(0, 9000));

  const expected = bytes.slice();
  expected.copyWithin(1, 0, 9000);
  assert.deepEqual(moved, expected);
});

Deno.test("libcrypto's memset overwrites what it is told to and nothing else", () => {
  const { library } = openLibcrypto();
  assert.ok(library !== null && library.bulk !== null);
  useForBulk(library.bulk);
  for (const [start, end] of [[0, 10], [3, 1026], [3, 1027], [5, 4096], [0, 5000]]) {
    const bytes = new Uint8Array(new SharedArrayBuffer(5000)).fill(0xc5);

    wipe(bytes, start, end);

    assert.ok(bytes.every((byte, i) => byte === (i >= start && i < end ? 0 : 0xc5)));
  }
});

Deno.test("a copy that does not fit is an error, small or large, and writes nothing", () => {
  for (const len of [8, 4096]) {
    const target = new Uint8Array(len - 1);

    assert.throws(() => copy(target, new Uint8Array(len).fill(1)), RangeError);

    assert.ok(target.every((byte) => byte === 0));
  }
});
