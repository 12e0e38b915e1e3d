/**
 * The runner: what drains queues joins the virtio device, its rings and the engine here, and nowhere
 * else.
 *
 * @module
 */

import { ALGORITHMS } from "./algorithms/list.ts";
import { AlgorithmSet } from "./algorithms/selection.ts";
import { Engine, type WireLayout } from "./engine/engine.ts";
import { GuestMemory, type MemoryRegion } from "./memory/guest_memory.ts";
import { BrokenRingError } from "./ring/broken_ring_error.ts";
import { DescriptorChain } from "./ring/descriptor_chain.ts";
import type { SplitDeviceQueue } from "./ring/split_device_queue.ts";
import { SessionJournal } from "./engine/session_journal.ts";
import type { DeviceThreads } from "./threads/pool.ts";
import type { SharedRun } from "./threads/shared_run.ts";
import { encodeConfig } from "./virtio/config_space.ts";
import { ALL_FEATURES, type FeatureSet } from "./virtio/features.ts";
import { VirtioDevice } from "./virtio/virtio_device.ts";
import { CryptoFeature, SERVICES } from "./wire/constants.ts";
import { Interrupt } from "./wire/registers.ts";

/** Ring size a driver may set up at most. */
export const QUEUE_NUM_MAX = 1024;
/** Data queues a device can have. */
export const MAX_DATA_QUEUES = 64;

/** How a device is made; every field has a default. */
export interface CryptoDeviceOptions {
  /** Memory the driver's rings and buffers lie in. */
  readonly memory?: GuestMemory;
  /** Data queues, 1..64; the control queue comes on top. Default 4. */
  readonly queues?: number;
  /** Bound on the sum of a request's declared lengths, in bytes. Default 4 MiB. */
  readonly maxSize?: number;
  /** Sessions open at a time. Default 1024. */
  readonly maxSessions?: number;
  /** Form of the stateless CIPHER body. Default `v19`. */
  readonly layout?: WireLayout;
  /** Features offered. Default: all. */
  readonly features?: FeatureSet;
  /** Algorithms offered. Default: all. */
  readonly algorithms?: AlgorithmSet;
  /** Called when InterruptStatus gains bits. */
  readonly interrupt?: (bits: number) => void;
  /** Called when a driver broke its ring: once, with the reason; the device then needs a reset. */
  readonly onBrokenRing?: (error: BrokenRingError) => void;
  /** Called with a fault of ours; the request was answered with ERR. */
  readonly onFault?: (fault: unknown) => void;
  /** Threads for what {@link CryptoDevice.serve} had better not run here; of the same algorithms. */
  readonly threads?: DeviceThreads;
  /** Called when threads have done something for this device: the driver looks at its queues. */
  readonly onProgress?: () => void;
}

/** Everything this build can offer, made once. */
export const ALL_ALGORITHMS: AlgorithmSet = new AlgorithmSet(ALGORITHMS);

/** Requests a device has dealt with, for those who watch it. */
export interface DeviceCounters {
  /** Completed requests, whatever their status. */
  requests: number;
  /** Rings broken by the driver. */
  brokenRings: number;
  /** Requests that failed through a fault of ours. */
  faults: number;
}

// How much work may pass between two looks at the clock, in bytes of request. A look takes 150 ns.
const CLOCK_EVERY = 64 * 1024;
// What a request without bytes counts for.
const MIN_WORK = 64;

/**
 * A virtio-crypto device: registers and rings on one side, the engine on the other.
 *
 * @example
 * ```ts
 * import { CryptoDevice } from "./crypto_device.ts";
 * const device = new CryptoDevice({ queues: 2 });
 * device.virtio.readRegister(0x008); // 20: a crypto device
 * device.controlQueue; // 2
 * ```
 */
export class CryptoDevice {
  readonly virtio: VirtioDevice;
  readonly memory: GuestMemory;
  readonly counters: DeviceCounters = { requests: 0, brokenRings: 0, faults: 0 };
  /** Index of the control queue, behind the data queues. */
  readonly controlQueue: number;
  readonly #engine: Engine;
  readonly #threads: DeviceThreads | undefined;
  readonly #newRun: () => SharedRun | null;
  // This device between two resets, as threads see it; made when they are first needed.
  #run: SharedRun | null = null;
  readonly #onBrokenRing: (error: BrokenRingError) => void;
  // One for all queues: a request is finished before the next is taken.
  readonly #chain: DescriptorChain = new DescriptorChain();

