/**
 * Records over plain HTTP calls, for where a WebSocket cannot get through.
 *
 * @module
 */

import { RECORDS_MEDIA_TYPE } from "../records.ts";
import { ConnectionError } from "./errors.ts";
import { problemText } from "./problem.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/** How to make a device over HTTP. */
export interface HttpOptions {
  /** Bearer token. */
  readonly token?: string;
  /** Gives up making the device. */
  readonly signal?: AbortSignal;
}

/** Waiting messages are joined into one call up to this many bytes. */
const MAX_JOINED = 1024 * 1024;

/**
 * Carries messages in calls of `POST /v1/devices/{id}/records`.
 *
 * One call runs at a time, since the order of records matters; what is sent meanwhile waits and
 * goes into the next call together.
 */
export class HttpTransport implements Transport {
  readonly #device: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #waiting: Uint8Array<ArrayBuffer>[] = [];
  readonly #abort = new AbortController();
  #events: TransportEvents | undefined;
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #isEnded = false;

  private constructor(device: URL, headers: Readonly<Record<string, string>>) {
    this.#device = device;
    this.#headers = headers;
  }

  /**
   * Makes a device.
   *
   * @param base http: or https: address under which `v1/devices` is
   * @throws ConnectionError when the gateway cannot be reached or refuses
   */
  static async open(base: URL, options: HttpOptions = {}): Promise<HttpTransport> {
    const { token, signal } = options;
    const headers: Record<string, string> = token === undefined
      ? {}
      : { Authorization: `Bearer ${token}` };
    const devices = new URL("v1/devices", base);
    // The driver negotiates by itself, over records.
    const response = await call(devices, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json" },
      body: '{"features":[]}',
      signal,
    });
    const made: unknown = await response.json().catch(() => null);
    const id = typeof made === "object" && made !== null && "id" in made ? made.id : undefined;
    if (typeof id !== "string" || !/^[\w-]+$/.test(id)) {
      throw new ConnectionError(`Other end is not a gateway: ${base.origin}`);
    }
    return new HttpTransport(new URL(`v1/devices/${id}`, base), headers);
  }

  start(events: TransportEvents): void {
    this.#events = events;
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.#isEnded) return;
    this.#waiting.push(message);
    this.#running ??= this.#run();
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** Makes calls until nothing waits. Never rejects. */
  async #run(): Promise<void> {
    try {
      while (!this.#isEnded) {
        const body = this.#nextBody();
        if (body === undefined) break;
        const answers = await this.#post(body);
        if (!this.#isEnded && answers.length > 0) this.#events?.onMessage(answers);
      }
    } catch (error) {
      this.#end(error instanceof Error ? error : new ConnectionError(String(error)));
    }
    this.#running = undefined;
  }

  async #post(body: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    const url = new URL(`${this.#device.pathname}/records`, this.#device);
    const response = await call(url, {
      method: "POST",
      headers: { ...this.#headers, "Content-Type": RECORDS_MEDIA_TYPE },
      body,
      signal: this.#abort.signal,
    });
    try {
      return new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      throw new ConnectionError("Connection to the gateway was lost", { cause: error });
    }
  }

  #nextBody(): Uint8Array<ArrayBuffer> | undefined {
    const [first, second] = this.#waiting;
    if (first === undefined) return undefined;
    if (second === undefined || first.length + second.length > MAX_JOINED) {
      return this.#waiting.shift();
    }
    let len = 0;
    let num = 0;
    for (const message of this.#waiting) {
      if (len + message.length > MAX_JOINED) break;
      len += message.length;
      num++;
    }
    const body = new Uint8Array(len);
    let at = 0;
    // Every message ends on a multiple of a record's alignment, so they can follow each other.
    for (const message of this.#waiting.splice(0, num)) {
      body.set(message, at);
      at += message.length;
    }
    return body;
  }

  async #close(): Promise<void> {
    const wasEnded = this.#isEnded;
    this.#end(undefined);
    if (wasEnded) return;
    this.#abort.abort(new ConnectionError("Connection is closed"));
    await this.#running;
    // A device that cannot be told goes by itself when it has been idle for a while.
    await call(this.#device, { method: "DELETE", headers: this.#headers })
      .then((response) => response.body?.cancel()).catch(() => {});
  }

  #end(error: Error | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#waiting.length = 0;
    this.#events?.onClose(error);
  }
}

/** Makes one call; anything but success is a ConnectionError. */
async function call(url: URL, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    // A redirect could lead the token to another host.
    response = await fetch(url, { ...init, redirect: "error" });
  } catch (error) {
    if (init.signal?.aborted) throw init.signal.reason;
    const why = error instanceof Error ? error.message : String(error);
    throw new ConnectionError(`Cannot reach the gateway at ${url.origin}: ${why}`, {
      cause: error,
    });
  }
  if (response.ok) return response;
  const body = await response.text().catch(() => "");
  throw new ConnectionError(problemText(url, response.status, body));
}
