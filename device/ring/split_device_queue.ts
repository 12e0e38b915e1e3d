/**
 * The device's half of a split virtqueue (VIRTIO, "Split Virtqueues").
 *
 * Everything here is written by a driver that may be hostile and may write again at any moment: each
 * descriptor is read once, and a chain's lengths, order, loops and bounds are all checked before the
 * request it carries is looked at.
 *
 * @module
 */

import type { GuestMemory, MemoryRegion } from "../memory/guest_memory.ts";
import { VirtqDesc } from "../wire/structs.ts";
import { BrokenRingError } from "./broken_ring_error.ts";
import type { DescriptorChain } from "./descriptor_chain.ts";
import {
  AVAIL_F_NO_INTERRUPT,
  availRingSize,
  DESC_SIZE,
  DESC_WORDS,
  DescFlag,
  descTableSize,
  needEvent,
  type QueueAddresses,
  usedRingSize,
} from "./split_layout.ts";

/** What a driver has set up for one queue. */
export interface SplitQueueConfig extends QueueAddresses {
  readonly size: number;
  /** Whether VIRTIO_F_RING_EVENT_IDX has been negotiated. */
  readonly eventIdx: boolean;
}

// Linux puts more entries into an indirect table than the ring has (virtio-core.md).
const MIN_INDIRECT_LIMIT = 1024;
const MAX_CHAIN_LEN = 2 ** 32 - 1;

/** The device's half of one split virtqueue that a driver has made ready. */
export class SplitDeviceQueue {
  readonly size: number;
  /** What the queue was made of. */
  readonly config: SplitQueueConfig;
  readonly #memory: GuestMemory;
  readonly #eventIdx: boolean;
  // Words of the descriptor table, which is aligned to 16: a field by itself is read at the same price.
  readonly #table: Uint32Array;
  readonly #avail: Uint16Array;
  readonly #used: Uint16Array;
  readonly #usedElems: Uint32Array;
  #lastAvail = 0;
  // avail.idx as last looked at. An atomic load takes as long as half a chain, so while a plain one finds the
  // index as it was nothing more is asked: what it covers has been seen.
  #seenAvail = 0;
  // used.idx as published, and as it will be when the elements written since are.
  #publishedUsed = 0;
  #nextUsed = 0;

