/** A split ring whose every field a test writes by hand, and the device's half on it. */

import { GuestMemory, MemoryRegion, placeQueue, type QueueAddresses } from "../../device/mod.ts";
import { DescriptorChain } from "../../device/ring/descriptor_chain.ts";
import { SplitDeviceQueue } from "../../device/ring/split_device_queue.ts";

/** Bits of a descriptor's flags. */
export const NEXT = 1;
export const WRITE = 2;
export const INDIRECT = 4;

/** A descriptor's fields; absent ones are 0. */
export interface RawDescriptor {
  readonly addr?: number | bigint;
  readonly len?: number;
  readonly flags?: number;
  readonly next?: number;
}

/** Address where a test's own buffers and indirect tables may lie. */
export const BUFFERS = 0x20000;

/** See the module's comment. */
export class RawRing {
  readonly size: number;
  readonly memory: GuestMemory = new GuestMemory();
  readonly region: MemoryRegion;
  readonly addresses: QueueAddresses;
  readonly device: SplitDeviceQueue;
  readonly chain: DescriptorChain = new DescriptorChain();
  #availIdx = 0;

  constructor(size: number, eventIdx = false) {
    this.size = size;
    this.region = this.memory.add(0, new Uint8Array(new SharedArrayBuffer(0x80000)));
    this.addresses = placeQueue(0x1000, size).addresses;
    this.device = new SplitDeviceQueue(this.memory, { size, eventIdx, ...this.addresses });
  }

  /** Writes descriptor `index` of the ring's table, or of a table elsewhere. */
  desc(
    index: number,
    { addr = 0, len = 0, flags = 0, next = 0 }: RawDescriptor,
    table?: number,
  ): void {
    const at = (table ?? this.addresses.desc) + 16 * index;
    const view = this.region.view;
    view.setBigUint64(at, BigInt(addr), true);
    view.setUint32(at + 8, len, true);
    view.setUint16(at + 12, flags, true);
    view.setUint16(at + 14, next, true);
  }

  /** Puts a head on the available ring and moves its index. */
  offer(head: number): void {
    this.availEntry(this.#availIdx, head);
    this.availIdx(this.#availIdx + 1);
  }

  availEntry(position: number, head: number): void {
    const at = this.addresses.driver + 4 + 2 * (position % this.size);
    this.region.view.setUint16(at, head, true);
  }

  availIdx(value: number): void {
    this.#availIdx = value & 0xffff;
    this.region.view.setUint16(this.addresses.driver + 2, value & 0xffff, true);
  }

  availFlags(value: number): void {
    this.region.view.setUint16(this.addresses.driver, value, true);
  }

  usedEvent(value: number): void {
    this.region.view.setUint16(this.addresses.driver + 4 + 2 * this.size, value & 0xffff, true);
  }

  /** `used.idx`. */
  get usedIdx(): number {
    return this.region.view.getUint16(this.addresses.device + 2, true);
  }

  /** Element of the used ring. */
  usedElem(position: number): { id: number; len: number } {
    const at = this.addresses.device + 4 + 8 * (position % this.size);
    return {
      id: this.region.view.getUint32(at, true),
      len: this.region.view.getUint32(at + 4, true),
    };
  }

  /** `avail_event`, behind the used ring. */
  get availEvent(): number {
    return this.region.view.getUint16(this.addresses.device + 4 + 8 * this.size, true);
  }

  /** Takes the next chain; null when there is none. */
  pop(): { head: number; readable: Uint8Array; writableLen: number } | null {
    if (!this.device.pop(this.chain)) return null;
    const { head, readable, writable } = this.chain;
    return { head, readable: readable.slice(), writableLen: writable.length };
  }
}
