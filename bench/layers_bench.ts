/**
 * What each layer costs, from the ring alone to a client behind a WebSocket, by request size.
 *
 * Run it all with `deno bench -A`, or this file alone. One iteration is one batch of requests, so the
 * numbers of a group compare with each other; the batch of 64 B requests has 256 of them.
 */

import { strict as assert } from "node:assert";
import { createCipheriv } from "node:crypto";
import { CipherAlgo, Direction } from "../device/mod.ts";
import {
  batchSize,
  DEVICE_SIZES,
  DeviceLane,
  EngineLane,
  iterations,
  label,
  RingLane,
} from "./support/layers.ts";
import { WebSocketLane } from "./support/websocket_lane.ts";

const key = new Uint8Array(16).fill(0x2b);
const iv = new Uint8Array(16).fill(0xf0);

function expected(src: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-ctr", key, iv);
  return Uint8Array.from(cipher.update(src));
}

const cipher = { algo: CipherAlgo.AES_CTR, op: Direction.ENCRYPT, key };
const socket = await WebSocketLane.open(key, iv);

for (const size of DEVICE_SIZES) {
  const src = crypto.getRandomValues(new Uint8Array(Math.min(size, 65536)));
  const message = new Uint8Array(size).map((_, i) => src[i % src.length]);
  const num = batchSize(size);
  const ring = new RingLane(message.length, num);
  const engine = new EngineLane(cipher, iv, message);
  const device = new DeviceLane(cipher, iv, message, num);

  // All contenders give the same bytes.
  assert.deepEqual(engine.run(), expected(message));
  assert.deepEqual(device.run(), expected(message));
  assert.deepEqual((await socket.run(message, 1))[0], expected(message));

  const group = `${num} x ${label(size)}`;
  const options = { group, ...iterations() };
  Deno.bench({ name: `ring alone, ${group}`, ...options, fn: () => void ring.run() });
  Deno.bench({
    name: `engine alone, ${group}`,
    ...options,
    fn: () => {
      for (let i = 0; i < num; i++) engine.run();
    },
  });
  Deno.bench({
    name: `in-process device, ${group}`,
    ...options,
    baseline: true,
    fn: () => void device.run(),
  });
  Deno.bench({
    name: `WebSocket, ${group}`,
    ...options,
    fn: async () => void await socket.run(message, num),
  });
}
