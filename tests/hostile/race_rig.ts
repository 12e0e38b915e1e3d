/** A device on memory that a racing thread rewrites, and the racing thread. */

import { strict as assert } from "node:assert";
import {
  type AlgorithmSet,
  CryptoDevice,
  type DeviceThreads,
  featureByName,
  FeatureSet,
  GuestMemory,
  type MemoryRegion,
  placeQueue,
  Register,
  SplitDriverQueue,
  VirtioFeature,
} from "../../device/mod.ts";
import {
  build,
  createHashSession,
  destroySession,
  parseSessionInput,
  type Request,
  type RequestFormat,
  type WireMode,
} from "../../device/wire/requests.ts";
import { SAMPLES, SESSIONS } from "../support/samples.ts";
import { ALL_MODES } from "../support/remote_rig.ts";
import {
  assertUntouched,
  deviceMemory,
  FIRST_TABLE,
  newGround,
  NUM_SLOTS,
  type RaceStart,
  REQUESTS,
  RESULTS,
  RING_SIZE,
  RINGS,
  SLOT,
  type Swap,
  Word,
} from "./race_ground.ts";

/** Requests that are offered in one round. */
const OFFERED = 16;
const CONTROL_BASE = 0x4000;
const ONE_MS = 1;
// A thread that has done nothing for so long may have nothing to do.
const STALLED_MS = 20;
const MODE: WireMode = { mux: true, layout: "v19" };
const DATA_QUEUE = 0;

/** How a rig is made. */
export interface RaceRigOptions {
  readonly algorithms: AlgorithmSet;
  readonly threads?: DeviceThreads;
  readonly swaps?: readonly Swap[];
  readonly seed?: number;
}

/** See the module's comment. */
export class RaceRig {
  readonly device: CryptoDevice;
  readonly region: MemoryRegion;
  readonly faults: unknown[] = [];
  /** Times the device has needed a reset. */
  numBroken = 0;
  readonly #memory: SharedArrayBuffer = newGround();
  readonly #words: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(64));
  readonly #data = placeQueue(RINGS, RING_SIZE).addresses;
  readonly #worker: Worker;
  readonly #seed: number;
  readonly #swaps: readonly Swap[];
  #onProgress: () => void = () => {};
  #control: SplitDriverQueue | null = null;
  #requests: readonly Request[] = [];

