/**
 * What the main thread and the worker of a listener say to each other.
 *
 * @module
 */

import type { TokenEntry } from "../auth.ts";
import type { LogFields, LogLevel } from "../log.ts";
import type { ServeOptions } from "../options.ts";
import type { Tls } from "../tls.ts";
import type { PeerPorts } from "./peers.ts";

/** All that a listener needs; the first message its worker gets. */
export interface ListenerStart {
  readonly index: number;
  /** With the device threads that are this listener's. */
  readonly options: ServeOptions;
  /** Where it listens, as the first listener has found out. */
  readonly host: string;
  readonly port: number;
  /** The files are read once: all listeners let the same clients in, also one that is started again. */
  readonly tokens: readonly TokenEntry[] | null;
  readonly tls: Tls | null;
  readonly counts: SharedArrayBuffer;
}

/** The first message, with the port for all others. */
export interface StartMessage extends ListenerStart {
  readonly control: MessagePort;
}

/** From the main thread. */
export type ToListener =
  | { readonly kind: "peer"; readonly index: number; readonly ports: PeerPorts }
  | { readonly kind: "lose"; readonly index: number }
  | { readonly kind: "finish"; readonly seconds: number }
  | { readonly kind: "close" };

/** From the listener. */
export type FromListener =
  | { readonly kind: "listening" }
  | {
    readonly kind: "log";
    readonly level: LogLevel;
    readonly event: string;
    readonly fields: LogFields | undefined;
  }
  | { readonly kind: "finished" }
  | { readonly kind: "closed" }
  /** A fault that nobody caught; its devices have been reset. */
  | { readonly kind: "failed"; readonly reason: string };
