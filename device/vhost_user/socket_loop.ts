/**
 * The loop of a thread that has a socket: it serves one front-end after another.
 *
 * @module
 */

import { offeredHere } from "../threads/offered.ts";
import type { SocketReport, SocketStart } from "./description.ts";
import { EngineBackend } from "./engine_backend.ts";
import { requireLibc } from "./libc.ts";
import { acceptBlocking, serveBlocking } from "./serve.ts";

/** How a socket is served. */
export interface SocketLoopOptions {
  readonly report: (report: SocketReport) => void;
  /** Connections served before it ends. Default: no end. */
  readonly limit?: number;
  /** Whether memory is taken that its owner can truncate. Default false. */
  readonly isUnsealed?: boolean;
}

/** Serves the front-ends of a socket by the engine of this thread, until it is stopped. */
export function serveSocket(start: SocketStart, options: SocketLoopOptions): void {
  const { listenFd, stopFd, device } = start;
  const { report, limit = Infinity, isUnsealed } = options;
  const libc = requireLibc();
  const algorithms = offeredHere(device.offered, device.libcryptoPath);
  const onFault = (fault: unknown) => report({ kind: "fault", reason: String(fault) });
  report({ kind: "ready" });
  for (let num = 0; num < limit; num++) {
    const fd = acceptBlocking(libc, listenFd, stopFd);
    if (fd === null) return;
    report({ kind: "connected" });
    const backend = new EngineBackend({ ...device, algorithms, onFault });
    const reason = serveBlocking({ libc, fd, isUnsealed, makeBackend: () => backend }, stopFd);
    report({ kind: "ended", reason, requests: backend.numRequests });
  }
}
