/** Clients and fakes of the gateway's tests. */

import { connect, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type RunningServer, startServer } from "../../gateway/server.ts";
import type { Log } from "../../gateway/log.ts";
import type { ServeOptionsInput } from "../../gateway/options.ts";
import { RecordKind, RecordReader, RecordWriter } from "../../gateway/records.ts";
import type { AnswerSink } from "../../gateway/remote_device.ts";
import { encodeFrame, FrameOpcode, FrameParser } from "../../gateway/websocket/frames.ts";

/** A log that keeps its lines. */
export function keepingLog(): { log: Log; events: { event: string; fields: string }[] } {
  const events: { event: string; fields: string }[] = [];
  const log: Log = (_level, event, fields) => {
    events.push({ event, fields: JSON.stringify(fields ?? {}) });
  };
  return { log, events };
}

/** Runs a server for as long as a test needs it. */
export async function withServer(
  options: ServeOptionsInput,
  run: (server: RunningServer) => Promise<void>,
  log?: Log,
): Promise<void> {
  const server = await startServer({ port: 0, ...options }, log);
  try {
    await run(server);
  } finally {
    await server.close();
  }
}

/** A device that does what a test tells it. */
export class FakeDevice {
  sink: AnswerSink | null = null;
  /** Copies of the messages pushed. */
  readonly pushed: Uint8Array[] = [];
  numResumes = 0;
  /** Whether answers are to gather. */
  isHeld = false;
  numFlushes = 0;
  /** Messages whose memory was given back. */
  readonly recycled: Uint8Array[] = [];
  closed = 0;
  goneAway: number[] = [];
  /** What the next `push` does; nothing by default. */
  onPush: (message: Uint8Array) => Promise<void> | undefined = () => undefined;
  settledPromise: Promise<void> = Promise.resolve();

  push(message: Uint8Array): Promise<void> | undefined {
    // A Buffer's slice() is no copy.
    this.pushed.push(Uint8Array.from(message));
    return this.onPush(message);
  }

  resume(): void {
    this.numResumes++;
  }

  recycle(message: Uint8Array<ArrayBuffer>): void {
    this.recycled.push(message);
  }

  release(): void {}

  hold(): void {
    this.isHeld = true;
  }

  flush(): void {
    this.isHeld = false;
    this.numFlushes++;
  }

  settled(): Promise<void> {
    return this.settledPromise;
  }

  goAway(seconds: number): void {
    this.goneAway.push(seconds);
  }

  state(): { status: number; features: string[]; sessions: number; queuesReady: number } {
    return { status: 15, features: [], sessions: 0, queuesReady: 5 };
  }

  close(): void {
    this.closed++;
  }
}

/** Two ends of one TCP connection on loopback. */
export async function socketPair(): Promise<{ server: Socket; client: Socket }> {
  const listener = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("No port");
  const accepted = new Promise<Socket>((resolve) => listener.once("connection", resolve));
  const client = connect(address.port, "127.0.0.1");
  const server = await accepted;
  listener.close();
  return { server, client };
}

/** What a {@link TestPeer} received. */
export interface PeerEvent {
  readonly opcode: number;
  readonly payload: Uint8Array;
  readonly closeCode: number;
  readonly closeReason: string;
}

/** The client's end of a WebSocket, frame by frame. */
export class TestPeer {
  readonly socket: Socket;
  readonly #parser = new FrameParser({ role: "client", maxPayload: 2 ** 30 });
  readonly #events: PeerEvent[] = [];
  readonly #waiting: ((event: PeerEvent | null) => void)[] = [];
  #ended = false;
  /** Resolves when the socket is closed. */
  readonly closed: Promise<void>;

  constructor(socket: Socket, head: Uint8Array = new Uint8Array(0)) {
    this.socket = socket;
    this.closed = new Promise((resolve) =>
      socket.once("close", () => {
        this.#end();
        resolve();
      })
    );
    socket.on("error", () => {});
    socket.on("end", () => this.#end());
    if (head.length > 0) this.#receive(head);
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
  }

  /** Sends a binary message. */
  message(payload: Uint8Array): void {
    this.frame(FrameOpcode.BINARY, payload);
  }

  /** Sends one frame. */
  frame(opcode: number, payload: Uint8Array): void {
    this.socket.write(encodeFrame(opcode, payload, "client"));
  }

  /** The next message or control frame; null at the connection's end. */
  next(): Promise<PeerEvent | null> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve(event);
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The next binary message's payload. */
  async nextMessage(): Promise<Uint8Array> {
    const event = await this.next();
    if (event?.opcode !== FrameOpcode.BINARY) throw new Error(`No message: ${describe(event)}`);
    return event.payload;
  }

  /** The next records, from as many messages as it takes. */
  async nextRecords(num: number): Promise<TestRecord[]> {
    const records: TestRecord[] = [];
    while (records.length < num) records.push(...readRecords(await this.nextMessage()));
    return records;
  }

  /** The close frame, past everything else. */
  async nextClose(): Promise<PeerEvent> {
    for (;;) {
      const event = await this.next();
      if (event === null) throw new Error("Closed without a close frame");
      if (event.opcode === FrameOpcode.CLOSE) return event;
    }
  }

  /** Sends a close frame and waits for the end. */
  async close(): Promise<void> {
    this.frame(FrameOpcode.CLOSE, Uint8Array.of(0x03, 0xe8));
    await this.nextClose();
    this.socket.end();
    await this.closed;
  }

  #receive(chunk: Uint8Array): void {
    this.#parser.push(chunk);
    while (this.#parser.next()) {
      const { opcode, payload, closeCode, closeReason } = this.#parser;
      this.#events.push({ opcode, payload: payload.slice(), closeCode, closeReason });
    }
    while (this.#waiting.length > 0 && this.#events.length > 0) {
      this.#waiting.shift()?.(this.#events.shift() ?? null);
    }
  }

