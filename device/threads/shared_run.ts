/**
 * One device between two resets, as device threads are shown it: its words, and what they have to know.
 *
 * @module
 */

import type { NegotiatedModes, WireLayout } from "../engine/engine.ts";
import type { SessionJournal } from "../engine/session_journal.ts";
import type { GuestMemory } from "../memory/guest_memory.ts";
import type { SplitDeviceQueue } from "../ring/split_device_queue.ts";
import type { RunMessage, SharedQueue, SharedRegion } from "./messages.ts";
import type { DeviceThreads } from "./pool.ts";
import type { ThreadHandle } from "./thread_handle.ts";
import { openerBit, QueueWord, queueWords, RunWord } from "./words.ts";

/** What the device is told of its queues. */
export interface RunEvents {
  /** Requests of a queue have been given back. */
  completed(num: number): void;
  /** Threads have done something for this device: completions, begun requests, a queue given back. */
  progressed(): void;
  /** A driver broke its ring, or the thread that had a queue died. */
  brokeDown(reason: string): void;
  /** A request failed through a fault of ours. */
  failed(reason: string): void;
}

/** What a run is made of. */
export interface RunOptions {
  readonly memory: GuestMemory;
  readonly numQueues: number;
  readonly maxSize: number;
  readonly layout: WireLayout;
  readonly modes: NegotiatedModes;
  readonly journal: () => SessionJournal | null;
  readonly events: RunEvents;
}

interface Away {
  readonly queue: SplitDeviceQueue;
  generation: number;
  isAway: boolean;
  // Where completions have been counted up to.
  position: number;
}

/** See the module's comment. */
export class SharedRun {
  // Threads that have been told of this run, and of which state of it.
  readonly #knownBy = new Map<ThreadHandle, number>();
  readonly #threads: DeviceThreads;
  readonly #options: RunOptions;
  readonly #number: number;
  readonly #words: Int32Array;
  readonly #away: (Away | undefined)[] = [];
  #numAway = 0;
  #memoryVersion = -1;
  #journal: SessionJournal | null = null;
  #generation = 0;
  // Grows with whatever describe() tells.
  #revision = 0;
  #isClosed = false;

  constructor(threads: DeviceThreads, number: number, options: RunOptions) {
    this.#threads = threads;
    this.#number = number;
    this.#options = options;
    const numWords = queueWords(options.numQueues);
    this.#words = new Int32Array(new SharedArrayBuffer(numWords * Int32Array.BYTES_PER_ELEMENT));
  }

  /** By which threads know the run. */
  get number(): number {
    return this.#number;
  }

  /** Whether a thread has been told of this run. */
  isKnownBy(thread: ThreadHandle): boolean {
    return this.#knownBy.has(thread);
  }

