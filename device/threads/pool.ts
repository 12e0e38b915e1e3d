/**
 * Device threads: workers that run the requests too slow to be run where they arrived.
 *
 * One pool serves all devices of a gateway. The thread that reads sockets hands whole queues over; a
 * thread has one queue at a time, runs what waits on it and gives it back. Devices take turns, and so do
 * the queues of one device.
 *
 * @module
 */

import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { AlgorithmSet } from "../algorithms/selection.ts";
import type { StartMessage, ThreadMessage, ThreadReport } from "./messages.ts";
import { describeOffered } from "./offered.ts";
import { type RunOptions, SharedRun } from "./shared_run.ts";
import { PoolWord, ThreadReady, ThreadWord, threadWords } from "./words.ts";

/** Most threads of a pool. */
export const MAX_THREADS = 64;

/**
 * Microseconds of work that run where they arrived. Handing over costs two wake-ups, 100 us of latency and
 * 15 us of this thread's time measured, so that less is not worth it.
 */
export const LOCAL_WORK = 200;

/**
 * Microseconds of one request that may run where it arrived while no thread is free: as long as a device
 * may keep the sockets waiting anyway, so that nobody's middling requests wait for slow ones.
 */
const SLICE_WORK = 4000;

/** Milliseconds that threads have to end by themselves, their contexts closed, before they are cut off. */
const END_GRACE_MS = 1000;

/** How a pool is made. */
export interface DeviceThreadsOptions {
  /** Threads, 1..{@link MAX_THREADS}. */
  readonly num: number;
  /** What the devices offer that the threads serve. */
  readonly algorithms: AlgorithmSet;
  /** Microseconds of work that a queue may have waiting to be run where it arrived; 0: none is. */
  readonly localWork?: number;
  /** Where libcrypto is; in the usual places without it. */
  readonly libcryptoPath?: string;
  /** Told when a thread has died; the device it was serving needs a reset then. */
  readonly onDeath?: (reason: string) => void;
  /** The module that threads run, for tests. */
  readonly module?: URL;
}

interface Job {
  readonly run: SharedRun;
  readonly index: number;
}

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  /** The queue it has. */
  job: Job | null;
}

/**
 * A pool of device threads. It starts them when the first of them is needed.
 *
 * @example
 * ```ts
 * import { ALL_ALGORITHMS, CryptoDevice } from "../crypto_device.ts";
 * import { DeviceThreads } from "./pool.ts";
 * const threads = new DeviceThreads({ num: 2, algorithms: ALL_ALGORITHMS });
 * const device = new CryptoDevice({ threads });
 * device.close();
 * await threads.close();
 * ```
 */
export class DeviceThreads {
  readonly #options: DeviceThreadsOptions;
  readonly #localWork: number;
  readonly #words: Int32Array;
  readonly #threads: (Thread | null)[];
  // Queues that wait, by device: the map's order is that of the devices' turns.
  readonly #waiting = new Map<SharedRun, number[]>();
  #numWaiting = 0;
  readonly #runs = new Map<number, SharedRun>();
  #lastRun = 0;
  #state: "new" | "started" | "failed" | "closed" = "new";
  #onLastEnded: () => void = () => {};

  /** @throws {RangeError} for a number of threads that cannot be */
  constructor(options: DeviceThreadsOptions) {
    const { num } = options;
    if (!Number.isInteger(num) || num < 1 || num > MAX_THREADS) {
      throw new RangeError(`Cannot have ${num} device threads: 1 to ${MAX_THREADS}`);
    }
    this.#options = options;
    this.#localWork = options.localWork ?? LOCAL_WORK;
    const len = threadWords(num) * Int32Array.BYTES_PER_ELEMENT;
    this.#words = new Int32Array(new SharedArrayBuffer(len));
    this.#threads = Array.from({ length: num }, () => null);
  }

  /** What the devices offer that the threads serve. */
  get algorithms(): AlgorithmSet {
    return this.#options.algorithms;
  }

