/**
 * A guest with its rings in memory, and the part of a vhost-user connection that a backend sees: what a
 * relay is driven with where no sockets are wanted.
 *
 * R and W are cut into descriptors at random, at odd addresses.
 */

import { strict as assert } from "node:assert";
import { setImmediate } from "node:timers";
import {
  type Buffer,
  featureByName,
  FeatureSet,
  GuestMemory,
  type MakeBackend,
  MemoryRegion,
  placeQueue,
  S_HW_READY,
  SplitDeviceQueue,
  SplitDriverQueue,
  type VhostBackend,
  type VhostHost,
  type VhostQueue,
  VirtioFeature,
} from "../../device/mod.ts";
import { Random } from "./random.ts";

/** What became of one request. */
export interface GuestAnswer {
  readonly usedLen: number;
  /** All of W afterwards. */
  readonly writable: Uint8Array;
}

/** What W is filled with before the device sees it. */
export const UNWRITTEN = 0xee;

const RING_SPACE = 1 << 20;
const QUEUE_SPACE = 0x8000;

/** How a guest is made. */
export interface GuestOptions {
  /** Features to accept besides VERSION_1, by name. */
  readonly accept?: readonly string[];
  readonly queueSize?: number;
  /** Bytes of memory for requests. */
  readonly space?: number;
}

class GuestQueue implements VhostQueue {
  readonly index: number;
  readonly ring: SplitDeviceQueue;
  readonly driver: SplitDriverQueue;
  readonly answers = new Map<number, () => void>();
  isRunning = true;
  /** Calls of the guest's, which wants one for a batch. */
  numCalls = 0;

  constructor(memory: GuestMemory, region: MemoryRegion, index: number, size: number) {
    this.index = index;
    const base = index * QUEUE_SPACE;
    region.bytes.fill(0, base, base + QUEUE_SPACE);
    const { addresses } = placeQueue(base, size);
    this.ring = new SplitDeviceQueue(memory, { size, eventIdx: true, ...addresses });
    this.driver = new SplitDriverQueue(region, addresses, size, true);
  }

  publish(): void {
    assert.ok(this.isRunning, "A queue that has stopped is published");
    if (!this.ring.publish()) return;
    this.numCalls++;
    do {
      for (let head = this.driver.popUsed(); head >= 0; head = this.driver.popUsed()) {
        const answer = this.answers.get(head) ?? assert.fail(`Chain ${head} came back`);
        this.answers.delete(head);
        answer();
      }
    } while (this.driver.enableInterrupt());
  }
}

/** See the module's comment. */
export class RelayGuest implements VhostHost {
  readonly backend: VhostBackend;
  readonly memory: GuestMemory = new GuestMemory();
  readonly queues: GuestQueue[] = [];
  readonly random: Random = new Random(11);
  readonly #region: MemoryRegion;
  readonly #options: GuestOptions;
  /** Values of `status` in the configuration space, as each change was told. */
  readonly statusChanges: number[] = [];
  readonly failures: string[] = [];
  #next = RING_SPACE;
  #isClosed = false;

  constructor(makeBackend: MakeBackend, options: GuestOptions = {}) {
    this.#options = options;
    const space = RING_SPACE + (options.space ?? 16 << 20);
    this.#region = this.memory.add(0, new Uint8Array(new SharedArrayBuffer(space)));
    this.backend = makeBackend(this);
    this.negotiate();
    for (let i = 0; i < this.backend.numQueues; i++) this.startQueue(i);
  }

  /** Index of the control queue. */
  get control(): number {
    return this.backend.numQueues - 1;
  }

  /** VIRTIO_CRYPTO_S_HW_READY, as the guest reads it. */
  get isReady(): boolean {
    return this.u32(0) === S_HW_READY;
  }

  /** 32 bits of the configuration space. */
  u32(offset: number): number {
    const bytes = this.backend.readConfig(offset, 4) ?? assert.fail("No configuration space");
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  }

  /** Settles the features: those of its options, or others. */
  negotiate(accept: readonly string[] = this.#options.accept ?? []): void {
    const bits = accept.map((name) => featureByName(name)?.bit ?? NaN);
    this.backend.negotiated(FeatureSet.of([
      VirtioFeature.VERSION_1,
      VirtioFeature.RING_EVENT_IDX,
      VirtioFeature.RING_INDIRECT_DESC,
      ...bits,
    ]));
  }

