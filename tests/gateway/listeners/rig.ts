/** Gateways of several listeners, for as long as a test needs them. */

import assert from "node:assert/strict";
import type { Log } from "../../../gateway/log.ts";
import type { ServeOptionsInput } from "../../../gateway/options.ts";
import { type RunningServer, startServer } from "../../../gateway/server.ts";
import { readMessage, until } from "../helpers.ts";

/** Listeners of a gateway, when a test does not say otherwise. */
export const NUM = 3;

/** One line of a log. */
export interface Line {
  readonly event: string;
  readonly listener: number;
  readonly connections: number;
}

/** Lines of a log, with the listener each came from. */
export function numberedLog(): { log: Log; lines: Line[] } {
  const lines: Line[] = [];
  const log: Log = (_level, event, fields = {}) => {
    const { listener, connections } = fields;
    lines.push({ event, listener: Number(listener), connections: Number(connections) });
  };
  return { log, lines };
}

/** Workers of this process that have not ended. */
const numWorkers = () => {
  const names = [...Deno.readDirSync("/proc/self/task")].map(({ name }) => {
    try {
      return Deno.readTextFileSync(`/proc/self/task/${name}/comm`);
    } catch {
      // It has ended meanwhile.
      return "";
    }
  });
  return names.filter((name) => name.startsWith("worker-")).length;
};

/** Runs a gateway of several listeners, and sees to it that none is left. */
export async function withListeners(
  options: ServeOptionsInput,
  run: (server: RunningServer, lines: Line[]) => Promise<void>,
  module?: URL,
): Promise<void> {
  const before = numWorkers();
  const { log, lines } = numberedLog();
  const server = await startServer({ port: 0, listeners: NUM, ...options }, log, module);
  try {
    await run(server, lines);
  } finally {
    await server.close();
  }
  await until(() => numWorkers() <= before);
}

/** One call on a connection of its own. */
export async function call(url: string, init: RequestInit = {}): Promise<Response> {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  try {
    const response = await fetch(url, { ...init, client });
    const { status, headers } = response;
    const body = await response.arrayBuffer();
    return new Response(status === 204 ? null : body, { status, headers });
  } finally {
    client.close();
  }
}

/** Headers of a JSON body. */
export const JSON_HEADERS = { "Content-Type": "application/json" };
const RECORDS_HEADERS = { "Content-Type": "application/vnd.virtio-crypto" };

/** A call of `/v1/hash`. */
export const HASH: RequestInit = {
  method: "POST",
  headers: JSON_HEADERS,
  body: JSON.stringify({ algorithm: "sha-256", data: "616263", encoding: "hex" }),
};

/** Makes a device over HTTP, and gives its id. */
export async function makeDevice(url: string, headers: HeadersInit = {}): Promise<string> {
  const response = await call(`${url}/v1/devices`, {
    method: "POST",
    headers: { ...JSON_HEADERS, ...headers },
    body: "{}",
  });
  assert.equal(response.status, 201);
  return (await response.json()).id;
}

/** A call of a device with so many records. */
export const records = (num: number, headers: HeadersInit = {}): RequestInit => ({
  method: "POST",
  headers: { ...RECORDS_HEADERS, ...headers },
  body: readMessage(0x008, num),
});
