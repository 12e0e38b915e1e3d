/**
 * A gateway in a process of its own, and the SDK as its client.
 */

import { connect } from "../../gateway/client/mod.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** A gateway that was started for a benchmark or a test. */
export interface Server {
  readonly url: string;
  readonly process: Deno.ChildProcess;
}

/** Starts `serve` on any free port and waits until it listens. */
export async function startGateway(...options: string[]): Promise<Server> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", MAIN, "serve", "--port", "0", ...options],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  const decoder = new TextDecoderStream() as TransformStream<Uint8Array<ArrayBuffer>, string>;
  for await (const chunk of process.stdout.pipeThrough(decoder)) {
    text += chunk;
    const match = /http:\/\/[\d.]+:\d+/.exec(text);
    if (match !== null) return { url: match[0], process };
  }
  throw new Error("The gateway did not start");
}

/** A cipher session over a WebSocket. */
export class WebSocketLane {
  readonly #run: (src: Uint8Array) => Promise<Uint8Array>;

  private constructor(run: (src: Uint8Array) => Promise<Uint8Array>) {
    this.#run = run;
  }

  /** Starts a gateway, connects, opens an AES-128-CTR session. All end with this process. */
  static async open(key: Uint8Array, iv: Uint8Array): Promise<WebSocketLane> {
    const { url, process } = await startGateway();
    globalThis.addEventListener("unload", () => process.kill("SIGKILL"));
    process.unref();
    const device = await connect(url.replace("http:", "ws:"));
    const session = await device.cipherSession({ algorithm: "aes-128-ctr", op: "encrypt", key });
    return new WebSocketLane((src) => session.run({ iv, src }));
  }

  /** Runs a batch; it leaves in one message. */
  run(src: Uint8Array, num: number): Promise<Uint8Array[]> {
    return Promise.all(Array.from({ length: num }, () => this.#run(src)));
  }
}
