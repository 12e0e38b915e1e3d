/**
 * From an address to a device.
 *
 * @module
 */

import { Device } from "./device.ts";
import { ConnectionError } from "./errors.ts";
import { HttpTransport } from "./http.ts";
import { InProcessTransport, isRecordDevice, type RecordDevice } from "./in_process.ts";
import type { DeviceOptions } from "./link.ts";
import { hasNodeSockets, NodeSocketTransport } from "./node_socket.ts";
import type { Transport } from "./transport.ts";
import { WebSocketTransport } from "./web_socket.ts";

/** How to connect, and how to drive the device there. */
export interface ConnectOptions extends DeviceOptions {
  /** Bearer token of the gateway. */
  readonly token?: string;
  /** Send the token over ws: or http: to a host that is not this machine. Off by default. */
  readonly allowInsecureToken?: boolean;
  /** Certificates to trust, PEM; for wss: on Deno, Node.js and Bun. */
  readonly ca?: string;
}

/**
 * Connects to a device and starts it.
 *
 * @param target address of a gateway: ws: or wss: for a WebSocket, http: or https: for HTTP calls;
 * or a device in this process; or a transport of one's own
 * @throws ConnectionError when the gateway cannot be reached, refuses, or is none
 * @throws FeatureError when the device does not have the features wanted
 *
 * @example
 * ```ts
 * import { connect } from "./mod.ts";
 * async function digest(src: Uint8Array): Promise<Uint8Array> {
 *   await using device = await connect("ws://127.0.0.1:8790", { token: "rwt_..." });
 *   return await device.hash({ algorithm: "sha-256", src });
 * }
 * ```
 */
export async function connect(
  target: string | URL | RecordDevice | Transport,
  options: ConnectOptions = {},
): Promise<Device> {
  options.signal?.throwIfAborted();
  return await Device.start(await openTransport(target, options), options);
}

/**
 * Connects.
 *
 * @param target as `connect` takes it
 * @throws ConnectionError when the gateway cannot be reached, refuses, or is none
 */
export async function openTransport(
  target: string | URL | RecordDevice | Transport,
  options: ConnectOptions,
): Promise<Transport> {
  if (typeof target !== "string" && !(target instanceof URL)) {
    return isRecordDevice(target) ? new InProcessTransport(target) : target;
  }
  const url = gatewayUrl(target);
  checkToken(url, options);
  if (url.protocol === "http:" || url.protocol === "https:") {
    return await HttpTransport.open(url, options);
  }
  const device = new URL("v1/device", url);
  return hasNodeSockets()
    ? await NodeSocketTransport.open(device, options)
    : await WebSocketTransport.open(device, options);
}

/**
 * The base address of a gateway: its path ends in a slash, and `v1/...` follows it.
 *
 * @throws ConnectionError when it is no address of a gateway
 *
 * @example
 * ```ts
 * import { gatewayUrl } from "./connect.ts";
 * gatewayUrl("ws://127.0.0.1:8790").href; // "ws://127.0.0.1:8790/"
 * gatewayUrl("https://example.org/crypto/v1/device").href; // "https://example.org/crypto/"
 * ```
 */
export function gatewayUrl(target: string | URL): URL {
  if (!URL.canParse(String(target))) throw new ConnectionError(`Invalid address ${target}`);
  const url = new URL(target);
  if (!/^(ws|http)s?:$/.test(url.protocol)) {
    throw new ConnectionError(`Address must start with ws, wss, http or https: ${target}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new ConnectionError("Address must not carry a user name or password");
  }
  url.pathname = url.pathname.replace(/\/(v1\/device\/?)?$/, "") + "/";
  url.search = "";
  url.hash = "";
  return url;
}

/**
 * Whether a host name of a URL is this machine: 127.0.0.0/8, ::1, localhost.
 */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}

/**
 * Whether a token may go to an address.
 *
 * @throws ConnectionError when others could read it on its way
 */
export function checkToken(
  url: URL,
  options: Pick<ConnectOptions, "token" | "allowInsecureToken">,
): void {
  if (options.token === undefined || options.allowInsecureToken === true) return;
  if (url.protocol === "wss:" || url.protocol === "https:" || isLoopbackHost(url.hostname)) return;
  throw new ConnectionError(
    `Refusing to send the token over ${url.protocol} to ${url.hostname}, where others can read ` +
      "it: use TLS, or say allowInsecureToken",
  );
}
