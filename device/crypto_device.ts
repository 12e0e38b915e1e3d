/**
 * The runner: what drains queues joins the virtio device, its rings and the engine here, and nowhere
 * else.
 *
 * @module
 */

import { ALGORITHMS } from "./algorithms/list.ts";
import { AlgorithmSet } from "./algorithms/selection.ts";
import { Engine, type WireLayout } from "./engine/engine.ts";
import { GuestMemory } from "./memory/guest_memory.ts";
import { BrokenRingError } from "./ring/broken_ring_error.ts";
import { DescriptorChain } from "./ring/descriptor_chain.ts";
import type { SplitDeviceQueue } from "./ring/split_device_queue.ts";
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
    this.#engine = new Engine({
      algorithms,
      maxSize,
      maxSessions: options.maxSessions ?? 1024,
      layout: options.layout ?? "v19",
      onFault: (fault) => {
        this.counters.faults++;
        onFault(fault);
      },
    });
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
      let hasMore = this.#run(queue, index, deadline);
      this.#publish(queue);
      // Those that came while the last were run, unless the time is up, or the driver has stopped the
      // queue from the interrupt: its memory is no longer ours.
      while (!hasMore && this.virtio.queue(index) === queue && queue.enableNotification()) {
        hasMore = this.#run(queue, index, deadline);
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
    }
  }

  /** Ends the device: sessions are closed, their keys overwritten, memory let go. */
  close(): void {
    this.virtio.writeStatus(0);
    for (const region of [...this.memory.regions]) this.memory.remove(region);
  }

  // Whether requests may be left: the deadline has passed.
  #run(queue: SplitDeviceQueue, index: number, deadline: number): boolean {
    const chain = this.#chain;
    const engine = this.#engine;
    const isControl = index === this.controlQueue;
    let unclocked = 0;
    while (queue.pop(chain)) {
      const { readable, writable } = chain;
      const usedLen = isControl
        ? engine.control(readable, writable)
        : engine.data(readable, writable);
      this.counters.requests++;
      queue.push(chain.head, usedLen);
      unclocked += readable.length + writable.length;
      if (unclocked >= CLOCK_EVERY && deadline !== Infinity) {
        unclocked = 0;
        if (performance.now() >= deadline) return true;
      }
    }
    return false;
  }

  #publish(queue: SplitDeviceQueue): void {
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
    this.counters.brokenRings++;
    this.virtio.needsReset();
    this.#chain.release();
    this.#onBrokenRing(error);
  }

  #reset(): void {
    this.#engine.reset();
    this.#chain.release();
  }
}
