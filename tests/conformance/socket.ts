/**
 * A WebSocket client (RFC 6455) over a bare TCP connection: frames, masks, fragments, pings and closes are the caller's,
 * and nothing is read from the network before the caller asks for it.
 */
import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { type Bytes, concat, EMPTY, utf8 } from "./bytes.ts";

/** Frame opcodes. */
export const FrameKind = {
  CONTINUATION: 0,
  TEXT: 1,
  BINARY: 2,
  CLOSE: 8,
  PING: 9,
  PONG: 10,
} as const;

/** A frame to send; a masked, final binary frame unless said otherwise. */
export interface FrameOptions {
  readonly kind?: number;
  readonly fin?: boolean;
  readonly masked?: boolean;
  /** The three reserved bits, 0 to 7. */
  readonly reserved?: number;
  /** Payload length to declare in place of the true one. */
  readonly declaredLen?: number;
}

/** What arrived: a whole message, a control frame, or the end of the connection (`kind` -1). */
export interface Incoming {
  readonly kind: number;
  readonly payload: Bytes;
  /** Close code of a close frame, 1005 when it carries none. */
  readonly code?: number;
}

/** The head of an HTTP answer and, for other than 101, its body. */
export interface Head {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Bytes;
}

/** Longest wait for anything from the gateway before a test is given up, in milliseconds. */
export const PATIENCE = 60_000;

/** `promise`, or an Error naming `what` after PATIENCE; `abandon` then ends what is still under way. */
export async function patiently<T>(
  promise: Promise<T>,
  what: string,
  abandon: () => void = () => {},
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      abandon();
      reject(new Error(`Gave up waiting: ${what}`));
    }, PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The bytes of one frame. */
export function encodeFrame(payload: Uint8Array, options: FrameOptions = {}): Bytes {
  const { kind = FrameKind.BINARY, fin = true, masked = true, reserved = 0 } = options;
  const len = options.declaredLen ?? payload.length;
  const wide = len < 126 ? 0 : len < 65536 ? 2 : 8;
  const head = new Uint8Array(2 + wide + (masked ? 4 : 0));
  const view = new DataView(head.buffer);
  head[0] = (fin ? 0x80 : 0) | (reserved << 4) | kind;
  head[1] = (masked ? 0x80 : 0) | (wide === 0 ? len : wide === 2 ? 126 : 127);
  if (wide === 2) view.setUint16(2, len);
  if (wide === 8) view.setBigUint64(2, BigInt(len));
  const body = concat(payload);
  if (masked) {
    const key = new Uint8Array(randomBytes(4));
    head.set(key, 2 + wide);
    for (let index = 0; index < body.length; index++) body[index] ^= key[index & 3];
  }
  return concat(head, body);
}

