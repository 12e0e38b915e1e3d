/**
 * The driver's half of a split virtqueue (VIRTIO, "Split Virtqueues").
 *
 * The gateway drives its devices with it, and so do the tests. It owns the descriptor table and the
 * available ring; of the used ring it trusts nothing: what a device claims is checked and clamped.
 *
 * @module
 */

import type { MemoryRegion } from "../memory/guest_memory.ts";
import { BrokenRingError } from "./broken_ring_error.ts";
import {
  DESC_SIZE,
  DESC_WORDS,
  DescFlag,
  needEvent,
  type QueueAddresses,
  USED_F_NO_NOTIFY,
} from "./split_layout.ts";

/** A range of guest-physical addresses. */
export interface Buffer {
  readonly address: number;
  readonly len: number;
}

const NO_DESCRIPTOR = 0xffff;

/**
 * The driver's half of one split virtqueue, whose parts lie in one region.
 *
 * @example
 * ```ts
 * import { GuestMemory } from "../memory/guest_memory.ts";
 * import { placeQueue } from "./split_layout.ts";
 * import { SplitDriverQueue } from "./split_driver_queue.ts";
 * const memory = new GuestMemory();
 * const region = memory.add(0, new Uint8Array(new SharedArrayBuffer(65536)));
 * const { addresses, len } = placeQueue(0, 256);
 * const queue = new SplitDriverQueue(region, addresses, 256, true);
 * const head = queue.add([{ address: len, len: 24 }], [{ address: len + 24, len: 1 }]);
 * queue.publish(); // true: the device wants to be notified
 * queue.popUsed(); // -1: it has not answered yet
 * ```
 */
export class SplitDriverQueue {
  readonly size: number;
  /** Length that the device gave with the chain last returned by popUsed(). */
  usedLen = 0;
  readonly #eventIdx: boolean;
  readonly #table: Uint32Array;
  readonly #avail: Uint16Array;
  readonly #used: Uint16Array;
  readonly #usedElems: Uint32Array;
  // Chains of free descriptors and the descriptors of each chain in flight are linked here, not in
  // the table: the device cannot change them.
  readonly #next: Uint16Array;
  readonly #chainLen: Uint16Array;
  #freeHead = 0;
  #numFree: number;
  #nextAvail = 0;
  #publishedAvail = 0;
  #lastUsed = 0;
  // used.idx as last looked at: an atomic load takes as long as all else that popUsed() does.
  #seenUsed = 0;

  /** @param region holds all three parts of the queue */
  constructor(region: MemoryRegion, addresses: QueueAddresses, size: number, eventIdx: boolean) {
    this.size = size;
    this.#eventIdx = eventIdx;
    const base = region.bytes.byteOffset - region.start;
    const buffer = region.bytes.buffer;
    this.#table = new Uint32Array(buffer, base + addresses.desc, DESC_WORDS * size);
    this.#avail = new Uint16Array(buffer, base + addresses.driver, 3 + size);
    this.#used = new Uint16Array(buffer, base + addresses.device, 3 + 4 * size);
    this.#usedElems = new Uint32Array(buffer, base + addresses.device + 4, 2 * size);
    this.#next = new Uint16Array(size);
    for (let i = 0; i < size; i++) this.#next[i] = i + 1 < size ? i + 1 : NO_DESCRIPTOR;
    this.#chainLen = new Uint16Array(size);
    this.#numFree = size;
  }

  /** Descriptors that are not part of a chain. */
  get numFree(): number {
    return this.#numFree;
  }

