/**
 * The device's half on rings that a hostile driver wrote, against a walk over the same bytes that is
 * written from virtio-core.md: the same chains, or broken by both.
 *
 * @module
 */

import { MemoryBytes } from "../../../device/memory/memory_bytes.ts";
import {
  BrokenRingError,
  DescriptorChain,
  GuestMemory,
  SplitDeviceQueue,
} from "../../../device/mod.ts";
import { expect, type World } from "../kind.ts";
import { Memory } from "../memory.ts";
import type { Random } from "../random.ts";

// Two regions side by side, one far above.
const REGIONS = [
  { start: 0x1000, at: 0, len: 0x6000 },
  { start: 0x7000, at: 0x6000, len: 0x2000 },
  { start: 2 ** 32 + 0x10, at: 0x8000, len: 0x1000 },
] as const;
const MEMORY_LEN = 0x9000;
const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
const MOST_BYTES = 2 ** 32 - 1;
const LEAST_INDIRECT = 1024;

// A piece of memory as a chain names it.
interface Piece {
  readonly at: number;
  readonly len: number;
}

// What a walk finds; null for a broken ring.
interface Walked {
  readonly head: number;
  readonly readable: Piece[];
  readonly writable: Piece[];
}

/** See the module's comment. */
export class HostileDriverWorld implements World {
  executions = 0;
  readonly #memory: Memory = new Memory(MEMORY_LEN);
  readonly #twin: Memory = new Memory(MEMORY_LEN);
  readonly #view: DataView = new DataView(this.#memory.bytes.buffer);
  readonly #guest: GuestMemory = new GuestMemory();
  readonly #chain: DescriptorChain = new DescriptorChain();
  #size = 1;
  #desc = 0;
  #driver = 0;
  #device = 0;
  #lastAvail = 0;

  constructor(random: Random) {
    for (const { start, at, len } of REGIONS) {
      this.#guest.add(start, this.#memory.bytes.subarray(at, at + len));
    }
    random.fill(this.#memory.bytes);
  }

  step(random: Random): void {
    this.executions++;
    this.#place(random);
    const isPlaced = this.#isRing();
    const queue = this.#open(random.oneIn(2));
    expect((queue !== null) === isPlaced, () => `A ring is taken: ${queue !== null}`);
    if (queue === null) return;
    this.#lastAvail = 0;
    if (random.oneIn(4)) this.#lastAvail = random.pick([1, 0x7fff, 0xfffe, 0xffff]);
    queue.goOnAt(this.#lastAvail);
    this.#write(random);
    this.#twin.bytes.set(this.#memory.bytes);
    while (this.#pop(random, queue));
    this.#memory.mustEqual(this.#twin, 0, MEMORY_LEN, "The device's half wrote");
  }

  close(): void {}

  // The offset of all of a range in one region, or -1.
  #find(address: number, len: number): number {
    for (const { start, at, len: regionLen } of REGIONS) {
      if (address >= start && address + len <= start + regionLen) return at + address - start;
    }
    return -1;
  }

  #place(random: Random): void {
    this.#size = 2 ** random.below(6);
    const anywhere = () => {
      const { start, len } = random.pick(REGIONS);
      return random.oneIn(30) ? random.number() : start + random.below(len);
    };
    const slip = () => random.oneIn(60) ? random.below(16) : 0;
    this.#desc = Math.floor(anywhere() / 16) * 16 + slip();
    this.#driver = Math.floor(anywhere() / 2) * 2 + slip();
    this.#device = Math.floor(anywhere() / 4) * 4 + slip();
  }

  #isRing(): boolean {
    const size = this.#size;
    return this.#desc % 16 === 0 && this.#driver % 2 === 0 && this.#device % 4 === 0 &&
      this.#find(this.#desc, 16 * size) >= 0 && this.#find(this.#driver, 6 + 2 * size) >= 0 &&
      this.#find(this.#device, 6 + 8 * size) >= 0;
  }

