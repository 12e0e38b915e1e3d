/**
 * A way to a device, by which cases reach it: what its rings, a WebSocket and HTTP have in common.
 */

import { strict as assert } from "node:assert";
import type { AlgorithmSet } from "../../device/mod.ts";
import {
  build,
  parseSessionInput,
  type RequestFormat,
  type WireMode,
} from "../../device/wire/requests.ts";
import type { ServeOptionsInput } from "../../gateway/options.ts";
import type { Placement } from "../support/rig.ts";

/** One request as a driver hands it in. */
export interface Sent {
  /** A data queue; 0 by default. */
  readonly queue?: number;
  readonly readable: Uint8Array;
  readonly writableLen: number;
  /** How it is cut into descriptors, where there are any to choose. */
  readonly at?: Placement;
}

/** What became of a request. */
export interface Came {
  readonly usedLen: number;
  /** The `usedLen` bytes written: result bytes, then the status. */
  readonly written: Uint8Array;
  /** The reason of a REFUSED record; 0 when the device has answered. */
  readonly refused: number;
}

/** What a device holds. */
export interface Levels {
  readonly sessions: number;
  readonly requests: number;
  readonly bytes: number;
  readonly memory: number;
}

/** How a lane's device is made. */
export interface LaneOptions {
  /** Whether MUX_MODE and all stateless modes are negotiated; default true. */
  readonly mux?: boolean;
  readonly maxSize?: number;
  readonly maxSessions?: number;
  /** What the device offers; everything by default. */
  readonly algorithms?: AlgorithmSet;
  /** Whether faults of ours are to be expected. */
  readonly isFaulty?: boolean;
  /** Further options of the gateway, where there is one. */
  readonly server?: ServeOptionsInput;
}

/** A device that has been started up, and the way to it. */
export interface Lane {
  readonly mode: WireMode;
  readonly control: number;
  readonly numDataQueues: number;
  /** Hands requests in together and waits for all of them; answers in the order of the requests. */
  run(requests: readonly Sent[]): Promise<Came[]>;
  /** Reads a register. */
  read(register: number): Promise<number>;
  /** Writes a register; the answers it has are passed over. */
  write(register: number, value: number): Promise<void>;
  /** Resets the device and starts it up as it was. */
  restart(): Promise<void>;
  /** Another device, of the same gateway where there is one. It is closed by whoever asked for it. */
  neighbour(): Promise<Lane>;
  levels(): Levels;
  /** Most bytes of device memory there may be. */
  readonly memoryLimit: number;
  close(): Promise<void>;
}

/** Data queues of every lane's device. */
export const NUM_QUEUES = 4;
const PATIENCE_MS = 60_000;

/** A promise that is not waited for without end. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Gave up waiting for ${what}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What such a lane's driver negotiates. */
export function modeOf({ mux = true }: LaneOptions): WireMode {
  return { mux, layout: "v19" };
}

/** Creates a session that must come to be. */
export async function createSession<Options>(
  lane: Lane,
  format: RequestFormat<Options>,
  options: Options,
): Promise<number> {
  const [came] = await lane.run([{ ...build(format, options, lane.mode), queue: lane.control }]);
  const { status, sessionId } = parseSessionInput(came.written);
  assert.equal(status, 0, "The session was refused");
  return sessionId;
}
