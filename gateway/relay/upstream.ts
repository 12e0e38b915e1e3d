/**
 * The way to a gateway, kept open: a connection that ends is made again.
 *
 * @module
 */

import type { ConnectOptions } from "../client/connect.ts";
import { Uplink, type UplinkEvents } from "./uplink.ts";

/** Where a gateway is and how to connect to it. */
export interface UpstreamOptions
  extends Pick<ConnectOptions, "token" | "allowInsecureToken" | "ca"> {
  /** Address of the gateway. */
  readonly target: string | URL;
  /** Milliseconds without any answer after which the gateway counts as gone. */
  readonly timeout: number;
}

/** Who uses the connections. */
export interface UpstreamEvents extends UplinkEvents {
  /** There is a connection. It is used when this resolves, and given up when it rejects. */
  opened(uplink: Uplink): Promise<void>;
  /** There is none, and there was none at the last attempt either, where this comes again. */
  lost(reason: Error): void;
}

/** Milliseconds before the first attempt after a loss; each further one waits twice as long. */
const FIRST_DELAY = 100;
/** Milliseconds between two attempts at most. */
const MAX_DELAY = 5_000;

/** Milliseconds to wait before an attempt, spread so that many guests do not come back at one moment. */
export function retryDelay(numFailures: number, random: number = Math.random()): number {
  return Math.min(MAX_DELAY, FIRST_DELAY * 2 ** Math.min(numFailures, 16)) * (0.5 + random / 2);
}

/** See the module's comment. */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #events: UpstreamEvents;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  readonly #closing = new Set<Promise<void>>();
  #uplink: Uplink | null = null;
  #wake: (() => void) | undefined;
  #isRenewed = false;
  #numFailures = 0;

  /** Begins to connect. */
  constructor(options: UpstreamOptions, events: UpstreamEvents) {
    this.#options = options;
    this.#events = events;
    this.#running = this.#run();
  }

  /** Gives up the connection, and with it the device there, and makes a new one at once. */
  renew(): void {
    if (this.#uplink === null) return;
    this.#isRenewed = true;
    this.#give(this.#uplink);
  }

  /** Ends the connection for good. Resolves when the gateway has been told. */
  async close(): Promise<void> {
    this.#abort.abort();
    this.#wake?.();
    if (this.#uplink !== null) this.#give(this.#uplink);
    await this.#running;
    await Promise.all(this.#closing);
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const reason = await this.#connect();
      if (signal.aborted) break;
      // What has been given up on purpose is no loss.
      if (this.#isRenewed) this.#isRenewed = false;
      else {
        this.#events.lost(reason);
        if (signal.aborted) break;
        await this.#sleep(retryDelay(this.#numFailures++));
      }
    }
  }

  // Connects and stays connected. Returns why that has ended; never rejects.
  async #connect(): Promise<Error> {
    const { target, timeout, ...options } = this.#options;
    const { signal } = this.#abort;
    let uplink: Uplink | null = null;
    try {
      uplink = await Uplink.open(target, { ...options, signal }, timeout, this.#events);
      signal.throwIfAborted();
      this.#uplink = uplink;
      await Promise.race([this.#events.opened(uplink), uplink.ended.then(raise)]);
      const openedAt = performance.now();
      const error = await uplink.ended;
      // A gateway that takes connections only to drop them is not asked more and more often.
      if (performance.now() - openedAt > MAX_DELAY) this.#numFailures = 0;
      return error ?? new Error("Connection is closed");
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      this.#uplink = null;
      if (uplink !== null) this.#give(uplink);
    }
  }

  // Its end is not waited for: a gateway may take its time to say so too.
  #give(uplink: Uplink): void {
    const closing = uplink.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function raise(error: Error | undefined): never {
  throw error ?? new Error("Connection is closed");
}
