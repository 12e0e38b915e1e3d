/**
 * The gateway on a socket: HTTP, and devices over WebSockets.
 *
 * @module
 */

import { getRequestListener, RequestError } from "@hono/node-server";
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { VhostUserServer } from "../device/mod.ts";
import { createApp, errorResponse } from "./app.ts";
import { checkExposure, isLoopback, loadTokens } from "./auth.ts";
import { drainBody } from "./body.ts";
import { Gateway } from "./gateway.ts";
import { createHttp } from "./http_server.ts";
import { LISTENER_MODULE, ListenerGroup, planListeners } from "./listeners/group.ts";
import { requireFreePort } from "./listeners/port.ts";
import { SharedCount } from "./listeners/shared_counts.ts";
import { errorMessage, errorStack, type Log, noLog } from "./log.ts";
import { OptionError, parseServeOptions, type ServeOptionsInput } from "./options.ts";
import { Problem, unavailable } from "./problem.ts";
import { threadTurns } from "./thread_turns.ts";
import { loadTls, type Tls } from "./tls.ts";
import { startVhostUser } from "./vhost_user.ts";
import { Connection } from "./websocket/connection.ts";
import { acceptUpgrade, checkHandshake, refuseUpgrade } from "./websocket/handshake.ts";

/** Sockets besides those of WebSockets: HTTP calls, and handshakes under way. */
const MAX_HTTP_SOCKETS = 512;
/** Milliseconds WebSockets have for their close frames when the server closes. */
const CLOSE_GRACE_MS = 1_000;
/** Seconds after which a client may try again that met a full gateway. */
const FULL_RETRY_SECONDS = 5;

