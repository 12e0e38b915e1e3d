/**
 * What threads and processes that serve sockets are told, and tell.
 *
 * @module
 */

import type { MessagePort } from "node:worker_threads";
import type { WireLayout } from "../engine/engine.ts";
import type { OfferedRow } from "../threads/messages.ts";

/** The devices of a socket, as they can be described to another thread or process. */
export interface DeviceDescription {
  readonly offered: readonly OfferedRow[];
  /** Where libcrypto is; in the usual places without it. */
  readonly libcryptoPath?: string | undefined;
  /** Data queues; the control queue comes on top. */
  readonly queues: number;
  /** Bound on the sum of a request's declared lengths, in bytes. */
  readonly maxSize: number;
  readonly maxSessions: number;
  readonly layout: WireLayout;
}

/** What a thread or process has to serve. */
export interface SocketStart {
  /** The listening socket, by its file descriptor. */
  readonly listenFd: number;
  /** Ends it when it becomes readable or is closed at its other end. */
  readonly stopFd: number;
  readonly device: DeviceDescription;
}

/** The message that starts a thread. */
export interface ThreadStart {
  readonly start: SocketStart;
  /** Where the thread sends its {@link SocketReport}s. */
  readonly port: MessagePort;
}

/** What happens on a socket. */
export type SocketReport =
  /** It is being listened on. */
  | { readonly kind: "ready" }
  /** A front-end has connected. */
  | { readonly kind: "connected" }
  /** It is gone. */
  | { readonly kind: "ended"; readonly reason: string; readonly requests: number }
  /** It is listened on no longer, as it was told. */
  | { readonly kind: "stopped" }
  /** A request failed through a fault of ours; it was answered with ERR. */
  | { readonly kind: "fault"; readonly reason: string };
