/**
 * A device in this process, driven by requests on its rings: each answer is compared with that of the
 * naive device, and all memory around it with what it was.
 *
 * @module
 */

import {
  type AlgorithmSet,
  CryptoDevice,
  DeviceStatus,
  GuestMemory,
  type MemoryRegion,
  placeQueue,
  Register,
  SplitDriverQueue,
} from "../../../device/mod.ts";
import { expect, type World } from "../kind.ts";
import { brief, Memory } from "../memory.ts";
import type { Random } from "../random.ts";
import { byNodeCrypto, Computer } from "./computer.ts";
import { type Made, Maker } from "./maker.ts";
import { mutate } from "./mutate.ts";
import { AEAD, BADMSG, OK, type Operation } from "./operation.ts";
import { type Placed, Window } from "./placement.ts";
import { type Prediction, Reference } from "./reference.ts";
import { mustBeWiped } from "./spied.ts";

const NUM_DATA_QUEUES = 2;
const CONTROL = NUM_DATA_QUEUES;
const QUEUE_SIZE = 64;
const RING_SPACE = 0x1000;
const TABLES = 0x8000;
const TABLES_END = 0xc000;
const WINDOW = 0xc000;
const MEMORY_LEN = 0x40000;
const ROOM = 16 * 1024;
// Where the two regions meet: buffers lie across it.
const SEAM_AREA = 2048;

interface Entry {
  readonly head: number;
  readonly made: Made;
  readonly placed: Placed;
  readonly prediction: Prediction;
}

/** How a device under test is made. */
export interface RequestWorldOptions {
  readonly algorithms: AlgorithmSet;
  /** Computes what answers have to be. */
  readonly computer: Computer;
}

/** See the module's comment. */
export class RequestWorld implements World {
  executions = 0;
  readonly #computer: Computer;
  readonly #device: CryptoDevice;
  readonly #memory: Memory = new Memory(MEMORY_LEN);
  readonly #twin: Memory = new Memory(MEMORY_LEN);
  readonly #window: Window;
  readonly #rings: SplitDriverQueue[] = [];
  readonly #ringRegion: MemoryRegion;
  readonly #faults: unknown[] = [];
  readonly #layout: "v19" | "1.1";
  readonly #maxSize: number;
  readonly #maxSessions: number;
  #reference: Reference;
  #maker: Maker;
  #hasIndirect = false;
  #tablesAt = TABLES;
  #onInterrupt: (() => void) | null = null;

  constructor(random: Random, options: RequestWorldOptions) {
    this.#computer = options.computer;
    const memory = new GuestMemory();
    const seam = WINDOW + 16 * random.below(SEAM_AREA / 16);
    random.fill(this.#memory.bytes.subarray(WINDOW));
    this.#ringRegion = memory.add(0, this.#memory.bytes.subarray(0, seam));
    memory.add(seam, this.#memory.bytes.subarray(seam));
    this.#window = new Window(this.#memory, this.#twin, WINDOW, MEMORY_LEN);
    this.#layout = random.oneIn(3) ? "1.1" : "v19";
    this.#maxSize = random.pick([100, 100, 200, 1000, 4096, 4096, 80_000]);
    this.#maxSessions = random.pick([1, 3, 8, 20]);
    this.#device = new CryptoDevice({
      memory,
      queues: NUM_DATA_QUEUES,
      maxSize: this.#maxSize,
      maxSessions: this.#maxSessions,
      layout: this.#layout,
      algorithms: options.algorithms,
      onFault: (fault) => this.#faults.push(fault),
      interrupt: () => this.#interrupted(),
    });
    this.#reference = this.#start(random);
    this.#maker = new Maker(this.#reference.terms, this.#computer);
    this.#twin.bytes.set(this.#memory.bytes);
  }

  step(random: Random): void {
    const queue = random.oneIn(3) ? CONTROL : random.below(NUM_DATA_QUEUES);
    this.#batch(random, queue, random.oneIn(400), random.oneIn(16));
  }

