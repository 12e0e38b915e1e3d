/**
 * A listener in a worker, as the main thread holds it.
 *
 * @module
 */

import type { Log } from "../log.ts";
import type { FromListener, ListenerStart, StartMessage, ToListener } from "./control_messages.ts";
import type { PeerPorts } from "./peers.ts";
import { SharedCount, type SharedCounts } from "./shared_counts.ts";

/** Milliseconds a listener has to close by itself beyond the second its connections have for that. */
const CLOSE_LIMIT_MS = 10_000;

/** What a handle tells and uses. */
export interface ListenerHandleOptions {
  readonly module: URL;
  readonly start: ListenerStart;
  readonly counts: SharedCounts;
  readonly log: Log;
  /** Told once when the listener has ended by a fault; its worker is gone then. */
  readonly onDeath: (handle: ListenerHandle, reason: string) => void;
}

/** See the module's comment. */
export class ListenerHandle {
  readonly index: number;
  /** Resolves when it listens, rejects when it ends before. */
  readonly listening: Promise<void>;
  readonly #options: ListenerHandleOptions;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #startedAt = performance.now();
  #resolveListening: () => void = () => {};
  #rejectListening: (error: Error) => void = () => {};
  #onFinished: () => void = () => {};
  #onClosed: () => void = () => {};
  #hasEnded = false;

  constructor(options: ListenerHandleOptions) {
    this.index = options.start.index;
    this.#options = options;
    this.listening = new Promise((resolve, reject) => {
      this.#resolveListening = resolve;
      this.#rejectListening = reject;
    });
    this.#worker = new Worker(options.module, { type: "module", name: `listener ${this.index}` });
    this.#worker.addEventListener("error", (event) => {
      // Else it would end this process too.
      event.preventDefault();
      this.#die(event.message);
    });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }: MessageEvent<FromListener>) => this.#receive(data);
    const message: StartMessage = { ...options.start, control: port2 };
    this.#worker.postMessage(message, [port2]);
  }

  /** Milliseconds since it was started. */
  get ageMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Gives it its ports to another listener. */
  connect(index: number, ports: PeerPorts): void {
    this.#post({ kind: "peer", index, ports }, [ports.out, ports.in]);
  }

  /** Another listener has ended. */
  lose(index: number): void {
    this.#post({ kind: "lose", index });
  }

  /** Its clients are told; resolves when they have gone, or after so many seconds. */
  finish(seconds: number): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onFinished = resolve;
      this.#post({ kind: "finish", seconds });
    });
  }

  /** Closes it and ends its worker. */
  async close(): Promise<void> {
    if (this.#hasEnded) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#onClosed = resolve;
      timer = setTimeout(resolve, CLOSE_LIMIT_MS);
      this.#post({ kind: "close" });
    });
    clearTimeout(timer);
    this.#end();
  }

  #receive(message: FromListener): void {
    switch (message.kind) {
      case "listening":
        this.#resolveListening();
        return;
      case "log":
        this.#options.counts.give(SharedCount.LOG_LINES, this.index);
        this.#options.log(message.level, message.event, message.fields);
        return;
      case "finished":
        this.#onFinished();
        return;
      case "closed":
        this.#onClosed();
        return;
      case "failed":
        this.#die(message.reason);
        return;
    }
  }

  #die(reason: string): void {
    if (this.#hasEnded) return;
    this.#rejectListening(new Error(`Listener ${this.index} ended: ${reason}`));
    this.#end();
    this.#options.onDeath(this, reason);
  }

  #end(): void {
    this.#hasEnded = true;
    this.#worker.terminate();
    this.#port.close();
    this.#rejectListening(new Error(`Listener ${this.index} is closed`));
    this.#onFinished();
    this.#onClosed();
  }

  #post(message: ToListener, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}
