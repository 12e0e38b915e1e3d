/**
 * A device with a driver on its rings, in one process: what tests drive it with.
 *
 * Buffers are placed with gaps of random width between them, at odd addresses, so that code which
 * counts on contiguity or alignment cannot hide.
 */

import { strict as assert } from "node:assert";
import {
  type Buffer,
  CryptoDevice,
  type CryptoDeviceOptions,
  DeviceStatus,
  featureByName,
  FeatureSet,
  MemoryRegion,
  placeQueue,
  Register,
  SplitDriverQueue,
  VirtioFeature,
} from "../../device/mod.ts";

/** What became of one request. */
export interface Outcome {
  readonly usedLen: number;
  /** All of W as it stands in memory afterwards, bytes that were not written included. */
  readonly writable: Uint8Array;
}

/** How a request is laid out in memory. */
export interface Placement {
  /** Lengths of the readable descriptors, in order; the last takes what is left. */
  readonly readableCuts?: readonly number[];
  readonly writableCuts?: readonly number[];
  readonly indirect?: boolean;
}

/** What W is filled with before the device sees it. */
export const UNWRITTEN = 0xee;

const QUEUE_SIZE = 64;
// Room for the rings of 64 data queues and the control queue.
const RING_SPACE = 2 << 20;
const BUFFER_SPACE = 16 << 20;

/** Options of a {@link Rig}. */
export interface RigOptions extends CryptoDeviceOptions {
  /** Features to accept besides VERSION_1, by name. */
  readonly accept?: readonly string[];
  /** Seed of the gaps between buffers. */
  readonly seed?: number;
  /** Entries of each ring. */
  readonly queueSize?: number;
}

/** See the module's comment. */
export class Rig {
  readonly device: CryptoDevice;
  readonly region: MemoryRegion;
  readonly queues: SplitDriverQueue[] = [];
  readonly #queueSize: number;
  #next = RING_SPACE;
  #random: number;

  constructor(options: RigOptions = {}) {
    this.device = new CryptoDevice(options);
    this.#random = options.seed ?? 1;
    this.#queueSize = options.queueSize ?? QUEUE_SIZE;
    const memory = new Uint8Array(new SharedArrayBuffer(RING_SPACE + BUFFER_SPACE));
    this.region = this.device.memory.add(0, memory);
    this.startUp(options.accept ?? []);
  }

  /** Index of the control queue. */
  get control(): number {
    return this.device.controlQueue;
  }

  write(register: number, value: number): void {
    assert.ok(this.device.virtio.writeRegister(register, value));
  }

  read(register: number): number {
    const value = this.device.virtio.readRegister(register);
    assert.ok(value !== undefined);
    return value;
  }

