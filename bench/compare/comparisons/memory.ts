/**
 * What idle connections hold of a gateway's memory.
 */

import { sendAndWait } from "../clients/pipeline.ts";
import { startUp } from "../clients/messages.ts";
import { RecordSocket } from "../clients/socket.ts";
import type { Comparison, Context } from "../comparison.ts";
import { KINDS } from "../../support/kinds.ts";
import { atMost, ownRow, type Row } from "../row.ts";
import { type MeasuredServer, startGateway } from "../server.ts";

const NUM_QUEUES = 4;
const NUM_CONNECTIONS = 1000;
const LIMIT_MB = 100;
const SETTLE_MS = 2000;

// Megabytes (10^6) beyond the server before them.
async function grown(server: MeasuredServer, before: number, settleMs: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  return (server.residentBytes - before) / 1e6;
}

async function run({ isSmoke }: Context): Promise<Row[]> {
  const num = isSmoke ? 10 : NUM_CONNECTIONS;
  const settleMs = isSmoke ? 10 : SETTLE_MS;
  const server = await startGateway();
  const sockets: RecordSocket[] = [];
  try {
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const before = server.residentBytes;
    while (sockets.length < num) sockets.push(await RecordSocket.open(server.url));
    const open = await grown(server, before, settleMs);
    for (const socket of sockets) await sendAndWait(socket, startUp(NUM_QUEUES));
    const started = await grown(server, before, settleMs);
    const keyed = startUp(NUM_QUEUES, KINDS["aes-128-gcm"].create);
    for (const socket of sockets) await sendAndWait(socket, keyed);
    const used = await grown(server, before, settleMs);
    const bound = atMost(LIMIT_MB, "ours");
    const name = `resident memory of ${num} connections`;
    return [
      ownRow(`${name}, idle`, "MB", [open], bound),
      ownRow(`${name}, idle past DRIVER_OK`, "MB", [started], bound),
      ownRow(`${name}, idle with a session each`, "MB", [used]),
    ];
  } finally {
    for (const socket of sockets) socket.close();
    await server.close();
  }
}

/** Comparisons of this file, in the table's order. */
export const MEMORY: readonly Comparison[] = [{
  name: "memory of idle connections",
  isRepeated: false,
  run,
}];