  /** What a thread has to know before it serves this run; null when it knows. */
  newsFor(thread: ThreadHandle): RunMessage | null {
    if (this.#knownBy.get(thread) === this.#revision) return null;
    this.#knownBy.set(thread, this.#revision);
    return this.#describe(Atomics.load(this.#words, RunWord.VERSION));
  }

  /** A thread is no more. */
  forgetThread(thread: ThreadHandle): void {
    this.#knownBy.delete(thread);
  }

  /** Tells the device that its threads have done something. */
  progressed(): void {
    if (!this.#isClosed) this.#options.events.progressed();
  }

  /** Tells the device that it cannot go on; the device ends this run. */
  brokeDown(reason: string): void {
    if (this.#isClosed) return;
    const { events } = this.#options;
    events.brokeDown(reason);
    events.progressed();
  }

  /** Tells the device of a fault. */
  failed(reason: string): void {
    if (!this.#isClosed) this.#options.events.failed(reason);
  }

  /** Whether a thread has the queue, or is to have it. */
  isAway(index: number): boolean {
    return this.#away[index]?.isAway === true;
  }

  /**
   * Tells the threads that have queues of this device of memory and sessions that have come since the last
   * call, before requests that need them are published.
   *
   * @returns false when one of them has not taken what it was told before: it does when it is through
   *   with the request it is at, and the device is told then
   */
  share(): boolean {
    const { memory, journal } = this.#options;
    if (this.#memoryVersion === memory.version && this.#journal === journal()) return true;
    const holders = this.#threads.holdersOf(this);
    if (holders.some((thread) => thread.isBehind)) return false;
    this.#memoryVersion = memory.version;
    this.#journal = journal();
    this.#revision++;
    const version = (Atomics.load(this.#words, RunWord.VERSION) + 1) | 0;
    for (const thread of holders) {
      this.#knownBy.set(thread, this.#revision);
      thread.post(this.#describe(version));
    }
    // Behind the messages: who sees the version can take them.
    Atomics.store(this.#words, RunWord.VERSION, version);
    return true;
  }

  /** Hands a queue over: a thread runs what waits on it. */
  handOver(index: number, queue: SplitDeviceQueue): void {
    const away = this.#awayOf(index, queue);
    const at = queueWords(index);
    away.isAway = true;
    away.position = queue.lastAvail;
    this.#numAway++;
    Atomics.store(this.#words, at + QueueWord.POSITION, queue.lastAvail);
    Atomics.store(this.#words, at + QueueWord.BEGUN, queue.lastAvail);
    Atomics.store(this.#words, at + QueueWord.STOP, 0);
    Atomics.store(this.#words, at + QueueWord.AWAY, 1);
    this.share();
    this.#threads.enqueue(this, index);
  }

  /** Counts what a thread has completed on a queue, and takes the queue back if it was given back. */
  look(index: number): void {
    const away = this.#away[index];
    if (away === undefined || !away.isAway || this.#isClosed) return;
    const at = queueWords(index);
    // In this order: the position of a queue that was given back is the last.
    const isBack = Atomics.load(this.#words, at + QueueWord.AWAY) === 0;
    const position = Atomics.load(this.#words, at + QueueWord.POSITION);
    const num = (position - away.position) & 0xffff;
    away.position = position;
    if (isBack) this.#takeBack(away);
    if (num > 0) this.#options.events.completed(num);
  }

  /** The thread that had a queue is no more: nobody knows how far it got. */
  lose(index: number): void {
    const away = this.#away[index];
    if (away?.isAway === true) this.#takeBack(away);
  }

  /**
   * Asks for a queue back after the request that is being run.
   *
   * @returns whether it is back
   */
  recall(index: number): boolean {
    this.look(index);
    const away = this.#away[index];
    if (away === undefined || !away.isAway) return true;
    Atomics.store(this.#words, queueWords(index) + QueueWord.STOP, 1);
    if (!this.#threads.dequeue(this, index)) return false;
    // No thread has had it yet.
    this.#takeBack(away);
    return true;
  }

  /**
   * Whether every request that has been published on a queue that is away has been begun; when not, the
   * device is told when that changes.
   */
  hasBegunAll(): boolean {
    if (this.#numAway === 0) return true;
    // Before the look: a thread that begins one after it sees that it is watched.
    Atomics.store(this.#words, RunWord.WATCHED, 1);
    return this.#away.every((away, index) =>
      away?.isAway !== true ||
      Atomics.load(this.#words, queueWords(index) + QueueWord.BEGUN) === away.queue.availIdx
    );
  }

  /** Sessions have ended that these threads have opened. */
  sweep(openers: number): void {
    for (const thread of this.#knownBy.keys()) {
      if ((openers & openerBit(thread.index)) !== 0) {
        thread.post({ kind: "sweep", run: this.#number });
      }
    }
  }

  /** Ends the run: threads leave off after the request they are at and let everything go. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    Atomics.store(this.#words, RunWord.CLOSED, 1);
    for (const thread of this.#knownBy.keys()) thread.post({ kind: "leave", run: this.#number });
    this.#threads.forget(this);
  }

  // All a thread has to know.
  #describe(version: number): RunMessage {
    const { memory, maxSize, layout, modes, journal } = this.#options;
    const queues: SharedQueue[] = this.#away.flatMap((away, index) =>
      away === undefined ? [] : [{ index, generation: away.generation, config: away.queue.config }]
    );
    return {
      kind: "run",
      run: this.#number,
      version,
      words: this.#words.buffer as SharedArrayBuffer,
      maxSize,
      layout,
      mux: modes.mux,
      stateless: modes.stateless,
      regions: memory.regions.flatMap(sharedRegion),
      queues,
      journal: journal()?.memory ?? null,
    };
  }

  #awayOf(index: number, queue: SplitDeviceQueue): Away {
    const known = this.#away[index];
    if (known?.queue === queue) return known;
    const away = { queue, generation: ++this.#generation, isAway: false, position: 0 };
    this.#away[index] = away;
    this.#revision++;
    return away;
  }

  #takeBack(away: Away): void {
    away.isAway = false;
    this.#numAway--;
    away.queue.goOnAt(away.position);
  }
}

// Memory that is not shared cannot be reached by threads: a chain in it breaks the ring there. The
// runner hands no queue over while there is such memory.
function sharedRegion({ start, bytes }: GuestMemory["regions"][number]): SharedRegion[] {
  const { buffer, byteOffset, length } = bytes;
  if (!(buffer instanceof SharedArrayBuffer)) return [];
  return [{ start, buffer, offset: byteOffset, len: length }];
}
