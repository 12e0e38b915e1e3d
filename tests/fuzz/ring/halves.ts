/**
 * Both halves of a split ring, used in any order, against a model of nothing but lists: what was added,
 * what the device holds, what came back, and who may sleep.
 *
 * @module
 */

import { MemoryBytes } from "../../../device/memory/memory_bytes.ts";
import {
  type Buffer,
  DescriptorChain,
  GuestMemory,
  type MemoryRegion,
  placeQueue,
  type QueueAddresses,
  SplitDeviceQueue,
  SplitDriverQueue,
} from "../../../device/mod.ts";
import { expect, type World } from "../kind.ts";
import { Memory } from "../memory.ts";
import type { Random } from "../random.ts";

const MEMORY_LEN = 0x20000;
const SLOTS = 0x4000;
const SLOT_LEN = 512;
const NUM_SLOTS = (MEMORY_LEN - SLOTS) / SLOT_LEN;
// Where in a slot an indirect table is put.
const TABLE_AT = 384;
// Of either direction: a table of both fits behind the buffers.
const MAX_BUFFERS = 4;
const OPERATIONS = 40;
const NEARLY_A_WRAP = 65_520;

interface Chain {
  readonly head: number;
  readonly slot: number;
  readonly readable: readonly Buffer[];
  readonly writable: readonly Buffer[];
  readonly numDescriptors: number;
  usedLen: number;
}

function lenOf(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, { len }) => sum + len, 0);
}

// Whether one of the steps from `old` to `now` is the one that was asked for.
function isReached(event: number, old: number, now: number): boolean {
  for (let at = old; at !== now; at = (at + 1) & 0xffff) if (at === event) return true;
  return false;
}

/** See the module's comment. */
export class HalvesWorld implements World {
  executions = 0;
  readonly #size: number;
  readonly #eventIdx: boolean;
  readonly #memory: Memory = new Memory(MEMORY_LEN);
  readonly #twin: Memory = new Memory(MEMORY_LEN);
  readonly #region: MemoryRegion;
  readonly #addresses: QueueAddresses;
  readonly #driver: SplitDriverQueue;
  readonly #device: SplitDeviceQueue;
  readonly #popped: DescriptorChain = new DescriptorChain();
  // Where each chain is on its way.
  readonly #added: Chain[] = [];
  readonly #available: Chain[] = [];
  readonly #held: Chain[] = [];
  readonly #pushed: Chain[] = [];
  readonly #used: Chain[] = [];
  readonly #freeSlots: number[] = Array.from({ length: NUM_SLOTS }, (_, i) => i);
  #numFree: number;
  #availIdx = 0;
  #usedIdx = 0;
  #deviceSleeps = false;
  #driverSleeps = false;