  #open(eventIdx: boolean): SplitDeviceQueue | null {
    const [size, desc, driver, device] = [this.#size, this.#desc, this.#driver, this.#device];
    try {
      return new SplitDeviceQueue(this.#guest, { size, desc, driver, device, eventIdx });
    } catch (error) {
      if (error instanceof BrokenRingError) return null;
      throw error;
    }
  }

  // Fills table and ring with what a driver may write that means harm, or is careless.
  #write(random: Random): void {
    const size = this.#size;
    const desc = this.#find(this.#desc, 16 * size);
    const driver = this.#find(this.#driver, 6 + 2 * size);
    const table = REGIONS[0].at + 16 * random.below(64);
    const entries = random.between(1, 12);
    for (let i = 0; i < entries; i++) this.#descriptor(random, table + 16 * i, entries, false);
    for (let i = 0; i < size; i++) {
      this.#descriptor(random, desc + 16 * i, size, true);
      if (random.oneIn(4)) this.#refer(random, desc + 16 * i, table, entries);
    }
    const ahead = random.oneIn(12) ? random.number() : random.below(size + 1);
    for (let i = 0; i < size; i++) {
      const head = random.oneIn(30) ? random.number() : random.below(size);
      this.#view.setUint16(driver + 4 + 2 * i, head, true);
    }
    this.#view.setUint16(driver + 2, this.#lastAvail + ahead, true);
  }

