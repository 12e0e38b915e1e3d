/**
 * One front-end's connection, from its first message to the last byte unmapped.
 *
 * Whatever a front-end does wrong ends its connection, with a reason, and nothing else. A connection has no
 * loop of its own: {@link serveBlocking} or {@link serveAsync} waits for what {@link VhostConnection.watch}
 * names, and calls {@link VhostConnection.turn}.
 *
 * @module
 */

import { GuestMemory } from "../memory/guest_memory.ts";
import { BrokenRingError } from "../ring/broken_ring_error.ts";
import type { FeatureSet } from "../virtio/features.ts";
import { VirtioFeature } from "../wire/constants.ts";
import type { MakeBackend, VhostBackend, VhostHost, VhostQueue } from "./backend.ts";
import { type Libc, SystemError } from "./libc.ts";
import { MappedMemory, type TableRow } from "./mapped_memory.ts";
import { type Message, MessageSocket, ProtocolError } from "./message_socket.ts";
import type { PollSet } from "./poll_set.ts";
import {
  CONFIG_CHANGE_MSG,
  HeaderFlag,
  ProtocolFeature,
  requestName,
  type RequestShape,
  SHAPES,
} from "./protocol.ts";
import { type ConnectionState, HANDLERS, LATER } from "./requests.ts";
import { Vring } from "./vring.ts";

/** Queues of a device at most, the control queue included. */
export const MAX_QUEUES = 65;
/** File descriptors of one connection that are waited for, at most. */
export const MAX_WATCHED: number = MAX_QUEUES + 2;

/** What a connection is made of. */
export interface ConnectionOptions {
  readonly libc: Libc;
  /** The connected socket, non-blocking; the connection closes it. */
  readonly fd: number;
  readonly makeBackend: MakeBackend;
  /**
   * Whether memory is taken that its owner can truncate: that ends the process with SIGBUS, which
   * therefore serves nobody else. Default false.
   */
  readonly isUnsealed?: boolean;
  /** Called when the loop is to turn though nothing it watches is ready. */
  readonly wake?: () => void;
}

/** See the module's comment. */
export class VhostConnection implements VhostHost, ConnectionState {
  readonly backend: VhostBackend;
  readonly vrings: readonly Vring[];
  features: FeatureSet | null = null;
  protocolFeatures = 0;
  acceptsProtocolFeatures = false;
  readonly #libc: Libc;
  readonly #socket: MessageSocket;
  readonly #memory: GuestMemory = new GuestMemory();
  readonly #mapped: MappedMemory;
  readonly #wake: () => void;
  #backendFd = -1;
  #endReason: string | null = null;
  // Why it is to end, as somebody else than the loop has found.
  #failure: string | null = null;
  #isInTurn = false;
  // Whether a message waits for its backend: the next is not read before, its file descriptors are kept.
  #isAnswering = false;
  #keptFds: number[] = [];
  readonly #continuations: (() => void)[] = [];

  constructor(options: ConnectionOptions) {
    const { libc, fd, isUnsealed = false } = options;
    this.#libc = libc;
    this.#socket = new MessageSocket(libc, fd);
    this.#mapped = new MappedMemory(libc, this.#memory, isUnsealed);
    this.#wake = options.wake ?? (() => {});
    this.backend = options.makeBackend(this);
    const { numQueues } = this.backend;
    if (numQueues > MAX_QUEUES) throw new RangeError(`Cannot serve ${numQueues} queues`);
    this.vrings = Array.from({ length: numQueues }, (_, i) => new Vring(libc, i));
  }

  /** Why the connection has ended; null while it has not. */
  get endReason(): string | null {
    return this.#endReason;
  }

  /** Whether turn() is to be called without waiting. */
  get isUrgent(): boolean {
    return this.#failure !== null || this.#continuations.length > 0 ||
      this.vrings.some(({ hasMore, isServed }) => hasMore && isServed);
  }