  constructor(random: Random) {
    this.#size = random.pick([1, 2, 4, 8, 16, 64]);
    this.#eventIdx = random.oneIn(2);
    this.#numFree = this.#size;
    const guest = new GuestMemory();
    this.#region = guest.add(0, this.#memory.bytes);
    this.#addresses = placeQueue(16 * random.below(64), this.#size).addresses;
    random.fill(this.#memory.bytes.subarray(SLOTS));
    this.#twin.bytes.set(this.#memory.bytes);
    this.#driver = new SplitDriverQueue(
      this.#region,
      this.#addresses,
      this.#size,
      this.#eventIdx,
    );
    this.#device = new SplitDeviceQueue(guest, {
      size: this.#size,
      eventIdx: this.#eventIdx,
      ...this.#addresses,
    });
    if (random.oneIn(3)) this.#turn(NEARLY_A_WRAP + random.below(16));
  }

  step(random: Random): void {
    for (let i = 0; i < OPERATIONS; i++) this.#operate(random);
    this.executions += OPERATIONS;
    this.#memory.mustEqual(this.#twin, SLOTS, MEMORY_LEN, "A buffer was written outside its chain");
  }

  close(): void {
    this.#driver.publish();
    while (this.#device.pop(this.#popped)) this.#device.push(this.#popped.head, 0);
    for (const { head } of this.#held) this.#device.push(head, 0);
    this.#device.publish();
    while (this.#driver.popUsed() >= 0);
    const free = this.#driver.numFree;
    expect(free === this.#size, () => `${free} of ${this.#size} descriptors are free in the end`);
  }

  #operate(random: Random): void {
    const { numFree } = this.#driver;
    expect(
      numFree === this.#numFree,
      () => `${numFree} descriptors are free, not ${this.#numFree}`,
    );
    switch (random.below(9)) {
      case 0:
      case 1:
        return this.#add(random);
      case 2:
        return this.#publishAvail();
      case 3:
      case 4:
        return this.#pop(random);
      case 5:
        return this.#push(random);
      case 6:
        return this.#publishUsed();
      case 7:
        return this.#popUsed();
      default:
        return random.oneIn(2) ? this.#askForKick() : this.#askForInterrupt();
    }
  }

  // Whole round trips, to bring the indices where they wrap.
  #turn(times: number): void {
    for (let i = 0; i < times; i++) {
      this.#driver.addPair(SLOTS, 1, SLOTS + 8, 0);
      this.#driver.publish();
      this.#device.pop(this.#popped);
      this.#device.push(this.#popped.head, 1);
      this.#device.publish();
      this.#driver.popUsed();
    }
    this.#availIdx = this.#usedIdx = times & 0xffff;
  }

  #buffers(random: Random, most: number, at: number): Buffer[] {
    const buffers: Buffer[] = [];
    let address = at + random.below(4);
    for (let left = random.below(most + 1); left > 0; left--) {
      const len = random.oneIn(5) ? 0 : random.below(16);
      buffers.push({ address, len });
      address += len + random.below(3);
    }
    return buffers;
  }

  #add(random: Random): void {
    const slot = this.#freeSlots.pop();
    if (slot === undefined) return;
    const base = SLOTS + slot * SLOT_LEN;
    const readable = this.#buffers(random, MAX_BUFFERS, base);
    const least = readable.length === 0 ? 1 : 0;
    const writable = this.#buffers(random, MAX_BUFFERS, base + 160);
    if (writable.length < least) writable.push({ address: base + 160, len: 0 });
    const isIndirect = random.oneIn(3);
    const num = isIndirect ? 1 : readable.length + writable.length;
    const head = isIndirect
      ? this.#addIndirect(base + TABLE_AT, readable, writable)
      : this.#driver.add(readable, writable);
    if (num > this.#numFree) {
      expect(head === -1, () => `A chain of ${num} was added to ${this.#numFree} descriptors`);
      this.#freeSlots.push(slot);
      return;
    }
    expect(head >= 0, () => `A chain of ${num} was refused with ${this.#numFree} descriptors free`);
    this.#numFree -= num;
    this.#added.push({ head, slot, readable, writable, numDescriptors: num, usedLen: 0 });
  }

  #addIndirect(table: number, readable: readonly Buffer[], writable: readonly Buffer[]): number {
    const all = [...readable, ...writable];
    const { view } = this.#region;
    all.forEach(({ address, len }, i) => {
      const at = table + 16 * i;
      const hasNext = i + 1 < all.length;
      view.setBigUint64(at, BigInt(address), true);
      view.setUint32(at + 8, len, true);
      view.setUint16(at + 12, (hasNext ? 1 : 0) | (i >= readable.length ? 2 : 0), true);
      view.setUint16(at + 14, hasNext ? i + 1 : 0xffff, true);
    });
    this.#twin.bytes.set(this.#memory.bytes.subarray(table, table + 16 * all.length), table);
    return this.#driver.addIndirect(table, all.length);
  }

  #publishAvail(): void {
    const old = this.#availIdx;
    this.#availIdx = (old + this.#added.length) & 0xffff;
    const event = this.#u16(this.#addresses.device + 4 + 8 * this.#size);
    const isWanted = this.#added.length > 0 &&
      (!this.#eventIdx || isReached(event, old, this.#availIdx));
    const isKicked = this.#driver.publish();
    const hasNew = this.#added.length > 0;
    expect(isKicked === isWanted, () => `A kick from ${old} on is ${isKicked}, event ${event}`);
    expect(isKicked || !hasNew || !this.#deviceSleeps, () => `A kick from ${old} on is lost`);
    if (isKicked) this.#deviceSleeps = false;
    this.#available.push(...this.#added.splice(0));
  }

  #pop(random: Random): void {
    if (this.#deviceSleeps) return;
    const isPopped = this.#device.pop(this.#popped);
    const chain = this.#available.shift();
    expect(isPopped === (chain !== undefined), () => `pop() says ${isPopped}`);
    if (chain === undefined) return;
    const { head, readable, writable } = this.#popped;
    expect(head === chain.head, () => `Chain ${head} was popped, not ${chain.head}`);
    const readableLen = lenOf(chain.readable);
    const writableLen = lenOf(chain.writable);
    expect(readable.length === readableLen, () => `R has ${readable.length}, not ${readableLen}`);
    expect(writable.length === writableLen, () => `W has ${writable.length}, not ${writableLen}`);
    const read = new Uint8Array(readableLen);
    readable.copyTo(0, new MemoryBytes(read), 0, readableLen);
    const wanted = this.#load(chain.readable);
    expect(read.toHex() === wanted.toHex(), () => `R is ${read.toHex()}, not ${wanted.toHex()}`);
    this.#write(random, chain, writableLen);
    this.#held.push(chain);
  }

  // Writes a part of W through its list, and the same bytes one by one into the twin.
  #write(random: Random, { writable }: Chain, len: number): void {
    const list = this.#popped.writable;
    const position = random.below(len + 1);
    const bytes = random.bytes(random.below(len - position + 1));
    list.copyFrom(position, bytes);
    const places = writable.flatMap(({ address, len }) =>
      Array.from({ length: len }, (_, i) => address + i)
    );
    bytes.forEach((byte, i) => this.#twin.bytes[places[position + i]] = byte);
  }

  #push(random: Random): void {
    if (this.#held.length === 0) return;
    const [chain] = this.#held.splice(random.below(this.#held.length), 1);
    chain.usedLen = random.number();
    this.#device.push(chain.head, chain.usedLen);
    this.#pushed.push(chain);
  }

  #publishUsed(): void {
    const old = this.#usedIdx;
    this.#usedIdx = (old + this.#pushed.length) & 0xffff;
    const event = this.#u16(this.#addresses.driver + 4 + 2 * this.#size);
    const hasNew = this.#pushed.length > 0;
    const isWanted = hasNew && (!this.#eventIdx || isReached(event, old, this.#usedIdx));
    const isRaised = this.#device.publish();
    expect(
      isRaised === isWanted,
      () => `An interrupt from ${old} on is ${isRaised}, event ${event}`,
    );
    expect(isRaised || !hasNew || !this.#driverSleeps, () => `An interrupt from ${old} on is lost`);
    if (isRaised) this.#driverSleeps = false;
    const shown = this.#u16(this.#addresses.device + 2);
    expect(shown === this.#usedIdx, () => `used.idx is ${shown}, not ${this.#usedIdx}`);
    this.#used.push(...this.#pushed.splice(0));
  }

  #popUsed(): void {
    if (this.#driverSleeps) return;
    const head = this.#driver.popUsed();
    const chain = this.#used.shift();
    expect(head === (chain?.head ?? -1), () => `Chain ${head} came back, not ${chain?.head}`);
    if (chain === undefined) return;
    const { usedLen } = this.#driver;
    expect(usedLen === chain.usedLen, () => `used.len is ${usedLen}, not ${chain.usedLen}`);
    this.#numFree += chain.numDescriptors;
    this.#freeSlots.push(chain.slot);
  }

  #askForKick(): void {
    if (this.#deviceSleeps) return;
    const hasMore = this.#device.enableNotification();
    const num = this.#available.length;
    expect(hasMore === num > 0, () => `${num} chains wait, and the device says ${hasMore}`);
    this.#deviceSleeps = !hasMore;
  }

  #askForInterrupt(): void {
    if (this.#driverSleeps) return;
    const hasMore = this.#driver.enableInterrupt();
    const num = this.#used.length;
    expect(hasMore === num > 0, () => `${num} chains are used, and the driver says ${hasMore}`);
    this.#driverSleeps = !hasMore;
  }

  #u16(at: number): number {
    return this.#memory.bytes[at] | this.#memory.bytes[at + 1] << 8;
  }

  #load(buffers: readonly Buffer[]): Uint8Array {
    const bytes = buffers.flatMap(({ address, len }) => [
      ...this.#memory.bytes.subarray(address, address + len),
    ]);
    return Uint8Array.from(bytes);
  }
}