/** A gateway that listens. */
export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:8790`. */
  readonly url: string;
  /** The port it listens on, also when any free one was asked for. */
  readonly port: number;
  /**
   * Ends gently: no new devices, GOAWAY to all, and `close` when all connections have gone or
   * after so many seconds.
   */
  drain(seconds: number): Promise<void>;
  /** Ends now: connections are closed, devices reset. Calling it again gives the same promise. */
  close(): Promise<void>;
}

/** Where a listener is. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Starts a gateway, with all its listeners.
 *
 * @param log takes what happens; nothing by default
 * @param listenerModule what the workers of further listeners run, for tests
 * @throws OptionError for an option that cannot be, files that cannot be read, and an address that
 *   others can reach without TLS and tokens; Error when the address cannot be listened on
 *
 * @example
 * ```ts
 * import { startServer } from "./server.ts";
 * const server = await startServer({ port: 0 });
 * server.url; // http://127.0.0.1:40123
 * await server.close();
 * ```
 */
export async function startServer(
  input: ServeOptionsInput,
  log: Log = noLog,
  listenerModule: URL = LISTENER_MODULE,
): Promise<RunningServer> {
  const options = parseServeOptions(input);
  checkExposure(options);
  const tokens = options.tokens === undefined ? null : await loadTokens(options.tokens);
  const tls = await loadTls(options);
  const isShared = options.listeners > 1;
  if (isShared) await requireFreePort(options);
  const plan = planListeners(options, log);
  const { first } = plan;
  const server = new GatewayServer(new Gateway(first.options, tokens, first.log, first.place), tls);
  await server.listen(options, isShared);
  await server.listenForMachines();
  if (!isShared) return server;
  return await ListenerGroup.start({ server, plan, tokens, tls, log, listenerModule });
}

/** Requests and upgrades of one listener. */
export class GatewayServer implements RunningServer {
  readonly #gateway: Gateway;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #vhostUser: VhostUserServer | null = null;
  #url = "";
  #address: ListenAddress = { host: "", port: 0 };
  #onLastClosed: (() => void) | undefined;
  #hasEntered = false;
  #closing: Promise<void> | undefined;

  constructor(gateway: Gateway, tls: Tls | null) {
    this.#gateway = gateway;
    this.#server = createHttp(tls);
    this.#server.maxConnections = gateway.options.maxConnections + MAX_HTTP_SOCKETS;
    const app = createApp(gateway);
    gateway.place.peers.serve = (request, owner) =>
      app.fetch(request, { ownsBody: true, forwardedFor: owner });
    const respond = async (request: Request): Promise<Response> => {
      const response = await app.fetch(request, { ownsBody: true });
      await drainBody(request);
      return response;
    };
    const listener = getRequestListener(respond, {
      overrideGlobalObjects: false,
      errorHandler: (error) =>
        error instanceof RequestError
          ? new Problem(400, error.message).toResponse()
          : errorResponse(gateway, error),
    });
    this.#server.on("request", (incoming, outgoing) => {
      // A body that goes on after the answer ends the connection: there may be no end to it.
      outgoing.once("finish", () => {
        if (!incoming.complete) incoming.socket.destroySoon();
      });
      return listener(incoming, outgoing);
    });
    this.#server.on("connection", (socket) => this.#countSocket(socket));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on("error", (error) => {
      gateway.log("error", "server failed", { error: errorMessage(error) });
    });
  }

  get url(): string {
    return this.#url;
  }

  get port(): number {
    return this.#address.port;
  }

  /** Where it listens: an address, also when a name was asked for. */
  get address(): ListenAddress {
    return this.#address;
  }

  /**
   * Binds an address.
   *
   * @param isShared other listeners bind it too, and the system divides the connections among them
   */
  async listen({ host, port }: ListenAddress, isShared: boolean): Promise<void> {
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, host, reusePort: isShared }, () => {
        server.off("error", reject);
        resolve();
      });
    }).catch(async (error) => {
      await this.#gateway.close();
      throw new Error(`Cannot listen on ${host}:${port}: ${errorMessage(error)}`, { cause: error });
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("Listener has no port");
    if (this.#gateway.options.selfConnection) {
      this.#hasEntered = true;
      await threadTurns.enter();
    }
    // `localhost` is whatever the resolver says: believe the address, not the name.
    if (this.#gateway.access.loopback && !isLoopback(address.address)) {
      await this.close();
      throw new OptionError("host", `Refusing to listen: ${host} is ${address.address}`);
    }
    this.#address = { host: address.address, port: address.port };
    const shown = host.includes(":") ? `[${host}]` : host;
    this.#url = `${this.#gateway.access.scheme}://${shown}:${address.port}`;
    this.#gateway.log("info", "listening", { url: this.#url });
  }

  /** Serves virtual machines. */
  async listenForMachines(): Promise<void> {
    try {
      this.#vhostUser = await startVhostUser(this.#gateway);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async drain(seconds: number): Promise<void> {
    await this.finish(seconds);
    await this.close();
  }

  /** The gentle part of {@link drain}: resolves when this listener's connections have gone. */
  async finish(seconds: number): Promise<void> {
    this.#gateway.log("info", "draining", { seconds, connections: this.#connections.size });
    this.#gateway.startDraining(seconds);
    for (const connection of this.#connections) connection.goAway(Math.floor(seconds));
    await this.#connectionsGone(seconds * 1000);
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#gateway.startDraining(0);
    const stopped = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.goingAway();
    await this.#connectionsGone(CLOSE_GRACE_MS);
    for (const connection of this.#connections) connection.destroy();
    this.#server.closeAllConnections();
    await stopped;
    await this.#vhostUser?.close();
    await this.#gateway.close();
    if (this.#hasEntered) await threadTurns.leave();
    this.#gateway.log("info", "closed");
  }

  /** Resolves when no WebSocket is left, or after a time. */
  async #connectionsGone(timeoutMs: number): Promise<void> {
    if (this.#connections.size === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#onLastClosed = resolve;
      timer = setTimeout(resolve, timeoutMs);
    });
    clearTimeout(timer);
    this.#onLastClosed = undefined;
  }

  // The server's own limit is for each listener; this one holds for all of them together.
  #countSocket(socket: Duplex): void {
    const { counts } = this.#gateway.place;
    const limit = this.#gateway.options.maxConnections + MAX_HTTP_SOCKETS;
    if (!counts.tryTake(SharedCount.SOCKETS, limit)) {
      socket.destroy();
      return;
    }
    socket.once("close", () => counts.give(SharedCount.SOCKETS));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    const { log, options, place } = this.#gateway;
    // A socket without this listener would end the process when its peer resets it.
    socket.on("error", (error) => log("info", "socket error", { error: errorMessage(error) }));
    try {
      const handshake = checkHandshake(request, this.#gateway.access);
      this.#gateway.requireNotDraining();
      if (!place.counts.tryTake(SharedCount.CONNECTIONS, options.maxConnections)) {
        throw unavailable("There are as many connections as there may be", FULL_RETRY_SECONDS);
      }
      try {
        acceptUpgrade(socket, handshake);
        this.#connect(socket, head);
      } catch (error) {
        place.counts.give(SharedCount.CONNECTIONS);
        throw error;
      }
      log("info", "websocket open", {
        owner: handshake.owner,
        address: request.socket.remoteAddress ?? "",
        connections: place.counts.sum(SharedCount.CONNECTIONS),
      });
    } catch (error) {
      if (!(error instanceof Problem)) {
        log("error", "upgrade failed", { error: errorStack(error) });
        socket.destroy();
        return;
      }
      log("info", "upgrade refused", { status: error.status, reason: error.message });
      refuseUpgrade(socket, error);
    }
  }

  #connect(socket: Duplex, head: Uint8Array): void {
    const { options, log, place } = this.#gateway;
    // Answers are written whole: waiting for more to send along would only delay them.
    if ("setNoDelay" in socket) (socket as Socket).setNoDelay(true);
    const { maxMessage, maxUnansweredBytes, maxRecords, idleTimeout } = options;
    const connection: Connection = new Connection(socket, head, this.#gateway.newDevice(), {
      maxMessage,
      maxUnansweredBytes,
      maxRecords,
      idleTimeout,
      log,
      onClosed: () => {
        this.#connections.delete(connection);
        place.counts.give(SharedCount.CONNECTIONS);
        const connections = place.counts.sum(SharedCount.CONNECTIONS);
        log("info", "websocket closed", { connections });
        if (this.#connections.size === 0) this.#onLastClosed?.();
      },
    });
    this.#connections.add(connection);
  }
}
