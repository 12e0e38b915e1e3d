/**
 * A device thread as the thread with the sockets holds it: its worker, its words, and what it was told.
 *
 * @module
 */

import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { StartMessage, ThreadMessage, ThreadReport } from "./messages.ts";
import type { SharedRun } from "./shared_run.ts";
import { ThreadReady, ThreadWord, threadWords } from "./words.ts";

/**
 * Messages that a thread may have left to take before it is told no more of a device: while it is at a slow
 * request, a driver could change its rings and memory without end.
 */
const MAX_BACKLOG = 8;

/** One queue of one device. */
export interface Job {
  readonly run: SharedRun;
  readonly index: number;
}

/** See the module's comment. */
export class ThreadHandle {
  readonly index: number;
  /** The queue it has. */
  job: Job | null = null;
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  #numSent = 0;

  /**
   * Starts a thread.
   *
   * @param onDeath told when it has failed
   */
  constructor(
    module: URL,
    start: Omit<StartMessage, "port">,
    onDeath: (thread: ThreadHandle, reason: string) => void,
  ) {
    this.index = start.thread;
    this.#words = new Int32Array(start.words);
    this.#at = threadWords(start.thread);
    this.#words.fill(0, this.#at, this.#at + ThreadWord.SIZE);
    this.#worker = new Worker(module, { type: "module", name: `device thread ${start.thread}` });
    this.#worker.addEventListener("error", (event) => {
      // Else it would end this process too.
      event.preventDefault();
      onDeath(this, event.message);
    });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const message: StartMessage = { ...start, port: port2 };
    this.#worker.postMessage(message, [port2 as unknown as Transferable]);
  }

  /** How far it is. */
  get state(): number {
    return this.#load(ThreadWord.READY);
  }

  /** Whether it could take a queue, once that which it had has been looked at. */
  get isIdle(): boolean {
    return this.state === ThreadReady.READY && this.#load(ThreadWord.BUSY) === 0;
  }

  /** Whether it has so much left to take that it is told no more for now. */
  get isBehind(): boolean {
    return this.#numSent - this.#load(ThreadWord.NUM_TAKEN) >= MAX_BACKLOG;
  }

  /** Devices and sessions that it holds. */
  get held(): { runs: number; sessions: number } {
    return { runs: this.#load(ThreadWord.NUM_RUNS), sessions: this.#load(ThreadWord.NUM_SESSIONS) };
  }

  /** Sends a message and wakes the thread up to take it. */
  post(message: ThreadMessage): void {
    this.#send(message);
    this.wake();
  }

  /** Gives it a queue, and before it what it has to know of the device. */
  give(job: Job): void {
    this.job = job;
    const news = job.run.newsFor(this);
    if (news !== null) this.#send(news);
    Atomics.store(this.#words, this.#at + ThreadWord.RUN, job.run.number);
    Atomics.store(this.#words, this.#at + ThreadWord.QUEUE, job.index);
    Atomics.store(this.#words, this.#at + ThreadWord.BUSY, 1);
    this.wake();
  }

  /** Wakes it up. */
  wake(): void {
    Atomics.add(this.#words, this.#at + ThreadWord.DOORBELL, 1);
    Atomics.notify(this.#words, this.#at + ThreadWord.DOORBELL);
  }

  /** The next report it has made, or null. */
  takeReport(): ThreadReport | null {
    const received = receiveMessageOnPort(this.#port);
    return received === undefined ? null : received.message as ThreadReport;
  }

  /** Ends it, if it is in the midst of a request behind that. */
  end(): void {
    this.#worker.terminate();
    this.#port.close();
  }

  #send(message: ThreadMessage): void {
    this.#numSent++;
    this.#port.postMessage(message);
  }

  #load(word: number): number {
    return Atomics.load(this.#words, this.#at + word);
  }
}
