import type { Arena } from "./arena.ts";
import {
  type ByteRange,
  copyBytes,
  type CryptoDevice,
  type MemoryRegion,
  placeQueue,
  SplitDriverQueue,
} from "../device/mod.ts";
import { RecordKind, type RecordReader, type RecordWriter } from "./records.ts";

// Descriptors of a request at most: one readable, one writable.
const DESCRIPTORS = 2;

/**
 * The driver's side of one queue of a remoted device: its ring, and which record each chain in
 * flight belongs to.
 */
export class RemoteQueue {
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
  #bytesInFlight = 0;
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

  /** Bytes of their requests, readable and writable. */
  get bytesInFlight(): number {
    return this.#bytesInFlight;
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
    this.#bytesInFlight += readableLen + writableLen;
    return true;
  }

  /**
   * Puts the short SUBMITs that follow on the ring: as many as there are, as there is room for and as `max` says.
   *
   * @param index this queue's
   * @returns how many
   */
  submitShort(
    reader: RecordReader,
    index: number,
    max: number,
    maxLen: number,
    cost: number,
  ): number {
    let num = 0;
    while (num < max && reader.nextShortSubmit(index, maxLen)) {
      const { id, payloadOffset, payloadLen, value } = reader;
      if (!this.submit(id, reader, payloadOffset, payloadLen, value, cost)) {
        reader.back();
        break;
      }
      num++;
    }
    return num;
  }

  /** Shows the device what has been submitted; whether it wants a notification. */
  publish(): boolean {
    return this.#ring.publish();
  }

  /**
   * Answers chains that the device gave back with COMPLETE records and frees their memory, until there are none
   * or `answers` holds `enough` bytes.
   *
   * @param index this queue's
   * @param hasStatus whether W ends with a status that stands apart from a shorter result
   * @returns how many
   */
  answer(index: number, hasStatus: boolean, answers: RecordWriter, enough: number): number {
    const arena = this.#arena;
    const { memory } = arena;
    let num = 0;
    while (answers.length < enough) {
      const head = this.#ring.popUsed();
      if (head < 0) break;
      const writableLen = this.#writableLens[head];
      const usedLen = Math.min(this.#ring.usedLen, writableLen);
      const from = arena.offset(this.#slots[head]) + ((this.#readableLens[head] + 15) & ~15);
      const at = answers.begin(RecordKind.COMPLETE, index, this.#ids[head], usedLen, usedLen);
      copyBytes(memory, from, answers, at, usedLen);
      if (hasStatus && usedLen > 0 && usedLen < writableLen) {
        answers.bytes[at + usedLen - 1] = memory.bytes[from + writableLen - 1];
      }
      this.#release(head, usedLen);
      num++;
    }
    return num;
  }

  // Frees the memory of a finished request; what it read and wrote, keys and plaintext among it, is
  // overwritten by the arena: `usedLen` bytes from the start of W have been written.
  #release(head: number, usedLen: number): void {
    const slot = this.#slots[head];
    const readableLen = this.#readableLens[head];
    const writableLen = this.#writableLens[head];
    const writableAt = (readableLen + 15) & ~15;
    // Behind a result that failed the status stands alone, at the end of W.
    if (usedLen < writableLen) {
      this.#arena.memory.bytes[this.#arena.offset(slot) + writableAt + writableLen - 1] = 0;
    }
    this.#arena.free(slot, writableAt + usedLen);
    this.#slots[head] = -1;
    this.#cost -= this.#costs[head];
    this.#bytesInFlight -= readableLen + writableLen;
    if (--this.#numInFlight === 0) {
      // Sums of fractions do not come back to 0 by themselves.
      this.#cost = 0;
      this.#largestCost = 0;
    }
  }

  /**
   * Ends the queue: gives up what is in flight.
   *
   * @returns the ids of those records, and the bytes their requests had
   */
  abandon(device: CryptoDevice): { ids: number[]; bytes: number } {
    const ids: number[] = [];
    const bytes = this.#bytesInFlight;
    for (let head = 0; head < this.#slots.length; head++) {
      if (this.#slots[head] < 0) continue;
      ids.push(this.#ids[head]);
      this.#release(head, this.#writableLens[head]);
    }
    device.memory.remove(this.#region);
    return { ids, bytes };
  }

  /** Publishes an index that is too far ahead (a test option). */
  breakRing(): void {
    this.#ring.breakRing();
  }
}