  #descriptor(random: Random, at: number, num: number, mayRefer: boolean): void {
    const { start, len } = random.pick(REGIONS);
    let address = start + random.below(len);
    let bytes = random.oneIn(5) ? 0 : random.below(40);
    if (random.oneIn(12)) {
      // Up to a region's end, or over it.
      bytes = random.below(40);
      address = start + len - bytes + random.between(-1, 1);
    }
    if (random.oneIn(40)) bytes = random.number();
    let high = Math.floor(address / 2 ** 32);
    if (random.oneIn(60)) high = random.number();
    const flags = (random.oneIn(2) ? NEXT : 0) | (random.oneIn(2) ? WRITE : 0) |
      (random.oneIn(mayRefer ? 30 : 60) ? INDIRECT : 0) | (random.oneIn(8) ? 0xfff8 : 0);
    this.#view.setUint32(at, address >>> 0, true);
    this.#view.setUint32(at + 4, high, true);
    this.#view.setUint32(at + 8, bytes, true);
    this.#view.setUint16(at + 12, flags, true);
    // The first that is not there, more often than not.
    const wrong = random.oneIn(2) ? num : random.number();
    const next = random.oneIn(16) ? wrong : random.below(num);
    this.#view.setUint16(at + 14, next, true);
  }

  #refer(random: Random, at: number, table: number, entries: number): void {
    const slip = random.oneIn(16) ? random.number() : 0;
    this.#view.setUint32(at, REGIONS[0].start + table - REGIONS[0].at, true);
    this.#view.setUint32(at + 4, 0, true);
    this.#view.setUint32(at + 8, 16 * entries + slip, true);
    const more = (random.oneIn(16) ? NEXT : 0) | (random.oneIn(4) ? WRITE : 0);
    this.#view.setUint16(at + 12, INDIRECT | more, true);
  }

  // False when nothing is left, or the ring is broken.
  #pop(random: Random, queue: SplitDeviceQueue): boolean {
    const driver = this.#find(this.#driver, 6 + 2 * this.#size);
    const ahead = (this.#view.getUint16(driver + 2, true) - this.#lastAvail) & 0xffff;
    const wanted = ahead === 0 ? null : this.#walk(driver, ahead);
    const isPopped = this.#tryPop(queue);
    const told = isPopped === null ? "broken" : isPopped ? "popped" : "empty";
    const right = ahead === 0 ? "empty" : wanted === null ? "broken" : "popped";
    expect(told === right, () => `The ring is ${told}, and ought to be ${right}`);
    if (wanted === null) return false;
    const { head, readable, writable } = this.#chain;
    expect(head === wanted.head, () => `Head ${head}, not ${wanted.head}`);
    this.#mustBe(readable, wanted.readable, "R");
    this.#mustBe(writable, wanted.writable, "W");
    this.#lastAvail = (this.#lastAvail + 1) & 0xffff;
    return !random.oneIn(16);
  }

  #tryPop(queue: SplitDeviceQueue): boolean | null {
    try {
      return queue.pop(this.#chain);
    } catch (error) {
      if (error instanceof BrokenRingError) return null;
      throw error;
    }
  }

  #mustBe(
    list: DescriptorChain["readable"],
    pieces: readonly Piece[],
    name: string,
  ): void {
    const len = pieces.reduce((sum, piece) => sum + piece.len, 0);
    expect(list.length === len, () => `${name} has ${list.length} bytes, not ${len}`);
    const bytes = new Uint8Array(len);
    list.copyTo(0, new MemoryBytes(bytes), 0, len);
    let from = 0;
    for (const { at, len } of pieces) {
      for (let i = 0; i < len; i++) {
        const isSame = bytes[from + i] === this.#memory.bytes[at + i];
        expect(isSame, () => `Byte ${from + i} of ${name} is not that at ${at + i}`);
      }
      from += len;
    }
  }

  #walk(driver: number, ahead: number): Walked | null {
    const size = this.#size;
    if (ahead > size) return null;
    const head = this.#view.getUint16(driver + 4 + 2 * (this.#lastAvail % size), true);
    const walked: Walked = { head, readable: [], writable: [] };
    let index = head;
    for (let taken = 0; taken < size; taken++) {
      if (index >= size) return null;
      const at = this.#find(this.#desc, 16 * size) + 16 * index;
      const flags = this.#view.getUint16(at + 12, true);
      if ((flags & INDIRECT) !== 0) {
        const isLast = (flags & NEXT) === 0;
        return isLast && this.#walkTable(walked, at) ? walked : null;
      }
      if (!this.#take(walked, at, flags)) return null;
      if ((flags & NEXT) === 0) return walked;
      index = this.#view.getUint16(at + 14, true);
    }
    return null;
  }

  #walkTable(walked: Walked, referring: number): boolean {
    const len = this.#view.getUint32(referring + 8, true);
    const table = this.#find(this.#address(referring), len);
    if (len === 0 || len % 16 !== 0 || table < 0) return false;
    let index = 0;
    for (let taken = 0; taken < Math.max(this.#size, LEAST_INDIRECT); taken++) {
      if (index >= len / 16) return false;
      const at = table + 16 * index;
      const flags = this.#view.getUint16(at + 12, true);
      if ((flags & INDIRECT) !== 0 || !this.#take(walked, at, flags)) return false;
      if ((flags & NEXT) === 0) return true;
      index = this.#view.getUint16(at + 14, true);
      // As many steps as entries without an end are a loop.
      if (taken + 1 >= len / 16) return false;
    }
    return false;
  }

  #address(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  // Adds a descriptor's bytes; false where they are none.
  #take({ readable, writable }: Walked, at: number, flags: number): boolean {
    const len = this.#view.getUint32(at + 8, true);
    const isWritable = (flags & WRITE) !== 0;
    if (!isWritable && writable.length > 0) return false;
    const all = [...readable, ...writable].reduce((sum, piece) => sum + piece.len, len);
    if (all > MOST_BYTES) return false;
    const list = isWritable ? writable : readable;
    list.push({ at: 0, len: 0 });
    let address = this.#address(at);
    for (let left = len; left > 0;) {
      const region = REGIONS.find(({ start, len }) => address >= start && address < start + len);
      if (region === undefined) return false;
      const take = Math.min(left, region.start + region.len - address);
      list.push({ at: region.at + address - region.start, len: take });
      address += take;
      left -= take;
    }
    return true;
  }
}
