/**
 * A virtio device without a purpose: status machine, features, registers, queues, interrupts.
 *
 * What the device is for stands behind {@link DeviceBackend}.
 *
 * @module
 */

import type { GuestMemory } from "../memory/guest_memory.ts";
import { SplitDeviceQueue } from "../ring/split_device_queue.ts";
import { VirtioFeature } from "../wire/constants.ts";
import { DeviceStatus, Interrupt } from "../wire/registers.ts";
import { FeatureSet, isLegalSelection } from "./features.ts";
import { type RegisterFile, REGISTERS } from "./registers.ts";
import { nextStatus } from "./status.ts";

/** What a device does when its driver acts. */
export interface DeviceBackend {
  /** The driver's features are final: FEATURES_OK has been set. */
  negotiated(features: FeatureSet): void;
  /** An available buffer notification for a queue. */
  notified(queue: number): void;
  /** The device has been reset; nothing of the driver's may survive. */
  reset(): void;
}

/** What a device is made of. */
export interface VirtioDeviceOptions {
  readonly memory: GuestMemory;
  readonly offered: FeatureSet;
  /** The configuration space's bytes. */
  readonly config: Uint8Array;
  readonly numQueues: number;
  /** Largest ring a driver may set up. */
  readonly queueNumMax: number;
  readonly backend: DeviceBackend;
  /** Called when InterruptStatus gains these bits, or would if it had not had them already. */
  readonly interrupt?: (bits: number) => void;
}

// A queue as its registers describe it. Addresses are kept as written, in two 32-bit halves.
class QueueState {
  size = 0;
  ready = false;
  readonly low = { desc: 0, driver: 0, device: 0 };
  readonly high = { desc: 0, driver: 0, device: 0 };
  active: SplitDeviceQueue | null = null;

  address(part: "desc" | "driver" | "device"): number {
    return this.low[part] + this.high[part] * 2 ** 32;
  }
}

// Feature bits are numbered 0 to 127 ("Feature Bits"); what is written to words beyond is no feature.
const NUM_FEATURE_WORDS = 4;

/** See the module's comment. */
export class VirtioDevice implements RegisterFile {
  deviceFeaturesSel = 0;
  driverFeaturesSel = 0;
  queueSel = 0;
  /** Grows with every reset: work begun under an older epoch has no business with this one. */
  epoch = 0;
  readonly numQueues: number;
  readonly #memory: GuestMemory;
  readonly #offered: FeatureSet;
  readonly #config: Uint8Array;
  readonly #queueNumMax: number;
  readonly #backend: DeviceBackend;
  readonly #interrupt: (bits: number) => void;
  #status = 0;
  #interruptStatus = 0;
  #configGeneration = 0;
  #accepted: FeatureSet = FeatureSet.of([]);
  // Words of feature bits beyond 63, where nothing is offered, that the driver has set bits in.
  readonly #acceptedUnoffered = new Set<number>();
  #queues: QueueState[] = [];

  constructor(options: VirtioDeviceOptions) {
    this.numQueues = options.numQueues;
    this.#memory = options.memory;
    this.#offered = options.offered;
    this.#config = options.config;
    this.#queueNumMax = options.queueNumMax;
    this.#backend = options.backend;
    this.#interrupt = options.interrupt ?? (() => {});
    this.#clear();
  }

  /** Features the driver has accepted so far. */
  get features(): FeatureSet {
    return this.#accepted;
  }

  get status(): number {
    return this.#status;
  }

  get interruptStatus(): number {
    return this.#interruptStatus;
  }

  get configGeneration(): number {
    return this.#configGeneration;
  }

  /** Whether queues run: DRIVER_OK without DEVICE_NEEDS_RESET. */
  get running(): boolean {
    const bits = DeviceStatus.DRIVER_OK | DeviceStatus.DEVICE_NEEDS_RESET;
    return (this.#status & bits) === DeviceStatus.DRIVER_OK;
  }

  /** Whether a driver has made the queue ready. */
  isReady(queue: number): boolean {
    return queue < this.numQueues && this.#queues[queue].ready;
  }

  /**
   * The running half of a queue, or null while it does not run.
   *
   * @throws {BrokenRingError} when the driver placed the ring outside memory
   */
  queue(index: number): SplitDeviceQueue | null {
    if (!this.running || !this.isReady(index)) return null;
    const queue = this.#queues[index];
    queue.active ??= new SplitDeviceQueue(this.#memory, {
      size: queue.size,
      desc: queue.address("desc"),
      driver: queue.address("driver"),
      device: queue.address("device"),
      eventIdx: this.#accepted.has(VirtioFeature.RING_EVENT_IDX),
    });
    return queue.active;
  }

  /** Reads 4 bytes of the register at `offset`; undefined where there is no register. */
  readRegister(offset: number): number | undefined {
    const register = REGISTERS.get(offset);
    if (register === undefined) return undefined;
    return register.read === undefined ? 0 : register.read(this) >>> 0;
  }

