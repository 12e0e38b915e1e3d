/**
 * The registers of a remoted device: those of virtio-mmio, but for what the gateway owns.
 *
 * @module
 */

import {
  Config,
  placeQueue,
  QUEUE_NUM_MAX,
  Register,
  type VirtioDevice,
  VirtioFeature,
} from "../device/mod.ts";

/** What writes of registers bring about in the driver's half. */
export interface RegisterEffects {
  /** A queue stops, for this reason; what is in flight on it gets no answer from the device. */
  readonly queueEnds: (index: number, reason: string) => void;
  /** The device is about to be reset. */
  readonly resets: () => void;
}

// The gateway owns the memory the rings lie in: writes of their addresses are ignored, and SUBMIT is
// the notification.
const IGNORED: ReadonlySet<number> = new Set([
  Register.QueueNotify,
  Register.QueueDescLow,
  Register.QueueDescHigh,
  Register.QueueDriverLow,
  Register.QueueDriverHigh,
  Register.QueueDeviceLow,
  Register.QueueDeviceHigh,
]);

// Each queue's ring has a window of its own, large enough for QUEUE_NUM_MAX.
const RING_WINDOW = 64 * 1024;
// The driver half puts each request into two descriptors, so a ring of one gets room for two.
const MIN_RING_SIZE = 2;

/** Guest-physical address of a queue's ring. */
export function ringBase(index: number): number {
  return index * RING_WINDOW;
}

/** Reads and writes of registers and configuration space, as READ and WRITE records ask for them. */
export class RemoteRegisters {
  readonly #virtio: VirtioDevice;
  readonly #effects: RegisterEffects;
  #queueSizes: number[] = [];

  constructor(virtio: VirtioDevice, effects: RegisterEffects) {
    this.#virtio = virtio;
    this.#effects = effects;
  }

  /** Entries of a queue's ring as last written. */
  queueSize(index: number): number {
    return this.#queueSizes[index] ?? 0;
  }

  /** `len` bytes at `offset`; undefined where there is no such register or configuration range. */
  read(offset: number, len: number): Uint8Array | undefined {
    if (offset >= Register.Config) return this.#virtio.readConfig(offset - Register.Config, len);
    const value = len === 4 ? this.#virtio.readRegister(offset) : undefined;
    if (value === undefined) return undefined;
    return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
  }

  /** Writes `bytes` at `offset`; false where there is no such register or configuration range. */
  write(offset: number, bytes: Uint8Array): boolean {
    // All of the configuration space is read-only: a write inside it does nothing.
    if (offset >= Register.Config) return offset - Register.Config + bytes.length <= Config.SIZE;
    if (bytes.length !== 4 || this.#virtio.readRegister(offset) === undefined) return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset, 4);
    this.#writeRegister(offset, view.getUint32(0, true));
    return true;
  }

  /** The queue that a write would end, or -1. */
  endedBy(offset: number, bytes: Uint8Array): number {
    if (bytes.length !== 4) return -1;
    const value = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    const ends = offset === Register.QueueReady && value === 0 ||
      offset === Register.QueueReset && value === 1 &&
        this.#virtio.features.has(VirtioFeature.RING_RESET);
    return ends ? this.#virtio.queueSel : -1;
  }

  #writeRegister(offset: number, value: number): void {
    if (IGNORED.has(offset)) return;
    const { queueSel } = this.#virtio;
    switch (offset) {
      case Register.QueueNum:
        return this.#writeQueueNum(queueSel, value);
      case Register.QueueReady:
        if (value === 1) this.#placeRing(queueSel);
        else if (value === 0) this.#effects.queueEnds(queueSel, "The queue is no longer ready");
        break;
      case Register.QueueReset:
        if (value === 1 && this.#virtio.features.has(VirtioFeature.RING_RESET)) {
          this.#effects.queueEnds(queueSel, "The queue has been reset");
          this.#queueSizes[queueSel] = 0;
        }
        break;
      case Register.Status:
        // The register is 8 bits wide; 0 resets ("Device Status Field").
        if ((value & 0xff) === 0) {
          this.#effects.resets();
          this.#queueSizes = [];
        }
        break;
    }
    this.#virtio.writeRegister(offset, value);
  }

  #writeQueueNum(index: number, value: number): void {
    if (index >= this.#virtio.numQueues || this.#virtio.isReady(index)) return;
    const size = value === 1 ? MIN_RING_SIZE : value;
    this.#queueSizes[index] = size;
    this.#virtio.writeQueueNum(size);
  }

  #placeRing(index: number): void {
    const size = this.queueSize(index);
    if (this.#virtio.isReady(index) || size > QUEUE_NUM_MAX) return;
    // All three lie below 2^32: the upper halves stay 0.
    const { desc, driver, device } = placeQueue(ringBase(index), size).addresses;
    this.#virtio.writeQueueAddress("desc", false, desc);
    this.#virtio.writeQueueAddress("driver", false, driver);
    this.#virtio.writeQueueAddress("device", false, device);
  }
}