  /** Adds what the connection waits for to a set. */
  watch(set: PollSet): void {
    set.add(this.#socket.fd, !this.#isAnswering);
    for (const vring of this.vrings) if (vring.isServed) set.add(vring.kickFd);
  }

  /**
   * Does what there is to do.
   *
   * @param set as watch() has left it, waited for
   * @param first the place of the connection's first file descriptor in it
   */
  turn(set: PollSet, first: number): void {
    if (this.#endReason !== null) return;
    this.#isInTurn = true;
    try {
      for (let next = this.#continuations.shift(); next; next = this.#continuations.shift()) next();
      this.#runQueues(set, first + 1);
      if (!this.#isAnswering && set.isReady(first)) this.#receive();
      if (this.#failure !== null) this.end(this.#failure);
    } catch (error) {
      if (!isEndOfConnection(error)) {
        this.end("fault of ours");
        throw error;
      }
      this.end(error.message);
    } finally {
      this.#isInTurn = false;
    }
  }

  /** Ends the connection: nothing of it is left. */
  end(reason: string): void {
    if (this.#endReason !== null) return;
    this.#endReason = reason;
    for (const vring of this.vrings) vring.stopped();
    try {
      this.backend.close();
    } finally {
      this.#mapped.unmap();
      for (const vring of this.vrings) vring.close();
      this.#closeKeptFds();
      this.#libc.close(this.#backendFd);
      this.#socket.close();
    }
  }

  configChanged(): boolean {
    const isTaken = this.#endReason === null && this.#backendFd >= 0 &&
      this.hasProtocolFeature(ProtocolFeature.CONFIG);
    if (isTaken) {
      try {
        this.#socket.send(CONFIG_CHANGE_MSG, 0, new Uint8Array(0), this.#backendFd);
      } catch (error) {
        if (!isEndOfConnection(error)) throw error;
        this.fail(error.message);
      }
    }
    return isTaken;
  }

  resume(queue: VhostQueue): void {
    const vring = this.vrings[queue.index];
    if (vring.queue !== queue) return;
    vring.hasMore = true;
    this.#wakeUp();
  }

  fail(reason: string): void {
    this.#failure ??= reason;
    this.#wakeUp();
  }

  hasProtocolFeature(bit: number): boolean {
    return Math.floor(this.protocolFeatures / 2 ** bit) % 2 === 1;
  }

  setBackendFd(fd: number): void {
    this.#libc.close(this.#backendFd);
    this.#backendFd = fd;
  }

  /** The ring a message names. */
  vring(index: number): Vring {
    const { numRings } = this;
    if (index >= numRings) throw new ProtocolError(`Ring ${index} of a device with ${numRings}`);
    return this.vrings[index];
  }

  /** Rings that the front-end may set up: one that keeps the control queue to itself has no ring for it. */
  get numRings(): number {
    const hasControl = !this.hasProtocolFeature(ProtocolFeature.CRYPTO_SESSION);
    return hasControl ? this.vrings.length : this.vrings.length - 1;
  }

  prepareEventFd(fd: number): void {
    this.#libc.setNonblocking(fd);
  }

  startQueues(): void {
    if (this.features === null || !this.#mapped.isMapped) return;
    const eventIdx = this.features.has(VirtioFeature.RING_EVENT_IDX);
    for (const vring of this.vrings) {
      if (vring.canRun) vring.start(this.#memory, this.#mapped, eventIdx);
    }
  }

  stopQueues(vrings: readonly Vring[], then: () => void): void {
    const running = vrings.filter(({ queue }) => queue !== null);
    let left = running.length;
    if (left === 0) return then();
    for (const vring of running) {
      const { queue } = vring;
      if (queue === null) continue;
      vring.isStopping = true;
      this.backend.stop(queue, () => {
        if (vring.queue !== queue) return;
        vring.stopped();
        if (--left === 0) this.#continue(then);
      });
    }
  }

  mapMemory(rows: readonly TableRow[], fds: readonly number[]): void {
    this.#mapped.map(rows, fds);
  }

  later(run: (done: (reply?: Uint8Array) => void) => void, message: Message): typeof LATER {
    const { request, flags, fds } = message;
    this.#isAnswering = true;
    this.#keptFds = fds.splice(0);
    run((reply) =>
      this.#continue(() => {
        this.#isAnswering = false;
        this.#closeKeptFds();
        this.#answer(request, flags, reply);
      })
    );
    return LATER;
  }

  // What goes on with the connection runs in its turn, never in the midst of what a backend is at.
  #continue(next: () => void): void {
    if (this.#endReason !== null) return;
    if (this.#isInTurn) return next();
    this.#continuations.push(next);
    this.#wakeUp();
  }

  #wakeUp(): void {
    if (!this.#isInTurn) this.#wake();
  }

  #runQueues(set: PollSet, first: number): void {
    let place = first;
    for (const vring of this.vrings) {
      if (!vring.isServed) continue;
      const { queue, kickFd } = vring;
      // A continuation may have changed the rings since the set was made: then the next wait tells.
      const isKicked = set.isAt(place, kickFd) && set.isReady(place++) && this.#takeKick(vring);
      if (queue === null || !(isKicked || vring.hasMore)) continue;
      vring.hasMore = false;
      try {
        if (this.backend.kicked(queue)) vring.hasMore = true;
      } catch (error) {
        if (error instanceof BrokenRingError) vring.signal("err");
        throw error;
      }
    }
  }

  #closeKeptFds(): void {
    for (const fd of this.#keptFds.splice(0)) this.#libc.close(fd);
  }

  #takeKick(vring: Vring): boolean {
    if (this.#libc.takeEvent(vring.kickFd)) return true;
    throw new ProtocolError(`The kick of ring ${vring.index} has come to its end`);
  }

  #receive(): void {
    const message = this.#socket.receive();
    if (message === null) return;
    if (message === "end") return this.end("closed by the front-end");
    try {
      this.#handle(message);
    } finally {
      for (const fd of message.fds) this.#libc.close(fd);
    }
  }

  #handle(message: Message): void {
    const { request, flags, body, fds } = message;
    const name = requestName(request);
    if (name === undefined) throw new ProtocolError(`Unknown request ${request}`);
    checkShape(name, SHAPES[name], body.byteLength, fds.length);
    const reply = HANDLERS[name](this, message);
    if (reply !== LATER) this.#answer(request, flags, reply ?? undefined);
  }

  #answer(request: number, flags: number, reply: Uint8Array | undefined): void {
    this.#socket.wipe();
    const wantsAck = (flags & HeaderFlag.NEED_REPLY) !== 0 &&
      this.hasProtocolFeature(ProtocolFeature.REPLY_ACK);
    const payload = reply ?? (wantsAck ? new Uint8Array(8) : undefined);
    if (payload !== undefined) this.#socket.send(request, HeaderFlag.REPLY, payload);
  }
}

function checkShape(name: string, shape: RequestShape, size: number, numFds: number): void {
  if (size < shape.minSize || size > shape.maxSize) {
    throw new ProtocolError(`${name} of ${size} bytes`);
  }
  if (numFds > shape.maxFds) throw new ProtocolError(`${name} with ${numFds} file descriptors`);
}

// What the front-end has done, or what has become of its file descriptors.
function isEndOfConnection(error: unknown): error is Error {
  return error instanceof ProtocolError || error instanceof BrokenRingError ||
    error instanceof SystemError;
}
