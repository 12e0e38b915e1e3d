/**
 * One device as a device thread sees it: an engine of its own, and the device's memory and rings.
 *
 * @module
 */

import type { AlgorithmSet } from "../algorithms/selection.ts";
import { Engine } from "../engine/engine.ts";
import { FollowedSessions } from "../engine/followed_sessions.ts";
import { SessionJournal } from "../engine/session_journal.ts";
import { GuestMemory } from "../memory/guest_memory.ts";
import { BrokenRingError } from "../ring/broken_ring_error.ts";
import type { DescriptorChain } from "../ring/descriptor_chain.ts";
import { SplitDeviceQueue } from "../ring/split_device_queue.ts";
import type { RunMessage } from "./messages.ts";
import { QueueWord, queueWords, RunWord } from "./words.ts";

/**
 * Milliseconds after which completed requests are shown to the driver though more wait, so that each goes
 * out soon. Telling costs the other thread some 10 us, a fiftieth of it.
 */
const PUBLISH_MS = 0.5;
/** Milliseconds of a turn, beyond the request that it ends with, when other queues wait. */
const TURN_MS = 10;

/** What a turn asks of the thread it runs in. */
export interface TurnHost {
  /** Whether another queue waits, or the thread is to end. */
  readonly isWanted: boolean;
  /** Takes the messages that have come. */
  takeMessages(): void;
  /** Tells the thread with the sockets to look. */
  tell(): void;
}

interface Ring {
  readonly generation: number;
  readonly queue: SplitDeviceQueue;
}

/** See the module's comment. */
export class ThreadRun {
  readonly #words: Int32Array;
  readonly #memory: GuestMemory = new GuestMemory();
  readonly #sessions: FollowedSessions;
  readonly #engine: Engine;
  readonly #rings: (Ring | undefined)[] = [];
  readonly #shared: (RunMessage["queues"][number] | undefined)[] = [];
  #version = -1;
  #hasJournal = false;

  /** @param opener this thread's bit in session journals */
  constructor(
    message: RunMessage,
    algorithms: AlgorithmSet,
    opener: number,
    onFault: (fault: unknown) => void,
  ) {
    this.#words = new Int32Array(message.words);
    this.#sessions = new FollowedSessions(algorithms, opener, onFault);
    this.#engine = new Engine({
      algorithms,
      maxSize: message.maxSize,
      // None is created here.
      maxSessions: 1,
      layout: message.layout,
      onFault,
      sessions: this.#sessions,
    });
    this.#engine.negotiate({ mux: message.mux, stateless: message.stateless });
    this.update(message);
  }

  /** Sessions open here. */
  get numSessions(): number {
    return this.#sessions.size;
  }

  /** Takes over what has changed. */
  update(message: RunMessage): void {
    for (const region of [...this.#memory.regions]) this.#memory.remove(region);
    for (const { start, buffer, offset, len } of message.regions) {
      this.#memory.add(start, new Uint8Array(buffer, offset, len));
    }
    this.#shared.length = 0;
    for (const shared of message.queues) this.#shared[shared.index] = shared;
    this.#rings.forEach((ring, index) => {
      if (ring?.generation !== this.#shared[index]?.generation) this.#rings[index] = undefined;
    });
    if (message.journal !== null && !this.#hasJournal) {
      this.#hasJournal = true;
      this.#sessions.follow(new SessionJournal(message.journal));
    }
    this.#version = message.version;
  }

  /** Closes the sessions that have ended. */
  sweep(): void {
    this.#sessions.sweep();
  }

  /** Closes all sessions; the run is not used afterwards. */
  close(): void {
    this.#sessions.close();
  }

  /**
   * Runs the requests that wait on a queue, and gives the queue back.
   *
   * @throws {BrokenRingError} when the driver broke its ring; what was done before can be seen
   */
  turn(index: number, chain: DescriptorChain, host: TurnHost): void {
    const words = this.#words;
    const at = queueWords(index);
    let queue: SplitDeviceQueue | null = null;
    let isBack = true;
    this.#sessions.onFound = () => this.#noteBegun(at, queue?.lastAvail ?? 0, host);
    try {
      queue = this.#ring(index);
      queue.goOnAt(Atomics.load(words, at + QueueWord.POSITION));
      this.#run(queue, at, chain, host);
    } catch (error) {
      // A fault ends this thread. The queue goes back with the news of that, not before it: what else waits on
      // it is not to be run as if nothing had happened.
      isBack = error instanceof BrokenRingError;
      throw error;
    } finally {
      chain.release();
      this.#engine.rest();
      if (queue !== null && Atomics.load(words, RunWord.CLOSED) === 0) this.#publish(queue, at);
      this.#sessions.sweep();
      if (isBack) Atomics.store(words, at + QueueWord.AWAY, 0);
    }
  }

  #run(queue: SplitDeviceQueue, at: number, chain: DescriptorChain, host: TurnHost): void {
    const words = this.#words;
    const start = performance.now();
    let published = start;
    while (Atomics.load(words, at + QueueWord.STOP) === 0 && !queue.isEmpty) {
      // Memory comes and goes only before requests that need it are published, and the news is sent
      // before that: having seen the requests, this thread can see it.
      if (Atomics.load(words, RunWord.VERSION) !== this.#version) host.takeMessages();
      if (Atomics.load(words, RunWord.CLOSED) !== 0) return;
      // A driver may have taken its index back since.
      if (!queue.pop(chain)) return;
      const usedLen = this.#engine.data(chain.readable, chain.writable);
      if (Atomics.load(words, RunWord.CLOSED) !== 0) {
        // Nobody reads this memory any more, but what was deciphered into it shall not outlive it.
        chain.writable.wipe(0, chain.writable.length);
        return;
      }
      queue.push(chain.head, usedLen);
      this.#noteBegun(at, queue.lastAvail, host);
      this.#sessions.sweep();
      const now = performance.now();
      if (now - published >= PUBLISH_MS) {
        published = now;
        this.#publish(queue, at);
        host.tell();
      }
      if (host.isWanted && now - start >= TURN_MS) return;
    }
  }

  // The ring's half as this thread has it, made anew when the driver has set the queue up anew.
  #ring(index: number): SplitDeviceQueue {
    const known = this.#rings[index];
    if (known !== undefined) return known.queue;
    const shared = this.#shared[index];
    if (shared === undefined) throw new Error(`Queue ${index} of a run is not known`);
    const queue = new SplitDeviceQueue(this.#memory, shared.config);
    this.#rings[index] = { generation: shared.generation, queue };
    return queue;
  }

  #publish(queue: SplitDeviceQueue, at: number): void {
    queue.publish();
    Atomics.store(this.#words, at + QueueWord.POSITION, queue.lastAvail);
  }

  #noteBegun(at: number, position: number, host: TurnHost): void {
    const words = this.#words;
    Atomics.store(words, at + QueueWord.BEGUN, position);
    if (Atomics.load(words, RunWord.WATCHED) === 0) return;
    Atomics.store(words, RunWord.WATCHED, 0);
    host.tell();
  }
}
