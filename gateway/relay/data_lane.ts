/**
 * A data queue of a guest.
 *
 * @module
 */

import { Status } from "../../device/mod.ts";
import type { VhostQueue } from "../../device/mod.ts";
import type { Budget } from "./budget.ts";
import { writeAnswer, writeFailure } from "./data_answer.ts";
import { Gate, Lane, type LaneHost } from "./lane.ts";
import { type DataOwner, DataRequest } from "./requests.ts";
import type { SessionMap } from "./session_map.ts";

/** What a data queue has of its relay. */
export interface DataHost extends LaneHost {
  readonly sessions: SessionMap;
  /** Shared by all data queues. */
  readonly budget: Budget;
  /** Requests that are nobody's, to be used again. */
  readonly spare: DataRequest[];
  /** Takes over requests that are at the gateway and that nobody waits for. */
  readonly orphanage: DataOwner;
  /** Most bytes, read and written together, that the gateway takes in a request. */
  readonly maxRequestLen: number;
  /** Sends a request to a data queue; its owner is told of the answer, perhaps before this returns. */
  post(queue: number, request: DataRequest): void;
  /** The gateway has answered something. */
  heard(): void;
}

/** See the module's comment. */
export class DataLane extends Lane<DataRequest> implements DataOwner {
  readonly #host: DataHost;

  constructor(queue: VhostQueue, host: DataHost) {
    super(queue, host);
    this.#host = host;
  }

  get sessions(): SessionMap {
    return this.#host.sessions;
  }

  answered(request: DataRequest, written: Uint8Array, usedLen: number): void {
    const { chain, writableLen } = request;
    this.#host.heard();
    this.#end(request, writeAnswer(chain.writable, written, usedLen, writableLen));
  }

  failed(request: DataRequest): void {
    this.#end(request, this.fail(request));
  }

  protected override hasRoom(): boolean {
    return this.#host.budget.hasRoom;
  }

  protected override begin(): number {
    const host = this.#host;
    const request = host.spare.pop() ?? new DataRequest();
    if (!this.#pop(request)) return -1;
    const { readable, writable } = request.chain;
    const { length } = readable;
    const room = host.maxRequestLen - length;
    if (host.gate !== Gate.OPEN || writable.length === 0 || room <= 0) {
      this.give(request.chain, this.fail(request));
      host.spare.push(request);
      return 0;
    }
    // More of W than a result can need is not told of: the status is put at its end here.
    request.writableLen = Math.min(writable.length, room);
    request.cost = length + request.writableLen;
    request.owner = this;
    host.budget.add(request.cost);
    this.enter(request);
    host.post(this.queue.index, request);
    return length;
  }

  protected override fail({ chain }: DataRequest): number {
    return writeFailure(chain.writable, Status.ERR);
  }

  protected override abandon(request: DataRequest): void {
    request.owner = this.#host.orphanage;
  }

  #pop(request: DataRequest): boolean {
    let isTaken = false;
    try {
      isTaken = this.queue.ring.pop(request.chain);
    } finally {
      if (!isTaken) this.#host.spare.push(request);
    }
    return isTaken;
  }

  #end(request: DataRequest, usedLen: number): void {
    request.owner = null;
    this.#host.budget.remove(request.cost);
    this.leave(request, usedLen);
    this.#host.spare.push(request);
  }
}
