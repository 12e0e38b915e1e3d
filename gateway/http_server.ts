/**
 * The HTTP server under a listener, with the times and lengths it grants a client.
 *
 * @module
 */

import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import { Problem } from "./problem.ts";
import type { Tls } from "./tls.ts";
import { refuseUpgrade } from "./websocket/handshake.ts";

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

/**
 * Makes a server that does not listen yet. What is not HTTP, or not in time, it answers itself.
 *
 * @param tls null for plain HTTP
 */
export function createHttp(tls: Tls | null): Server {
  const limits = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_SIZE,
  };
  const server = tls === null
    ? createHttpServer(limits)
    : createHttpsServer({ ...limits, ...tls, handshakeTimeout: HEADERS_TIMEOUT_MS });
  server.on("clientError", refuseMalformed);
  return server;
}

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
