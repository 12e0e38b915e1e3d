/**
 * The driver's halves of a remoted device's queues, and the memory of their requests.
 *
 * @module
 */

import { type CryptoDevice, VirtioFeature } from "../device/mod.ts";
import { Arena } from "./arena.ts";
import type { RecordReader, RecordWriter } from "./records.ts";
import { RemoteQueue } from "./remote_queue.ts";
import { ringBase } from "./remote_registers.ts";

// Guest-physical address of the arena, above all rings.
const ARENA_BASE = 2 ** 32;
// An arena that has grown beyond this goes when the device has had nothing to do for a while.
const KEPT_ARENA_LEN = 1024 * 1024;
const ARENA_IDLE_MS = 10_000;

// So much memory keeps the device busy, or so many requests of the length that found no room: it does not
// grow further, each doubling leaves what it replaces to the garbage collector.
const ENOUGH_ARENA_LEN = 1024 * 1024;
const ENOUGH_REQUESTS = 8;
// Requests that are run together: those of a longer message would push each other out of the cache before
// they are answered (256 of 64 B in a message: 8 % slower all at once).
const BATCH = 32;
// Up to so many bytes all requests count alike, in microseconds: to look up what each of them is would cost
// more than knowing it is worth.
const SHORT_LEN = 256;
/** Bytes of a short request at most, readable and writable. */
export const MAX_SHORT_SUBMIT_LEN: number = 2 * SHORT_LEN;
const SHORT_COST = 2;

// Answers are sent on when so many bytes of them have gathered.
const ENOUGH_ANSWERS_LEN = 64 * 1024;

/** What became of a request that was put on a ring. */
export type SubmitOutcome = "submitted" | "later" | "stopped";

/** See the module's comment. */
export class RequestQueues {
  /** Requests the device has not given back. */
  numInFlight = 0;
  /** Bytes of those requests, readable and writable. */
  bytesInFlight = 0;
  /** Whether requests wait that are to be run in this thread and have not been given time. */
  hasUndrained = false;
  readonly #device: CryptoDevice;
  readonly #arena: Arena;
  readonly #answers: RecordWriter;
  readonly #send: () => void;
  readonly #breakAfter: number | undefined;
  #queues: (RemoteQueue | undefined)[] = [];
  #numSubmits = 0;
  // Of the last drain, and the queue that the next one begins with.
  #lastDeadline = 0;
  #firstQueue = 0;
  // Submitted since the last drain.
  #numWaiting = 0;
  // Whether what waits was put on the control queue.
  #waitsOnControl = false;
  // Whether what waits has to do so until threads have taken what they were told.
  #isHeldUp = false;
  // A queue that is to end as soon as it is back from its thread: nothing more is run on it.
  #ending = -1;
  #isBroken = false;
  // Bytes of a request for which the arena had no room, though the ring had; 0 without one.
  #shortLen = 0;
  #lastUse = 0;
  #arenaTimer: ReturnType<typeof setInterval> | undefined;

  /**
   * @param maxRequestLen most bytes of one request, readable and writable
   * @param maxRequests most requests in flight
   * @param answers where requests that are done are answered
   * @param send sends them on, because there are many
   * @param breakAfter a test option: the ring is broken after so many requests
   */
  constructor(
    device: CryptoDevice,
    maxRequestLen: number,
    maxRequests: number,
    answers: RecordWriter,
    send: () => void,
    breakAfter: number | undefined,
  ) {
    this.#device = device;
    this.#answers = answers;
    this.#send = send;
    this.#breakAfter = breakAfter;
    // Room for two of the largest requests: one in work, one on its way.
    const limit = 2 * (maxRequestLen + 32);
    this.#arena = new Arena(device.memory, ARENA_BASE, limit, maxRequests);
  }

