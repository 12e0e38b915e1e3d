/**
 * WebSocket on a socket of `node:http`, framed by ourselves: for Deno, Node.js and Bun.
 *
 * Deno's own WebSocket leaves Nagle's algorithm on and writes header and payload apart, so that a
 * message of 1 to 20 KB waits some 44 ms for the peer's delayed acknowledgement. Here a message is
 * one write on a socket without delay. Node's modules are asked for when needed and not imported:
 * a bundle for browsers stays free of them.
 *
 * @module
 */

import { SUBPROTOCOL } from "../records.ts";
import {
  CloseCode,
  encodeClose,
  encodeFrame,
  FrameError,
  FrameOpcode,
  FrameParser,
} from "../websocket/frames.ts";
import { deferred } from "./deferred.ts";
import { ConnectionError } from "./errors.ts";
import { problemText } from "./problem.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/** What is used of a `net.Socket`. */
interface Socket {
  setNoDelay(on: boolean): unknown;
  setTimeout(milliseconds: number): unknown;
  write(bytes: Uint8Array): boolean;
  end(bytes?: Uint8Array): unknown;
  destroy(): unknown;
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** What is used of an `http.IncomingMessage`. */
interface Response {
  readonly statusCode?: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
}

/** What is used of an `http.ClientRequest`. */
interface Upgrade {
  on(event: "upgrade", listener: (r: Response, socket: Socket, head: Uint8Array) => void): unknown;
  on(event: "response", listener: (response: Response) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  end(): unknown;
  destroy(): unknown;
}

/** What is used of `node:http` and `node:https`. */
interface HttpModule {
  request(url: URL, options: Record<string, unknown>): Upgrade;
}

/** How to open a connection. */
export interface NodeSocketOptions {
  /** Bearer token; goes into the Authorization header. */
  readonly token?: string;
  /** Gives up opening. */
  readonly signal?: AbortSignal;
  /** Certificates to trust in place of the platform's, PEM. */
  readonly ca?: string;
}

/** Longest message taken from a gateway in bytes: twice what a driver leaves unanswered. */
const MAX_PAYLOAD = 128 * 1024 * 1024;
/** Milliseconds a peer is given to answer a close frame. */
const CLOSE_TIMEOUT = 2000;
/** What a handshake's key is joined with (RFC 6455, section 1.3). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Longest part of an error's body that is told to people. */
const MAX_PROBLEM_LEN = 4096;

/** A module of Node.js, where there is one. */
function nodeModule(name: string): HttpModule | undefined {
  const host = globalThis as {
    process?: { getBuiltinModule?: (name: string) => HttpModule | undefined };
  };
  return host.process?.getBuiltinModule?.(name);
}

/** Whether this runtime has `node:http`. */
export function hasNodeSockets(): boolean {
  return typeof nodeModule("node:http")?.request === "function";
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

async function acceptOf(key: string): Promise<string> {
  const bytes = new TextEncoder().encode(key + GUID);
  return base64(new Uint8Array(await crypto.subtle.digest("SHA-1", bytes)));
}

/** Explains a response that is not an upgrade: its problem+json, or the status alone. */
function refusal(response: Response, url: URL, reject: (error: Error) => void): void {
  let body = "";
  const decoder = new TextDecoder();
  response.on("data", (chunk) => {
    if (body.length < MAX_PROBLEM_LEN) body += decoder.decode(chunk, { stream: true });
  });
  response.on("close", () => {
    reject(new ConnectionError(problemText(url, response.statusCode ?? 0, body)));
  });
}

/** Carries messages over a socket of `node:http`. */
export class NodeSocketTransport implements Transport {
  readonly #socket: Socket;
  readonly #head: Uint8Array;
  readonly #parser = new FrameParser({ role: "client", maxPayload: MAX_PAYLOAD });
  readonly #ended = deferred<void>();
  #events: TransportEvents | undefined;
  #isClosing = false;
  #isEnded = false;
  /** The peer broke the framing: nothing after it can be parsed. */
  #isBroken = false;
  #error: Error | undefined;

  private constructor(socket: Socket, head: Uint8Array) {
    this.#socket = socket;
    this.#head = head;
  }

  /**
   * Connects and upgrades.
   *
   * @param url ws: or wss: address of the device
   * @throws ConnectionError when the gateway cannot be reached or refuses
   */
  static async open(url: URL, options: NodeSocketOptions = {}): Promise<NodeSocketTransport> {
    const { token, signal, ca } = options;
    const isSecure = url.protocol === "wss:";
    const http = nodeModule(isSecure ? "node:https" : "node:http");
    if (http === undefined) throw new ConnectionError("This runtime has no node:http");
    const key = base64(crypto.getRandomValues(new Uint8Array(16)));
    const accept = await acceptOf(key);
    const target = new URL(url);
    target.protocol = isSecure ? "https:" : "http:";
    signal?.throwIfAborted();
    const request = http.request(target, {
      // An agent would keep the socket for itself.
      agent: false,
      ...(ca === undefined ? {} : { ca }),
      headers: {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Protocol": SUBPROTOCOL,
        ...(token === undefined ? {} : { "Authorization": `Bearer ${token}` }),
      },
    });
    return await new Promise((resolve, reject) => {
      const onAbort = () => {
        reject(signal?.reason);
        request.destroy();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      request.on("error", (error) => {
        reject(
          new ConnectionError(`Cannot reach the gateway at ${url.origin}: ${error.message}`, {
            cause: error,
          }),
        );
      });
      request.on("response", (response) => refusal(response, url, reject));
      request.on("upgrade", (response, socket, head) => {
        signal?.removeEventListener("abort", onAbort);
        socket.setNoDelay(true);
        socket.setTimeout(0);
        const { headers } = response;
        if (
          headers["sec-websocket-accept"] === accept &&
          headers["sec-websocket-protocol"] === SUBPROTOCOL
        ) return resolve(new NodeSocketTransport(socket, head));
        socket.destroy();
        reject(new ConnectionError(`Other end does not speak ${SUBPROTOCOL}: ${url.origin}`));
      });
      request.end();
    });
  }

  start(events: TransportEvents): void {
    this.#events = events;
    const socket = this.#socket;
    socket.on("data", (chunk) => this.#onChunk(chunk));
    socket.on("end", () => socket.end());
    socket.on("error", (error) => this.#error ??= error);
    socket.on("close", () => this.#onEnd());
    if (this.#head.length > 0) this.#onChunk(this.#head);
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosing || this.#isEnded) return;
    this.#socket.write(encodeFrame(FrameOpcode.BINARY, message, "client"));
  }

  close(): Promise<void> {
    if (!this.#isClosing && !this.#isEnded) {
      this.#isClosing = true;
      this.#socket.write(encodeClose(CloseCode.NORMAL, "", "client"));
      // A peer that does not answer the close frame holds up nobody.
      const timer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT);
      this.#ended.promise.finally(() => clearTimeout(timer));
    }
    return this.#ended.promise;
  }

  #onChunk(chunk: Uint8Array): void {
    if (this.#isBroken) return;
    try {
      this.#parser.push(chunk);
      while (this.#parser.next()) this.#onFrame();
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#fail(error);
    }
  }

  #onFrame(): void {
    const { opcode, payload } = this.#parser;
    if (opcode === FrameOpcode.BINARY) {
      if (!this.#isEnded && !this.#isClosing) this.#events?.onMessage(payload);
    } else if (opcode === FrameOpcode.PING) {
      this.#socket.write(encodeFrame(FrameOpcode.PONG, payload, "client"));
    } else if (opcode === FrameOpcode.CLOSE) this.#onClose();
  }

  #onClose(): void {
    const { closeCode, closeReason } = this.#parser;
    if (this.#isClosing) {
      this.#socket.end();
      return;
    }
    const text = closeReason === "" ? "" : `: ${closeReason}`;
    this.#error ??= new ConnectionError(`Gateway closed the connection, code ${closeCode}${text}`);
    this.#socket.end(encodeClose(closeCode, "", "client"));
  }

  #fail(error: FrameError): void {
    this.#isBroken = true;
    this.#error ??= new ConnectionError("Gateway broke the WebSocket protocol", { cause: error });
    this.#socket.write(encodeClose(error.closeCode, error.message, "client"));
    this.#socket.destroy();
  }

  #onEnd(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const error = this.#error instanceof ConnectionError
      ? this.#error
      : new ConnectionError("Connection to the gateway was lost", { cause: this.#error });
    this.#events?.onClose(this.#isClosing ? undefined : error);
    this.#ended.resolve();
  }
}