  /** Writes 4 bytes to the register at `offset`; false where there is no register. */
  writeRegister(offset: number, value: number): boolean {
    const register = REGISTERS.get(offset);
    if (register === undefined) return false;
    register.write?.(this, value >>> 0);
    return true;
  }

  /** Reads the configuration space; undefined outside it. Offsets count from its start. */
  readConfig(offset: number, len: number): Uint8Array | undefined {
    if (offset < 0 || len < 0 || offset + len > this.#config.length) return undefined;
    return this.#config.slice(offset, offset + len);
  }

  /** Bytes of the configuration space. */
  get configLen(): number {
    return this.#config.length;
  }

  /** Changes the configuration space and tells the driver. */
  setConfig(config: Uint8Array): void {
    this.#config.set(config);
    this.#configGeneration = (this.#configGeneration + 1) >>> 0;
    this.raise(Interrupt.CONFIGURATION);
  }

  /** The device cannot go on until it is reset ("Device Status Field", DEVICE_NEEDS_RESET). */
  needsReset(): void {
    this.#status |= DeviceStatus.DEVICE_NEEDS_RESET;
    for (const queue of this.#queues) queue.active = null;
    this.raise(Interrupt.CONFIGURATION);
  }

  /** Raises an interrupt. */
  raise(bits: number): void {
    this.#interruptStatus |= bits;
    this.#interrupt(bits);
  }

  deviceFeatures(): number {
    return this.#offered.word(this.deviceFeaturesSel);
  }

  writeDriverFeatures(value: number): void {
    if ((this.#status & DeviceStatus.FEATURES_OK) !== 0) return;
    const { low, high } = this.#accepted;
    if (this.driverFeaturesSel === 0) this.#accepted = new FeatureSet(value, high);
    else if (this.driverFeaturesSel === 1) this.#accepted = new FeatureSet(low, value);
    else if (this.driverFeaturesSel < NUM_FEATURE_WORDS) this.#acceptUnoffered(value !== 0);
  }

  #acceptUnoffered(hasBits: boolean): void {
    if (hasBits) this.#acceptedUnoffered.add(this.driverFeaturesSel);
    else this.#acceptedUnoffered.delete(this.driverFeaturesSel);
  }

  queueNumMax(): number {
    return this.queueSel < this.numQueues ? this.#queueNumMax : 0;
  }

  writeQueueNum(value: number): void {
    const queue = this.#selected();
    if (queue !== undefined && !queue.ready) queue.size = value;
  }

  queueReady(): number {
    return this.#selected()?.ready ? 1 : 0;
  }

  writeQueueReady(value: number): void {
    const queue = this.#selected();
    if (queue === undefined) return;
    if (value === 0) {
      queue.ready = false;
      queue.active = null;
    } else if (value === 1) {
      queue.ready = isQueueSize(queue.size, this.#queueNumMax);
    }
  }

  notifyQueue(index: number): void {
    if (this.running && this.isReady(index)) this.#backend.notified(index);
  }

  acknowledgeInterrupt(bits: number): void {
    this.#interruptStatus &= ~bits;
  }

  writeStatus(value: number): void {
    if ((value & 0xff) === 0) return this.#reset();
    const before = this.#status;
    const legal = this.#acceptedUnoffered.size === 0 &&
      isLegalSelection(this.#offered, this.#accepted);
    this.#status = nextStatus(before, value & 0xff, legal);
    if ((this.#status & ~before & DeviceStatus.FEATURES_OK) !== 0) {
      this.#backend.negotiated(this.#accepted);
    }
  }

  writeQueueAddress(part: "desc" | "driver" | "device", high: boolean, value: number): void {
    const queue = this.#selected();
    if (queue === undefined || queue.ready) return;
    (high ? queue.high : queue.low)[part] = value;
  }

  // A queue's reset is complete before the write that asked for it returns.
  queueReset(): number {
    return 0;
  }

  writeQueueReset(value: number): void {
    if (value !== 1 || !this.#accepted.has(VirtioFeature.RING_RESET)) return;
    if (this.#selected() !== undefined) this.#queues[this.queueSel] = new QueueState();
  }

  #selected(): QueueState | undefined {
    return this.#queues[this.queueSel];
  }

  #reset(): void {
    this.#clear();
    this.#backend.reset();
  }

  #clear(): void {
    this.epoch++;
    this.#status = 0;
    this.#interruptStatus = 0;
    this.#accepted = FeatureSet.of([]);
    this.#acceptedUnoffered.clear();
    this.deviceFeaturesSel = 0;
    this.driverFeaturesSel = 0;
    this.queueSel = 0;
    this.#queues = Array.from({ length: this.numQueues }, () => new QueueState());
  }
}

function isQueueSize(size: number, max: number): boolean {
  return size > 0 && size <= max && (size & (size - 1)) === 0;
}