  /**
   * Puts a record's request on a queue that is ready, with a ring of `size`, and those of short SUBMITs to the
   * same queue that follow it.
   *
   * @param record a SUBMIT
   * @param maxMore how many of those that follow may be taken
   * @returns `later` when there was no room for it before the deadline, or none until device threads have
   *   made some; `stopped` when making room broke the device
   */
  submit(
    index: number,
    size: number,
    record: RecordReader,
    maxMore: number,
    deadline: number,
  ): SubmitOutcome {
    const { id, payloadLen, payloadOffset, value: writableLen } = record;
    // Records are executed in order, and a session is made on one queue and used on others.
    const isControl = index === this.#device.controlQueue;
    const isOther = isControl !== this.#waitsOnControl;
    if (isOther && (this.hasUndrained || this.#isHeldUp)) this.drain(deadline);
    const isInOrder = !isOther || !(this.hasUndrained || this.#isHeldUp);
    if (!isInOrder || (isControl && this.#isTooEarly(deadline))) return "later";
    const cost = isControl ? 0 : this.#costOf(record);
    while (this.#device.virtio.running) {
      const queue = this.#open(index, size);
      // It grows while it is empty only, which while threads are at work is later than it was short.
      if (this.#shortLen > 0 && this.#arena.isEmpty) {
        const enough = Math.max(ENOUGH_ARENA_LEN, ENOUGH_REQUESTS * this.#shortLen);
        if (this.#arena.capacity < enough) this.#arena.double();
        this.#shortLen = 0;
      }
      if (queue.submit(id, record, payloadOffset, payloadLen, writableLen, cost)) {
        this.#submitted(queue, payloadLen + writableLen, isControl);
        if (!isControl) this.#submitMore(index, queue, record, maxMore);
        if (this.#numWaiting >= BATCH) this.drain(deadline);
        return "submitted";
      }
      // The ring or the memory is full: what is there has to be done first.
      if (queue.hasRoom) this.#shortLen = payloadLen + writableLen;
      const before = this.numInFlight;
      this.drain(deadline);
      if (this.hasUndrained || (this.numInFlight === before && before > 0)) return "later";
    }
    return "stopped";
  }

  /**
   * Lets the device run what waits, in this thread until the deadline, and takes what it completed, in this
   * thread or others.
   *
   * @param deadline `performance.now()` after which no further request is begun, one excepted: the first
   *   drain with a deadline always gets on
   */
  drain(deadline: number): void {
    this.hasUndrained = false;
    this.#isHeldUp = false;
    this.#numWaiting = 0;
    if (this.numInFlight === 0) return;
    const isShared = this.#device.share();
    this.#isHeldUp = !isShared;
    // Asked of the clock only when something depends on it: that takes 150 ns.
    let isFirst = deadline !== this.#lastDeadline;
    let hasTime = true;
    this.#lastDeadline = deadline;
    const num = this.#queues.length;
    const first = this.#firstQueue;
    for (let i = 0; i < num; i++) {
      const index = (first + i) % num;
      const queue = this.#queues[index];
      if (queue === undefined || queue.numInFlight === 0) continue;
      // Else nothing more is run on it for now.
      if (isShared && index !== this.#ending) {
        hasTime &&= isFirst || performance.now() < deadline;
        isFirst = false;
        if (!hasTime && !this.#device.isAway(index)) {
          this.hasUndrained = true;
        } else if (this.#serve(index, queue, deadline)) {
          this.hasUndrained = true;
          hasTime = false;
          // The next time it is the others' turn.
          this.#firstQueue = index + 1;
        }
      }
      this.#answer(index, queue);
    }
    this.#arena.wipeFreed();
  }

  #answer(index: number, queue: RemoteQueue): void {
    const hasStatus = index !== this.#device.controlQueue;
    // Whoever was sent something may have ended the queue, and with it all that was in flight.
    while (this.#queues[index] === queue) {
      const before = queue.bytesInFlight;
      this.numInFlight -= queue.answer(index, hasStatus, this.#answers, ENOUGH_ANSWERS_LEN);
      this.bytesInFlight -= before - queue.bytesInFlight;
      if (this.#answers.length < ENOUGH_ANSWERS_LEN) return;
      this.#send();
    }
  }

  /** Bytes of device memory for requests, in flight or not. */
  get memoryLen(): number {
    return this.#arena.capacity;
  }

  /** Ends a queue: gives up what is in flight on it and returns the ids of those records. */
  abandon(index: number): number[] {
    const queue = this.#queues[index];
    if (index === this.#ending) this.#ending = -1;
    if (queue === undefined) return [];
    this.#queues[index] = undefined;
    const { ids, bytes } = queue.abandon(this.#device);
    this.#arena.wipeFreed();
    this.numInFlight -= ids.length;
    this.bytesInFlight -= bytes;
    return ids;
  }

  /**
   * Whether a queue can be ended: no device thread has it. When not, the device asks for it back and
   * tells when it is.
   */
  canEnd(index: number): boolean {
    if (this.#queues[index] === undefined || this.#device.recall(index)) return true;
    this.#ending = index;
    return false;
  }

  /** Ends all queues and lets their memory go. */
  abandonAll(): number[] {
    // First: what threads still do goes to memory that nobody looks at any more.
    this.#device.abandon();
    const ids = this.#queues.flatMap((_, index) => this.abandon(index));
    this.hasUndrained = false;
    this.#isHeldUp = false;
    this.#isBroken = false;
    this.#ending = -1;
    this.#releaseArena();
    return ids;
  }

  // Publishes what is new on a queue; whether requests wait that are to be run in this thread.
  #serve(index: number, queue: RemoteQueue, deadline: number): boolean {
    // A publish would put the index of a ring that was broken on purpose right again.
    if (!this.#isBroken) queue.publish();
    return this.#device.serve(index, queue.cost, queue.largestCost, deadline);
  }

  // Whether requests that were submitted earlier have not been begun: a session made or ended by a control
  // request now would be another one to them than in order.
  #isTooEarly(deadline: number): boolean {
    if (!this.#hasNotBegun) return false;
    this.drain(deadline);
    return this.#hasNotBegun;
  }

  // Whether requests of data queues wait, for this thread or for another.
  get #hasNotBegun(): boolean {
    return (this.hasUndrained && !this.#waitsOnControl) || this.#isHeldUp ||
      !this.#device.hasBegunAll;
  }

  #costOf(record: RecordReader): number {
    const len = Math.max(record.payloadLen, record.value);
    return len <= SHORT_LEN ? SHORT_COST : this.#device.cost(record.payload, len);
  }

  // What was found out for the request in front of them holds for these.
  #submitMore(index: number, queue: RemoteQueue, record: RecordReader, maxMore: number): void {
    if (this.#breakAfter !== undefined) return;
    const max = Math.min(maxMore, BATCH - this.#numWaiting);
    const before = queue.bytesInFlight;
    const num = queue.submitShort(record, index, max, SHORT_LEN, SHORT_COST);
    this.numInFlight += num;
    this.#numWaiting += num;
    this.bytesInFlight += queue.bytesInFlight - before;
  }

  #submitted(queue: RemoteQueue, len: number, isControl: boolean): void {
    this.numInFlight++;
    this.#numWaiting++;
    this.bytesInFlight += len;
    this.hasUndrained = true;
    this.#waitsOnControl = isControl;
    if (this.#arena.capacity > KEPT_ARENA_LEN) {
      this.#lastUse = performance.now();
      this.#arenaTimer ??= setInterval(() => this.#releaseIdleArena(), ARENA_IDLE_MS);
    }
    if (++this.#numSubmits === this.#breakAfter) {
      queue.publish();
      queue.breakRing();
      this.#isBroken = true;
      this.drain(Infinity);
    }
  }

  // A ring gets its memory with its first request: an idle connection has none.
  #open(index: number, size: number): RemoteQueue {
    const eventIdx = this.#device.virtio.features.has(VirtioFeature.RING_EVENT_IDX);
    return this.#queues[index] ??= new RemoteQueue(
      this.#device,
      this.#arena,
      ringBase(index),
      size,
      eventIdx,
    );
  }

  #releaseIdleArena(): void {
    if (this.numInFlight > 0 || performance.now() - this.#lastUse < ARENA_IDLE_MS) return;
    this.#releaseArena();
  }

  #releaseArena(): void {
    clearInterval(this.#arenaTimer);
    this.#arenaTimer = undefined;
    this.#arena.release();
  }
}
