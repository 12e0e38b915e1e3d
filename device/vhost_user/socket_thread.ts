/**
 * A socket whose front-ends are served by a thread of this process, one after another.
 *
 * @module
 */

import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { DeviceDescription, SocketReport, SocketStart, ThreadStart } from "./description.ts";
import type { Libc } from "./libc.ts";
import { VhostListener } from "./listener.ts";

/** What a served socket tells; `died` is the end of what served it, which is started again. */
export type SocketEvent = SocketReport | { readonly kind: "died"; readonly reason: string };

/** A socket that is served until it is closed. */
export interface ServedSocket {
  readonly path: string;
  /** Resolves when front-ends are served. */
  readonly ready: Promise<void>;
  /** Ends it: its front-end loses its device, the socket's file goes. */
  close(): Promise<void>;
}

// A thread that fails at once would fail again at once.
const RESTART_MS = 1000;
// How long a thread has to end that is told to: it may be amid a long request, or hang in a read of a file
// descriptor that its front-end has sent to that end.
const END_MS = 2000;

/** See the module's comment. */
export class SocketThread implements ServedSocket {
  readonly path: string;
  readonly ready: Promise<void>;
  readonly #libc: Libc;
  readonly #listener: VhostListener;
  readonly #stopFd: number;
  readonly #device: DeviceDescription;
  readonly #onEvent: (event: SocketEvent) => void;
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #ready: PromiseWithResolvers<void> = Promise.withResolvers();
  #worker: Worker | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosing = false;
  #wasReady = false;

  /** @throws {Error} when the path cannot be listened on */
  constructor(
    libc: Libc,
    path: string,
    device: DeviceDescription,
    onEvent: (event: SocketEvent) => void,
  ) {
    this.path = path;
    this.#libc = libc;
    this.#device = device;
    this.#onEvent = onEvent;
    this.ready = this.#ready.promise;
    this.#listener = new VhostListener(libc, path);
    this.#stopFd = libc.eventfd();
    this.#start();
  }

  async close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      clearTimeout(this.#timer);
      this.#libc.signal(this.#stopFd);
      if (this.#worker === null) this.#ended.resolve();
      const timer = setTimeout(() => {
        this.#worker?.terminate();
        this.#ended.resolve();
      }, END_MS);
      await this.#ended.promise;
      clearTimeout(timer);
      this.#listener.close();
      this.#libc.close(this.#stopFd);
    }
    await this.#ended.promise;
  }

  #start(): void {
    const url = new URL("./device_thread.ts", import.meta.url);
    const worker = new Worker(url, { type: "module", name: `vhost-user ${this.path}` });
    const { port1, port2 } = new MessageChannel();
    this.#worker = worker;
    port1.on("message", (report: SocketReport) => {
      if (report.kind === "ready") {
        this.#wasReady = true;
        this.#ready.resolve();
      }
      if (report.kind === "stopped") this.#gone(worker, port1);
      else this.#onEvent(report);
    });
    worker.addEventListener("error", (event) => {
      // Else it would end this process too.
      event.preventDefault();
      this.#gone(worker, port1);
      if (!this.#wasReady) {
        return this.#ready.reject(new Error(`Cannot serve ${this.path}: ${event.message}`));
      }
      this.#onEvent({ kind: "died", reason: event.message });
      if (!this.#isClosing) this.#timer = setTimeout(() => this.#start(), RESTART_MS);
    });
    const start: SocketStart = {
      listenFd: this.#listener.fd,
      stopFd: this.#stopFd,
      device: this.#device,
    };
    const message: ThreadStart = { start, port: port2 };
    worker.postMessage(message, [port2 as unknown as Transferable]);
  }

  #gone(worker: Worker, port: MessagePort): void {
    port.close();
    worker.terminate();
    if (this.#worker === worker) this.#worker = null;
    if (this.#isClosing) this.#ended.resolve();
  }
}
