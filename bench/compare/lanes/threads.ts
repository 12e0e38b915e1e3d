/**
 * Ours: two data queues of one device whose requests all go to device threads.
 *
 * Arguments: threads, bytes, requests in flight on each queue. The requests are KASUMI's.
 */

import { strict as assert } from "node:assert";
import {
  ALL_ALGORITHMS,
  CipherAlgo,
  CryptoDevice,
  DeviceThreads,
  Direction,
  GuestMemory,
  type SplitDriverQueue,
  Status,
} from "../../../device/mod.ts";
import { build, cipherData, createCipherSession } from "../../../device/wire/requests.ts";
import { KEY, plaintext } from "../../support/kinds.ts";
import { startUp } from "../../support/layers.ts";
import { hostLane } from "../lane.ts";

const NUM_QUEUES = 2;
const BUFFERS = 1 << 18;
const MODE = { mux: true, layout: "v19" } as const;
const [num, size, inFlight] = Deno.args.map(Number);

const memory = new GuestMemory();
const room = Math.ceil((size + 256) / 64) * 64;
const bytes = new Uint8Array(new SharedArrayBuffer(BUFFERS + room * (1 + NUM_QUEUES * inFlight)));
memory.add(0, bytes);
const threads = new DeviceThreads({ num, algorithms: ALL_ALGORITHMS, localWork: 0 });
let progressed = () => {};
const device = new CryptoDevice({
  memory,
  queues: NUM_QUEUES,
  threads,
  onProgress: () => progressed(),
});
const rings = startUp(device);

// The session, and its request, which all queues read where it lies.
const op = Direction.ENCRYPT;
const create = build(createCipherSession, { algo: CipherAlgo.KASUMI_F8, op, key: KEY }, MODE);
bytes.set(create.readable, BUFFERS);
rings[NUM_QUEUES].addPair(BUFFERS, create.readable.length, BUFFERS + 256, create.writableLen);
rings[NUM_QUEUES].publish();
device.drain(NUM_QUEUES);
const request = build(
  cipherData,
  { sessionId: 1, op, iv: new Uint8Array(8), src: plaintext(size) },
  MODE,
);
bytes.set(request.readable, BUFFERS);

const writableAt = (queue: number, slot: number) => BUFFERS + room * (1 + queue * inFlight + slot);
const pending = new Uint32Array(NUM_QUEUES);

// Which part of the memory a request writes to does not matter here, as long as no two threads share one.
function fill(ring: SplitDriverQueue, queue: number): void {
  for (; pending[queue] < inFlight; pending[queue]++) {
    const at = writableAt(queue, pending[queue]);
    ring.addPair(BUFFERS, request.readable.length, at, request.writableLen);
  }
  ring.publish();
}

async function run(seconds: number): Promise<{ num: number }> {
  const end = performance.now() + seconds * 1000;
  let done = 0;
  do {
    device.share();
    for (let queue = 0; queue < NUM_QUEUES; queue++) {
      if (performance.now() < end) fill(rings[queue], queue);
      // As much work as a queue can have: always worth a thread.
      if (pending[queue] > 0) device.serve(queue, 1e6, 1e6, Infinity);
    }
    await new Promise<void>((resolve) => progressed = resolve);
    for (let queue = 0; queue < NUM_QUEUES; queue++) {
      device.isAway(queue);
      for (; rings[queue].popUsed() >= 0; pending[queue]--) done++;
    }
  } while (performance.now() < end || pending.some((num) => num > 0));
  return { num: done };
}

await hostLane({
  run,
  result: async () => {
    await run(0.001);
    const at = writableAt(1, 0);
    const written = bytes.slice(at, at + request.writableLen);
    assert.equal(written[size], Status.OK);
    return written.subarray(0, size);
  },
});
