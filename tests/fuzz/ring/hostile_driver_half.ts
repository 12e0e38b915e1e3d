/**
 * The driver's half with a device that writes what it likes into the used ring: what it claims is taken
 * where it can be true, and is a broken ring elsewhere.
 *
 * @module
 */

import {
  BrokenRingError,
  MemoryRegion,
  placeQueue,
  type QueueAddresses,
  SplitDriverQueue,
} from "../../../device/mod.ts";
import { expect, type World } from "../kind.ts";
import type { Random } from "../random.ts";

const MEMORY_LEN = 0x4000;
const OPERATIONS = 20;

/** See the module's comment. */
export class HostileDeviceWorld implements World {
  executions = 0;
  readonly #region: MemoryRegion;
  #size = 1;
  #addresses: QueueAddresses;
  #queue: SplitDriverQueue;
  // Descriptors of each chain in flight, by head.
  readonly #inFlight = new Map<number, number>();
  #usedIdx = 0;
  #lastUsed = 0;

  constructor(random: Random) {
    this.#region = new MemoryRegion(0, new Uint8Array(new SharedArrayBuffer(MEMORY_LEN)));
    this.#addresses = placeQueue(0, 1).addresses;
    this.#queue = this.#start(random);
  }

  step(random: Random): void {
    for (let i = 0; i < OPERATIONS; i++) {
      this.executions++;
      if (random.oneIn(3)) this.#add(random);
      else if (random.oneIn(2)) this.#claim(random);
      else this.#take(random);
    }
  }

  close(): void {}

  #start(random: Random): SplitDriverQueue {
    this.#size = 2 ** random.below(6);
    this.#region.bytes.fill(0);
    this.#addresses = placeQueue(0, this.#size).addresses;
    this.#inFlight.clear();
    this.#usedIdx = this.#lastUsed = 0;
    return new SplitDriverQueue(this.#region, this.#addresses, this.#size, random.oneIn(2));
  }

  #add(random: Random): void {
    const num = random.between(1, 4);
    const buffers = Array.from({ length: num }, () => ({ address: 0x3000, len: 4 }));
    const free = this.#queue.numFree;
    const head = this.#queue.add(buffers, []);
    expect((head >= 0) === (num <= free), () => `${num} descriptors, ${free} free: ${head}`);
    if (head < 0) return;
    expect(!this.#inFlight.has(head), () => `Head ${head} is in flight twice`);
    this.#inFlight.set(head, num);
    this.#queue.publish();
  }

  #claim(random: Random): void {
    const { view } = this.#region;
    const heads = [...this.#inFlight.keys()];
    const id = heads.length > 0 && !random.oneIn(12) ? random.pick(heads) : random.number();
    const at = this.#addresses.device + 4 + 8 * (this.#usedIdx % this.#size);
    view.setUint32(at, id, true);
    view.setUint32(at + 4, random.number(), true);
    this.#usedIdx = (this.#usedIdx + (random.oneIn(40) ? random.below(0x10000) : 1)) & 0xffff;
    view.setUint16(this.#addresses.device + 2, this.#usedIdx, true);
  }

  #take(random: Random): void {
    const { view } = this.#region;
    const at = this.#addresses.device + 4 + 8 * (this.#lastUsed % this.#size);
    const id = view.getUint32(at, true);
    const num = this.#inFlight.get(id);
    const isEmpty = this.#usedIdx === this.#lastUsed;
    const before = this.#queue.numFree;
    let head: number;
    try {
      head = this.#queue.popUsed();
    } catch (error) {
      if (!(error instanceof BrokenRingError)) throw error;
      expect(!isEmpty && num === undefined, () => `Chain ${id} is in flight, and yet: ${error}`);
      this.#queue = this.#start(random);
      return;
    }
    if (isEmpty) {
      expect(head === -1, () => `Chain ${head} came out of an empty ring`);
      return;
    }
    expect(head === id && num !== undefined, () => `Chain ${head} came back, claimed was ${id}`);
    const free = this.#queue.numFree;
    expect(free === before + num, () => `${free} descriptors are free, not ${before + num}`);
    this.#inFlight.delete(head);
    this.#lastUsed = (this.#lastUsed + 1) & 0xffff;
  }
}
