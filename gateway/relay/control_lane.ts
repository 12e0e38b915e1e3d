/**
 * The control queue of a guest that has it as a virtqueue.
 *
 * @module
 */

import { DescriptorChain, MemoryBytes, Status } from "../../device/mod.ts";
import type { VhostQueue } from "../../device/mod.ts";
import { ControlKind, controlKind, createAnswer, destroyAnswer } from "./control_format.ts";
import type { GuestControl } from "./guest_sessions.ts";
import { Lane, type LaneEntry, type LaneHost } from "./lane.ts";

/** What the control queue has of its relay. */
export interface ControlHost extends LaneHost {
  /** Most bytes of a control request that mean anything. */
  readonly maxControlLen: number;
  /** Runs a control request; it is answered before this returns, or later. */
  control(control: GuestControl): void;
}

/** Control requests under way at most: drivers have one. */
const MAX_REQUESTS = 64;

/** One request of the control queue. */
class ControlEntry implements LaneEntry, GuestControl {
  readonly chain: DescriptorChain = new DescriptorChain();
  readonly #onAnswer: (entry: ControlEntry, written: Uint8Array) => void;
  at = 0;
  readable: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  isAbandoned = false;

  constructor(onAnswer: (entry: ControlEntry, written: Uint8Array) => void) {
    this.#onAnswer = onAnswer;
  }

  get writableLen(): number {
    return this.chain.writable.length;
  }

  answer(written: Uint8Array): void {
    if (!this.isAbandoned) this.#onAnswer(this, written);
  }
}

/** See the module's comment. */
export class ControlLane extends Lane<ControlEntry> {
  readonly #host: ControlHost;

  constructor(queue: VhostQueue, host: ControlHost) {
    super(queue, host);
    this.#host = host;
  }

  protected override hasRoom(numTaken: number): boolean {
    return numTaken < MAX_REQUESTS;
  }

  protected override begin(): number {
    const entry = new ControlEntry((entry, written) => this.leave(entry, write(entry, written)));
    const { chain } = entry;
    if (!this.queue.ring.pop(chain)) return -1;
    if (entry.writableLen === 0) {
      this.give(chain, 0);
      return 0;
    }
    const { readable } = chain;
    // What stands behind the keys is of no meaning, and not kept.
    entry.readable = new Uint8Array(Math.min(readable.length, this.#host.maxControlLen));
    readable.copyTo(0, new MemoryBytes(entry.readable), 0, entry.readable.length);
    this.enter(entry);
    this.#host.control(entry);
    return readable.length;
  }

  protected override fail(entry: ControlEntry): number {
    const { readable, writableLen } = entry;
    const isDestroy = controlKind(readable) === ControlKind.DESTROY;
    const answer = isDestroy ? destroyAnswer : createAnswer;
    return write(entry, answer(Status.ERR, writableLen));
  }

  protected override abandon(entry: ControlEntry): void {
    entry.isAbandoned = true;
  }
}

function write({ chain }: ControlEntry, written: Uint8Array): number {
  chain.writable.copyFrom(0, written);
  return written.length;
}
