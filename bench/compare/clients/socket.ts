/**
 * A WebSocket client as cheap as can be, so that the server is what is measured: frames are made and masked
 * once, answers are walked over and counted. It drives every server alike.
 */

import { encodeFrame, FrameOpcode } from "../../../gateway/websocket/frame_format.ts";

const BUFFER_LEN = 1 << 20;

/** A connection on which messages of records are sent and records counted. */
export class RecordSocket {
  /** Records that have come. */
  numRecords = 0;
  /** When set, payloads are kept there. */
  kept: Uint8Array[] | null = null;
  readonly #connection: Deno.TcpConn;
  readonly #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(BUFFER_LEN);
  readonly #view: DataView = new DataView(this.#bytes.buffer);
  #at = 0;
  #end = 0;
  // What is left of the frame, and of the record in it, that is being walked over.
  #frameLeft = 0;
  #skip = 0;
  #isControl = false;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    connection.setNoDelay(true);
  }

  /** Connects and upgrades. */
  static async open(url: string): Promise<RecordSocket> {
    const { hostname, port } = new URL(url);
    const connection = await Deno.connect({ hostname, port: Number(port) });
    const socket = new RecordSocket(connection);
    await socket.#upgrade(`${hostname}:${port}`);
    return socket;
  }

  /** A message as it goes over the wire. */
  static frame(message: Uint8Array): Uint8Array<ArrayBuffer> {
    return encodeFrame(FrameOpcode.BINARY, message, "client");
  }

  /** Sends a frame. */
  async send(frame: Uint8Array): Promise<void> {
    for (let at = 0; at < frame.length;) at += await this.#connection.write(frame.subarray(at));
  }

  /** Waits for answers, and counts them. */
  async receive(): Promise<void> {
    if (this.#at === this.#end) this.#at = this.#end = 0;
    else if (this.#at > 0) {
      this.#bytes.copyWithin(0, this.#at, this.#end);
      this.#end -= this.#at;
      this.#at = 0;
    }
    const num = await this.#connection.read(this.#bytes.subarray(this.#end));
    if (num === null) throw new Error("The server closed the connection");
    this.#end += num;
    while (this.#step());
  }

  /** Waits until so many records have come in all. */
  async receiveUntil(numRecords: number): Promise<void> {
    while (this.numRecords < numRecords || this.#skip > 0) await this.receive();
  }

  close(): void {
    this.#connection.close();
  }

  async #upgrade(host: string): Promise<void> {
    const key = crypto.getRandomValues(new Uint8Array(16)).toBase64();
    await this.send(new TextEncoder().encode(
      `GET /v1/device HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n` +
        "Sec-WebSocket-Protocol: virtio-crypto.v1\r\n\r\n",
    ));
    let head = "";
    while (!head.endsWith("\r\n\r\n")) {
      const byte = new Uint8Array(1);
      if (await this.#connection.read(byte) === null) throw new Error("No answer to an upgrade");
      head += String.fromCharCode(byte[0]);
    }
    if (!head.startsWith("HTTP/1.1 101")) throw new Error(`No upgrade: ${head}`);
  }

  // One header, or what is there of one payload; false when more has to come.
  #step(): boolean {
    const there = this.#end - this.#at;
    if (this.#skip > 0) return this.#pass(there);
    if (this.#frameLeft === 0) return this.#startFrame(there);
    if (there < 4) return false;
    // The last record's padding may be absent.
    const padded = this.#view.getUint32(this.#at, true) + 7 & ~7;
    this.#skip = Math.min(padded, this.#frameLeft);
    this.numRecords++;
    return true;
  }

  #pass(there: number): boolean {
    const num = Math.min(this.#skip, there);
    if (num === 0) return false;
    if (!this.#isControl) this.kept?.push(this.#bytes.slice(this.#at, this.#at + num));
    this.#at += num;
    this.#skip -= num;
    this.#frameLeft -= num;
    return true;
  }

  #startFrame(there: number): boolean {
    if (there < 2) return false;
    const short = this.#bytes[this.#at + 1];
    const headerLen = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (there < headerLen) return false;
    this.#frameLeft = short === 127
      ? this.#view.getUint32(this.#at + 6)
      : short === 126
      ? this.#view.getUint16(this.#at + 2)
      : short;
    this.#isControl = (this.#bytes[this.#at] & 0x0f) >= FrameOpcode.CLOSE;
    if (this.#isControl) this.#skip = this.#frameLeft;
    this.#at += headerLen;
    return true;
  }
}