  constructor(options: CryptoDeviceOptions = {}) {
    const queues = options.queues ?? 4;
    if (!Number.isInteger(queues) || queues < 1 || queues > MAX_DATA_QUEUES) {
      throw new RangeError(
        `Cannot make a device with ${queues} data queues: 1 to ${MAX_DATA_QUEUES}`,
      );
    }
    const algorithms = options.algorithms ?? ALL_ALGORITHMS;
    const maxSize = options.maxSize ?? 4 * 1024 * 1024;
    const onFault = options.onFault ?? (() => {});
    this.memory = options.memory ?? new GuestMemory();
    this.controlQueue = queues;
    this.#onBrokenRing = options.onBrokenRing ?? (() => {});
    const { threads } = options;
    if (threads !== undefined && threads.algorithms !== algorithms) {
      throw new RangeError("Cannot use threads of other algorithms than the device's");
    }
    const maxSessions = options.maxSessions ?? 1024;
    const layout = options.layout ?? "v19";
    const failed = (fault: unknown) => {
      this.counters.faults++;
      onFault(fault);
    };
    this.#threads = threads;
    this.#engine = new Engine({
      algorithms,
      maxSize,
      maxSessions,
      layout,
      onFault: failed,
      newJournal: threads === undefined
        ? undefined
        : () => SessionJournal.create(maxSessions, (openers) => this.#run?.sweep(openers)),
    });
    this.#newRun = () =>
      threads?.newRun({
        memory: this.memory,
        numQueues: queues + 1,
        maxSize,
        layout,
        modes: this.#engine.modes,
        journal: () => this.#engine.journal,
        events: {
          completed: (num) => {
            this.counters.requests += num;
            this.virtio.raise(Interrupt.USED_BUFFER);
          },
          progressed: options.onProgress ?? (() => {}),
          brokeDown: (reason) => this.#breakDown(new BrokenRingError(reason)),
          failed,
        },
      }) ?? null;
    this.virtio = new VirtioDevice({
      memory: this.memory,
      offered: options.features ?? ALL_FEATURES,
      config: encodeConfig({
        ready: true,
        maxDataqueues: queues,
        algorithms: algorithms.masks,
        maxCipherKeyLen: algorithms.maxCipherKeyLen,
        maxAuthKeyLen: algorithms.maxAuthKeyLen,
        maxSize,
      }),
      numQueues: queues + 1,
      queueNumMax: QUEUE_NUM_MAX,
      interrupt: options.interrupt,
      backend: {
        negotiated: (features) => this.#negotiated(features),
        notified: (queue) => void this.drain(queue),
        reset: () => this.#reset(),
      },
    });
  }

  /** Open sessions. */
  get numSessions(): number {
    return this.#engine.numSessions;
  }

  /**
   * Runs the requests that wait on a queue, and tells the driver of all of them at once.
   *
   * @param deadline `performance.now()` after which no further request is begun
   * @returns whether requests still wait
   */
  drain(index: number, deadline = Infinity): boolean {
    let queue: SplitDeviceQueue | null = null;
    try {
      queue = this.virtio.queue(index);
      if (queue === null) return false;
      let hasMore = this.#runQueue(queue, index, deadline);
      this.#publish(queue);
      // Those that came while the last were run, unless the time is up, or the driver has stopped the
      // queue from the interrupt: its memory is no longer ours.
      while (!hasMore && this.virtio.queue(index) === queue && queue.enableNotification()) {
        // A driver that runs beside this thread can add one whenever one is done.
        if (deadline !== Infinity && performance.now() >= deadline) return true;
        hasMore = this.#runQueue(queue, index, deadline);
        this.#publish(queue);
      }
      return hasMore;
    } catch (error) {
      if (!(error instanceof BrokenRingError)) throw error;
      // What was done before the break is the driver's to see.
      if (queue !== null && this.virtio.queue(index) === queue) this.#publish(queue);
      this.#breakDown(error);
      return false;
    } finally {
      // A region may be unmapped until the next request comes: nothing here may keep its memory.
      this.#chain.release();
      this.#engine.rest();
    }
  }

  /**
   * What a data request costs, in microseconds, guessed from its first bytes and its length.
   *
   * @param readable its device-readable bytes, the fixed part at least
   * @param len the larger of its readable and its writable bytes
   */
  cost(readable: Uint8Array, len: number): number {
    return this.#engine.cost(readable, len);
  }

  /**
   * Lets the requests that wait on a queue run: here, as drain() does, or in a device thread when they
   * are worth one. A thread that has the queue already comes to them by itself.
   *
   * @param total microseconds of all that waits, as cost() has it
   * @param largest of the largest request among it
   * @param deadline as in drain()
   * @returns whether requests still wait that are to be run here
   */
  serve(index: number, total: number, largest: number, deadline: number): boolean {
    if (this.isAway(index)) return false;
    const isData = index !== this.controlQueue;
    if (isData && this.#threads?.isWorthIt(total, largest) === true && this.#handOver(index)) {
      return false;
    }
    return this.drain(index, deadline);
  }

  /** Whether a device thread has the queue: nothing is run on it here, and nothing of it is changed. */
  isAway(index: number): boolean {
    if (this.#run === null) return false;
    this.#run.look(index);
    return this.#run.isAway(index);
  }

  /**
   * Tells threads of memory that has come and of sessions. The driver calls it before it publishes
   * requests that need them.
   *
   * @returns false when it has to wait with these until onProgress tells
   */
  share(): boolean {
    return this.#run === null || this.#run.share();
  }

  /**
   * Asks for a queue back that a thread has; onProgress tells when it may be.
   *
   * @returns whether no thread has it
   */
  recall(index: number): boolean {
    return this.#run === null || this.#run.recall(index);
  }

  /**
   * Whether threads have begun all requests published on queues that they have: these run to their end
   * whatever happens to their sessions. When not, onProgress tells of each that is begun.
   */
  get hasBegunAll(): boolean {
    return this.#run === null || this.#run.hasBegunAll();
  }

  /**
   * Gives up what threads have in hand. What they still write goes to memory as it is mapped now, which
   * the driver therefore lets go.
   */
  abandon(): void {
    this.#run?.close();
    this.#run = null;
  }

  /** Ends the device: sessions are closed, their keys overwritten, memory let go. */
  close(): void {
    this.virtio.writeStatus(0);
    for (const region of [...this.memory.regions]) this.memory.remove(region);
  }

  // Whether requests may be left: the deadline has passed.
  #runQueue(queue: SplitDeviceQueue, index: number, deadline: number): boolean {
    const chain = this.#chain;
    const engine = this.#engine;
    const isControl = index === this.controlQueue;
    let unclocked = 0;
    while (queue.pop(chain)) {
      const { readable, writable } = chain;
      const usedLen = isControl
        ? engine.control(readable, writable)
        : engine.begin(readable, writable, queue.nextUsed);
      this.counters.requests++;
      queue.push(chain.head, usedLen);
      unclocked += readable.length + writable.length + MIN_WORK;
      if (unclocked >= CLOCK_EVERY && deadline !== Infinity) {
        unclocked = 0;
        if (performance.now() >= deadline) return true;
      }
    }
    return false;
  }

  // False when there is nothing to run, or threads cannot reach it.
  #handOver(index: number): boolean {
    if (!this.memory.regions.every(isShared) || !this.virtio.isReady(index)) return false;
    try {
      const queue = this.virtio.queue(index);
      if (queue === null || queue.isEmpty) return false;
      this.#run ??= this.#newRun();
      this.#run?.handOver(index, queue);
      return this.#run !== null;
    } catch (error) {
      // A ring outside memory: drain() meets it again and breaks down.
      if (error instanceof BrokenRingError) return false;
      throw error;
    }
  }

  #publish(queue: SplitDeviceQueue): void {
    for (const position of this.#engine.finish()) queue.amend(position, 1);
    if (queue.publish()) this.virtio.raise(Interrupt.USED_BUFFER);
  }

  #negotiated(features: FeatureSet): void {
    this.#engine.negotiate({
      mux: features.has(CryptoFeature.MUX_MODE),
      // The stateless bits stand in the order of the services' numbers.
      stateless: SERVICES.map((service) =>
        features.has(CryptoFeature.CIPHER_STATELESS_MODE + service)
      ),
    });
  }

  #breakDown(error: BrokenRingError): void {
    this.abandon();
    this.counters.brokenRings++;
    this.virtio.needsReset();
    this.#chain.release();
    this.#onBrokenRing(error);
  }

  #reset(): void {
    this.abandon();
    this.#engine.reset();
    this.#chain.release();
  }
}

function isShared({ bytes }: MemoryRegion): boolean {
  return bytes.buffer instanceof SharedArrayBuffer;
}
