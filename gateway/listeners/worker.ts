/**
 * A listener in a worker: a gateway of its own on the port of all.
 *
 * @module
 */

import { TokenStore } from "../auth.ts";
import { Gateway } from "../gateway.ts";
import { errorStack, type Log } from "../log.ts";
import { GatewayServer } from "../server.ts";
import type { FromListener, StartMessage, ToListener } from "./control_messages.ts";
import { type Place, placeOf } from "./place.ts";
import { SharedCount, type SharedCounts } from "./shared_counts.ts";

/** Log lines of all listeners that may be on their way to the main thread; further ones are lost. */
const MAX_LOG_LINES = 4096;

class Listener {
  readonly #control: MessagePort;
  readonly #place: Place;
  readonly #server: GatewayServer;
  #hasFailed = false;

  constructor(start: StartMessage) {
    const { control, options, tokens, tls, counts, index } = start;
    this.#control = control;
    this.#place = placeOf(index, options.listeners, counts);
    const log = portLog(this.#place.counts, (message) => this.#post(message));
    const store = tokens === null ? null : new TokenStore(tokens);
    this.#server = new GatewayServer(new Gateway(options, store, log, this.#place), tls);
    control.onmessage = ({ data }: MessageEvent<ToListener>) => this.#receive(data);
  }

  async listen(host: string, port: number): Promise<void> {
    await this.#server.listen({ host, port }, true);
    this.#post({ kind: "listening" });
  }

  /** Ends after a fault: clients are told, and no key is left in memory. */
  async fail(reason: string): Promise<void> {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    try {
      await this.#server.close();
    } finally {
      this.#place.counts.retire();
      this.#post({ kind: "failed", reason });
    }
  }

  #receive(message: ToListener): void {
    switch (message.kind) {
      case "peer":
        this.#place.peers.connect(message.index, message.ports);
        return;
      case "lose":
        this.#place.peers.lose(message.index);
        return;
      case "finish":
        void this.#server.finish(message.seconds).then(() => this.#post({ kind: "finished" }));
        return;
      case "close":
        void this.#server.close().then(() => this.#post({ kind: "closed" }));
        return;
    }
  }

  #post(message: FromListener): void {
    this.#control.postMessage(message);
  }
}

/** A log that writes in the main thread. */
function portLog(counts: SharedCounts, post: (message: FromListener) => void): Log {
  let numLost = 0;
  return (level, event, fields) => {
    // A main thread that is busy takes no lines, and clients could make them without end.
    if (!counts.tryTake(SharedCount.LOG_LINES, MAX_LOG_LINES)) {
      numLost++;
      return;
    }
    if (numLost > 0) {
      fields = { ...fields, linesLost: numLost };
      numLost = 0;
    }
    post({ kind: "log", level, event, fields });
  };
}

/** Makes this worker a listener: its first message tells the rest. */
export function runListener(): void {
  globalThis.addEventListener("message", (event) => {
    const start = (event as MessageEvent<StartMessage>).data;
    const listener = new Listener(start);
    const fail = (fault: unknown) => void listener.fail(errorStack(fault));
    globalThis.addEventListener("error", (event) => {
      event.preventDefault();
      fail(event.error ?? event.message);
    });
    globalThis.addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      fail(event.reason);
    });
    listener.listen(start.host, start.port).catch(fail);
  }, { once: true });
}
