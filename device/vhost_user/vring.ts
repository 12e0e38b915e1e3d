/**
 * One ring of a connection: what the front-end's messages have said of it, and the queue that runs on it.
 *
 * @module
 */

import type { GuestMemory } from "../memory/guest_memory.ts";
import { SplitDeviceQueue } from "../ring/split_device_queue.ts";
import { MAX_QUEUE_SIZE } from "../ring/split_layout.ts";
import type { VhostQueue } from "./backend.ts";
import type { Libc } from "./libc.ts";
import type { MappedMemory } from "./mapped_memory.ts";
import { ProtocolError } from "./message_socket.ts";

/** Where the front-end has the parts of a ring: addresses of its own. */
export interface RingAddresses {
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
}

/** File descriptors that a ring has. */
export type RingFd = "kick" | "call" | "err";

class RunningQueue implements VhostQueue {
  readonly index: number;
  readonly ring: SplitDeviceQueue;
  isRunning = true;
  readonly #vring: Vring;

  constructor(vring: Vring, ring: SplitDeviceQueue) {
    this.index = vring.index;
    this.ring = ring;
    this.#vring = vring;
  }

  publish(): void {
    if (this.isRunning && this.ring.publish()) this.#vring.signal("call");
  }
}

/** See the module's comment. */
export class Vring {
  readonly index: number;
  isEnabled = false;
  /** Whether requests may be on the ring that no kick will tell of. */
  hasMore = false;
  /** Whether its queue is to stop, and the backend has not let go of it yet. */
  isStopping = false;
  readonly #libc: Libc;
  #size = 0;
  #base = 0;
  #addresses: RingAddresses | null = null;
  readonly #fds: Record<RingFd, number> = { kick: -1, call: -1, err: -1 };
  #queue: RunningQueue | null = null;

  constructor(libc: Libc, index: number) {
    this.#libc = libc;
    this.index = index;
  }

  /** The queue while it runs. */
  get queue(): VhostQueue | null {
    return this.#queue;
  }

  /** Whether its queue runs and goes on to. */
  get isServed(): boolean {
    return this.#queue !== null && !this.isStopping;
  }

  /** Where the device stands in the available ring, mod 2^16. */
  get base(): number {
    return this.#queue?.ring.lastAvail ?? this.#base;
  }

  set base(base: number) {
    this.#requireStopped("base");
    if (base > 0xffff) throw new ProtocolError(`Base ${base} of ring ${this.index}`);
    this.#base = base;
  }

  set size(size: number) {
    this.#requireStopped("size");
    const isPowerOf2 = size > 0 && (size & (size - 1)) === 0;
    if (!isPowerOf2 || size > MAX_QUEUE_SIZE) {
      throw new ProtocolError(`Size ${size} of ring ${this.index}`);
    }
    this.#size = size;
  }

  set addresses(addresses: RingAddresses) {
    this.#requireStopped("addresses");
    this.#addresses = addresses;
  }

  /** The eventfd that the guest kicks; -1 without one. */
  get kickFd(): number {
    return this.#fds.kick;
  }

  /** Takes over a file descriptor, -1 for none, in place of the one before. */
  setFd(kind: RingFd, fd: number): void {
    this.#libc.close(this.#fds[kind]);
    this.#fds[kind] = fd;
    // The one before may have been kicked.
    if (kind === "kick" && this.#queue !== null) this.hasMore = true;
  }

  /** Whether nothing is missing for the queue to run. */
  get canRun(): boolean {
    return this.#queue === null && this.isEnabled && this.#fds.kick >= 0 && this.#size > 0 &&
      this.#addresses !== null;
  }

  /**
   * Lets the queue run, from its base on.
   *
   * @throws {ProtocolError} when the ring does not lie in a region of the memory table
   * @throws {BrokenRingError} when a part of it is misplaced
   */
  start(memory: GuestMemory, mapped: MappedMemory, eventIdx: boolean): void {
    if (this.#addresses === null) return;
    const { desc, avail, used } = this.#addresses;
    const ring = new SplitDeviceQueue(memory, {
      size: this.#size,
      desc: mapped.guestAddress(desc),
      driver: mapped.guestAddress(avail),
      device: mapped.guestAddress(used),
      eventIdx,
    });
    ring.resumeAt(this.#base);
    this.#queue = new RunningQueue(this, ring);
    // A kick may have been another back-end's, which died of it.
    this.hasMore = true;
  }

  /** The queue runs no longer; its backend has let go of it. */
  stopped(): void {
    if (this.#queue === null) return;
    this.#base = this.#queue.ring.lastAvail;
    this.#queue.isRunning = false;
    this.#queue = null;
    this.hasMore = false;
    this.isStopping = false;
  }

  /** Signals one of the ring's file descriptors, if there is one. */
  signal(kind: "call" | "err"): void {
    const fd = this.#fds[kind];
    if (fd >= 0) this.#libc.signal(fd);
  }

  /** Closes the ring's file descriptors. */
  close(): void {
    for (const kind of ["kick", "call", "err"] as const) this.setFd(kind, -1);
  }

  #requireStopped(what: string): void {
    if (this.#queue !== null) {
      throw new ProtocolError(`New ${what} of ring ${this.index}, which runs`);
    }
  }
}