  /** The start-up every virtio driver does ("Driver Requirements: Device Initialization"). */
  startUp(accept: readonly string[]): void {
    this.write(Register.Status, 0);
    this.write(Register.Status, DeviceStatus.ACKNOWLEDGE);
    this.write(Register.Status, DeviceStatus.ACKNOWLEDGE | DeviceStatus.DRIVER);
    const bits = accept.map((name) => featureByName(name)?.bit ?? assert.fail(name));
    const features = FeatureSet.of([VirtioFeature.VERSION_1, ...bits]);
    this.write(Register.DriverFeaturesSel, 0);
    this.write(Register.DriverFeatures, features.low);
    this.write(Register.DriverFeaturesSel, 1);
    this.write(Register.DriverFeatures, features.high);
    const beforeQueues = DeviceStatus.ACKNOWLEDGE | DeviceStatus.DRIVER | DeviceStatus.FEATURES_OK;
    this.write(Register.Status, beforeQueues);
    assert.equal(this.read(Register.Status), beforeQueues, "FEATURES_OK was refused");
    this.queues.length = 0;
    for (let i = 0; i <= this.control; i++) this.setUpQueue(i, this.#queueSize, features);
    this.write(Register.Status, beforeQueues | DeviceStatus.DRIVER_OK);
  }

  /** Places a ring and makes the queue ready. */
  setUpQueue(index: number, size: number, features = this.device.virtio.features): void {
    const { addresses } = placeQueue(index * 0x4000, size);
    const { start, end } = { start: index * 0x4000, end: (index + 1) * 0x4000 };
    this.region.bytes.fill(0, start, end);
    this.write(Register.QueueSel, index);
    this.write(Register.QueueNum, size);
    this.write(Register.QueueDescLow, addresses.desc);
    this.write(Register.QueueDriverLow, addresses.driver);
    this.write(Register.QueueDeviceLow, addresses.device);
    this.write(Register.QueueReady, 1);
    const eventIdx = features.has(VirtioFeature.RING_EVENT_IDX);
    this.queues[index] = new SplitDriverQueue(this.region, addresses, size, eventIdx);
  }

  /** Sends one request and waits for what becomes of it. */
  submit(queue: number, readable: Uint8Array, writableLen: number, at: Placement = {}): Outcome {
    const finish = this.begin(queue, readable, writableLen, at);
    this.kick(queue);
    return finish();
  }

  /** Puts one request on the ring; the function returned fetches it when it has come back. */
  begin(
    queue: number,
    readable: Uint8Array,
    writableLen: number,
    at: Placement = {},
  ): () => Outcome {
    const ring = this.queues[queue];
    const input = this.place(readable.length, at.readableCuts);
    const output = this.place(writableLen, at.writableCuts);
    this.#store(input, readable);
    this.#store(output, new Uint8Array(writableLen).fill(UNWRITTEN));
    const head = at.indirect ? this.#addIndirect(ring, input, output) : ring.add(input, output);
    assert.ok(head >= 0, "The ring is full");
    return () => {
      assert.equal(ring.popUsed(), head, "Another chain came back, or none");
      return { usedLen: ring.usedLen, writable: this.load(output) };
    };
  }

  /** Publishes what has been put on a ring and notifies the device. */
  kick(queue: number): void {
    this.queues[queue].publish();
    this.write(Register.QueueNotify, queue);
  }

  /** Buffers of these lengths, with gaps between them. */
  place(len: number, cuts: readonly number[] = []): Buffer[] {
    const buffers: Buffer[] = [];
    let left = len;
    for (const cut of cuts) {
      const take = Math.min(cut, left);
      buffers.push(this.#buffer(take));
      left -= take;
    }
    if (left > 0 || buffers.length === 0) buffers.push(this.#buffer(left));
    return buffers;
  }

  /** The bytes that lie in the buffers. */
  load(buffers: readonly Buffer[]): Uint8Array {
    const bytes = new Uint8Array(buffers.reduce((sum, buffer) => sum + buffer.len, 0));
    let at = 0;
    for (const { address, len } of buffers) {
      bytes.set(this.region.bytes.subarray(address, address + len), at);
      at += len;
    }
    return bytes;
  }

  #store(buffers: readonly Buffer[], bytes: Uint8Array): void {
    let at = 0;
    for (const { address, len } of buffers) {
      this.region.bytes.set(bytes.subarray(at, at + len), address);
      at += len;
    }
  }

  #addIndirect(ring: SplitDriverQueue, input: Buffer[], output: Buffer[]): number {
    const all = [...input, ...output];
    const table = this.#buffer(all.length * 16, 16);
    const view = this.region.view;
    all.forEach(({ address, len }, i) => {
      const entry = table.address + 16 * i;
      view.setUint32(entry, address, true);
      view.setUint32(entry + 4, 0, true);
      view.setUint32(entry + 8, len, true);
      const isLast = i === all.length - 1;
      view.setUint16(entry + 12, (isLast ? 0 : 1) | (i >= input.length ? 2 : 0), true);
      view.setUint16(entry + 14, isLast ? 0 : i + 1, true);
    });
    return ring.addIndirect(table.address, all.length);
  }

  #buffer(len: number, alignment = 1): Buffer {
    const gap = 1 + this.#nextRandom() % 37;
    let address = Math.ceil((this.#next + gap) / alignment) * alignment;
    if (address + len > this.region.end) address = RING_SPACE + alignment;
    assert.ok(address + len <= this.region.end, "The rig's memory is too small");
    this.#next = address + len;
    return { address, len };
  }

  #nextRandom(): number {
    this.#random = (Math.imul(this.#random, 1103515245) + 12345) >>> 0;
    return this.#random >>> 16;
  }
}
