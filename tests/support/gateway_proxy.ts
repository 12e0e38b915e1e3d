/**
 * What lies between a client and a gateway: connections that can be cut, held up and listened to.
 */

import { connect, createServer, type Server, type Socket } from "node:net";
import { FrameOpcode, FrameParser } from "../../gateway/websocket/frames.ts";

/** A TCP proxy on a port of its own, which stays the same while the gateway behind it changes. */
export class GatewayProxy {
  readonly #server: Server = createServer((client) => this.#connected(client));
  readonly #pairs = new Set<{ client: Socket; gateway: Socket }>();
  #port = 0;
  #target: number | null = null;
  #isHeld = false;
  /** Binary messages of clients so far. */
  numMessages = 0;
  /** Connections so far. */
  numConnections = 0;
  /** Bytes that clients have sent and that have been passed on. */
  numBytes = 0;

  /** Listens, and passes connections on to `url`. */
  static async start(url: string): Promise<GatewayProxy> {
    const proxy = new GatewayProxy();
    proxy.#target = Number(new URL(url).port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    const address = proxy.#server.address();
    if (address === null || typeof address === "string") throw new Error("No port");
    proxy.#port = address.port;
    return proxy;
  }

  /** Its address. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** Connections that are open. */
  get numOpen(): number {
    return this.#pairs.size;
  }

  /** The gateway is gone: connections are reset, new ones too. */
  cut(): void {
    this.#target = null;
    for (const { client, gateway } of this.#pairs) {
      client.resetAndDestroy();
      gateway.destroy();
    }
  }

  /** The gateway is there again, or another is. */
  restore(url: string): void {
    this.#target = Number(new URL(url).port);
  }

  /** Nothing that the gateway says gets through until `release`. */
  hold(): void {
    this.#isHeld = true;
    for (const { gateway } of this.#pairs) gateway.pause();
  }

  /** What was held up goes on. */
  release(): void {
    this.#isHeld = false;
    for (const { gateway } of this.#pairs) gateway.resume();
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connected(client: Socket): void {
    client.on("error", () => {});
    if (this.#target === null) {
      client.resetAndDestroy();
      return;
    }
    this.numConnections++;
    client.setNoDelay(true);
    const gateway = connect(this.#target, "127.0.0.1");
    gateway.setNoDelay(true);
    gateway.on("error", () => {});
    const pair = { client, gateway };
    this.#pairs.add(pair);
    const listen = this.#listener();
    client.on("data", (chunk: Uint8Array) => {
      this.numBytes += chunk.length;
      listen(chunk);
      gateway.write(chunk);
    });
    gateway.on("data", (chunk: Uint8Array) => client.write(chunk));
    if (this.#isHeld) gateway.pause();
    const end = () => {
      this.#pairs.delete(pair);
      client.destroy();
      gateway.destroy();
    };
    client.on("close", end);
    gateway.on("close", end);
  }

  // Counts messages behind the handshake.
  #listener(): (chunk: Uint8Array) => void {
    const parser = new FrameParser({ role: "server", maxPayload: 2 ** 30 });
    let head = "";
    return (chunk) => {
      let from = 0;
      while (from < chunk.length && !head.endsWith("\r\n\r\n")) {
        head += String.fromCharCode(chunk[from++]);
      }
      parser.push(Uint8Array.from(chunk.subarray(from)));
      while (parser.next()) if (parser.opcode === FrameOpcode.BINARY) this.numMessages++;
    };
  }
}
