/**
 * What each layer of the gateway costs without a socket: frames, records, the remoted device.
 *
 * Run with `deno bench -A bench/gateway_bench.ts`; one iteration is one message.
 */

import { strict as assert } from "node:assert";
import { ALGORITHMS, AlgorithmSet, openLibcrypto, withLibcrypto } from "../device/mod.ts";
import { RecordKind, RecordReader, RecordWriter } from "../gateway/records.ts";
import { RemoteDevice } from "../gateway/remote_device.ts";
import { encodeFrame, FrameOpcode, FrameParser } from "../gateway/websocket/frames.ts";
import { expectedOf } from "./compare/clients/expected.ts";
import { requests, startUp } from "./compare/clients/messages.ts";
import { inputOf, KINDS } from "./support/kinds.ts";
import { iterations, label } from "./support/layers.ts";

const NUM_QUEUES = 4;
const KIND = "aes-128-gcm";
const kind = KINDS[KIND];
const { library } = openLibcrypto();
assert.ok(library !== null, "libcrypto is not there");
const algorithms = new AlgorithmSet(withLibcrypto(ALGORITHMS, library));

/** A device whose answers are kept until they are taken. */
function startedDevice(): { device: RemoteDevice; answers: Uint8Array[] } {
  const answers: Uint8Array[] = [];
  const device = new RemoteDevice({
    algorithms,
    queues: NUM_QUEUES,
    maxSize: 4 << 20,
    maxSessions: 1024,
    layout: "v19",
    maxRecords: 4096,
    maxUnansweredBytes: 64 << 20,
  });
  device.sink = {
    send: (message) => void answers.push(message),
    unsentBytes: 0,
    unsentRecords: 0,
  };
  device.push(startUp(NUM_QUEUES, kind.create).bytes);
  answers.length = 0;
  return { device, answers };
}

function cut(message: Uint8Array): number {
  const reader = new RecordReader(message);
  let num = 0;
  while (reader.next()) num++;
  return num;
}

for (const [size, num] of [[64, 256], [16384, 1]]) {
  const group = `${num} x ${label(size)}`;
  const options = { group, ...iterations() };
  const { bytes } = requests(kind.dataOf(1, inputOf(KIND, size)), num);
  const result = expectedOf(KIND, size);
  const { device, answers } = startedDevice();
  const parser = new FrameParser({ role: "server", maxPayload: bytes.length });

  // What all layers together give is right before any is timed.
  parser.push(encodeFrame(FrameOpcode.BINARY, bytes, "client"));
  assert.ok(parser.next());
  assert.deepEqual(parser.payload, bytes);
  assert.ok(!parser.next());
  await device.push(bytes);
  await device.settled();
  const reader = new RecordReader(answers.splice(0)[0]);
  assert.ok(reader.next());
  assert.deepEqual(reader.payload.subarray(0, -1), result);
  assert.equal(cut(bytes), num);

  Deno.bench(`cutting records, ${group}`, options, () => void cut(bytes));
  const writer = new RecordWriter();
  Deno.bench(`writing records, ${group}`, options, () => {
    for (let id = 0; id < num; id++) writer.record(RecordKind.COMPLETE, 0, id, 0, result);
    writer.take();
  });
  // Unmasked in place: what comes out the first time goes in the next, which costs the same.
  const frame = encodeFrame(FrameOpcode.BINARY, bytes, "client");
  Deno.bench(`parsing and unmasking a frame, ${group}`, options, () => {
    parser.push(frame);
    while (parser.next());
  });
  Deno.bench(`remoted device, ${group}`, { ...options, baseline: true }, async () => {
    await device.push(bytes);
    answers.length = 0;
  });
}
