/** The lane of a driver on the rings of a device in this process. */

import { strict as assert } from "node:assert";
import type { WireMode } from "../../device/wire/requests.ts";
import { concat } from "../support/random.ts";
import { ALL_MODES } from "../support/remote_rig.ts";
import { Rig, UNWRITTEN } from "../support/rig.ts";
import {
  type Came,
  type Lane,
  type LaneOptions,
  type Levels,
  modeOf,
  NUM_QUEUES,
  type Sent,
} from "./lanes.ts";

// Requests that are on a ring at a time: each may have many descriptors.
const BATCH = 12;

/** A driver on the rings of a device in this process. */
export class RingLane implements Lane {
  readonly mode: WireMode;
  readonly numDataQueues = NUM_QUEUES;
  readonly memoryLimit: number;
  readonly faults: unknown[] = [];
  readonly rig: Rig;
  /** Interrupts raised so far. */
  numInterrupts = 0;
  readonly #options: LaneOptions;
  readonly #accepted: readonly string[];

  constructor(options: LaneOptions = {}) {
    const { maxSize, maxSessions, algorithms } = options;
    this.#options = options;
    this.mode = modeOf(options);
    const features = ["RING_INDIRECT_DESC", "RING_EVENT_IDX", "RING_RESET"];
    this.#accepted = this.mode.mux ? [...ALL_MODES, ...features] : features;
    this.rig = new Rig({
      queues: NUM_QUEUES,
      maxSize,
      maxSessions,
      algorithms,
      accept: this.#accepted,
      interrupt: () => this.numInterrupts++,
      onFault: (fault) => this.faults.push(fault),
    });
    this.memoryLimit = this.rig.region.bytes.length;
  }

  get control(): number {
    return this.rig.control;
  }

  run(requests: readonly Sent[]): Promise<Came[]> {
    const came: Came[] = [];
    for (let i = 0; i < requests.length; i += BATCH) {
      came.push(...this.#runBatch(requests.slice(i, i + BATCH)));
    }
    return Promise.resolve(came);
  }

  levels(): Levels {
    const { device, region } = this.rig;
    if (this.#options.isFaulty !== true) assert.deepEqual(this.faults, []);
    const requests = this.rig.queues.reduce((sum, { size, numFree }) => sum + size - numFree, 0);
    return {
      sessions: device.numSessions,
      requests,
      bytes: 0,
      memory: region.bytes.length,
    };
  }

  read(register: number): Promise<number> {
    return Promise.resolve(this.rig.read(register));
  }

  write(register: number, value: number): Promise<void> {
    return Promise.resolve(this.rig.write(register, value));
  }

  restart(): Promise<void> {
    return Promise.resolve(this.rig.startUp(this.#accepted));
  }

  neighbour(): Promise<Lane> {
    return Promise.resolve(new RingLane(this.#options));
  }

  close(): Promise<void> {
    this.rig.device.close();
    return Promise.resolve();
  }

  #runBatch(requests: readonly Sent[]): Came[] {
    const finish = requests.map(({ queue = 0, readable, writableLen, at }) =>
      this.rig.begin(queue, readable, writableLen, at)
    );
    for (const queue of new Set(requests.map(({ queue = 0 }) => queue))) this.rig.kick(queue);
    return requests.map(({ queue = 0 }, i) => this.#came(queue === this.control, finish[i]()));
  }

  // What a driver can see, and that the rest of W is as it was.
  #came(isControl: boolean, { usedLen, writable }: ReturnType<Rig["submit"]>): Came {
    assert.ok(usedLen <= writable.length, `used.len ${usedLen} of ${writable.length}`);
    const resultLen = isControl ? usedLen : Math.max(0, usedLen - 1);
    const rest = writable.subarray(resultLen, isControl || usedLen === 0 ? undefined : -1);
    // What a failing accelerator may have written is overwritten with zeros.
    const isLeft = (byte: number) =>
      byte === UNWRITTEN || (this.#options.isFaulty === true && !byte);
    assert.ok(rest.every(isLeft), "More was written than is told");
    const status = isControl || usedLen === 0 ? writable.subarray(0, 0) : writable.subarray(-1);
    return { usedLen, written: concat(writable.subarray(0, resultLen), status), refused: 0 };
  }
}
