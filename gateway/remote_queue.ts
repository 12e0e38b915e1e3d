import type { Arena } from "./arena.ts";
import {
  type ByteRange,
  copyBytes,
  type CryptoDevice,
  type MemoryRegion,
  placeQueue,
  SplitDriverQueue,
} from "../device/mod.ts";

/** What came back for one SUBMIT. */
export interface Completion {
  /** The chain, to be released when its answer has been written. */
  head: number;
  /** The record's id. */
  id: number;
  usedLen: number;
  /** Where the device-writable bytes start in the arena. */
  writableOffset: number;
  writableLen: number;
}

// Descriptors of a request at most: one readable, one writable.
const DESCRIPTORS = 2;

/**
 * The driver's side of one queue of a remoted device: its ring, and which record each chain in
 * flight belongs to.
 */
export class RemoteQueue {
  /** The object that complete() fills and returns. */
  readonly #completion: Completion = {
    head: 0,
    id: 0,
    usedLen: 0,
    writableOffset: 0,
    writableLen: 0,
  };
  readonly #ring: SplitDriverQueue;
  readonly #region: MemoryRegion;
  readonly #arena: Arena;
  // By head of a chain in flight.
  readonly #ids: Uint32Array;
  readonly #slots: Int32Array;
  readonly #readableLens: Uint32Array;
  readonly #writableLens: Uint32Array;
  readonly #costs: Float64Array;
  #numInFlight = 0;
  #cost = 0;
  #largestCost = 0;

  /** @param base guest-physical address at which the ring's memory is made */
  constructor(
    device: CryptoDevice,
    arena: Arena,
    base: number,
    size: number,
    eventIdx: boolean,
  ) {
    const { addresses, len } = placeQueue(base, size);
    this.#arena = arena;
    this.#region = device.memory.add(base, new Uint8Array(new SharedArrayBuffer(len)));
    this.#ring = new SplitDriverQueue(this.#region, addresses, size, eventIdx);
    this.#ids = new Uint32Array(size);
    this.#slots = new Int32Array(size).fill(-1);
    this.#readableLens = new Uint32Array(size);
    this.#writableLens = new Uint32Array(size);
    this.#costs = new Float64Array(size);
  }

  /** Chains the device has not given back. */
  get numInFlight(): number {
    return this.#numInFlight;
  }

  /** Whether the ring has room for another request. */
  get hasRoom(): boolean {
    return this.#ring.numFree >= DESCRIPTORS;
  }

  /** What the chains in flight cost together, in microseconds as they were submitted with. */
  get cost(): number {
    return this.#cost;
  }

  /** The largest of those since none was in flight. */
  get largestCost(): number {
    return this.#largestCost;
  }

  /**
   * Puts a record's request on the ring; the device sees it after publish().
   *
   * @param source where the readable bytes are
   * @param from where they start there
   * @param cost microseconds that the request will take about
   * @returns false when the ring or the arena has no room until requests complete
   */
  submit(
    id: number,
    source: ByteRange,
    from: number,
    readableLen: number,
    writableLen: number,
    cost: number,
  ): boolean {
    if (!this.hasRoom) return false;
    const arena = this.#arena;
    const writableAt = (readableLen + 15) & ~15;
    const slot = arena.allocate(writableAt + writableLen);
    if (slot < 0) return false;
    const offset = arena.offset(slot);
    copyBytes(source, from, arena.memory, offset, readableLen);
    const address = arena.address(offset);
    const head = this.#ring.addPair(address, readableLen, address + writableAt, writableLen);
    this.#ids[head] = id;
    this.#slots[head] = slot;
    this.#readableLens[head] = readableLen;
    this.#writableLens[head] = writableLen;
    this.#costs[head] = cost;
    this.#cost += cost;
    this.#largestCost = Math.max(this.#largestCost, cost);
    this.#numInFlight++;
    return true;
  }

  /** Shows the device what has been submitted; whether it wants a notification. */
  publish(): boolean {
    return this.#ring.publish();
  }

  /** The next chain the device gave back, or null. Its memory is the arena's until release(). */
  complete(): Completion | null {
    const head = this.#ring.popUsed();
    if (head < 0) return null;
    const completion = this.#completion;
    completion.head = head;
    completion.id = this.#ids[head];
    completion.writableLen = this.#writableLens[head];
    completion.usedLen = Math.min(this.#ring.usedLen, completion.writableLen);
    const readableLen = this.#readableLens[head];
    completion.writableOffset = this.#arena.offset(this.#slots[head]) + ((readableLen + 15) & ~15);
    return completion;
  }

  /**
   * Frees the memory of a finished request; what it read and wrote, keys and plaintext among it, is
   * overwritten by the arena.
   *
   * @param usedLen bytes from the start of W that the device has written
   * @returns the bytes that the request had, readable and writable
   */
  release(head: number, usedLen: number): number {
    const slot = this.#slots[head];
    const writableAt = (this.#readableLens[head] + 15) & ~15;
    const writableLen = this.#writableLens[head];
    // Behind a result that failed the status stands alone, at the end of W.
    if (usedLen < writableLen) {
      this.#arena.memory.bytes[this.#arena.offset(slot) + writableAt + writableLen - 1] = 0;
    }
    this.#arena.free(slot, writableAt + usedLen);
    this.#slots[head] = -1;
    this.#cost -= this.#costs[head];
    if (--this.#numInFlight === 0) {
      // Sums of fractions do not come back to 0 by themselves.
      this.#cost = 0;
      this.#largestCost = 0;
    }
    return this.#readableLens[head] + this.#writableLens[head];
  }

  /**
   * Ends the queue: gives up what is in flight.
   *
   * @returns the ids of those records, and the bytes their requests had
   */
  abandon(device: CryptoDevice): { ids: number[]; bytes: number } {
    const ids: number[] = [];
    let bytes = 0;
    for (let head = 0; head < this.#slots.length; head++) {
      if (this.#slots[head] < 0) continue;
      ids.push(this.#ids[head]);
      bytes += this.release(head, this.#writableLens[head]);
    }
    device.memory.remove(this.#region);
    return { ids, bytes };
  }

  /** Publishes an index that is too far ahead (a test option). */
  breakRing(): void {
    this.#ring.breakRing();
  }
}
