/**
 * The engine of this process behind a vhost-user connection. It answers at once.
 *
 * @module
 */

import { Engine, type EngineOptions } from "../engine/engine.ts";
import { SegmentList } from "../memory/segment_list.ts";
import { DescriptorChain } from "../ring/descriptor_chain.ts";
import { encodeConfig } from "../virtio/config_space.ts";
import { ALL_FEATURES, FeatureSet } from "../virtio/features.ts";
import { CryptoFeature, SERVICES, VirtioFeature } from "../wire/constants.ts";
import type { VhostBackend, VhostQueue } from "./backend.ts";

/** What a device behind vhost-user is made of. */
export interface EngineBackendOptions extends Omit<EngineOptions, "sessions" | "newJournal"> {
  /** Data queues; the control queue comes on top. */
  readonly queues: number;
}

/**
 * What is offered over vhost-user: all but the reset of single rings, which front-ends offer to their guests
 * without being able to do it.
 */
export const VHOST_FEATURES: FeatureSet = new FeatureSet(
  ALL_FEATURES.low,
  ALL_FEATURES.high & ~FeatureSet.of([VirtioFeature.RING_RESET]).high,
);

// What one queue may have done before the others and the front-end's messages have their turn, in bytes of
// requests; the first figure is what the guest waits for at most until it sees what is done.
const PUBLISH_EVERY = 256 * 1024;
const TURN_LEN = 4 * 1024 * 1024;
// What a request counts for besides its bytes.
const REQUEST_LEN = 4096;

/** See the module's comment. */
export class EngineBackend implements VhostBackend {
  readonly features: FeatureSet = VHOST_FEATURES;
  readonly numQueues: number;
  /** Requests completed. */
  numRequests = 0;
  readonly #engine: Engine;
  readonly #config: Uint8Array;
  // One for all queues: a request is finished before the next is taken.
  readonly #chain: DescriptorChain = new DescriptorChain();

  constructor(options: EngineBackendOptions) {
    const { queues, algorithms, maxSize } = options;
    this.#engine = new Engine(options);
    this.numQueues = queues + 1;
    this.#config = encodeConfig({
      ready: true,
      maxDataqueues: queues,
      algorithms: algorithms.masks,
      maxCipherKeyLen: algorithms.maxCipherKeyLen,
      maxAuthKeyLen: algorithms.maxAuthKeyLen,
      maxSize,
    });
  }

  /** Open sessions. */
  get numSessions(): number {
    return this.#engine.numSessions;
  }

  readConfig(offset: number, len: number): Uint8Array | undefined {
    return offset + len > this.#config.length
      ? undefined
      : this.#config.slice(offset, offset + len);
  }

  negotiated(features: FeatureSet): void {
    this.#engine.negotiate({
      mux: features.has(CryptoFeature.MUX_MODE),
      // The stateless bits stand in the order of the services' numbers.
      stateless: SERVICES.map((service) =>
        features.has(CryptoFeature.CIPHER_STATELESS_MODE + service)
      ),
    });
  }

  kicked(queue: VhostQueue): boolean {
    try {
      let left = TURN_LEN;
      do {
        left = this.#run(queue, left);
      } while (left > 0 && queue.ring.enableNotification());
      return left <= 0;
    } finally {
      // What was done before a break is the guest's to see; its memory may be unmapped next.
      this.#publish(queue);
      this.#chain.release();
      this.#engine.rest();
    }
  }

  stop(_: VhostQueue, stopped: () => void): void {
    // Nothing is ever left in hand between two calls.
    stopped();
  }

  control(
    readable: Uint8Array,
    writableLen: number,
    answer: (written: Uint8Array) => void,
  ): void {
    const written = new Uint8Array(writableLen);
    const len = this.#engine.control(SegmentList.of(readable), SegmentList.of(written));
    answer(written.subarray(0, len));
  }

  reset(): void {
    this.#engine.reset();
  }

  close(): void {
    this.#chain.release();
    this.#engine.reset();
  }

  // Runs what waits on a queue until so much has been done; what is left of it.
  #run(queue: VhostQueue, limit: number): number {
    const { ring, index } = queue;
    const chain = this.#chain;
    const { readable, writable } = chain;
    const engine = this.#engine;
    const isControl = index === this.numQueues - 1;
    let left = limit;
    let unpublished = 0;
    while (left > 0 && ring.pop(chain)) {
      const usedLen = isControl
        ? engine.control(readable, writable)
        : engine.begin(readable, writable, ring.nextUsed);
      ring.push(chain.head, usedLen);
      this.numRequests++;
      const len = readable.length + writable.length;
      left -= len + REQUEST_LEN;
      unpublished += len;
      if (unpublished >= PUBLISH_EVERY) {
        unpublished = 0;
        this.#publish(queue);
      }
    }
    this.#publish(queue);
    return left;
  }

  #publish(queue: VhostQueue): void {
    for (const position of this.#engine.finish()) queue.ring.amend(position, 1);
    queue.publish();
  }
}
