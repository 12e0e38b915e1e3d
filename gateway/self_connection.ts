/**
 * A connection of this thread with itself, which makes the event loop look at all sockets.
 *
 * @module
 */

import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";

const HOST = "127.0.0.1";
const ONE = new Uint8Array(1);

/**
 * Both ends of a TCP connection over loopback.
 *
 * A byte that is written comes only when the loop has asked the system what is ready, on all sockets at once: some
 * 30 us, where the shortest timer takes 1 to 2 ms (measured).
 *
 * @example
 * ```ts
 * import { SelfConnection } from "./self_connection.ts";
 * const connection = await SelfConnection.open();
 * await connection?.look();
 * await connection?.close();
 * ```
 */
export class SelfConnection {
  readonly #reader: Socket;
  readonly #writer: Socket;
  // Those who wait for a byte, or for the end.
  #looking: { resolve: () => void; reject: (error: Error) => void } | null = null;

  private constructor(reader: Socket, writer: Socket) {
    this.#reader = reader;
    this.#writer = writer;
    reader.on("data", () => {
      this.#looking?.resolve();
      this.#looking = null;
    });
    for (const end of [reader, writer]) {
      end.setNoDelay(true);
      // What fails closes, too.
      end.on("error", () => {});
      end.on("close", () => {
        this.#looking?.reject(new Error("Cannot look over a connection that is closed"));
        this.#looking = null;
      });
    }
  }

  /**
   * Connects; null where there is no such address. The process needs the permission: Deno asks at the terminal for
   * one that is missing, or throws where nobody can catch it.
   */
  static async open(): Promise<SelfConnection | null> {
    const server = createServer();
    try {
      server.listen(0, HOST);
      await once(server, "listening");
      const address = server.address();
      if (address === null || typeof address === "string") return null;
      const accepted = once(server, "connection");
      const reader = connect(address.port, HOST);
      // Any process of the machine may have been the first to connect.
      const [[writer]] = await Promise.all([accepted, once(reader, "connect")]);
      const connection = new SelfConnection(reader, writer);
      if (writer.remotePort === reader.localPort) return connection;
      await connection.close();
      return null;
    } catch {
      return null;
    } finally {
      server.close();
    }
  }

  /**
   * Resolves when the loop has looked; one look at a time.
   *
   * @throws {Error} (rejects with it) when the connection is closed, or closes meanwhile
   */
  look(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#writer.destroyed) {
        reject(new Error("Cannot look over a connection that is closed"));
        return;
      }
      this.#looking = { resolve, reject };
      this.#writer.write(ONE);
    });
  }

  /** Ends it. */
  async close(): Promise<void> {
    const ends = [this.#reader, this.#writer].filter((end) => !end.closed);
    const closed = ends.map((end) => once(end, "close"));
    for (const end of ends) end.destroy();
    await Promise.all(closed);
  }
}
