/** Unusual chains that are legal all the same. */

import { strict as assert } from "node:assert";
import { BUFFERS, INDIRECT, NEXT, RawRing, WRITE } from "../../support/raw_ring.ts";
import { counting } from "../../support/random.ts";
import { offerIndirect } from "../../support/breakages.ts";

const TABLE = 0x40000;

Deno.test("descriptors of length 0 add nothing, wherever they point", () => {
  const ring = new RawRing(8);
  ring.region.bytes.set([1, 2, 3], BUFFERS);
  ring.desc(0, { addr: 2n ** 64n - 1n, flags: NEXT, next: 1 });
  ring.desc(1, { addr: BUFFERS, len: 3, flags: NEXT, next: 2 });
  ring.desc(2, { flags: NEXT, next: 3 });
  ring.desc(3, { flags: WRITE | NEXT, next: 4 });
  ring.desc(4, { addr: BUFFERS, len: 5, flags: WRITE | NEXT, next: 5 });
  ring.desc(5, { flags: WRITE });
  ring.offer(0);

  const chain = ring.pop();

  assert.deepEqual(chain, { head: 0, readable: counting(3), writableLen: 5 });
  assert.equal(ring.chain.readable.numSegments, 1);
});

Deno.test("a chain of nothing but a descriptor of length 0 is a chain without bytes", () => {
  const ring = new RawRing(1);
  ring.desc(0, {});
  ring.offer(0);

  assert.deepEqual(ring.pop(), { head: 0, readable: new Uint8Array(0), writableLen: 0 });
});

Deno.test("a chain may have only writable descriptors", () => {
  const ring = new RawRing(2);
  ring.desc(1, { addr: BUFFERS, len: 7, flags: WRITE });
  ring.offer(1);

  assert.deepEqual(ring.pop(), { head: 1, readable: new Uint8Array(0), writableLen: 7 });
});

Deno.test("a chain may be as long as the queue", () => {
  const ring = new RawRing(1024);
  for (let i = 0; i < 1024; i++) {
    ring.region.bytes[BUFFERS + i] = i;
    ring.desc(i, { addr: BUFFERS + i, len: 1, flags: i < 1023 ? NEXT : 0, next: i + 1 });
  }
  ring.offer(0);

  assert.deepEqual(ring.pop()?.readable, counting(1024, 0));
});

Deno.test("a buffer may run on into an adjacent region, and over a third", () => {
  const ring = new RawRing(2);
  const { end } = ring.region;
  const second = ring.memory.add(end, new Uint8Array(new SharedArrayBuffer(16)));
  const third = ring.memory.add(end + 16, new Uint8Array(new SharedArrayBuffer(16)));
  ring.region.bytes.set([1, 2], end - ring.region.start - 2);
  second.bytes.set(counting(16, 3));
  third.bytes.set([19, 20]);
  ring.desc(0, { addr: end - 2, len: 20, flags: NEXT, next: 1 });
  ring.desc(1, { addr: end + 14, len: 4, flags: WRITE });
  ring.offer(0);

  assert.deepEqual(ring.pop(), { head: 0, readable: counting(20), writableLen: 4 });
  ring.chain.writable.copyFrom(0, Uint8Array.of(91, 92, 93, 94));
  assert.deepEqual([...second.bytes.subarray(14), ...third.bytes.subarray(0, 2)], [91, 92, 93, 94]);
});

Deno.test("a gap of one region between two is outside memory", () => {
  const ring = new RawRing(1);
  const { end } = ring.region;
  ring.memory.add(end + 16, new Uint8Array(new SharedArrayBuffer(16)));
  ring.desc(0, { addr: end - 2, len: 24 });
  ring.offer(0);

  assert.throws(() => ring.pop(), /outside memory/);
});

Deno.test("buffers may lie inside the ring itself: the device reads what stands there", () => {
  const ring = new RawRing(4);
  ring.desc(0, { addr: ring.addresses.desc, len: 16, flags: NEXT, next: 1 });
  ring.desc(1, { addr: ring.addresses.desc, len: 64, flags: WRITE });
  ring.offer(0);

  const chain = ring.pop();

  assert.equal(chain?.readable.length, 16);
  assert.equal(chain?.writableLen, 64);
});

Deno.test("direct descriptors may be followed by one indirect table", () => {
  const ring = new RawRing(4);
  ring.region.bytes.set(counting(6), BUFFERS);
  ring.desc(0, { addr: BUFFERS, len: 2, flags: NEXT, next: 2 });
  ring.desc(2, { addr: TABLE, len: 48, flags: INDIRECT });
  ring.desc(0, { addr: BUFFERS + 2, len: 4, flags: NEXT, next: 2 }, TABLE);
  ring.desc(2, { addr: BUFFERS, len: 9, flags: WRITE, next: 77 }, TABLE);
  ring.offer(0);

  assert.deepEqual(ring.pop(), { head: 0, readable: counting(6), writableLen: 9 });
});

Deno.test("WRITE on the descriptor that refers to an indirect table is ignored", () => {
  const ring = new RawRing(1);
  ring.region.bytes.set(counting(3), BUFFERS);
  ring.desc(0, { addr: TABLE, len: 16, flags: INDIRECT | WRITE });
  ring.desc(0, { addr: BUFFERS, len: 3 }, TABLE);
  ring.offer(0);

  assert.deepEqual(ring.pop(), { head: 0, readable: counting(3), writableLen: 0 });
});

Deno.test("an indirect table may start at any address", () => {
  const ring = new RawRing(1);
  ring.region.bytes.set(counting(3), BUFFERS);
  ring.desc(0, { addr: TABLE + 3, len: 16, flags: INDIRECT });
  ring.desc(0, { addr: BUFFERS, len: 3 }, TABLE + 3);
  ring.offer(0);

  assert.deepEqual(ring.pop()?.readable, counting(3));
});

for (const size of [1, 8, 1024]) {
  Deno.test(`a queue of ${size} takes an indirect chain of 1024 descriptors`, () => {
    const ring = new RawRing(size);
    offerIndirect(ring, 1024);

    assert.equal(ring.pop()?.writableLen, 1024);
    assert.equal(ring.chain.writable.numSegments, 1024);
  });
}

Deno.test("what a request leaves in the reused chain does not reach the next", () => {
  const ring = new RawRing(4);
  ring.desc(0, { addr: BUFFERS, len: 4, flags: NEXT, next: 1 });
  ring.desc(1, { addr: BUFFERS, len: 4, flags: WRITE });
  ring.desc(2, { addr: BUFFERS, len: 1 });
  ring.offer(0);
  ring.offer(2);
  ring.pop();

  const second = ring.pop();

  assert.equal(second?.readable.length, 1);
  assert.equal(second?.writableLen, 0);
  assert.equal(ring.chain.hasWritable, false);
});

Deno.test("the device reads no further than avail.idx", () => {
  const ring = new RawRing(8);
  ring.desc(0, { addr: BUFFERS, len: 1 });
  ring.availEntry(0, 0);
  ring.availEntry(1, 99);
  ring.availIdx(1);

  assert.equal(ring.pop()?.head, 0);
  assert.equal(ring.pop(), null);
});
