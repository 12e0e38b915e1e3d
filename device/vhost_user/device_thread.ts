/**
 * The module that the thread of a socket runs.
 *
 * @module
 */

import type { ThreadStart } from "./description.ts";
import { serveSocket } from "./socket_loop.ts";

globalThis.addEventListener("message", (event) => {
  const { port, start } = (event as MessageEvent<ThreadStart>).data;
  serveSocket(start, { report: (report) => port.postMessage(report) });
  port.postMessage({ kind: "stopped" });
}, { once: true });
