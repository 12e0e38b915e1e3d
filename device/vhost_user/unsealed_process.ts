/**
 * The module that a process of an unsealed socket runs: it serves one front-end, whose memory its owner can
 * truncate, which ends this process and no other. It ends as well when its standard input does: the process
 * that started it is gone.
 *
 * @module
 */

import { writeSync } from "node:fs";
import { argv } from "node:process";
import type { SocketReport, SocketStart } from "./description.ts";
import { serveSocket } from "./socket_loop.ts";

const start = JSON.parse(argv[2]) as SocketStart;
const encoder = new TextEncoder();
const report = (message: SocketReport) => {
  writeSync(1, encoder.encode(`${JSON.stringify(message)}\n`));
};
serveSocket(start, { report, limit: 1, isUnsealed: true });
