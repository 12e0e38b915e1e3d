/**
 * The platform's WebSocket: what browsers have.
 *
 * @module
 */

import { SUBPROTOCOL } from "../records.ts";
import { deferred } from "./deferred.ts";
import { ConnectionError } from "./errors.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/** How to open a WebSocket. */
export interface WebSocketOptions {
  /** Bearer token. */
  readonly token?: string;
  /** Gives up opening. */
  readonly signal?: AbortSignal;
}

/**
 * The subprotocols to offer. A browser cannot set a header, so the token goes as the second one,
 * which the gateway never echoes.
 */
export function subprotocols(token: string | undefined): string[] {
  if (token === undefined) return [SUBPROTOCOL];
  const text = String.fromCharCode(...new TextEncoder().encode(token));
  const encoded = btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return [SUBPROTOCOL, `bearer.${encoded}`];
}

/** Carries messages over an open WebSocket of the platform. */
export class WebSocketTransport implements Transport {
  readonly #socket: WebSocket;
  readonly #ended = deferred<void>();
  #isClosing = false;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /**
   * Opens a WebSocket.
   *
   * @param url ws: or wss: address of the device
   * @throws ConnectionError when it cannot be opened; the platform does not tell why
   */
  static open(url: URL, options: WebSocketOptions = {}): Promise<WebSocketTransport> {
    const { token, signal } = options;
    signal?.throwIfAborted();
    const socket = new WebSocket(url, subprotocols(token));
    socket.binaryType = "arraybuffer";
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        reject(signal?.reason);
        socket.close();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      socket.onerror = () =>
        reject(new ConnectionError(`Cannot open a WebSocket to ${url.origin}`));
      socket.onopen = () => {
        signal?.removeEventListener("abort", onAbort);
        if (socket.protocol === SUBPROTOCOL) return resolve(new WebSocketTransport(socket));
        reject(new ConnectionError(`Other end does not speak ${SUBPROTOCOL}: ${url.origin}`));
        socket.close();
      };
    });
  }

  start(events: TransportEvents): void {
    const socket = this.#socket;
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) events.onMessage(new Uint8Array(data));
      else socket.close();
    };
    // What an error means is told by the close event that follows it.
    socket.onerror = null;
    socket.onclose = ({ code, reason }) => {
      const text = reason === "" ? "" : `: ${reason}`;
      const error = new ConnectionError(`Connection ended with code ${code}${text}`);
      events.onClose(this.#isClosing ? undefined : error);
      this.#ended.resolve();
    };
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  close(): Promise<void> {
    this.#isClosing = true;
    this.#socket.close(1000);
    return this.#socket.readyState === WebSocket.CLOSED ? Promise.resolve() : this.#ended.promise;
  }
}
