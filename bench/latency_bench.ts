/**
 * Latency of small messages: 64 requests of 64 B in one message, and the next message only when all
 * are answered.
 *
 * Three ways to the same gateway: the client's own choice, the platform's WebSocket driven by the
 * same client, and in process. On Deno the platform's WebSocket leaves Nagle's algorithm on.
 */

import assert from "node:assert/strict";
import { type CipherSession, connect, type Device } from "../gateway/client/mod.ts";
import { WebSocketTransport } from "../gateway/client/web_socket.ts";
import { RemoteDevice } from "../gateway/remote_device.ts";
import { startServer } from "../gateway/server.ts";

const NUM_REQUESTS = 64;
const key = new Uint8Array(16).fill(7);
const iv = new Uint8Array(16).fill(9);
const src = new Uint8Array(64).fill(3);

const server = await startServer({ port: 0 });
const url = server.url.replace("http", "ws");
const ways: Record<string, Device> = {
  "client": await connect(url),
  "client over new WebSocket": await connect(
    await WebSocketTransport.open(new URL("v1/device", url)),
  ),
  "in process": await connect(
    new RemoteDevice({
      queues: 4,
      maxSize: 4 << 20,
      maxSessions: 1024,
      layout: "v19",
      maxRecords: 4096,
      maxUnansweredBytes: 64 << 20,
    }),
  ),
};

async function oneMessage(session: CipherSession): Promise<Uint8Array> {
  const runs: Promise<Uint8Array>[] = [];
  for (let i = 0; i < NUM_REQUESTS; i++) runs.push(session.run({ iv, src }));
  return (await Promise.all(runs))[NUM_REQUESTS - 1];
}

const results = new Set<string>();
for (const [name, device] of Object.entries(ways)) {
  const session = await device.cipherSession({ algorithm: "aes-128-ctr", op: "encrypt", key });
  results.add((await oneMessage(session)).toHex());
  Deno.bench({
    name: `64 requests of 64 B in one message, ${name}`,
    group: "latency",
    baseline: name === "client",
    n: 50,
    warmup: 20,
    fn: async () => void await oneMessage(session),
  });
}
// Contenders that compute different things are not to be compared.
assert.equal(results.size, 1);

addEventListener("unload", () => {
  for (const device of Object.values(ways)) void device.close();
  void server.close();
});