  startQueue(index: number): void {
    const size = this.#options.queueSize ?? 512;
    this.queues[index] = new GuestQueue(this.memory, this.#region, index, size);
  }

  /** Stops a queue as a front-end does; resolves when the backend has let go of it. */
  stopQueue(index: number): Promise<void> {
    const queue = this.queues[index];
    return new Promise((resolve) =>
      this.backend.stop(queue, () => {
        queue.isRunning = false;
        resolve();
      })
    );
  }

  configChanged(): boolean {
    this.statusChanges.push(this.u32(0));
    return true;
  }

  resume(queue: VhostQueue): void {
    setImmediate(() => this.kick(queue.index));
  }

  fail(reason: string): void {
    this.failures.push(reason);
  }

  /** What a kick leads to. */
  kick(index: number): void {
    const queue = this.queues[index];
    if (!queue.isRunning || this.#isClosed) return;
    if (this.backend.kicked(queue)) this.resume(queue);
  }

  /** Puts a request on a ring; it is seen with the next kick. */
  add(index: number, readable: Uint8Array, writableLen: number): Promise<GuestAnswer> {
    const queue = this.queues[index];
    const input = this.#place(readable.length);
    const output = this.#place(writableLen);
    this.#store(input, readable);
    this.#store(output, new Uint8Array(writableLen).fill(UNWRITTEN));
    const head = queue.driver.add(input, output);
    assert.ok(head >= 0, "The ring is full");
    return new Promise((resolve) => {
      queue.answers.set(head, () => {
        resolve({ usedLen: queue.driver.usedLen, writable: this.#load(output) });
      });
    });
  }

  /** Shows the device what has been added, and kicks it when it wants to be. */
  publish(index: number): void {
    if (this.queues[index].driver.publish()) this.kick(index);
  }

  /** Sends one request and waits for its answer. */
  submit(index: number, readable: Uint8Array, writableLen: number): Promise<GuestAnswer> {
    const answer = this.add(index, readable, writableLen);
    this.publish(index);
    return answer;
  }

  /** The same, as an answer's bytes: what was written, without what was not. */
  async exchange(index: number, readable: Uint8Array, writableLen: number): Promise<Uint8Array> {
    const { usedLen, writable } = await this.submit(index, readable, writableLen);
    const isOk = writable.at(-1) === 0;
    const from = index === this.control || isOk ? 0 : writable.length - 1;
    const rest = index === this.control ? writable.subarray(usedLen) : [];
    for (const byte of rest) assert.equal(byte, UNWRITTEN);
    return writable.slice(from, from + usedLen);
  }

  /** Sends a control request as a message. */
  message(readable: Uint8Array, writableLen: number): Promise<Uint8Array> {
    return new Promise((resolve) => this.backend.control(readable, writableLen, resolve));
  }

  /** Vanishes: the memory of its requests is worth nothing any more. */
  close(): void {
    this.#isClosed = true;
    for (const queue of this.queues) queue.isRunning = false;
    this.backend.close();
    this.memory.remove(this.#region);
    this.#region.bytes.fill(0xdd);
  }

  /** Whether its memory is as close() has left it. */
  get isUntouched(): boolean {
    return this.#region.bytes.every((byte) => byte === 0xdd);
  }

  #place(len: number): Buffer[] {
    const cuts = len > 4096 ? [len >>> 1, len - (len >>> 1)] : this.random.cuts(len).slice(0, 6);
    const left = len - cuts.reduce((sum, cut) => sum + cut, 0);
    return (left > 0 ? [...cuts, left] : cuts).map((len) => {
      const gap = 1 + this.random.below(7);
      // Old requests are answered by the time the memory is used anew.
      if (this.#next + gap + len > this.#region.bytes.length) this.#next = RING_SPACE;
      const address = this.#next + gap;
      this.#next = address + len;
      return { address, len };
    });
  }

  #store(buffers: readonly Buffer[], bytes: Uint8Array): void {
    let at = 0;
    for (const { address, len } of buffers) {
      this.#region.bytes.set(bytes.subarray(at, at + len), address);
      at += len;
    }
  }

  #load(buffers: readonly Buffer[]): Uint8Array {
    const bytes = new Uint8Array(buffers.reduce((sum, { len }) => sum + len, 0));
    let at = 0;
    for (const { address, len } of buffers) {
      bytes.set(this.#region.bytes.subarray(address, address + len), at);
      at += len;
    }
    return bytes;
  }
}
