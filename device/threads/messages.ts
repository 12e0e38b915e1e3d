/**
 * What the thread with the sockets and the device threads tell each other besides words.
 *
 * @module
 */

import type { MessagePort } from "node:worker_threads";
import type { AcceleratorName } from "../algorithms/algorithm.ts";
import type { WireLayout } from "../engine/engine.ts";
import type { JournalMemory } from "../engine/session_journal.ts";
import type { SplitQueueConfig } from "../ring/split_device_queue.ts";
import type { Service } from "../wire/constants.ts";

/** One algorithm as it is offered. */
export interface OfferedRow {
  readonly service: Service;
  readonly id: number;
  readonly accelerator: AcceleratorName;
}

/** The first message to a thread. */
export interface StartMessage {
  readonly thread: number;
  readonly words: SharedArrayBuffer;
  readonly port: MessagePort;
  readonly offered: readonly OfferedRow[];
  /** Where libcrypto is; in the usual places without it. */
  readonly libcryptoPath?: string;
}

/** A region of device memory. */
export interface SharedRegion {
  readonly start: number;
  readonly buffer: SharedArrayBuffer;
  readonly offset: number;
  readonly len: number;
}

/** A ring, and how often its queue has been set up. */
export interface SharedQueue {
  readonly index: number;
  readonly generation: number;
  readonly config: SplitQueueConfig;
}

/** All a thread has to know of a run: sent when it is to serve it, and when something has changed. */
export interface RunMessage {
  readonly kind: "run";
  readonly run: number;
  readonly version: number;
  readonly words: SharedArrayBuffer;
  readonly maxSize: number;
  readonly layout: WireLayout;
  readonly mux: boolean;
  readonly stateless: readonly boolean[];
  readonly regions: readonly SharedRegion[];
  readonly queues: readonly SharedQueue[];
  readonly journal: JournalMemory | null;
}

/** A run has ended: everything of it is to be let go. */
export interface LeaveMessage {
  readonly kind: "leave";
  readonly run: number;
}

/** Sessions of a run have ended. */
export interface SweepMessage {
  readonly kind: "sweep";
  readonly run: number;
}

/** To a thread. */
export type ThreadMessage = RunMessage | LeaveMessage | SweepMessage;

/** From a thread: a driver broke its ring, or a request failed through a fault of ours. */
export interface ThreadReport {
  readonly kind: "broken" | "fault";
  readonly run: number;
  readonly reason: string;
}