  close(): void {
    this.#memory.mustEqual(
      this.#twin,
      WINDOW,
      MEMORY_LEN,
      "Memory outside of requests was written",
    );
    this.#device.close();
    this.#computer.close();
    expect(this.#device.numSessions === 0, () => "Sessions outlive the device");
    mustBeWiped(Infinity);
  }

  // Some requests on one queue, from their making to their answers.
  #batch(random: Random, queue: number, afterReset: boolean, goesOn: boolean): void {
    if (afterReset) {
      this.#reference = this.#start(random);
      this.#maker = new Maker(this.#reference.terms, this.#computer);
    }
    const entries = this.#submit(random, queue);
    const before = this.#device.counters.requests;
    let isFinished = false;
    const finish = () => {
      isFinished = true;
      for (const entry of entries) this.#check(random, queue, entry);
      this.#checkState(random, queue, entries.length, before);
      this.executions += entries.length;
    };
    if (goesOn) {
      // A driver may go on, on another queue, or reset the device, from within the interrupt.
      this.#onInterrupt = () => {
        finish();
        this.#batch(random, (queue + 1) % (NUM_DATA_QUEUES + 1), random.oneIn(8), false);
      };
    }
    // A driver that need not notify does not: a kick that is lost leaves requests lying.
    if (this.#rings[queue].publish()) this.#write(Register.QueueNotify, queue);
    this.#onInterrupt = null;
    if (!isFinished) finish();
    mustBeWiped(random.oneIn(64) ? Infinity : 1024);
    if (random.oneIn(4)) this.#rings[queue].enableInterrupt();
  }

  // Puts some requests on a queue, and foretells their answers.
  #submit(random: Random, queue: number): Entry[] {
    const entries: Entry[] = [];
    const ring = this.#rings[queue];
    this.#window.clear();
    this.#tablesAt = TABLES;
    for (let left = random.oneIn(3) ? 1 : random.between(1, 8); left > 0; left--) {
      const made = this.#request(random, queue === CONTROL);
      const { readable, writableLen } = made;
      if (!this.#window.hasRoom(readable.length + writableLen)) break;
      if (ring.numFree < 32) break;
      const prediction = queue === CONTROL
        ? this.#reference.control(readable, writableLen)
        : this.#reference.data(readable, writableLen);
      const placed = this.#window.place(random, readable, writableLen);
      entries.push({ head: this.#add(random, ring, placed), made, placed, prediction });
      // Whether a later request means this session is not known before it has its number.
      if (prediction.created !== null) break;
    }
    return entries;
  }

  #interrupted(): void {
    const run = this.#onInterrupt;
    this.#onInterrupt = null;
    run?.();
  }

  #request(random: Random, isControl: boolean): Made {
    const made = isControl ? this.#controlRequest(random) : this.#dataRequest(random);
    if (random.oneIn(3)) return made;
    return mutate(random, made, {
      maxSize: this.#maxSize,
      anyId: (random) => this.#anyId(random),
      room: ROOM,
    });
  }

  #controlRequest(random: Random): Made {
    const { sessions } = this.#reference;
    if (!random.oneIn(3) && (sessions.size < this.#maxSessions || random.oneIn(3))) {
      return this.#maker.create(random);
    }
    const id = this.#anyId(random);
    return this.#maker.destroy(random, sessions.get(id)?.service ?? random.below(4), id);
  }

  #dataRequest(random: Random): Made {
    const { sessions, terms } = this.#reference;
    const session = sessions.size > 0 && !(terms.mux && random.oneIn(2))
      ? random.pick([...sessions.values()])
      : undefined;
    if (session !== undefined) return this.#maker.data(random, session);
    return this.#maker.stateless(random, random.below(4));
  }

  #anyId(random: Random): number {
    const { sessions, ended } = this.#reference;
    if (sessions.size > 0 && !random.oneIn(4)) return random.pick([...sessions.keys()]);
    return ended.length > 0 && random.oneIn(2) ? random.pick(ended) : random.below(30);
  }

  #add(random: Random, ring: SplitDriverQueue, { readable, writable }: Placed): number {
    const num = readable.length + writable.length;
    const isIndirect = this.#hasIndirect && random.oneIn(2) &&
      this.#tablesAt + 16 * num <= TABLES_END;
    if (!isIndirect) return ring.add(readable, writable);
    const table = this.#tablesAt;
    this.#tablesAt += 16 * num;
    const view = this.#ringRegion.view;
    [...readable, ...writable].forEach(({ address, len }, i) => {
      view.setBigUint64(table + 16 * i, BigInt(address), true);
      view.setUint32(table + 16 * i + 8, len, true);
      const hasNext = i + 1 < num;
      const flags = (hasNext ? 1 : 0) | (i >= readable.length ? 2 : 0);
      view.setUint16(table + 16 * i + 12, flags, true);
      view.setUint16(table + 16 * i + 14, hasNext ? i + 1 : 0, true);
    });
    return ring.addIndirect(table, num);
  }

  #check(random: Random, queue: number, entry: Entry): void {
    const ring = this.#rings[queue];
    const head = ring.popUsed();
    const what = () => `Request ${brief(entry.made.readable)} with W of ${entry.made.writableLen}`;
    expect(head >= 0, () => `${what()} has not been completed`);
    expect(head === entry.head, () => `Chain ${head} came back, not ${entry.head}`);
    const { made: { writableLen }, placed: { writable } } = entry;
    const actual = this.#window.load(this.#memory, writable, writableLen);
    const wanted = this.#window.load(this.#twin, writable, writableLen);
    const usedLen = queue === CONTROL
      ? this.#expectControl(entry, actual, wanted)
      : this.#expectData(random, entry, actual, wanted);
    expect(ring.usedLen === usedLen, () => `${what()}: used.len ${ring.usedLen}, not ${usedLen}`);
    this.#window.note(writable, wanted);
    const differs = actual.findIndex((byte, i) => byte !== wanted[i]);
    expect(differs < 0, () => {
      const told = `${brief(actual)}, not ${brief(wanted)}`;
      return `${what()}: from ${differs} on it wrote ${told}, used.len ${usedLen}`;
    });
  }

  // What ends up in W, and used.len.
  #expectControl({ prediction }: Entry, actual: Uint8Array, wanted: Uint8Array): number {
    const { status, usedLen, created, destroyed } = prediction;
    if (destroyed !== null) this.#computer.forget(destroyed);
    if (usedLen === 16) {
      wanted.fill(0, 0, 16);
      wanted[8] = status;
      if (created !== null) {
        const view = new DataView(actual.buffer);
        const id = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
        expect(actual[8] === OK, () => `A session was refused with status ${actual[8]}`);
        this.#reference.open(created, id);
        wanted.set(actual.subarray(0, 8));
      }
    } else {
      wanted.fill(0, 0, usedLen);
      if (usedLen > 0) wanted[0] = status;
    }
    return usedLen;
  }

  #expectData(
    random: Random,
    { prediction, made }: Entry,
    actual: Uint8Array,
    wanted: Uint8Array,
  ): number {
    const { writableLen } = made;
    if (writableLen === 0) return 0;
    const { operation } = prediction;
    wanted[writableLen - 1] = prediction.status;
    if (prediction.status !== OK || operation === null) return 1;
    const len = operation.dstLen + operation.resultLen;
    const { setting, isSession } = operation;
    const mustCompute = setting.service === AEAD && setting.decrypt;
    if (mustCompute || (isSession ? !random.oneIn(4) : random.oneIn(3))) {
      const result = this.#compute(random, operation);
      if (result === null) {
        wanted[writableLen - 1] = BADMSG;
        return 1;
      }
      wanted.set(result);
    } else {
      wanted.set(actual.subarray(0, len));
    }
    return len + 1;
  }

  #compute(random: Random, operation: Operation): Uint8Array | null {
    const result = this.#computer.run(operation);
    if (random.oneIn(64)) {
      const other = byNodeCrypto(operation);
      const isSame = other === undefined || other?.toHex() === result?.toHex();
      expect(isSame, () => `An accelerator computes ${result?.toHex()}, node:crypto ${other}`);
    }
    return result;
  }

  #checkState(random: Random, queue: number, num: number, before: number): void {
    const { counters, numSessions, virtio } = this.#device;
    const fault = this.#faults.pop();
    expect(fault === undefined, () => `A fault of ours: ${fault}`);
    expect(counters.brokenRings === 0, () => "A good ring was called broken");
    expect(counters.requests === before + num, () => {
      return `${counters.requests - before} requests were executed, not ${num}`;
    });
    expect(this.#rings[queue].popUsed() === -1, () => "A chain was completed twice");
    const open = this.#reference.sessions.size;
    expect(numSessions === open, () => `${numSessions} sessions are open, not ${open}`);
    expect(numSessions <= this.#maxSessions, () => `${numSessions} sessions are open`);
    expect((virtio.status & DeviceStatus.DEVICE_NEEDS_RESET) === 0, () => "The device broke down");
    const { start, used, end } = this.#window;
    const to = random.oneIn(256) ? end : used;
    this.#memory.mustEqual(this.#twin, start, to, "Memory outside of requests was written");
  }

  #write(register: number, value: number): void {
    this.#device.virtio.writeRegister(register, value);
  }

  // Resets the device and starts it up with other features.
  #start(random: Random): Reference {
    const mux = !random.oneIn(3);
    const bits = mux ? 1 | (random.oneIn(2) ? 0x1e : random.below(16) << 1) : 0;
    this.#hasIndirect = random.oneIn(2);
    const hasEventIdx = random.oneIn(2);
    for (const status of [0, 1, 3]) this.#write(Register.Status, status);
    expect(this.#device.numSessions === 0, () => "Sessions outlive a reset");
    this.#write(Register.DriverFeaturesSel, 0);
    const ringBits = (this.#hasIndirect ? 1 << 28 : 0) | (hasEventIdx ? 1 << 29 : 0);
    this.#write(Register.DriverFeatures, bits | ringBits);
    this.#write(Register.DriverFeaturesSel, 1);
    this.#write(Register.DriverFeatures, 1);
    this.#write(Register.Status, 11);
    for (let index = 0; index <= CONTROL; index++) this.#setUp(index, hasEventIdx);
    this.#write(Register.Status, 15);
    expect(this.#device.virtio.status === 15, () => "The device did not start");
    this.#computer.close();
    return new Reference({
      mux,
      stateless: [1, 2, 3, 4].map((bit) => (bits >> bit & 1) === 1),
      layout: this.#layout,
      maxSize: this.#maxSize,
      maxSessions: this.#maxSessions,
    });
  }

  #setUp(index: number, hasEventIdx: boolean): void {
    const base = index * RING_SPACE;
    this.#memory.bytes.fill(0, base, base + RING_SPACE);
    const { addresses } = placeQueue(base, QUEUE_SIZE);
    this.#write(Register.QueueSel, index);
    this.#write(Register.QueueNum, QUEUE_SIZE);
    this.#write(Register.QueueDescLow, addresses.desc);
    this.#write(Register.QueueDriverLow, addresses.driver);
    this.#write(Register.QueueDeviceLow, addresses.device);
    this.#write(Register.QueueReady, 1);
    this.#rings[index] = new SplitDriverQueue(
      this.#ringRegion,
      addresses,
      QUEUE_SIZE,
      hasEventIdx,
    );
  }
}
