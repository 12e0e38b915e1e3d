/**
 * The gateway's sockets for virtual machines, beside its network listener.
 *
 * @module
 */

import { type SocketEvent, VhostUserServer } from "../device/mod.ts";
import type { Gateway } from "./gateway.ts";
import { errorMessage, type Log, type LogFields, type LogLevel } from "./log.ts";
import { OptionError } from "./options.ts";

interface Line {
  readonly level: LogLevel;
  readonly event: string;
}

const LINES: Readonly<Record<SocketEvent["kind"], Line | null>> = {
  // Said once for all sockets when they are served, and again whenever a thread or process starts anew.
  ready: null,
  stopped: null,
  connected: { level: "info", event: "vhost-user open" },
  ended: { level: "info", event: "vhost-user closed" },
  fault: { level: "error", event: "vhost-user request failed" },
  died: { level: "error", event: "vhost-user device ended" },
};

/**
 * Serves the sockets that the options name.
 *
 * @returns null when they name none
 * @throws OptionError when a socket cannot be served
 */
export async function startVhostUser({ options, deviceOptions, log }: Gateway): Promise<
  VhostUserServer | null
> {
  const { vhostUser, vhostUserUnsealed, libcrypto, queues, maxSize, maxSessions, layout } = options;
  const { algorithms } = deviceOptions;
  if (vhostUser.length + vhostUserUnsealed.length === 0 || algorithms === undefined) return null;
  try {
    const server = await VhostUserServer.start({
      algorithms,
      libcryptoPath: libcrypto,
      queues,
      maxSize,
      maxSessions,
      layout,
      sockets: vhostUser,
      unsealedSockets: vhostUserUnsealed,
      onEvent: (path, event) => logEvent(log, path, event),
    });
    for (const path of server.paths) log("info", "vhost-user listening", { path });
    return server;
  } catch (error) {
    throw new OptionError("vhostUser", errorMessage(error));
  }
}

function logEvent(log: Log, path: string, event: SocketEvent): void {
  const line = LINES[event.kind];
  if (line === null) return;
  const { kind: _, ...fields } = event;
  log(line.level, line.event, { path, ...fields as LogFields });
}
