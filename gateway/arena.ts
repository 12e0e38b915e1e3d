/**
 * Device memory for the requests in flight, handed out in a circle.
 *
 * Requests complete nearly in the order they came, so what is free is nearly always in one piece;
 * and with nothing in flight the next request gets the memory of the last, warm in the cache.
 *
 * @module
 */

import { type GuestMemory, MemoryBytes, type MemoryRegion, wipe } from "../device/mod.ts";

// A connection that never sends large requests never costs more than this.
const MIN_CAPACITY = 64 * 1024;
const ALIGNMENT = 16;
const NO_BYTES = new Uint8Array(0);
const NO_MEMORY = new MemoryBytes(NO_BYTES);
// Freed allocations are overwritten together up to here: one call for many small ones.
const WIPE_LEN = 16 * 1024;
const NO_SLOTS = new Uint32Array(0);

/** Memory of one device's requests, never more than its limit. */
export class Arena {
  readonly #memory: GuestMemory;
  readonly #base: number;
  readonly #limit: number;
  #region: MemoryRegion | null = null;
  // Allocations in the order they were made, by slot: a circle of slots, as long as may be in flight.
  // Made with the first allocation: they are most of what an idle device would cost.
  readonly #maxAllocations: number;
  #starts: Uint32Array = NO_SLOTS;
  // Where those end that several share; 0 for the others.
  #sharedEnds: Uint32Array = NO_SLOTS;
  // How many use it.
  #numUsers: Uint8Array = NO_BYTES;
  #firstSlot = 0;
  #numSlots = 0;
  #head = 0;
  // Where the allocations of all times end.
  #touchedLen = 0;
  // What has been freed and not been overwritten yet.
  #wipeStart = 0;
  #wipeEnd = 0;

  /**
   * @param base guest-physical address of the arena
   * @param limit most bytes the arena grows to
   * @param maxAllocations most allocations at a time
   */
  constructor(memory: GuestMemory, base: number, limit: number, maxAllocations: number) {
    this.#memory = memory;
    this.#base = base;
    this.#limit = roundUp(limit);
    this.#maxAllocations = maxAllocations;
  }

  /** Bytes the arena has now. */
  get capacity(): number {
    return this.#region === null ? 0 : this.#region.bytes.length;
  }

  /** Whether nothing is allocated. */
  get isEmpty(): boolean {
    return this.#numSlots === 0;
  }

  /** The arena's memory, once something has been allocated. */
  get memory(): MemoryBytes {
    return this.#region ?? NO_MEMORY;
  }

  /** Guest-physical address of an offset into {@link Arena.memory}. */
  address(offset: number): number {
    return this.#base + offset;
  }

  /**
   * Allocates `len` bytes.
   *
   * @param numUsers how many share them, 255 at most: each of them frees the allocation
   * @returns the allocation's slot, or -1 when there is no room until something is freed
   * @throws {RangeError} when `len` is beyond the limit
   */
  allocate(len: number, numUsers = 1): number {
    if (len > this.#limit) throw new RangeError(`Cannot allocate ${len} bytes of device memory`);
    const size = roundUp(len);
    // What is overwritten later must not be somebody's again.
    if (this.#wipeEnd > 0) this.wipeFreed();
    if (this.#numSlots === 0 && size > this.capacity) this.#grow(size);
    if (this.#starts.length === 0) {
      this.#starts = new Uint32Array(this.#maxAllocations);
      this.#sharedEnds = new Uint32Array(this.#maxAllocations);
      this.#numUsers = new Uint8Array(this.#maxAllocations);
    }
    const start = this.#place(size);
    if (start < 0 || this.#numSlots === this.#starts.length) return -1;
    // A comparison: a remainder takes longer than all the rest.
    let slot = this.#firstSlot + this.#numSlots;
    if (slot >= this.#maxAllocations) slot -= this.#maxAllocations;
    this.#starts[slot] = start;
    this.#sharedEnds[slot] = numUsers > 1 ? start + size : 0;
    this.#numUsers[slot] = numUsers;
    this.#numSlots++;
    this.#head = start + size;
    this.#touchedLen = Math.max(this.#touchedLen, this.#head);
    return slot;
  }

  /** Where an allocation starts in {@link Arena.memory}. */
  offset(slot: number): number {
    return this.#starts[slot];
  }

  /**
   * Takes an allocation back from one that uses it. Behind the last it is overwritten, at once or with those behind
   * it, by {@link Arena.wipeFreed} at the latest.
   *
   * @param usedLen bytes from its start that may have been written; what several share is overwritten whole
   */
  free(slot: number, usedLen: number): void {
    if (--this.#numUsers[slot] > 0) return;
    const start = this.#starts[slot];
    if (this.#wipeEnd !== start) {
      this.wipeFreed();
      this.#wipeStart = start;
    }
    this.#wipeEnd = Math.max(start + roundUp(usedLen), this.#sharedEnds[slot]);
    if (this.#wipeEnd - this.#wipeStart >= WIPE_LEN) this.wipeFreed();
    while (this.#numSlots > 0 && this.#numUsers[this.#firstSlot] === 0) {
      this.#firstSlot = this.#firstSlot + 1 === this.#maxAllocations ? 0 : this.#firstSlot + 1;
      this.#numSlots--;
    }
    if (this.#numSlots === 0) this.#head = 0;
  }

  /** Overwrites what freed allocations have left. */
  wipeFreed(): void {
    if (this.#wipeEnd > this.#wipeStart) wipe(this.memory.bytes, this.#wipeStart, this.#wipeEnd);
    this.#wipeStart = 0;
    this.#wipeEnd = 0;
  }

  /** Doubles the arena, which must be empty, up to its limit; false when it is there already. */
  double(): boolean {
    if (this.capacity >= this.#limit) return false;
    this.#grow(Math.max(MIN_CAPACITY, this.capacity * 2));
    return true;
  }

  /** Lets the memory go; what is allocated is overwritten. */
  release(): void {
    if (this.#region !== null) {
      this.wipeFreed();
      // What was never allocated is not touched: to overwrite 64 MiB of fresh pages takes 26 ms.
      if (this.#numSlots > 0) wipe(this.#region.bytes, 0, this.#touchedLen);
      this.#memory.remove(this.#region);
    }
    this.#region = null;
    this.#firstSlot = 0;
    this.#numSlots = 0;
    this.#head = 0;
    this.#touchedLen = 0;
  }

  #grow(len: number): void {
    let capacity = MIN_CAPACITY;
    while (capacity < len) capacity *= 2;
    this.release();
    const buffer = new SharedArrayBuffer(Math.min(capacity, this.#limit));
    this.#region = this.#memory.add(this.#base, new Uint8Array(buffer));
  }

  // The start of `size` free bytes in one piece, or -1.
  #place(size: number): number {
    if (this.#numSlots === 0) return size <= this.capacity ? 0 : -1;
    const tail = this.#starts[this.#firstSlot];
    if (this.#head <= tail) return this.#head + size <= tail ? this.#head : -1;
    if (this.#head + size <= this.capacity) return this.#head;
    return size <= tail ? 0 : -1;
  }
}

function roundUp(len: number): number {
  return len === 0 ? ALIGNMENT : ((len + ALIGNMENT - 1) & -ALIGNMENT) >>> 0;
}