  /** What the threads hold: devices they have served since those were reset, and open sessions. */
  get held(): { runs: number; sessions: number } {
    let runs = 0;
    let sessions = 0;
    for (let i = 0; i < this.#threads.length; i++) {
      runs += Atomics.load(this.#words, threadWords(i) + ThreadWord.NUM_RUNS);
      sessions += Atomics.load(this.#words, threadWords(i) + ThreadWord.NUM_SESSIONS);
    }
    return { runs, sessions };
  }

  /** Starts the threads, which takes them a moment; without it the first slow request does. */
  start(): void {
    if (this.#state !== "new") return;
    this.#state = "started";
    for (let i = 0; i < this.#threads.length; i++) this.#threads[i] = this.#startThread(i);
    void this.#watch();
  }

  /**
   * Whether work belongs to a thread, rather than where it arrived.
   *
   * @param total microseconds of all that waits on a queue
   * @param largest of the largest request among it
   */
  isWorthIt(total: number, largest: number): boolean {
    if (this.#state === "failed" || this.#state === "closed") return false;
    if (total <= this.#localWork) return false;
    return largest > SLICE_WORK || this.#localWork === 0 || this.#findFree(null) >= 0;
  }

  /** A device between two resets. */
  newRun(options: RunOptions): SharedRun {
    const run = new SharedRun(this, ++this.#lastRun, options);
    this.#runs.set(run.number, run);
    return run;
  }

  /** A run has ended. */
  forget(run: SharedRun): void {
    this.#runs.delete(run.number);
    this.#setWaiting(this.#numWaiting - (this.#waiting.get(run)?.length ?? 0));
    this.#waiting.delete(run);
  }

  /** Has a thread serve a queue as soon as one is free. */
  enqueue(run: SharedRun, index: number): void {
    const queues = this.#waiting.get(run);
    if (queues === undefined) this.#waiting.set(run, [index]);
    else queues.push(index);
    this.#setWaiting(this.#numWaiting + 1);
    this.start();
    this.#dispatch();
  }

  /** Takes back a queue that waits; false when a thread has it. */
  dequeue(run: SharedRun, index: number): boolean {
    const queues = this.#waiting.get(run) ?? [];
    const at = queues.indexOf(index);
    if (at < 0) return false;
    queues.splice(at, 1);
    if (queues.length === 0) this.#waiting.delete(run);
    this.#setWaiting(this.#numWaiting - 1);
    return true;
  }

  /** Sends a message and wakes the thread up to take it. */
  post(index: number, message: ThreadMessage): void {
    const thread = this.#threads[index];
    if (thread === null) return;
    thread.port.postMessage(message);
    this.#ring(index);
  }

  /** Ends the threads; devices are closed before. */
  async close(): Promise<void> {
    const wasStarted = this.#state === "started";
    this.#state = "closed";
    if (!wasStarted) return;
    Atomics.store(this.#words, PoolWord.STOP, 1);
    for (let i = 0; i < this.#threads.length; i++) this.#ring(i);
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#onLastEnded = resolve;
      timer = setTimeout(resolve, END_GRACE_MS);
      this.#look();
    });
    clearTimeout(timer);
    for (let i = 0; i < this.#threads.length; i++) this.#end(i);
    // Wakes the watch up, which ends then.
    Atomics.add(this.#words, PoolWord.EVENTS, 1);
    Atomics.notify(this.#words, PoolWord.EVENTS);
  }

  #startThread(index: number): Thread {
    const { module, algorithms, libcryptoPath } = this.#options;
    const url = module ?? new URL("./device_thread.ts", import.meta.url);
    const worker = new Worker(url, { type: "module", name: `device thread ${index}` });
    const { port1, port2 } = new MessageChannel();
    worker.addEventListener("error", (event) => {
      // Else it would end this process too.
      event.preventDefault();
      this.#died(index, worker, event.message);
    });
    const start: StartMessage = {
      thread: index,
      words: this.#words.buffer as SharedArrayBuffer,
      port: port2,
      offered: describeOffered(algorithms),
      libcryptoPath,
    };
    worker.postMessage(start, [port2 as unknown as Transferable]);
    return { worker, port: port1, job: null };
  }

  #ring(index: number): void {
    const at = threadWords(index) + ThreadWord.DOORBELL;
    Atomics.add(this.#words, at, 1);
    Atomics.notify(this.#words, at);
  }

  // Looks whenever a thread has something to tell. The wait keeps no process alive.
  async #watch(): Promise<void> {
    while (this.#threads.some((thread) => thread !== null)) {
      const seen = Atomics.load(this.#words, PoolWord.EVENTS);
      this.#look();
      const next = Atomics.waitAsync(this.#words, PoolWord.EVENTS, seen);
      if (next.async) await next.value;
    }
  }

  #look(): void {
    const touched = new Set<SharedRun>();
    for (let i = 0; i < this.#threads.length; i++) {
      const thread = this.#threads[i];
      if (thread === null) continue;
      const at = threadWords(i);
      const isReady = Atomics.load(this.#words, at + ThreadWord.READY);
      const isBusy = Atomics.load(this.#words, at + ThreadWord.BUSY) === 1;
      this.#takeReports(thread, touched);
      const { job } = thread;
      if (job !== null) {
        job.run.look(job.index);
        touched.add(job.run);
        if (!isBusy) thread.job = null;
      }
      if (isReady === ThreadReady.ENDED) this.#end(i);
    }
    this.#dispatch();
    for (const run of touched) run.progressed();
  }

  #takeReports(thread: Thread, touched: Set<SharedRun>): void {
    let received = receiveMessageOnPort(thread.port);
    for (; received !== undefined; received = receiveMessageOnPort(thread.port)) {
      const { kind, run: number, reason } = received.message as ThreadReport;
      const run = this.#runs.get(number);
      if (run === undefined) continue;
      touched.add(run);
      if (kind === "fault") run.failed(reason);
      else run.brokeDown(reason);
    }
  }

  // Gives free threads queues that wait: one of each device in turn.
  #dispatch(): void {
    for (const [run, queues] of this.#waiting) {
      const free = this.#findFree(run);
      if (free < 0) return;
      this.#waiting.delete(run);
      const index = queues.shift();
      if (index === undefined) continue;
      this.#setWaiting(this.#numWaiting - 1);
      // Behind all others; the loop comes to it again.
      if (queues.length > 0) this.#waiting.set(run, queues);
      this.#give(free, { run, index });
    }
  }

  // A thread that could take a queue now, one that knows the device if possible; -1 when there is none.
  #findFree(run: SharedRun | null): number {
    let free = -1;
    for (let i = 0; i < this.#threads.length; i++) {
      const isReady = Atomics.load(this.#words, threadWords(i) + ThreadWord.READY);
      if (this.#threads[i]?.job !== null || isReady !== ThreadReady.READY) continue;
      free = i;
      if (run === null || run.knownBy.has(i)) break;
    }
    return free;
  }

  #give(index: number, job: Job): void {
    const thread = this.#threads[index];
    if (thread === null) return;
    thread.job = job;
    if (!job.run.knownBy.has(index)) {
      job.run.knownBy.add(index);
      thread.port.postMessage(job.run.describe());
    }
    const at = threadWords(index);
    Atomics.store(this.#words, at + ThreadWord.RUN, job.run.number);
    Atomics.store(this.#words, at + ThreadWord.QUEUE, job.index);
    Atomics.store(this.#words, at + ThreadWord.BUSY, 1);
    this.#ring(index);
  }

  #setWaiting(num: number): void {
    this.#numWaiting = num;
    Atomics.store(this.#words, PoolWord.WAITING, num);
  }

  // A worker has failed: what it was at is lost, all else goes on with another in its place.
  #died(index: number, worker: Worker, reason: string): void {
    const thread = this.#threads[index];
    if (thread === null || thread.worker !== worker) return;
    const wasReady = Atomics.load(this.#words, threadWords(index) + ThreadWord.READY) !== 0;
    this.#end(index);
    this.#words.fill(0, threadWords(index), threadWords(index + 1));
    for (const run of this.#runs.values()) run.knownBy.delete(index);
    // One that cannot even start would do no better the next time.
    if (wasReady && this.#state === "started") this.#threads[index] = this.#startThread(index);
    this.#options.onDeath?.(reason);
    const { job } = thread;
    if (job !== null) {
      job.run.lose(job.index);
      job.run.brokeDown(`Device thread ended: ${reason}`);
    }
    if (this.#threads.every((each) => each === null)) this.#fail();
    else this.#dispatch();
  }

  // Without any thread all requests run where they arrive.
  #fail(): void {
    if (this.#state === "started") this.#state = "failed";
    for (const [run, queues] of [...this.#waiting]) {
      for (const index of [...queues]) run.recall(index);
      run.progressed();
    }
  }

  #end(index: number): void {
    const thread = this.#threads[index];
    if (thread === null) return;
    this.#threads[index] = null;
    thread.worker.terminate();
    thread.port.close();
    if (this.#threads.every((each) => each === null)) this.#onLastEnded();
  }
}