  /**
   * Puts a chain on the available ring; the device sees it after publish().
   *
   * @returns the chain's head, or -1 when fewer descriptors are free than it needs
   */
  add(readable: readonly Buffer[], writable: readonly Buffer[]): number {
    const num = readable.length + writable.length;
    if (num === 0) throw new RangeError("Cannot add a chain without descriptors");
    if (num > this.#numFree) return -1;
    const head = this.#freeHead;
    let left = num;
    for (const buffer of readable) this.#fill(buffer.address, buffer.len, 0, --left > 0);
    for (const buffer of writable) {
      this.#fill(buffer.address, buffer.len, DescFlag.WRITE, --left > 0);
    }
    this.#makeAvailable(head, num);
    return head;
  }

  /**
   * The common case of add(), without arrays: readable bytes and writable bytes in one piece each.
   * A part of length 0 gets no descriptor, but a chain without bytes has one all the same.
   */
  addPair(
    readableAddress: number,
    readableLen: number,
    writableAddress: number,
    writableLen: number,
  ): number {
    const hasReadable = readableLen > 0 || writableLen === 0;
    const num = (hasReadable ? 1 : 0) + (writableLen > 0 ? 1 : 0);
    if (num > this.#numFree) return -1;
    const head = this.#freeHead;
    if (hasReadable) this.#fill(readableAddress, readableLen, 0, writableLen > 0);
    if (writableLen > 0) this.#fill(writableAddress, writableLen, DescFlag.WRITE, false);
    this.#makeAvailable(head, num);
    return head;
  }

  /**
   * Puts a chain on the available ring whose descriptors stand in an indirect table, which the
   * caller has written at `address` (VIRTIO_F_RING_INDIRECT_DESC).
   */
  addIndirect(address: number, numEntries: number): number {
    if (this.#numFree === 0) return -1;
    const head = this.#freeHead;
    this.#fill(address, numEntries * DESC_SIZE, DescFlag.INDIRECT, false);
    this.#makeAvailable(head, 1);
    return head;
  }

  /**
   * Shows the device everything added since the last call.
   *
   * @returns whether the device wants an available buffer notification for it
   */
  publish(): boolean {
    const old = this.#publishedAvail;
    const now = this.#nextAvail;
    if (old === now) return false;
    this.#publishedAvail = now;
    // Sequentially consistent: entries before the index, the index before the look at avail_event.
    Atomics.store(this.#avail, 1, now);
    if (this.#eventIdx) return needEvent(Atomics.load(this.#used, 2 + 4 * this.size), now, old);
    return (Atomics.load(this.#used, 0) & USED_F_NO_NOTIFY) === 0;
  }

  /**
   * Takes the next completed chain; `usedLen` then holds the length the device gave.
   *
   * @returns the chain's head, or -1 when none is completed
   * @throws {BrokenRingError} when the device names a chain that is not in flight
   */
  popUsed(): number {
    if (this.#seenUsed === this.#lastUsed) {
      this.#seenUsed = Atomics.load(this.#used, 1);
      if (this.#seenUsed === this.#lastUsed) return -1;
    }
    const slot = (this.#lastUsed & (this.size - 1)) * 2;
    const head = this.#usedElems[slot];
    if (head >= this.size || this.#chainLen[head] === 0) {
      throw new BrokenRingError(`used element names chain ${head}, which is not in flight`);
    }
    this.usedLen = this.#usedElems[slot + 1];
    this.#lastUsed = (this.#lastUsed + 1) & 0xffff;
    this.#free(head);
    return head;
  }

  /**
   * Asks for a notification of the next completion, and looks again.
   *
   * @returns whether chains have completed meanwhile
   */
  enableInterrupt(): boolean {
    Atomics.store(this.#avail, 2 + this.size, this.#lastUsed);
    return Atomics.load(this.#used, 1) !== this.#lastUsed;
  }

  /** Publishes an index further ahead than the queue is long. A fault for tests to inject. */
  breakRing(): void {
    Atomics.store(this.#avail, 1, (this.#publishedAvail + this.size + 1) & 0xffff);
  }

  #fill(address: number, len: number, flags: number, hasNext: boolean): void {
    const index = this.#freeHead;
    const at = index * DESC_WORDS;
    const table = this.#table;
    const next = this.#next[index];
    table[at] = address;
    table[at + 1] = Math.floor(address / 2 ** 32);
    table[at + 2] = len;
    table[at + 3] = hasNext ? flags | DescFlag.NEXT | next << 16 : flags;
    this.#freeHead = next;
  }

  #makeAvailable(head: number, numDescriptors: number): void {
    this.#chainLen[head] = numDescriptors;
    this.#numFree -= numDescriptors;
    this.#avail[2 + (this.#nextAvail & (this.size - 1))] = head;
    this.#nextAvail = (this.#nextAvail + 1) & 0xffff;
  }

  #free(head: number): void {
    const num = this.#chainLen[head];
    let last = head;
    for (let i = 1; i < num; i++) last = this.#next[last];
    this.#next[last] = this.#freeHead;
    this.#freeHead = head;
    this.#chainLen[head] = 0;
    this.#numFree += num;
  }
}
