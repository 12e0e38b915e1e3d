/**
 * One HTTP/1.1 connection that is kept, as cheap as can be.
 */

const BUFFER_LEN = 1 << 18;
const END_OF_HEAD = "\r\n\r\n";

/** See the module's comment. */
export class HttpConnection {
  readonly #connection: Deno.TcpConn;
  readonly #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(BUFFER_LEN);

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    connection.setNoDelay(true);
  }

  /** Connects. */
  static async open(url: string): Promise<HttpConnection> {
    const { hostname, port } = new URL(url);
    return new HttpConnection(await Deno.connect({ hostname, port: Number(port) }));
  }

  /** A call as it goes over the wire. */
  static call(url: string, method: string, path: string, body?: Uint8Array): Uint8Array {
    const { host } = new URL(url);
    const head = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n` +
      (body === undefined
        ? ""
        : `Content-Type: application/octet-stream\r\nContent-Length: ${body.length}\r\n`) +
      "\r\n";
    const bytes = new TextEncoder().encode(head);
    const call = new Uint8Array(bytes.length + (body?.length ?? 0));
    call.set(bytes);
    if (body !== undefined) call.set(body, bytes.length);
    return call;
  }

  /**
   * Sends a call and reads its answer.
   *
   * @returns the answer's body, where it is wanted
   */
  async exchange(call: Uint8Array, isWanted = false): Promise<Uint8Array> {
    for (let at = 0; at < call.length;) at += await this.#connection.write(call.subarray(at));
    let have = 0;
    let head = "";
    while (!head.includes(END_OF_HEAD)) {
      have += await this.#read(this.#bytes.subarray(have));
      head = LATIN1.decode(this.#bytes.subarray(0, Math.min(have, 4096)));
    }
    const headLen = head.indexOf(END_OF_HEAD) + END_OF_HEAD.length;
    const len = contentLength(head.slice(0, headLen));
    const body = isWanted ? new Uint8Array(len) : NOTHING;
    const first = this.#bytes.subarray(headLen, have);
    if (isWanted) body.set(first);
    for (let there = first.length; there < len;) {
      const num = await this.#read(this.#bytes);
      if (isWanted) body.set(this.#bytes.subarray(0, num), there);
      there += num;
    }
    return body;
  }

  close(): void {
    this.#connection.close();
  }

  async #read(into: Uint8Array): Promise<number> {
    const num = await this.#connection.read(into);
    if (num === null) throw new Error("The server closed the connection");
    return num;
  }
}

const LATIN1 = new TextDecoder("latin1");
const NOTHING = new Uint8Array(0);

function contentLength(head: string): number {
  const match = /^content-length: *(\d+)/im.exec(head);
  if (!head.startsWith("HTTP/1.1 200") || match === null) {
    throw new Error(`Not an answer of known length: ${head}`);
  }
  return Number(match[1]);
}
