/**
 * The vhost-user sockets of a process: virtual machines connect to them and get crypto devices.
 *
 * @module
 */

import type { AlgorithmSet } from "../algorithms/selection.ts";
import { describeOffered } from "../threads/offered.ts";
import type { DeviceDescription } from "./description.ts";
import { requireLibc } from "./libc.ts";
import { SocketProcesses } from "./socket_processes.ts";
import { type ServedSocket, type SocketEvent, SocketThread } from "./socket_thread.ts";

/** What sockets are served with. */
export interface VhostUserOptions extends Omit<DeviceDescription, "offered"> {
  readonly algorithms: AlgorithmSet;
  /** Paths of sockets that take memory which can never be truncated. */
  readonly sockets: readonly string[];
  /** Paths of sockets that take any memory, each front-end served by a process of its own. */
  readonly unsealedSockets: readonly string[];
  /** Told of what happens on the sockets. */
  readonly onEvent: (path: string, event: SocketEvent) => void;
}

/**
 * The sockets, each with its thread or processes.
 *
 * @example
 * ```ts
 * import { VhostUserServer } from "./server.ts";
 * import type { AlgorithmSet } from "../algorithms/selection.ts";
 * async function serve(algorithms: AlgorithmSet): Promise<void> {
 *   const server = await VhostUserServer.start({
 *     algorithms,
 *     sockets: ["/run/ringway/vm1.sock"],
 *     unsealedSockets: [],
 *     queues: 4,
 *     maxSize: 4 << 20,
 *     maxSessions: 1024,
 *     layout: "v19",
 *     onEvent: () => {},
 *   });
 *   await server.close();
 * }
 * ```
 */
export class VhostUserServer {
  readonly #sockets: readonly ServedSocket[];

  private constructor(sockets: readonly ServedSocket[]) {
    this.#sockets = sockets;
  }

  /**
   * Listens on all sockets; resolves when front-ends are served on each.
   *
   * @throws {Error} when a path cannot be listened on, or this machine has no vhost-user
   */
  static async start(options: VhostUserOptions): Promise<VhostUserServer> {
    const { algorithms, sockets, unsealedSockets, onEvent, ...rest } = options;
    const libc = requireLibc();
    const device: DeviceDescription = { ...rest, offered: describeOffered(algorithms) };
    const opened: ServedSocket[] = [];
    const server = new VhostUserServer(opened);
    try {
      for (
        const [paths, Kind] of [[sockets, SocketThread], [
          unsealedSockets,
          SocketProcesses,
        ]] as const
      ) {
        for (const path of paths) {
          opened.push(new Kind(libc, path, device, (event) => onEvent(path, event)));
        }
      }
      await Promise.all(opened.map(({ ready }) => ready));
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** Paths that are listened on. */
  get paths(): readonly string[] {
    return this.#sockets.map(({ path }) => path);
  }

  /** Ends all of them: front-ends lose their devices. */
  async close(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.close()));
  }
}
