/** A gateway whose device is a test's to make up: its offer, its configuration, its answers. */

import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { Status } from "../../device/mod.ts";
import { DeviceStatus, MAGIC_VALUE, MMIO_VERSION, Register } from "../../device/wire/registers.ts";
import { Config } from "../../device/wire/structs.ts";
import { RecordKind, RecordReader, RecordWriter } from "../../gateway/records.ts";
import { encodeFrame, FrameOpcode, FrameParser } from "../../gateway/websocket/frames.ts";
import { acceptUpgrade } from "../../gateway/websocket/handshake.ts";

/** What a fake device says was written for a request. */
export type FakeAnswer = (queue: number, readable: Uint8Array, writableLen: number) => {
  readonly written: Uint8Array;
  /** Other than the number of bytes written, if given. */
  readonly usedLen?: number;
};

const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** See the module's comment. */
export class FakeGateway {
  readonly #server: Server = createServer();
  readonly #sockets = new Set<Duplex>();
  readonly config: Uint8Array<ArrayBuffer> = new Uint8Array(Config.SIZE);
  readonly configView: DataView = new DataView(this.config.buffer);
  /** Bits 0..31 of the features offered; VERSION_1 is the only one above. */
  featuresLow = 0;
  /** Value of the Status register, less what its driver has written. */
  statusBits = 0;
  answer: FakeAnswer = () => ({ written: Uint8Array.of(Status.ERR) });
  #port = 0;

  /** Listens: two data queues, all services, ready. */
  static async start(): Promise<FakeGateway> {
    const gateway = new FakeGateway();
    const view = gateway.configView;
    view.setUint32(Config.status, 1, true);
    view.setUint32(Config.maxDataqueues, 2, true);
    view.setUint32(Config.cryptoServices, 15, true);
    view.setUint32(Config.maxCipherKeyLen, 256, true);
    view.setUint32(Config.maxAuthKeyLen, 512, true);
    view.setUint32(Config.maxSize, 1 << 20, true);
    const server = gateway.#server;
    server.on("upgrade", (request, socket) => {
      const key = `${request.headers["sec-websocket-key"]}${KEY_SUFFIX}`;
      acceptUpgrade(socket, {
        accept: createHash("sha1").update(key).digest("base64"),
        owner: "",
      });
      gateway.#connected(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("No port");
    gateway.#port = address.port;
    return gateway;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** Says INTERRUPT to all. */
  interrupt(): void {
    for (const socket of this.#sockets) {
      const writer = new RecordWriter();
      writer.header(RecordKind.INTERRUPT, 0, 0, 2, 0);
      socket.write(encodeFrame(FrameOpcode.BINARY, writer.take(), "server"));
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connected(socket: Duplex): void {
    this.#sockets.add(socket);
    const parser = new FrameParser({ role: "server", maxPayload: 1 << 24 });
    const registers = new Map<number, number>();
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (chunk: Uint8Array) => {
      parser.push(Uint8Array.from(chunk));
      while (parser.next()) {
        if (parser.opcode === FrameOpcode.CLOSE) socket.end();
        if (parser.opcode !== FrameOpcode.BINARY) continue;
        const writer = new RecordWriter();
        const reader = new RecordReader(parser.payload);
        while (reader.next()) this.#run(reader, writer, registers);
        socket.write(encodeFrame(FrameOpcode.BINARY, writer.take(), "server"));
      }
    });
  }

  #run(reader: RecordReader, writer: RecordWriter, registers: Map<number, number>): void {
    const { kind, id, queue, value, payload } = reader;
    if (kind === RecordKind.WRITE) {
      registers.set(value, new DataView(payload.slice().buffer).getUint32(0, true));
      writer.header(RecordKind.WRITE_OK, 0, id, value, 0);
    } else if (kind === RecordKind.READ) {
      writer.record(RecordKind.READ_OK, 0, id, value, this.#read(value, payload[0], registers));
    } else {
      const { written, usedLen = written.length } = this.answer(queue, payload.slice(), value);
      writer.record(RecordKind.COMPLETE, queue, id, usedLen, written);
    }
  }

  #read(offset: number, len: number, registers: Map<number, number>): Uint8Array {
    if (offset >= Register.Config) {
      return this.config.slice(offset - Register.Config, offset - Register.Config + len);
    }
    const fixed: Readonly<Record<number, number>> = {
      [Register.MagicValue]: MAGIC_VALUE,
      [Register.Version]: MMIO_VERSION,
      [Register.DeviceID]: 20,
      [Register.QueueNumMax]: 64,
      [Register.DeviceFeatures]: registers.get(Register.DeviceFeaturesSel) === 1
        ? 1
        : this.featuresLow,
      [Register.Status]: (registers.get(Register.Status) ?? 0) | this.statusBits,
      [Register.InterruptStatus]: 2,
    };
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, fixed[offset] ?? 0, true);
    return bytes;
  }
}

/** The bit of a status register that says that a device is broken. */
export const NEEDS_RESET: number = DeviceStatus.DEVICE_NEEDS_RESET;
