/**
 * The opening handshake of a WebSocket (RFC 6455, section 4.2), on a raw socket.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import {
  type AccessPolicy,
  type AccessRequest,
  authenticate,
  checkSite,
  offersSubprotocol,
  parseSubprotocols,
} from "../access.ts";
import { Problem, PROBLEM_MEDIA_TYPE, PROBLEM_TITLES } from "../problem.ts";
import { SUBPROTOCOL } from "../records.ts";

/** Path of the one WebSocket endpoint. */
export const DEVICE_PATH = "/v1/device";
/** Milliseconds a refused client has to read why and to close. */
const REFUSAL_TIMEOUT_MS = 1000;
/** RFC 6455, section 1.3. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Base64 of 16 bytes. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** What a client asked for, once all of it is in order. */
export interface Handshake {
  /** Value of `Sec-WebSocket-Accept`. */
  readonly accept: string;
  /** Name of the token that let the client in. */
  readonly owner: string;
}

/**
 * Checks an upgrade request.
 *
 * @throws Problem saying what is wrong, in the order: 403, 401, 404, 400, 426, 400
 */
export function checkHandshake(request: IncomingMessage, policy: AccessPolicy): Handshake {
  const { headers } = request;
  const path = (request.url ?? "").split("?", 1)[0];
  const subprotocols = parseSubprotocols(headers["sec-websocket-protocol"]);
  const call: AccessRequest = {
    path,
    host: soleHost(request),
    origin: headers.origin,
    authorization: headers.authorization,
    subprotocols,
  };
  checkSite(policy, call);
  const owner = authenticate(policy, call);
  if (path !== DEVICE_PATH) throw new Problem(404, `No WebSocket here, only at ${DEVICE_PATH}`);
  if (request.method !== "GET") {
    throw new Problem(405, "A WebSocket is opened with GET", { Allow: "GET" });
  }
  if (headers.upgrade?.toLowerCase() !== "websocket") {
    throw new Problem(400, "Only an upgrade to websocket is possible");
  }
  if (headers["sec-websocket-version"] !== "13") {
    throw new Problem(426, "Want WebSocket version 13", {
      "Sec-WebSocket-Version": "13",
      Upgrade: "websocket",
    });
  }
  const key = headers["sec-websocket-key"];
  if (key === undefined || !KEY.test(key)) throw new Problem(400, "Bad Sec-WebSocket-Key");
  if (!offersSubprotocol(subprotocols)) {
    throw new Problem(400, `The subprotocol ${SUBPROTOCOL} must be offered`);
  }
  return { accept: createHash("sha1").update(key + KEY_SUFFIX).digest("base64"), owner };
}

/** The Host header; empty, and so refused, when there is not exactly one. */
function soleHost(request: IncomingMessage): string {
  let numHosts = 0;
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    if (request.rawHeaders[i].toLowerCase() === "host") numHosts++;
  }
  return numHosts === 1 ? request.headers.host ?? "" : "";
}

/** Answers an upgrade that {@link checkHandshake} accepted. */
export function acceptUpgrade(socket: Duplex, handshake: Handshake): void {
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\n" +
      "Upgrade: websocket\r\n" +
      "Connection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${handshake.accept}\r\n` +
      `Sec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n\r\n`,
  );
}

/** Answers an upgrade with an error and closes the socket. */
export function refuseUpgrade(socket: Duplex, problem: Problem): void {
  const body = JSON.stringify(problem.body());
  const headers: Record<string, string> = {
    ...problem.headers,
    "Content-Type": PROBLEM_MEDIA_TYPE,
    "Content-Length": String(new TextEncoder().encode(body).length),
    Connection: "close",
  };
  let head = `HTTP/1.1 ${problem.status} ${PROBLEM_TITLES[problem.status]}\r\n`;
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
  socket.end(`${head}\r\n${body}`);
  // Unread bytes would reset the connection and with it the answer on its way: read for a while.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), REFUSAL_TIMEOUT_MS);
  socket.on("end", () => socket.destroy());
  socket.on("close", () => clearTimeout(timer));
}