  /** @throws {BrokenRingError} when a part of the ring is not aligned or not in memory */
  constructor(memory: GuestMemory, config: SplitQueueConfig) {
    const { size } = config;
    this.size = size;
    this.config = config;
    this.#memory = memory;
    this.#eventIdx = config.eventIdx;
    const table = regionOf(memory, "descriptor table", config.desc, descTableSize(size), 16);
    this.#table = new Uint32Array(
      table.bytes.buffer,
      table.bytes.byteOffset + config.desc - table.start,
      DESC_WORDS * size,
    );
    const avail = regionOf(memory, "available ring", config.driver, availRingSize(size), 2);
    this.#avail = new Uint16Array(
      avail.bytes.buffer,
      avail.bytes.byteOffset + config.driver - avail.start,
      3 + size,
    );
    const used = regionOf(memory, "used ring", config.device, usedRingSize(size), 4);
    const usedOffset = used.bytes.byteOffset + config.device - used.start;
    this.#used = new Uint16Array(used.bytes.buffer, usedOffset, 3 + 4 * size);
    this.#usedElems = new Uint32Array(used.bytes.buffer, usedOffset + 4, 2 * size);
  }

  /** Where the device stands in the available ring (a migration or GET_VRING_BASE asks). */
  get lastAvail(): number {
    return this.#lastAvail;
  }

  /** Index behind the last request that the driver has published. */
  get availIdx(): number {
    return Atomics.load(this.#avail, 1);
  }

  /** Whether no request waits. */
  get isEmpty(): boolean {
    return this.availIdx === this.#lastAvail;
  }

  /**
   * Goes on where the half of another thread has stopped: with everything it took given back and
   * published, so that one number tells all.
   */
  goOnAt(position: number): void {
    this.#lastAvail = position;
    this.#seenAvail = position;
    this.#publishedUsed = position;
    this.#nextUsed = position;
  }

  /**
   * Goes on where the half of another device has stopped, which has told its position in the available
   * ring; that in the used ring stands there.
   */
  resumeAt(position: number): void {
    this.#lastAvail = position;
    this.#seenAvail = position;
    this.#publishedUsed = Atomics.load(this.#used, 1);
    this.#nextUsed = this.#publishedUsed;
  }

  /**
   * Takes the next request off the available ring.
   *
   * @returns false when there is none
   * @throws {BrokenRingError} when the ring or the chain is malformed
   */
  pop(chain: DescriptorChain): boolean {
    const avail = this.#avail;
    const isSame = avail[1] === this.#seenAvail && this.#seenAvail !== this.#lastAvail;
    if (!isSame && !this.#look()) return false;
    const head = avail[2 + (this.#lastAvail & (this.size - 1))];
    if (head >= this.size) throw new BrokenRingError(`head ${head} in a queue of ${this.size}`);
    chain.clear();
    chain.head = head;
    this.#walk(chain, head);
    this.#lastAvail = (this.#lastAvail + 1) & 0xffff;
    return true;
  }

  // Whether avail.idx has gone on.
  #look(): boolean {
    // An atomic load: the entries are read only after the index that covers them.
    const { availIdx } = this;
    const ahead = (availIdx - this.#lastAvail) & 0xffff;
    if (ahead > this.size) {
      throw new BrokenRingError(`avail.idx is ${ahead} ahead in a queue of ${this.size}`);
    }
    this.#seenAvail = availIdx;
    return ahead > 0;
  }

  /** Where the next chain that is given back stands in the used ring. */
  get nextUsed(): number {
    return this.#nextUsed;
  }

  /** Says another number of bytes written of a chain that has been given back and not been published. */
  amend(position: number, len: number): void {
    this.#usedElems[(position & (this.size - 1)) * 2 + 1] = len;
  }

  /** Gives a chain back with the number of bytes written. The driver sees it after publish(). */
  push(head: number, len: number): void {
    const slot = (this.#nextUsed & (this.size - 1)) * 2;
    this.#usedElems[slot] = head;
    this.#usedElems[slot + 1] = len;
    this.#nextUsed = (this.#nextUsed + 1) & 0xffff;
  }

  /**
   * Shows the driver everything pushed since the last call: one index for the batch.
   *
   * @returns whether the driver wants a used buffer notification for it
   */
  publish(): boolean {
    const old = this.#publishedUsed;
    const now = this.#nextUsed;
    if (old === now) return false;
    this.#publishedUsed = now;
    // Sequentially consistent: elements before the index, the index before the look at used_event.
    Atomics.store(this.#used, 1, now);
    if (this.#eventIdx) return needEvent(Atomics.load(this.#avail, 2 + this.size), now, old);
    return (Atomics.load(this.#avail, 0) & AVAIL_F_NO_INTERRUPT) === 0;
  }

  /**
   * Asks the driver for a notification of what comes next, and looks again.
   *
   * Written even without RING_EVENT_IDX: the field is always there, and front-ends exist whose guest
   * uses it though they did not acknowledge the feature.
   *
   * @returns whether requests have come meanwhile, in which case the caller drains again
   */
  enableNotification(): boolean {
    Atomics.store(this.#used, 2 + 4 * this.size, this.#lastAvail);
    return Atomics.load(this.#avail, 1) !== this.#lastAvail;
  }

  #walk(chain: DescriptorChain, head: number): void {
    const table = this.#table;
    let index = head;
    for (let num = 1;; num++) {
      if (num > this.size) throw new BrokenRingError(`chain of more than ${this.size} descriptors`);
      const at = index * DESC_WORDS;
      // Addresses beyond 2^53 lose bits here, and lie outside every region all the same.
      const address = table[at] + table[at + 1] * 2 ** 32;
      const len = table[at + 2];
      const flagsAndNext = table[at + 3];
      if ((flagsAndNext & DescFlag.INDIRECT) !== 0) {
        if ((flagsAndNext & DescFlag.NEXT) !== 0) throw new BrokenRingError("INDIRECT with NEXT");
        this.#walkIndirect(chain, address, len);
        return;
      }
      this.#append(chain, address, len, flagsAndNext);
      if ((flagsAndNext & DescFlag.NEXT) === 0) return;
      index = flagsAndNext >>> 16;
      if (index >= this.size) {
        throw new BrokenRingError(`next ${index} in a queue of ${this.size}`);
      }
    }
  }

  // The flag WRITE of the descriptor that refers to the table is ignored ("Indirect Descriptors").
  #walkIndirect(chain: DescriptorChain, address: number, len: number): void {
    if (len === 0 || len % DESC_SIZE !== 0) {
      throw new BrokenRingError(`indirect table of ${len} bytes`);
    }
    const region = this.#memory.find(address, len);
    if (region === null) {
      throw new BrokenRingError(`indirect table at ${address} outside memory`);
    }
    const table = region.view;
    const numEntries = len / DESC_SIZE;
    const limit = Math.min(numEntries, Math.max(this.size, MIN_INDIRECT_LIMIT));
    let index = 0;
    for (let num = 1;; num++) {
      if (num > limit) {
        throw new BrokenRingError(`indirect chain of more than ${limit} descriptors`);
      }
      const at = address - region.start + index * DESC_SIZE;
      const flags = table.getUint16(at + VirtqDesc.flags, true);
      if ((flags & DescFlag.INDIRECT) !== 0) throw new BrokenRingError("nested indirect table");
      this.#append(chain, readAddress(table, at), table.getUint32(at + VirtqDesc.len, true), flags);
      if ((flags & DescFlag.NEXT) === 0) return;
      index = table.getUint16(at + VirtqDesc.next, true);
      if (index >= numEntries) {
        throw new BrokenRingError(`next ${index} in an indirect table of ${numEntries}`);
      }
    }
  }

  #append(chain: DescriptorChain, address: number, len: number, flags: number): void {
    const isWritable = (flags & DescFlag.WRITE) !== 0;
    const list = isWritable ? chain.writable : chain.readable;
    if (isWritable) chain.hasWritable = true;
    else if (chain.hasWritable) {
      throw new BrokenRingError("readable descriptor behind a writable one");
    }
    if (chain.readable.length + chain.writable.length + len > MAX_CHAIN_LEN) {
      throw new BrokenRingError("chain of more than 2^32 - 1 bytes");
    }
    let from = address;
    // One step, unless the range runs on into an adjacent region.
    for (let left = len; left > 0;) {
      const region = this.#memory.find(from, left) ?? this.#memory.containing(from);
      if (region === null) throw new BrokenRingError(`address ${from} outside memory`);
      const take = Math.min(left, region.end - from);
      list.push(region, from - region.start, take);
      from += take;
      left -= take;
    }
  }
}

function readAddress(table: DataView, at: number): number {
  // Addresses beyond 2^53 lose bits here, and lie outside every region all the same.
  return table.getUint32(at + VirtqDesc.addr, true) +
    table.getUint32(at + VirtqDesc.addr + 4, true) * 2 ** 32;
}

function regionOf(
  memory: GuestMemory,
  part: string,
  address: number,
  len: number,
  alignment: number,
): MemoryRegion {
  if (address % alignment !== 0) throw new BrokenRingError(`${part} at ${address} is not aligned`);
  const region = memory.find(address, len);
  if (region === null) throw new BrokenRingError(`${part} at ${address} outside memory`);
  return region;
}
