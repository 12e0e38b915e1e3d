/** The record codec, both directions. */

import { strict as assert } from "node:assert";
import fc from "fast-check";
import {
  isWellFormed,
  padded,
  RecordKind,
  RecordReader,
  RecordWriter,
} from "../../gateway/records.ts";
import { concat, counting } from "../support/random.ts";
import { record } from "../support/remote_rig.ts";

const u32 = fc.nat(0xffffffff);
const anyRecord = fc.record({
  kind: fc.nat(255),
  queue: fc.nat(0xffff),
  id: u32,
  value: u32,
  payload: fc.uint8Array({ maxLength: 200 }),
}, { noNullPrototype: true });

function readAll(message: Uint8Array) {
  const reader = new RecordReader(message);
  const records = [];
  while (reader.next()) {
    const { kind, queue, id, value, payload } = reader;
    records.push({ kind, queue, id, value, payload: payload.slice() });
  }
  return { records, malformed: reader.malformed };
}

Deno.test("what is written is read again, every record on a multiple of 8", () => {
  fc.assert(fc.property(fc.array(anyRecord), fc.nat(40), (records, capacity) => {
    const writer = new RecordWriter(capacity);
    for (const { kind, queue, id, value, payload } of records) {
      writer.record(kind, queue, id, value, payload);
    }
    assert.equal(writer.numRecords, records.length);
    const { length } = writer;
    const message = writer.take();

    assert.equal(message.length, length);
    assert.deepEqual(readAll(message), { records, malformed: false });
    const bytes = records.map(({ kind, queue, id, value, payload }) =>
      record(kind, id, value, payload, { queue })
    );
    assert.deepEqual(message, concat(...bytes));
    assert.ok(isWellFormed(message));
  }));
});

Deno.test("any bytes are walked to their end or to where they stop being records", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(60)), (bytes, sizes) => {
    // Plausible sizes here and there, so that the walk gets further than one record.
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    for (const size of sizes) {
      if (at + 4 > bytes.length) break;
      view.setUint32(at, size, true);
      at += Math.ceil(Math.max(size, 1) / 8) * 8;
    }
    // The naive walk.
    let offset = 0;
    let num = 0;
    let isGood = true;
    while (isGood && offset < bytes.length) {
      const left = bytes.length - offset;
      const size = left >= 16 ? view.getUint32(offset, true) : 0;
      isGood = size >= 16 && size <= left;
      if (!isGood) break;
      num++;
      offset += Math.ceil(size / 8) * 8;
    }

    const { records, malformed } = readAll(bytes);

    assert.deepEqual([records.length, malformed], [num, !isGood]);
    assert.equal(isWellFormed(bytes), isGood);
  }));
});

Deno.test("a reader that steps back finds the same record again", () => {
  const message = concat(record(1, 7, 8, counting(5)), record(2, 9, 10));
  const reader = new RecordReader(message);
  reader.next();
  reader.back();

  assert.ok(reader.next());
  assert.deepEqual([reader.kind, reader.id, reader.payload], [1, 7, counting(5)]);
  assert.ok(reader.next());
  reader.back();
  assert.equal(reader.remaining, 16);
  assert.ok(reader.next());
  assert.deepEqual([reader.id, reader.next(), reader.malformed], [9, false, false]);
});

Deno.test("the last record of a message may come without its padding, and be stepped back over", () => {
  const message = record(3, 1, 2, counting(9)).subarray(0, 25);
  const reader = new RecordReader(message);
  assert.ok(reader.next());
  assert.equal(reader.remaining, 0);
  reader.back();

  assert.ok(reader.next());
  assert.deepEqual(reader.payload, counting(9));
  assert.equal(reader.next(), false);
  assert.equal(reader.malformed, false);
});

Deno.test("payloads are views on the message, wherever it lies in its buffer", () => {
  const buffer = new Uint8Array(100);
  buffer.set(record(1, 2, 3, counting(4)), 11);
  const reader = new RecordReader(buffer.subarray(11, 11 + 24));

  assert.ok(reader.next());
  assert.equal(reader.payload.buffer, buffer.buffer);
  assert.equal(reader.payload.byteOffset, 11 + 16);
});

Deno.test("a message that was taken is not written to by the next", () => {
  const writer = new RecordWriter();
  writer.record(1, 0, 1, 0, counting(40));
  const first = writer.take();
  const copy = first.slice();

  writer.record(2, 0, 2, 0, counting(40, 99));
  const second = writer.take();

  assert.deepEqual(first, copy);
  assert.equal(second.length, first.length);
  assert.deepEqual([writer.length, writer.numRecords], [0, 0]);
});

Deno.test("a payload is zeros before it is filled", () => {
  const writer = new RecordWriter(16);
  for (let i = 0; i < 20; i++) {
    const payload = writer.header(1, 0, i, 0, 33);
    assert.ok(payload.every((byte) => byte === 0));
    payload.fill(0xff);
  }
});

Deno.test("sizes are rounded up to 8, near 2^32 too", () => {
  assert.deepEqual([0, 1, 7, 8, 9, 16, 17].map(padded), [0, 8, 8, 8, 16, 16, 24]);
  assert.deepEqual([2 ** 32 - 1, 2 ** 31 + 1].map(padded), [2 ** 32, 2 ** 31 + 8]);
});

Deno.test("memory that is given back serves a later message, of which nothing of the first is left", () => {
  const writer = new RecordWriter(64, 16);
  writer.header(RecordKind.COMPLETE, 1, 2, 3, 21).fill(0xff);
  const first = writer.take();
  assert.equal(first.byteOffset, 16);
  writer.take();

  writer.recycle(first);
  writer.take();
  writer.header(RecordKind.COMPLETE, 1, 2, 3, 5)[0] = 9;
  const second = writer.take();

  assert.equal(second.buffer, first.buffer);
  assert.deepEqual([...second.subarray(16)], [9, 0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("no more memory is kept for later messages than 512 KiB", () => {
  const writer = new RecordWriter();
  const messages = new Set<ArrayBuffer>();
  for (let i = 0; i < 8; i++) {
    writer.header(RecordKind.COMPLETE, 0, 0, 0, 200 * 1024);
    messages.add(writer.take().buffer);
  }
  for (const buffer of messages) writer.recycle(new Uint8Array(buffer));

  let numAgain = 0;
  for (let i = 0; i < 8; i++) if (messages.has(writer.take().buffer)) numAgain++;

  assert.ok(numAgain >= 1 && numAgain <= 2, `${numAgain} are used again`);
});

Deno.test("a long message's memory serves the next long one, and goes behind a short one", () => {
  const writer = new RecordWriter();
  const takeLong = () => {
    writer.header(RecordKind.COMPLETE, 0, 0, 0, 4 << 20);
    return writer.take();
  };

  const first = takeLong();
  writer.recycle(first);
  const second = takeLong();
  writer.recycle(second);
  writer.header(RecordKind.COMPLETE, 0, 0, 0, 4);
  writer.take();
  const third = takeLong();

  assert.equal(second.buffer, first.buffer);
  assert.notEqual(third.buffer, first.buffer);
});
