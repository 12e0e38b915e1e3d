/**
 * The memory a device reaches: regions of guest-physical addresses, each backed by an array.
 *
 * Regions may come and go (a front-end's memory table, the gateway's arenas). All addresses that a
 * driver writes are translated here, with their bounds; nothing else turns an address into bytes.
 *
 * @module
 */

import { MemoryBytes } from "./memory_bytes.ts";

/** One contiguous range of guest-physical addresses. */
export class MemoryRegion extends MemoryBytes {
  /** First guest-physical address. */
  readonly start: number;
  /** First address behind the region. */
  readonly end: number;

  constructor(start: number, bytes: Uint8Array) {
    super(bytes);
    this.start = start;
    this.end = start + bytes.length;
  }
}

/**
 * A map from guest-physical addresses to bytes.
 *
 * @example
 * ```ts
 * import { GuestMemory } from "./guest_memory.ts";
 * const memory = new GuestMemory();
 * memory.add(0x1000, new Uint8Array(new SharedArrayBuffer(4096)));
 * memory.find(0x1ff0, 16)?.start; // 0x1000
 * memory.find(0x1ff1, 16); // null: the last byte lies outside
 * ```
 */
export class GuestMemory {
  readonly #regions: MemoryRegion[] = [];
  // Nearly every look-up hits the region of the one before.
  #last: MemoryRegion | null = null;
  #version = 0;

  /** Grows whenever a region comes or goes. */
  get version(): number {
    return this.#version;
  }

  /** Regions in the order of their addresses. */
  get regions(): readonly MemoryRegion[] {
    return this.#regions;
  }

  /**
   * Maps `bytes` at a guest-physical address.
   *
   * The ring code reads 16-bit and 32-bit words in place, so addresses and backing memory must agree
   * modulo 16.
   *
   * @throws {RangeError} when the region overlaps another or is not aligned
   */
  add(start: number, bytes: Uint8Array): MemoryRegion {
    const region = new MemoryRegion(start, bytes);
    if (start % 16 !== 0 || bytes.byteOffset % 16 !== 0) {
      throw new RangeError(`Cannot map a region at ${start}: not aligned to 16 bytes`);
    }
    if (!Number.isSafeInteger(region.end)) {
      throw new RangeError(`Cannot map a region at ${start}: it ends beyond 2^53`);
    }
    for (const other of this.#regions) {
      if (start < other.end && other.start < region.end) {
        throw new RangeError(`Cannot map a region at ${start}: it overlaps that at ${other.start}`);
      }
    }
    this.#version++;
    this.#regions.push(region);
    this.#regions.sort((a, b) => a.start - b.start);
    return region;
  }

  /** Unmaps a region; no view on it is kept here. */
  remove(region: MemoryRegion): void {
    this.#version++;
    const index = this.#regions.indexOf(region);
    if (index >= 0) this.#regions.splice(index, 1);
    if (this.#last === region) this.#last = null;
  }

  /** The region that holds all of `[address, address + len)`, or null. */
  find(address: number, len: number): MemoryRegion | null {
    const last = this.#last;
    if (last !== null && address >= last.start && address + len <= last.end) return last;
    const region = this.containing(address);
    return region !== null && address + len <= region.end ? region : null;
  }

  /** The region that holds the byte at `address`, or null. */
  containing(address: number): MemoryRegion | null {
    for (const region of this.#regions) {
      if (address >= region.start && address < region.end) {
        this.#last = region;
        return region;
      }
    }
    return null;
  }
}