  constructor({ algorithms, threads, swaps = [], seed = 1 }: RaceRigOptions) {
    this.#seed = seed;
    this.#swaps = swaps;
    const memory = new GuestMemory();
    this.region = memory.add(0, deviceMemory(this.#memory));
    this.device = new CryptoDevice({
      memory,
      queues: 1,
      algorithms,
      threads,
      maxSessions: 32,
      onFault: (fault) => this.faults.push(fault),
      onProgress: () => this.#onProgress(),
    });
    this.#worker = new Worker(new URL("./racer.ts", import.meta.url), { type: "module" });
    this.start();
  }

  /** Whether the device runs. */
  get isRunning(): boolean {
    return this.device.virtio.running;
  }

  /** Resets the device, starts it up with new rings, and makes the sessions of the samples. */
  start(): void {
    const { virtio } = this.device;
    const write = (register: number, value: number) => virtio.writeRegister(register, value);
    for (const status of [0, 1, 3]) write(Register.Status, status);
    const bits = [...ALL_MODES, "RING_INDIRECT_DESC"].map((name) => featureByName(name)?.bit ?? -1);
    const features = FeatureSet.of([VirtioFeature.VERSION_1, ...bits]);
    write(Register.DriverFeaturesSel, 0);
    write(Register.DriverFeatures, features.low);
    write(Register.DriverFeaturesSel, 1);
    write(Register.DriverFeatures, features.high);
    write(Register.Status, 11);
    this.region.bytes.fill(0, RINGS, REQUESTS);
    const control = placeQueue(CONTROL_BASE, RING_SIZE).addresses;
    [this.#data, control].forEach(({ desc, driver, device }, index) => {
      write(Register.QueueSel, index);
      write(Register.QueueNum, RING_SIZE);
      write(Register.QueueDescLow, desc);
      write(Register.QueueDriverLow, driver);
      write(Register.QueueDeviceLow, device);
      write(Register.QueueReady, 1);
    });
    write(Register.Status, 15);
    this.#control = new SplitDriverQueue(this.region, control, RING_SIZE, false);
    this.#requests = SAMPLES.map((sample) =>
      sample.make({ mode: MODE, create: (format, options) => this.#create(format, options) })
    );
  }

  /** Sets the racing thread off; resolves when it races. */
  async race(): Promise<void> {
    const { desc, driver } = this.#data;
    const start: RaceStart = {
      memory: this.#memory,
      words: this.#words.buffer,
      seed: this.#seed,
      desc,
      driver,
      swaps: this.#swaps,
    };
    this.#worker.postMessage(start);
    const end = performance.now() + 60_000;
    while (this.numRaces === 0) {
      assert.ok(performance.now() < end, "The racing thread did not start");
      await new Promise((resolve) => setTimeout(resolve, ONE_MS));
    }
  }

  /** What the racing thread rewrites from now on. */
  set mode(bits: number) {
    Atomics.store(this.#words, Word.MODE, bits);
  }

  /** Times the racing thread has been round. */
  get numRaces(): number {
    return Atomics.load(this.#words, Word.ROUNDS);
  }

  /** Puts good requests where they belong, and descriptors that refer to them. */
  restore(): void {
    const { view, bytes } = this.region;
    for (let slot = 0; slot < NUM_SLOTS; slot++) {
      const { readable, writableLen } = this.#requests[slot % this.#requests.length];
      const at = REQUESTS + slot * SLOT;
      const isTable = slot >= FIRST_TABLE;
      if (!isTable) bytes.set(readable, at);
      const table = isTable ? at : this.#data.desc + 16 * slot;
      // A chain is a slot's entry and the one behind it: every other entry begins one.
      const isFirst = slot % 2 === 0;
      this.#entry(table, isFirst, slot, isFirst ? readable.length : writableLen);
      if (isTable) this.#table(slot);
    }
    view.setUint16(this.#data.driver, 0, true);
  }

  #entry(at: number, isFirst: boolean, slot: number, len: number): void {
    const { view } = this.region;
    const address = isFirst ? REQUESTS + slot * SLOT : RESULTS + slot * SLOT;
    view.setUint32(at + 8, len, true);
    view.setUint32(at, address, true);
    view.setUint32(at + 4, 0, true);
    view.setUint16(at + 12, isFirst ? 1 : 2, true);
    view.setUint16(at + 14, isFirst ? (slot + 1) % RING_SIZE : 0, true);
  }

  // A table of two entries, and the descriptor that refers to it.
  #table(slot: number): void {
    const { view } = this.region;
    const { readable, writableLen } = this.#requests[0];
    const at = REQUESTS + slot * SLOT;
    this.#entry(at, true, 0, readable.length);
    view.setUint16(at + 14, 1, true);
    this.#entry(at + 16, false, 1, writableLen);
    const desc = this.#data.desc + 16 * slot;
    view.setUint32(desc, at, true);
    view.setUint32(desc + 4, 0, true);
    view.setUint32(desc + 8, 32, true);
    view.setUint16(desc + 12, 4, true);
  }

  /** Offers requests: the heads are those of whole chains until somebody rewrites them. */
  offer(): void {
    const { view } = this.region;
    const used = this.#usedIdx();
    for (let i = 0; i < OFFERED; i++) {
      const head = i >= OFFERED - 2 ? FIRST_TABLE + i % 2 : (2 * i) % FIRST_TABLE;
      view.setUint16(this.#data.driver + 4 + 2 * ((used + i) % RING_SIZE), head, true);
    }
    this.#publish(used + OFFERED);
  }

  #usedIdx(): number {
    return this.region.view.getUint16(this.#data.device + 2, true);
  }

  #publish(index: number): void {
    const { bytes } = this.region;
    const words = new Uint16Array(bytes.buffer, bytes.byteOffset + this.#data.driver, 2);
    Atomics.store(words, 1, index & 0xffff);
  }

  /** Lets the device run what is offered, for a moment: here, or in its threads. */
  async run(withThreads: boolean): Promise<void> {
    const deadline = performance.now() + 5;
    if (!withThreads) this.device.drain(DATA_QUEUE, deadline);
    else {
      this.device.share();
      this.device.serve(DATA_QUEUE, Infinity, Infinity, deadline);
      await this.#comesBack();
    }
    if (!this.isRunning) {
      this.numBroken++;
      this.start();
    }
  }

  // A driver that goes on offering keeps a thread for as long: the queue is asked for.
  async #comesBack(): Promise<void> {
    const end = performance.now() + 60_000;
    const due = performance.now() + STALLED_MS;
    const before = this.#usedIdx();
    while (this.isRunning && this.device.isAway(DATA_QUEUE)) {
      const now = performance.now();
      assert.ok(now < end, "The queue did not come back");
      if (now >= due || this.#usedIdx() !== before) this.device.recall(DATA_QUEUE);
      await this.#progress();
    }
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ONE_MS);
      this.#onProgress = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Holds that nothing was written where nobody may, and that there were no faults. */
  check(): void {
    assertUntouched(this.#memory);
    assert.deepEqual(this.faults, []);
    assert.ok(this.device.numSessions <= 32);
  }

  /** Ends the race; the device must still serve every sample. */
  async end(): Promise<void> {
    Atomics.store(this.#words, Word.STOP, 1);
    const end = performance.now() + 60_000;
    while (Atomics.load(this.#words, Word.STOP) !== 2) {
      assert.ok(performance.now() < end, "The racing thread did not end");
      await new Promise((resolve) => setTimeout(resolve, ONE_MS));
    }
    this.#worker.terminate();
  }

  /** Serves every sample right, on the ring that was raced for. */
  serves(): void {
    this.start();
    SAMPLES.forEach(({ result, name }, i) => {
      const { readable, writableLen } = this.#requests[i];
      this.region.bytes.set(readable, REQUESTS);
      this.#entry(this.#data.desc, true, 0, readable.length);
      this.#entry(this.#data.desc + 16, false, 1, writableLen);
      this.region.view.setUint16(this.#data.driver + 4 + 2 * (i % RING_SIZE), 0, true);
      this.#publish(i + 1);
      this.device.drain(DATA_QUEUE);
      const written = this.region.bytes.slice(RESULTS + SLOT, RESULTS + SLOT + writableLen);
      assert.equal(written.at(-1), 0, name);
      assert.equal(written.subarray(0, -1).toHex(), result.toHex(), name);
    });
  }

  #create<Options>(format: RequestFormat<Options>, options: Options): number {
    return parseSessionInput(this.control(build(format, options, MODE))).sessionId;
  }

  /** Runs a request of the control queue, which nobody races for. */
  control({ readable, writableLen }: Request): Uint8Array {
    const at = CONTROL_BASE + 0x2000;
    this.region.bytes.set(readable, at);
    const output = { address: at + 0x1000, len: writableLen };
    this.#control?.add([{ address: at, len: readable.length }], [output]);
    this.#control?.publish();
    this.device.drain(this.device.controlQueue);
    assert.ok((this.#control?.popUsed() ?? -1) >= 0, "A control request did not come back");
    return this.region.bytes.slice(output.address, output.address + writableLen);
  }

  /** Makes a session and ends it again: sessions come and go while threads are at work. */
  changeSessions(): void {
    const sessionId = this.#create(createHashSession, SESSIONS.hash);
    if (sessionId > 0) this.control(build(destroySession, { service: 1, sessionId }, MODE));
  }

  /** Offers one request with its bytes anywhere in memory, and runs it. */
  async runAt(
    readable: { address: number; len: number },
    writable: { address: number; len: number },
    withThreads: boolean,
  ): Promise<void> {
    const { view } = this.region;
    const { desc, driver } = this.#data;
    [readable, writable].forEach(({ address, len }, i) => {
      view.setUint32(desc + 16 * i, address, true);
      view.setUint32(desc + 16 * i + 4, 0, true);
      view.setUint32(desc + 16 * i + 8, len, true);
      view.setUint16(desc + 16 * i + 12, i === 0 ? 1 : 2, true);
      view.setUint16(desc + 16 * i + 14, i === 0 ? 1 : 0, true);
    });
    const used = this.#usedIdx();
    view.setUint16(driver + 4 + 2 * (used % RING_SIZE), 0, true);
    this.#publish(used + 1);
    const end = performance.now() + 60_000;
    while (this.#usedIdx() === used) {
      assert.ok(performance.now() < end, "The request did not come back");
      await this.run(withThreads);
    }
    assert.equal(this.#usedIdx(), (used + 1) & 0xffff);
  }
}
