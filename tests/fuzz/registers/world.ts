/**
 * Registers in any order with any values, against the naive register file.
 *
 * @module
 */

import { CryptoDevice, GuestMemory } from "../../../device/mod.ts";
import { expect, type World } from "../kind.ts";
import { isZero, Memory } from "../memory.ts";
import type { Random } from "../random.ts";
import { NaiveRegisters, READABLE, WRITABLE } from "./naive.ts";

const MEMORY_LEN = 0x20000;
const BASES = [0x4000, 2 ** 32] as const;
const ACCESSES = 50;
// What start-ups are made of: without it few drivers would get beyond the features.
const LIKELY: readonly (readonly [number, readonly number[]])[] = [
  [0x070, [0, 1, 3, 7, 8, 11, 11, 15, 15, 15, 64, 79, 128, 143, 0x100, 0x10f]],
  [0x014, [0, 1, 2, 3]],
  [0x024, [0, 1, 1, 1, 2, 3, 4]],
  [0x020, [0, 1, 1, 3, 0x101, 0x1f, 0x20000001, 0x30000000]],
  [0x030, [0, 1, 2, 3, 4]],
  [0x038, [0, 1, 2, 3, 8, 64, 1024, 2048]],
  [0x044, [0, 1, 1, 1, 2]],
  [0x050, [0, 1, 2, 3]],
  [0x064, [0, 1, 2, 3]],
  [0x0c0, [0, 1]],
];

/** See the module's comment. */
export class RegisterWorld implements World {
  executions = 0;
  readonly #memory: Memory = new Memory(2 * MEMORY_LEN);
  readonly #device: CryptoDevice;
  readonly #config: Uint8Array;
  #model: NaiveRegisters;
  #numBroken = 0;

  constructor(random: Random) {
    const queues = random.between(1, 3);
    const memory = new GuestMemory();
    BASES.forEach((start, i) => {
      memory.add(start, this.#memory.bytes.subarray(i * MEMORY_LEN, (i + 1) * MEMORY_LEN));
    });
    this.#device = new CryptoDevice({ memory, queues });
    this.#model = new NaiveRegisters(queues + 1, false);
    this.#config = this.#device.virtio.readConfig(0, 56) ?? new Uint8Array(0);
  }

  step(random: Random): void {
    for (let i = 0; i < ACCESSES; i++) {
      this.executions++;
      const kind = random.below(16);
      if (kind === 0) this.#readConfig(random);
      else if (kind < 5) this.#read(random);
      else this.#write(random);
    }
    const { counters } = this.#device;
    expect(counters.brokenRings === this.#numBroken, () => {
      return `${counters.brokenRings} rings are broken, not ${this.#numBroken}`;
    });
    expect(counters.faults === 0, () => "A fault of ours");
  }

  close(): void {
    this.#device.close();
    // Rings without requests: nothing but an event of 0 is ever written.
    const { buffer } = this.#memory.bytes;
    expect(isZero(buffer, Infinity), () => "A device without requests wrote to memory");
  }

  #readConfig(random: Random): void {
    const offset = random.oneIn(8) ? random.number() : random.between(0, 60);
    const len = random.oneIn(8) ? random.number() : random.below(60);
    const bytes = this.#device.virtio.readConfig(offset, len);
    const wanted = NaiveRegisters.hasConfig(offset, len)
      ? this.#config.slice(offset, offset + len).toHex()
      : undefined;
    expect(bytes?.toHex() === wanted, () => `Configuration at ${offset}: ${bytes?.toHex()}`);
  }

  #read(random: Random): void {
    const offset = random.oneIn(8) ? random.number() : random.pick(READABLE);
    const value = this.#device.virtio.readRegister(offset);
    const wanted = NaiveRegisters.has(offset) ? this.#model.read(offset) >>> 0 : undefined;
    expect(value === wanted, () => `Register ${offset.toString(16)} reads ${value}, not ${wanted}`);
  }

  #write(random: Random): void {
    let offset = random.pick(WRITABLE);
    let value = random.number();
    if (!random.oneIn(6)) {
      const [at, values] = random.pick(LIKELY);
      offset = at;
      value = random.pick(values);
    } else if (offset >= 0x080 && offset <= 0x0a4) {
      // Addresses in memory, aligned for the most part.
      const isHigh = offset % 8 === 4;
      const low = random.below(MEMORY_LEN / 16) * 16 + (random.oneIn(8) ? random.below(16) : 0);
      value = isHigh ? random.below(2) : random.oneIn(8) ? random.number() : low;
    }
    if (random.oneIn(40)) offset = random.number();
    const isTaken = this.#device.virtio.writeRegister(offset, value);
    const isKnown = NaiveRegisters.has(offset);
    expect(isTaken === isKnown, () => `A write at ${offset.toString(16)} is taken: ${isTaken}`);
    if (!isKnown) return;
    if (offset === 0x050) this.#notify(value);
    else this.#model.write(offset, value);
  }

  // A ring outside memory is broken; one in memory is empty here.
  #notify(index: number): void {
    const queue = this.#model.queues[index];
    if (!this.#model.isRunning || queue === undefined || !queue.isReady) return;
    const { size } = queue;
    const isPlaced = isInMemory(queue.at(0x080), 16 * size, 16) &&
      isInMemory(queue.at(0x090), 6 + 2 * size, 2) && isInMemory(queue.at(0x0a0), 6 + 8 * size, 4);
    if (isPlaced) return;
    this.#model.breakDown();
    this.#numBroken++;
  }
}

function isInMemory(address: number, len: number, alignment: number): boolean {
  return address % alignment === 0 &&
    BASES.some((start) => address >= start && address + len <= start + MEMORY_LEN);
}