  #end(): void {
    this.#ended = true;
    for (const resolve of this.#waiting.splice(0)) resolve(null);
  }
}

function describe(event: PeerEvent | null): string {
  if (event === null) return "the end";
  return `opcode ${event.opcode}, close code ${event.closeCode} ${event.closeReason}`;
}

/** One record, read. */
export interface TestRecord {
  readonly kind: number;
  readonly queue: number;
  readonly id: number;
  readonly value: number;
  readonly payload: Uint8Array;
}

/** The records of a message. */
export function readRecords(message: Uint8Array): TestRecord[] {
  const reader = new RecordReader(message);
  const records: TestRecord[] = [];
  while (reader.next()) {
    const { kind, queue, id, value } = reader;
    records.push({ kind, queue, id, value, payload: reader.payload.slice() });
  }
  if (reader.malformed) throw new Error("Malformed answer");
  return records;
}

/** A message of READs of one register. */
export function readMessage(offset: number, num = 1, len = 4): Uint8Array<ArrayBuffer> {
  const writer = new RecordWriter();
  for (let id = 0; id < num; id++) {
    const payload = writer.header(RecordKind.READ, 0, id, offset, 4);
    new DataView(payload.buffer, payload.byteOffset).setUint32(0, len, true);
  }
  return writer.take();
}

/** What an upgrade is asked with. */
export interface UpgradeOptions {
  readonly path?: string;
  readonly method?: string;
  /** Headers besides the usual ones; null leaves a usual one out. */
  readonly headers?: Record<string, string | null>;
  readonly ca?: string;
}

/** The answer to an upgrade. */
export interface UpgradeAnswer {
  readonly status: number;
  readonly headers: Map<string, string>;
  readonly body: string;
  readonly peer: TestPeer | null;
}

/** Asks a server for a WebSocket. */
export async function upgrade(url: string, options: UpgradeOptions = {}): Promise<UpgradeAnswer> {
  const { hostname, port, protocol, host } = new URL(url);
  const socket = protocol === "https:"
    ? connectTls({ host: hostname, port: Number(port), ca: options.ca, servername: "localhost" })
    : connect(Number(port), hostname);
  socket.on("error", () => {});
  const headers: Record<string, string | null> = {
    Host: host,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "virtio-crypto.v1",
    ...options.headers,
  };
  let head = `${options.method ?? "GET"} ${options.path ?? "/v1/device"} HTTP/1.1\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== null) head += `${name}: ${value}\r\n`;
  }
  socket.write(`${head}\r\n`);
  return await readAnswer(socket);
}

async function readAnswer(socket: Socket): Promise<UpgradeAnswer> {
  let bytes = new Uint8Array(0);
  const text = await new Promise<string>((resolve) => {
    const onData = (chunk: Uint8Array) => {
      bytes = Uint8Array.from([...bytes, ...chunk]);
      const latin1 = new TextDecoder("latin1").decode(bytes);
      if (!latin1.startsWith("HTTP/1.1 101")) return;
      const end = latin1.indexOf("\r\n\r\n");
      if (end < 0) return;
      socket.off("data", onData);
      bytes = bytes.slice(end + 4);
      resolve(latin1.slice(0, end));
    };
    socket.on("data", onData);
    socket.once("close", () => resolve(new TextDecoder().decode(bytes)));
  });
  const [headText, body = ""] = text.split("\r\n\r\n", 2);
  const [statusLine, ...lines] = headText.split("\r\n");
  const status = Number(statusLine.split(" ")[1]);
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  return { status, headers, body, peer: status === 101 ? new TestPeer(socket, bytes) : null };
}

/** A WebSocket past its handshake. */
export async function openPeer(url: string, options: UpgradeOptions = {}): Promise<TestPeer> {
  const { peer, status, body } = await upgrade(url, options);
  if (peer === null) throw new Error(`Upgrade refused: ${status} ${body}`);
  return peer;
}

/** Resolves when a condition holds, looking again after every turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}
