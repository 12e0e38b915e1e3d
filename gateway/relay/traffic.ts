/**
 * The requests of one guest that are on their way, on all its queues.
 *
 * @module
 */

import type { VhostHost, VhostQueue } from "../../device/mod.ts";
import { Budget } from "./budget.ts";
import { type ControlHost, ControlLane } from "./control_lane.ts";
import { type DataHost, DataLane } from "./data_lane.ts";
import type { GuestControl } from "./guest_sessions.ts";
import { Gate, type Lane } from "./lane.ts";
import type { RelayLimits } from "./limits.ts";
import { DataFormat, type DataOwner, type DataRequest } from "./requests.ts";
import type { SessionMap } from "./session_map.ts";
import type { Uplink } from "./uplink.ts";

/** What traffic is part of. */
export interface TrafficOptions {
  readonly host: VhostHost;
  readonly limits: RelayLimits;
  /** Queues of the guest; the last is the control queue. */
  readonly numQueues: number;
  readonly sessions: SessionMap;
  /** Most bytes of a control request that mean anything. */
  readonly maxControlLen: () => number;
  /** Runs a control request. */
  readonly control: (control: GuestControl) => void;
  /** Called after requests have been answered, at the end of the turn. */
  readonly onAnswered: () => void;
}

/** See the module's comment. */
export class Traffic implements DataHost, ControlHost {
  readonly budget: Budget;
  readonly spare: DataRequest[] = [];
  readonly orphanage: DataOwner;
  readonly sessions: SessionMap;
  readonly grace: number;
  readonly #options: TrafficOptions;
  readonly #format: DataFormat = new DataFormat();
  readonly #lanes: (Lane | null)[];
  readonly #pushed: { publish(): void }[] = [];
  #gate: Gate = Gate.HOLD;
  #uplink: Uplink | null = null;
  #isScheduled = false;
  #firstLane = 0;

  constructor(options: TrafficOptions) {
    const { limits, numQueues, sessions } = options;
    this.#options = options;
    this.sessions = sessions;
    this.grace = limits.grace;
    this.budget = new Budget(limits.maxRequests, limits.maxBytes);
    this.#lanes = new Array(numQueues).fill(null);
    const told = (request: DataRequest) => {
      request.owner = null;
      this.budget.remove(request.cost);
      this.spare.push(request);
    };
    this.orphanage = { sessions, answered: told, failed: told };
  }

  get gate(): Gate {
    return this.#gate;
  }

  get maxRequestLen(): number {
    return this.#uplink?.maxRequestLen ?? 0;
  }

  get maxControlLen(): number {
    return this.#options.maxControlLen();
  }

  /** Requests go to this gateway from now on. */
  open(uplink: Uplink): void {
    this.#uplink = uplink;
    this.#gate = Gate.OPEN;
    this.#wake();
  }

  /** Requests wait on their rings from now on. */
  hold(): void {
    this.#gate = Gate.HOLD;
  }

  /** Requests are answered ERR from now on. */
  refuse(): void {
    this.#gate = Gate.REFUSE;
    this.#wake();
  }

  /** Takes requests off a queue. Returns whether more are left that could be taken at once. */
  take(queue: VhostQueue): boolean {
    let lane = this.#lanes[queue.index];
    if (lane?.queue !== queue) {
      const isControl = queue.index === this.#lanes.length - 1;
      lane = isControl ? new ControlLane(queue, this) : new DataLane(queue, this);
      this.#lanes[queue.index] = lane;
    }
    return lane.take();
  }

  /** Takes nothing more off a queue; calls back when all that was taken has been answered. */
  stop(queue: VhostQueue, stopped: () => void): void {
    const lane = this.#lanes[queue.index];
    if (lane?.queue !== queue) return stopped();
    lane.stop(() => {
      if (this.#lanes[queue.index] === lane) this.#lanes[queue.index] = null;
      stopped();
    });
  }

  /** Forgets the guest's memory. */
  close(): void {
    this.#gate = Gate.HOLD;
    for (const lane of this.#lanes) lane?.close();
    this.#lanes.fill(null);
    this.#pushed.length = 0;
    this.#uplink = null;
  }

  post(queue: number, request: DataRequest): void {
    const uplink = this.#uplink;
    // The gateway that came back may have fewer queues than the one the guest has seen.
    if (uplink === null) request.reject();
    else uplink.post(queue % uplink.controlQueue, this.#format, request, request);
  }

  control(control: GuestControl): void {
    this.#options.control(control);
  }

  heard(): void {
    this.#uplink?.heard();
  }

  pushed(lane: { publish(): void }): void {
    this.#pushed.push(lane);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // Behind all answers of the message that is being read.
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    for (const lane of this.#pushed) lane.publish();
    this.#pushed.length = 0;
    if (this.#gate !== Gate.HOLD && this.budget.hasRoom) this.#wake();
    this.#options.onAnswered();
  }

  // Lets queues go on that had to wait, another one first each time.
  #wake(): void {
    const { length } = this.#lanes;
    this.#firstLane = (this.#firstLane + 1) % length;
    for (let i = 0; i < length; i++) {
      const lane = this.#lanes[(this.#firstLane + i) % length];
      if (lane?.isWaiting) this.#options.host.resume(lane.queue);
    }
  }
}
