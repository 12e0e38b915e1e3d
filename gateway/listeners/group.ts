/**
 * Several listeners of one gateway on one port, so that more than one core reads sockets: the first in the
 * main thread, each of the others in a worker. The system divides connections among them (SO_REUSEPORT); a
 * connection stays where it came in.
 *
 * @module
 */

import type { TokenStore } from "../auth.ts";
import type { Log, LogFields } from "../log.ts";
import type { ServeOptions } from "../options.ts";
import type { GatewayServer, RunningServer } from "../server.ts";
import type { Tls } from "../tls.ts";
import { ListenerHandle } from "./handle.ts";
import { connectPeers } from "./peers.ts";
import { divideThreads, type Place, placeOf } from "./place.ts";
import { SharedCounts } from "./shared_counts.ts";

/** What the workers of listeners run. */
export const LISTENER_MODULE: URL = new URL("./listener.ts", import.meta.url);

/** Milliseconds until a listener that ended is started again, doubled each time it ends soon after. */
const FIRST_RESTART_MS = 50;
const LAST_RESTART_MS = 10_000;
/** Milliseconds a listener has to live for its next end to count as the first. */
const SOUND_MS = 60_000;

/** What a gateway's listeners are made with. */
export interface ListenerPlan {
  /** Counts of all listeners. */
  readonly counts: SharedArrayBuffer;
  /** The options of each, with its part of the device threads. */
  readonly options: readonly ServeOptions[];
  /** What the one in the main thread is made with. */
  readonly first: { readonly options: ServeOptions; readonly log: Log; readonly place: Place };
}

/** Plans the listeners that the options ask for. */
export function planListeners(options: ServeOptions, log: Log): ListenerPlan {
  const { listeners, threads } = options;
  const counts = SharedCounts.allocate(listeners);
  const each = divideThreads(threads, listeners).map((own) => ({ ...options, threads: own }));
  const first = {
    options: each[0],
    log: listeners === 1 ? log : logOf(0, log),
    place: placeOf(0, listeners, counts),
  };
  return { counts, options: each, first };
}

/** A log whose lines tell the listener. */
function logOf(index: number, log: Log): Log {
  return (level, event, fields) => log(level, event, { ...fields, listener: index });
}

/** What a group is made of. */
export interface ListenerGroupOptions {
  /** The first listener, which listens. */
  readonly server: GatewayServer;
  readonly plan: ListenerPlan;
  readonly tokens: TokenStore | null;
  readonly tls: Tls | null;
  readonly log: Log;
  readonly listenerModule: URL;
}

/** See the module's comment. */
export class ListenerGroup implements RunningServer {
  readonly #options: ListenerGroupOptions;
  // By index; null for one that is about to be started again. The first is not among them.
  readonly #handles = new Map<number, ListenerHandle | null>();
  readonly #numDeaths = new Map<number, number>();
  readonly #restarts = new Set<ReturnType<typeof setTimeout>>();
  #isEnding = false;
  #closing: Promise<void> | undefined;

  private constructor(options: ListenerGroupOptions) {
    this.#options = options;
  }

  /**
   * Starts the listeners besides the first.
   *
   * @throws Error when one of them cannot listen; all are closed then
   */
  static async start(options: ListenerGroupOptions): Promise<ListenerGroup> {
    const group = new ListenerGroup(options);
    for (let i = 1; i < options.plan.options.length; i++) group.#start(i);
    try {
      await Promise.all([...group.#handles.values()].map((handle) => handle?.listening));
      return group;
    } catch (error) {
      await group.close();
      throw error;
    }
  }

  get #place(): Place {
    return this.#options.plan.first.place;
  }

  get url(): string {
    return this.#options.server.url;
  }

  get port(): number {
    return this.#options.server.port;
  }

  async drain(seconds: number): Promise<void> {
    this.#startEnding(seconds);
    const handles = [...this.#handles.values()];
    await Promise.all([
      this.#options.server.finish(seconds),
      ...handles.map((handle) => handle?.finish(seconds)),
    ]);
    await this.close();
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#startEnding(0);
    const handles = [...this.#handles.values()];
    await Promise.all([this.#options.server.close(), ...handles.map((handle) => handle?.close())]);
  }

  /** All listeners know at once; none is started any more. */
  #startEnding(seconds: number): void {
    this.#isEnding = true;
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#restarts.clear();
    this.#place.counts.drain(seconds);
  }

  #start(index: number): void {
    const { server, plan, tokens, tls, log, listenerModule } = this.#options;
    const start = {
      index,
      options: plan.options[index],
      ...server.address,
      tokens: tokens?.entries ?? null,
      tls,
      counts: plan.counts,
    };
    const handle = new ListenerHandle({
      module: listenerModule,
      start,
      counts: this.#place.counts,
      log: logOf(index, log),
      onDeath: (ended, reason) => this.#died(ended, reason),
    });
    // Whoever waits for it hears of it; a restart is followed by onDeath.
    handle.listening.catch(() => {});
    this.#connect(handle);
    this.#handles.set(index, handle);
  }

  #connect(handle: ListenerHandle): void {
    const [own, first] = connectPeers();
    handle.connect(0, own);
    this.#place.peers.connect(handle.index, first);
    for (const other of this.#handles.values()) {
      if (other === null || other === handle) continue;
      const [to, from] = connectPeers();
      handle.connect(other.index, to);
      other.connect(handle.index, from);
    }
  }

  // Its connections and devices are lost, no others; another takes its place.
  #died(handle: ListenerHandle, reason: string): void {
    const { index, ageMs } = handle;
    const { log } = this.#options;
    this.#handles.set(index, null);
    this.#place.counts.forget(index);
    this.#place.peers.lose(index);
    for (const other of this.#handles.values()) other?.lose(index);
    const fields: LogFields = { listener: index, reason };
    log("error", "listener ended", fields);
    if (this.#isEnding) return;
    const numDeaths = ageMs < SOUND_MS ? this.#numDeaths.get(index) ?? 0 : 0;
    this.#numDeaths.set(index, numDeaths + 1);
    const delay = Math.min(FIRST_RESTART_MS * 2 ** numDeaths, LAST_RESTART_MS);
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#start(index);
    }, delay);
    this.#restarts.add(timer);
  }
}
