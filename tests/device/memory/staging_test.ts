import { strict as assert } from "node:assert";
import { MemoryBytes } from "../../../device/memory/memory_bytes.ts";
import { SegmentList } from "../../../device/memory/segment_list.ts";
import { overlaps, overlapsPartly, Staging } from "../../../device/memory/staging.ts";
import { counting, Random } from "../../support/random.ts";

Deno.test("what is taken together does not overlap, is zero and aligned to 16", () => {
  const staging = new Staging();
  const random = new Random(1);
  const taken: Uint8Array[] = [];
  for (let i = 0; i < 300; i++) {
    const bytes = staging.take(random.below(4000));
    assert.ok(bytes.every((byte) => byte === 0));
    assert.equal(bytes.byteOffset % 16, 0);
    bytes.fill(0xff);
    taken.push(bytes);
  }

  for (const a of taken) {
    assert.ok(taken.every((b) => a === b || !overlaps(a, b)));
  }
});

Deno.test("a wipe overwrites every byte that was handed out, small and large", () => {
  const staging = new Staging();
  const taken = [0, 1, 17, 200_000, 60_000, 300_000, 5].map((len) => staging.take(len).fill(0xff));

  staging.wipe();

  for (const bytes of taken) assert.ok(bytes.every((byte) => byte === 0), `${bytes.length}`);
});

Deno.test("the largest buffer that is kept is zero when taken again, to its last byte", () => {
  const staging = new Staging();
  const len = 256 * 1024;
  staging.take(len - 7).fill(0xff);
  staging.wipe();

  const again = staging.take(len);

  assert.ok(again.every((byte) => byte === 0));
});

Deno.test("bytes in one piece are gathered where they lie, scattered ones as a private copy", () => {
  const staging = new Staging();
  const list = new SegmentList();
  const first = counting(4);
  list.push(new MemoryBytes(first), 0, 4);
  list.push(new MemoryBytes(counting(4, 5)), 0, 4);

  const inPlace = staging.gather(list, 1, 3);
  const copied = staging.gather(list, 2, 4);

  assert.equal(inPlace.buffer, first.buffer);
  assert.deepEqual(copied, counting(4, 3));
  first.fill(0);
  assert.deepEqual(copied, counting(4, 3));
});

Deno.test("a copy is private even of bytes in one piece", () => {
  const staging = new Staging();
  const list = new SegmentList();
  const bytes = counting(4);
  list.push(new MemoryBytes(bytes), 0, 4);

  const copied = staging.copy(list, 0, 4);
  bytes.fill(0);

  assert.deepEqual(copied, counting(4));
});

Deno.test("views overlap when they share a byte, partly unless they are the very same bytes", () => {
  const { buffer } = new Uint8Array(100);
  const at = (from: number, len: number) => new Uint8Array(buffer, from, len);

  assert.ok(overlaps(at(0, 10), at(9, 10)) && overlapsPartly(at(0, 10), at(9, 10)));
  assert.ok(!overlaps(at(0, 10), at(10, 10)));
  assert.ok(!overlaps(at(0, 10), new Uint8Array(10)));
  assert.ok(overlaps(at(5, 10), at(5, 10)) && !overlapsPartly(at(5, 10), at(5, 10)));
  assert.ok(overlapsPartly(at(5, 10), at(5, 9)));
});

Deno.test("a large copy is overwritten at the rest, and a small one at once", () => {
  const staging = new Staging();
  const list = SegmentList.of(new Uint8Array(5000).fill(0xff));
  const [small, large] = [staging.copy(list, 0, 100), staging.copy(list, 0, 4000)];

  staging.wipe();
  assert.ok(small.every((byte) => byte === 0));
  staging.rest();

  assert.ok(large.every((byte) => byte === 0));
});

Deno.test("nothing that is taken holds bytes of a copy that was taken back", () => {
  const staging = new Staging();
  const list = SegmentList.of(new Uint8Array(5000).fill(0xff));
  staging.copy(list, 0, 4000);
  staging.wipe();

  for (const len of [16, 4000]) assert.ok(staging.take(len).every((byte) => byte === 0));
});