/** A TCP connection read piece by piece. */
export class Wire {
  readonly #conn: Deno.TcpConn;
  #buffer: Bytes = EMPTY;
  #closed = false;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    conn.setNoDelay(true);
  }

  /** Connects to the host and port of `url`. */
  static async connect(url: string): Promise<Wire> {
    const { hostname, port } = new URL(url);
    return new Wire(await Deno.connect({ hostname, port: Number(port) }));
  }

  /** Writes all of `bytes`; resolves when the system has taken them. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** Exactly `len` bytes, or what was left when the peer ended the connection. */
  async read(len: number): Promise<Bytes> {
    while (this.#buffer.length < len && await this.#more());
    const taken = this.#buffer.slice(0, len);
    this.#buffer = this.#buffer.slice(len);
    return taken;
  }

  /** Bytes up to and including `mark` (Latin-1), or all that is left at the end of the connection. */
  async readUntil(mark: string): Promise<Bytes> {
    for (;;) {
      const found = Buffer.from(this.#buffer).indexOf(mark, 0, "latin1");
      if (found >= 0) return await this.read(found + mark.length);
      if (!await this.#more()) return await this.read(this.#buffer.length);
    }
  }

  /** Ends the connection at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  async #more(): Promise<boolean> {
    const chunk = new Uint8Array(262_144);
    const len = await this.#conn.read(chunk).catch(() => null);
    if (len === null) return false;
    this.#buffer = concat(this.#buffer, chunk.subarray(0, len));
    return true;
  }
}

/** Reads the head of an HTTP answer, and the body it announces (none for 101). */
export async function readHead(wire: Wire): Promise<Head> {
  const lines = new TextDecoder("latin1").decode(await wire.readUntil("\r\n\r\n")).split("\r\n");
  const status = Number(lines[0].split(" ")[1]);
  const headers = new Headers();
  for (const line of lines.slice(1).filter((line) => line.includes(":"))) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return { status, headers, body: status === 101 ? EMPTY : await readBody(wire, headers) };
}

async function readBody(wire: Wire, headers: Headers): Promise<Bytes> {
  if (headers.get("transfer-encoding") !== "chunked") {
    return await wire.read(Number(headers.get("content-length") ?? 0));
  }
  const chunks: Bytes[] = [];
  for (;;) {
    const len = parseInt(new TextDecoder().decode(await wire.readUntil("\r\n")), 16);
    if (!(len > 0)) return concat(...chunks);
    chunks.push(await wire.read(len));
    await wire.read(2);
  }
}

/** What to ask for in an upgrade. */
export interface UpgradeOptions {
  readonly path?: string;
  /** Subprotocols offered; none at all when empty. */
  readonly protocols?: readonly string[];
  /** Further header lines; they replace those sent by default. */
  readonly headers?: Readonly<{ [name: string]: string }>;
}

/** An open WebSocket. */
export class Socket {
  readonly #wire: Wire;
  /** Whether a ping is answered as it is read. */
  answersPings = true;
  #message: Bytes[] = [];
  #messageKind = 0;

  private constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Asks for the upgrade and gives the answer's head and, when it is 101, the socket. */
  static async upgrade(
    url: string,
    options: UpgradeOptions = {},
  ): Promise<{ readonly head: Head; readonly socket: Socket | null }> {
    const wire = await Wire.connect(url);
    const key = randomBytes(16).toString("base64");
    const headers: { [name: string]: string } = {
      host: new URL(url).host,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
    };
    const protocols = options.protocols ?? ["virtio-crypto.v1"];
    if (protocols.length > 0) headers["sec-websocket-protocol"] = protocols.join(", ");
    Object.assign(headers, options.headers);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    await wire.write(utf8(`GET ${options.path ?? "/v1/device"} HTTP/1.1\r\n${lines.join("")}\r\n`));
    const head = await patiently(readHead(wire), "answer to the upgrade", () => wire.close());
    if (head.status !== 101) {
      wire.close();
      return { head, socket: null };
    }
    const magic = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const accept = createHash("sha1").update(magic).digest("base64");
    if (head.headers.get("sec-websocket-accept") !== accept) {
      wire.close();
      throw new Error(`Wrong Sec-WebSocket-Accept: ${head.headers.get("sec-websocket-accept")}`);
    }
    return { head, socket: new Socket(wire) };
  }

  /** Sends one frame. */
  async send(payload: Uint8Array, options: FrameOptions = {}): Promise<void> {
    await this.#wire.write(encodeFrame(payload, options));
  }

  /** Sends bytes as they are. */
  async sendRaw(bytes: Uint8Array): Promise<void> {
    await this.#wire.write(bytes);
  }

  /** The next whole message or control frame; pings are answered on the way and returned too, unless told otherwise. */
  receive(): Promise<Incoming> {
    return patiently(this.#receive(), "a message of the gateway", () => this.drop());
  }

  /** Sends a close frame and reads to the end of the connection. */
  async close(code = 1000): Promise<void> {
    await this.send(new Uint8Array([code >> 8, code & 255]), { kind: FrameKind.CLOSE });
    while ((await this.receive()).kind !== -1);
    this.drop();
  }

  /** Ends the connection without a word. */
  drop(): void {
    this.#wire.close();
  }

  async #receive(): Promise<Incoming> {
    for (;;) {
      const head = await this.#wire.read(2);
      if (head.length < 2) return { kind: -1, payload: EMPTY };
      if ((head[0] & 0x70) !== 0) throw new Error(`Reserved bits set in a frame: ${head[0]}`);
      if ((head[1] & 0x80) !== 0) throw new Error("Masked frame from the gateway");
      const payload = await this.#wire.read(await this.#payloadLen(head[1]));
      const kind = head[0] & 15;
      const fin = (head[0] & 0x80) !== 0;
      if (kind >= 8) return await this.#control(kind, payload);
      if (kind !== FrameKind.CONTINUATION) this.#messageKind = kind;
      this.#message.push(payload);
      if (!fin) continue;
      const whole = concat(...this.#message);
      this.#message = [];
      return { kind: this.#messageKind, payload: whole };
    }
  }

  async #payloadLen(small: number): Promise<number> {
    if (small < 126) return small;
    const bytes = await this.#wire.read(small === 126 ? 2 : 8);
    const view = new DataView(bytes.buffer);
    return small === 126 ? view.getUint16(0) : Number(view.getBigUint64(0));
  }

  async #control(kind: number, payload: Bytes): Promise<Incoming> {
    if (kind === FrameKind.PING && this.answersPings) {
      await this.send(payload, { kind: FrameKind.PONG });
    }
    if (kind !== FrameKind.CLOSE) return { kind, payload };
    const code = payload.length < 2 ? 1005 : (payload[0] << 8) | payload[1];
    return { kind, payload, code };
  }
}
