/**
 * Ours: 64 B requests of AES-128-CTR on a device with many sessions or many queues.
 *
 * Arguments: sessions, sessions in use, data queues. Requests come in batches of 16 on one queue after the
 * other, of the sessions in use by turns; those lie evenly among all.
 */

import { strict as assert } from "node:assert";
import {
  ALGORITHMS,
  AlgorithmSet,
  CryptoDevice,
  GuestMemory,
  openLibcrypto,
  Status,
  withLibcrypto,
} from "../../../device/mod.ts";
import { parseSessionInput } from "../../../device/wire/requests.ts";
import { KINDS, plaintext } from "../../support/kinds.ts";
import { startUp } from "../../support/layers.ts";
import { hostLane, lane } from "../lane.ts";

const BATCH = 16;
const NUM_SLOTS = 1024;
const SLOT_LEN = 320;
const WRITABLE_AT = 192;
const [numSessions, numUsed, numQueues] = Deno.args.map(Number);

const slots = (numQueues + 1) * 65536;
const bytes = new Uint8Array(new SharedArrayBuffer(slots + NUM_SLOTS * SLOT_LEN));
const memory = new GuestMemory();
memory.add(0, bytes);
const { library } = openLibcrypto();
if (library === null) throw new Error("Cannot measure libcrypto: it is not there");
const device = new CryptoDevice({
  memory,
  queues: numQueues,
  maxSessions: numSessions,
  algorithms: new AlgorithmSet(withLibcrypto(ALGORITHMS, library)),
});
const rings = startUp(device);
const kind = KINDS["aes-128-ctr"];

for (let i = 0; i < numSessions; i++) {
  const control = rings[numQueues];
  bytes.set(kind.create.readable, slots);
  control.addPair(slots, kind.create.readable.length, slots + WRITABLE_AT, kind.create.writableLen);
  control.publish();
  device.drain(numQueues);
  control.popUsed();
  const answer = parseSessionInput(bytes.slice(slots + WRITABLE_AT, slots + WRITABLE_AT + 16));
  assert.equal(answer.sessionId, i + 1);
}

// Requests stand ready in slots, as many as there are sessions in use, or as there are slots.
const src = plaintext(64);
const step = Math.floor(numSessions / numUsed);
const numReady = Math.min(numUsed, NUM_SLOTS);
const view = new DataView(bytes.buffer);
for (let i = 0; i < numReady; i++) {
  bytes.set(kind.dataOf(1 + i * step, src).readable, slots + i * SLOT_LEN + 8);
}
const { readable, writableLen } = kind.dataOf(1, src);

let next = 0;
function batch(queue: number): void {
  const ring = rings[queue];
  for (let i = 0; i < BATCH; i++) {
    const at = slots + (next % numReady) * SLOT_LEN;
    // More sessions in use than slots: the request is addressed anew.
    if (numReady < numUsed) view.setUint32(at + 8 + 8, 1 + next * step, true);
    ring.addPair(at + 8, readable.length, at + WRITABLE_AT, writableLen);
    if (++next === numUsed) next = 0;
  }
  ring.publish();
  device.drain(queue);
  while (ring.popUsed() >= 0);
}

let queue = 0;
function run(): void {
  for (let i = 0; i < 64; i++) {
    batch(queue);
    if (++queue === numQueues) queue = 0;
  }
}

await hostLane(lane(64 * BATCH, run, () => {
  run();
  const at = slots + WRITABLE_AT;
  assert.equal(bytes[at + 64], Status.OK);
  return bytes.slice(at, at + 64);
}));
