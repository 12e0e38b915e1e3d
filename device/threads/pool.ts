/**
 * Device threads: workers that run the requests too slow to be run where they arrived.
 *
 * One pool serves all devices of a gateway. The thread that reads sockets hands whole queues over; a
 * thread has one queue at a time, runs what waits on it and gives it back. Devices take turns, and so do
 * the queues of one device.
 *
 * @module
 */

import type { AlgorithmSet } from "../algorithms/selection.ts";
import type { ThreadReport } from "./messages.ts";
import { describeOffered } from "./offered.ts";
import { type RunOptions, SharedRun } from "./shared_run.ts";
import { ThreadHandle } from "./thread_handle.ts";
import { PoolWord, ThreadReady, threadWords } from "./words.ts";

/** Most threads of a pool. */
export const MAX_THREADS = 64;

/**
 * Microseconds of work that run where they arrived. Handing a lone request over and hearing of its end took
 * 100 us where both CPUs were idle and 250 us where other programs ran (median of 300, KASUMI of 64 B to
 * 64 KiB, 3 ms between them), so that less work would take longer in a thread, or not much less.
 */
export const LOCAL_WORK = 500;

/**
 * Microseconds of one request that may run where it arrived while no thread is free: as long as a device
 * may keep the sockets waiting anyway, so that nobody's middling requests wait for slow ones. At 4000 a
 * client with requests of 3 ms had `GET /healthz` take 40 ms (p99) beside one thread.
 */
const SLICE_WORK = 2000;

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
  readonly #threads: (ThreadHandle | null)[];
  // Queues that wait, by device: the map's order is that of the devices' turns.
  readonly #waiting = new Map<SharedRun, number[]>();
  #numWaiting = 0;
  // Devices for which something has been done that they have not been told of.
  readonly #touched = new Set<SharedRun>();
  readonly #reports: ThreadReport[] = [];
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
    const each = this.#threads.map((thread) => thread?.held ?? { runs: 0, sessions: 0 });
    return {
      runs: each.reduce((sum, { runs }) => sum + runs, 0),
      sessions: each.reduce((sum, { sessions }) => sum + sessions, 0),
    };
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
    // Until they are ready nothing is handed over that can be run where it arrived.
    this.start();
    return largest > SLICE_WORK || this.#localWork === 0 || this.#findFree(null) !== null;
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
    this.#touched.delete(run);
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

  /** The threads that have a queue of a device. */
  holdersOf(run: SharedRun): ThreadHandle[] {
    return this.#threads.filter((thread): thread is ThreadHandle => thread?.job?.run === run);
  }

  /** Ends the threads; devices are closed before. */
  async close(): Promise<void> {
    const wasStarted = this.#state === "started";
    this.#state = "closed";
    if (!wasStarted) return;
    Atomics.store(this.#words, PoolWord.STOP, 1);
    for (const thread of this.#threads) thread?.wake();
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#onLastEnded = resolve;
      timer = setTimeout(resolve, END_GRACE_MS);
      this.#look();
    });
    clearTimeout(timer);
    for (const thread of this.#threads) if (thread !== null) this.#end(thread);
    // Wakes the watch up, which ends then.
    Atomics.add(this.#words, PoolWord.EVENTS, 1);
    Atomics.notify(this.#words, PoolWord.EVENTS);
  }

  #startThread(index: number): ThreadHandle {
    const { module, algorithms, libcryptoPath } = this.#options;
    const start = {
      thread: index,
      words: this.#words.buffer as SharedArrayBuffer,
      offered: describeOffered(algorithms),
      libcryptoPath,
    };
    const url = module ?? new URL("./device_thread.ts", import.meta.url);
    return new ThreadHandle(url, start, (thread, reason) => this.#died(thread, reason));
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
    for (const thread of this.#threads) {
      if (thread === null) continue;
      this.#lookAt(thread);
      if (thread.state === ThreadReady.ENDED) this.#end(thread);
    }
    this.#dispatch();
    for (const { kind, run, reason } of this.#reports.splice(0)) {
      if (kind === "fault") this.#runs.get(run)?.failed(reason);
      else this.#runs.get(run)?.brokeDown(reason);
    }
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const run of touched) run.progressed();
  }

  // Notes what a thread has done. Its devices are told by the next look at all, for they may well hand
  // over more at once.
  #lookAt(thread: ThreadHandle): void {
    const { isIdle, job } = thread;
    for (let report = thread.takeReport(); report !== null; report = thread.takeReport()) {
      this.#reports.push(report);
    }
    if (job === null) return;
    job.run.look(job.index);
    this.#touched.add(job.run);
    if (isIdle) thread.job = null;
  }

  // Gives free threads queues that wait: one of each device in turn.
  #dispatch(): void {
    for (const [run, queues] of this.#waiting) {
      const free = this.#findFree(run);
      if (free === null) return;
      this.#waiting.delete(run);
      const index = queues.shift();
      if (index === undefined) continue;
      this.#setWaiting(this.#numWaiting - 1);
      // Behind all others; the loop comes to it again.
      if (queues.length > 0) this.#waiting.set(run, queues);
      free.give({ run, index });
    }
  }

  // A thread that could take a queue now, one that knows the device if possible.
  #findFree(run: SharedRun | null): ThreadHandle | null {
    let free: ThreadHandle | null = null;
    for (const thread of this.#threads) {
      if (thread === null || !thread.isIdle) continue;
      // It may be through with its queue and not have been looked at since.
      if (thread.job !== null) this.#lookAt(thread);
      if (run === null || run.isKnownBy(thread)) return thread;
      free ??= thread;
    }
    return free;
  }

  #setWaiting(num: number): void {
    this.#numWaiting = num;
    Atomics.store(this.#words, PoolWord.WAITING, num);
  }

  // A thread has failed: what it was at is lost, all else goes on with another in its place.
  #died(thread: ThreadHandle, reason: string): void {
    const { index, job } = thread;
    if (this.#threads[index] !== thread) return;
    const wasReady = thread.state !== ThreadReady.STARTING;
    this.#end(thread);
    for (const run of this.#runs.values()) run.forgetThread(thread);
    // One that cannot even start would do no better the next time.
    if (wasReady && this.#state === "started") this.#threads[index] = this.#startThread(index);
    this.#options.onDeath?.(reason);
    if (job !== null) {
      job.run.look(job.index);
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

  #end(thread: ThreadHandle): void {
    this.#threads[thread.index] = null;
    thread.end();
    if (this.#threads.every((each) => each === null)) this.#onLastEnded();
  }
}
