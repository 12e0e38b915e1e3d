/**
 * The gateway on a socket: HTTP, and devices over WebSockets.
 *
 * @module
 */

import { getRequestListener, RequestError } from "@hono/node-server";
import { createServer as createHttpServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createApp, errorResponse } from "./app.ts";
import { checkExposure, isLoopback, loadTokens } from "./auth.ts";
import { drainBody } from "./body.ts";
import { Gateway } from "./gateway.ts";
import { errorMessage, errorStack, type Log, noLog } from "./log.ts";
import { OptionError, parseServeOptions, type ServeOptionsInput } from "./options.ts";
import { Problem, unavailable } from "./problem.ts";
import { loadTls, type Tls } from "./tls.ts";
import { Connection } from "./websocket/connection.ts";
import { acceptUpgrade, checkHandshake, refuseUpgrade } from "./websocket/handshake.ts";

/** Sockets besides those of WebSockets: HTTP calls, and handshakes under way. */
const MAX_HTTP_SOCKETS = 512;
/** Milliseconds a client may take for its TLS handshake, and again for a request's header. */
const HEADERS_TIMEOUT_MS = 10_000;
/** Milliseconds a client may take for a whole request with its body. */
const REQUEST_TIMEOUT_MS = 120_000;
/** Milliseconds between two looks for clients over those times. */
const CHECK_INTERVAL_MS = 5_000;
/** Milliseconds an idle HTTP connection is kept for the next request. */
const KEEP_ALIVE_MS = 15_000;
/** Bytes of a request's header: a token and some lines of a proxy. */
const MAX_HEADER_SIZE = 16 * 1024;
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

/**
 * Starts a gateway.
 *
 * @param log takes what happens; nothing by default
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
): Promise<RunningServer> {
  const options = parseServeOptions(input);
  checkExposure(options);
  const tokens = options.tokens === undefined ? null : await loadTokens(options.tokens);
  const tls = await loadTls(options);
  const server = new GatewayServer(new Gateway(options, tokens, log), tls);
  await server.listen();
  return server;
}

/** Requests and upgrades of one listener. */
class GatewayServer implements RunningServer {
  readonly #gateway: Gateway;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #url = "";
  #port = 0;
  #onLastClosed: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(gateway: Gateway, tls: Tls | null) {
    this.#gateway = gateway;
    const limits = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_SIZE,
    };
    this.#server = tls === null
      ? createHttpServer(limits)
      : createHttpsServer({ ...limits, ...tls, handshakeTimeout: HEADERS_TIMEOUT_MS });
    this.#server.maxConnections = gateway.options.maxConnections + MAX_HTTP_SOCKETS;
    const app = createApp(gateway);
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
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on("clientError", refuseMalformed);
    this.#server.on("error", (error) => {
      gateway.log("error", "server failed", { error: errorMessage(error) });
    });
  }

  get url(): string {
    return this.#url;
  }

  get port(): number {
    return this.#port;
  }

  /** Binds the address. */
  async listen(): Promise<void> {
    const { host, port } = this.#gateway.options;
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    }).catch(async (error) => {
      await this.#gateway.close();
      throw new Error(`Cannot listen on ${host}:${port}: ${errorMessage(error)}`, { cause: error });
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("Listener has no port");
    // `localhost` is whatever the resolver says: believe the address, not the name.
    if (this.#gateway.access.loopback && !isLoopback(address.address)) {
      await this.close();
      throw new OptionError("host", `Refusing to listen: ${host} is ${address.address}`);
    }
    this.#port = address.port;
    const shown = host.includes(":") ? `[${host}]` : host;
    this.#url = `${this.#gateway.access.scheme}://${shown}:${address.port}`;
    this.#gateway.log("info", "listening", { url: this.#url });
  }

  async drain(seconds: number): Promise<void> {
    this.#gateway.log("info", "draining", { seconds, connections: this.#connections.size });
    this.#gateway.startDraining(seconds);
    for (const connection of this.#connections) connection.goAway(Math.floor(seconds));
    await this.#connectionsGone(seconds * 1000);
    await this.close();
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
    await this.#gateway.close();
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

  #upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    const { log } = this.#gateway;
    // A socket without this listener would end the process when its peer resets it.
    socket.on("error", (error) => log("info", "socket error", { error: errorMessage(error) }));
    try {
      const handshake = checkHandshake(request, this.#gateway.access);
      this.#gateway.requireNotDraining();
      if (this.#connections.size >= this.#gateway.options.maxConnections) {
        throw unavailable("There are as many connections as there may be", FULL_RETRY_SECONDS);
      }
      acceptUpgrade(socket, handshake);
      this.#connect(socket, head);
      log("info", "websocket open", {
        owner: handshake.owner,
        address: request.socket.remoteAddress ?? "",
        connections: this.#connections.size,
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
    const { options, log } = this.#gateway;
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
        log("info", "websocket closed", { connections: this.#connections.size });
        if (this.#connections.size === 0) this.#onLastClosed?.();
      },
    });
    this.#connections.add(connection);
  }
}

/** Answers what is not HTTP, or not in time, on the raw socket. */
function refuseMalformed(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const problem = error.code === "ERR_HTTP_REQUEST_TIMEOUT"
    ? new Problem(408, "The request did not come in time")
    : error.code === "HPE_HEADER_OVERFLOW"
    ? new Problem(431, `The header is over ${MAX_HEADER_SIZE} bytes`)
    : new Problem(400, "The request is not HTTP");
  refuseUpgrade(socket, problem);
}
