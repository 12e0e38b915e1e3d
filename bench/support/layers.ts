/**
 * The layers of one device, each as something that runs a batch of requests.
 */

import { strict as assert } from "node:assert";
import { Engine } from "../../device/engine/engine.ts";
import { SegmentList } from "../../device/memory/segment_list.ts";
import {
  ALL_ALGORITHMS,
  CryptoDevice,
  DescriptorChain,
  DeviceStatus,
  FeatureSet,
  GuestMemory,
  placeQueue,
  Register,
  SplitDeviceQueue,
  SplitDriverQueue,
  VirtioFeature,
} from "../../device/mod.ts";
import {
  build,
  cipherData,
  type CipherSessionOptions,
  createCipherSession,
  parseSessionInput,
} from "../../device/wire/requests.ts";

/** Source lengths that are measured, in bytes. */
export const DEVICE_SIZES: readonly number[] = [64, 256, 1024, 4096, 16384, 65536, 262144, 1048576];

/** Requests in a batch of that size: about 1 MiB, 256 at most. */
export function batchSize(size: number): number {
  return Math.max(1, Math.min(256, Math.floor(1048576 / size)));
}

/** A size for people. */
export function label(size: number): string {
  return size < 1024
    ? `${size} B`
    : size < 1048576
    ? `${size / 1024} KiB`
    : `${size / 1048576} MiB`;
}

/** Few iterations when BENCH_SMOKE is set, as CI does to see that benches run; else Deno's choice. */
export function iterations(): { n?: number; warmup?: number } {
  return Deno.env.get("BENCH_SMOKE") === undefined ? {} : { n: 3, warmup: 1 };
}

const MODE = { mux: true, layout: "v19" } as const;
const RING_SIZE = 1024;
const BUFFERS = 1 << 20;

function memoryOf(len: number): { memory: GuestMemory; bytes: Uint8Array } {
  const memory = new GuestMemory();
  const bytes = new Uint8Array(new SharedArrayBuffer(Math.ceil((BUFFERS + len) / 16) * 16));
  memory.add(0, bytes);
  return { memory, bytes };
}

/** Chains go to the device half and come back, untouched. */
export class RingLane {
  readonly #driver: SplitDriverQueue;
  readonly #device: SplitDeviceQueue;
  readonly #chain = new DescriptorChain();
  readonly #len: number;
  readonly #num: number;

  constructor(len: number, num: number) {
    const { memory } = memoryOf(2 * len + 256);
    const { addresses } = placeQueue(0, RING_SIZE);
    this.#driver = new SplitDriverQueue(memory.regions[0], addresses, RING_SIZE, true);
    this.#device = new SplitDeviceQueue(memory, { size: RING_SIZE, eventIdx: true, ...addresses });
    this.#len = len;
    this.#num = num;
  }

  run(): void {
    for (let i = 0; i < this.#num; i++) {
      this.#driver.addPair(BUFFERS, this.#len, BUFFERS + this.#len, this.#len);
    }
    this.#driver.publish();
    while (this.#device.pop(this.#chain)) this.#device.push(this.#chain.head, this.#len);
    this.#device.publish();
    while (this.#driver.popUsed() >= 0);
  }
}

/** One request straight into the engine, without a ring. */
export class EngineLane {
  readonly #engine = new Engine({
    algorithms: ALL_ALGORITHMS,
    maxSize: 4 << 20,
    maxSessions: 1,
    layout: "v19",
    onFault: (fault) => assert.fail(String(fault)),
  });
  readonly #readable: SegmentList;
  readonly #writable: SegmentList;
  readonly #result: Uint8Array;

  constructor(cipher: CipherSessionOptions, iv: Uint8Array, src: Uint8Array) {
    this.#engine.negotiate({ mux: true, stateless: [] });
    const create = build(createCipherSession, cipher, MODE);
    const answer = new Uint8Array(create.writableLen);
    this.#engine.control(SegmentList.of(create.readable), SegmentList.of(answer));
    const { sessionId } = parseSessionInput(answer);
    const request = build(cipherData, { sessionId, op: cipher.op, iv, src }, MODE);
    this.#result = new Uint8Array(request.writableLen);
    this.#readable = SegmentList.of(request.readable);
    this.#writable = SegmentList.of(this.#result);
  }

  /** Runs the request; the result without its status. */
  run(): Uint8Array {
    const usedLen = this.#engine.data(this.#readable, this.#writable);
    return this.#result.subarray(0, usedLen - 1);
  }
}

/** A batch of requests over the rings of a device in this process. */
export class DeviceLane {
  readonly #device: CryptoDevice;
  readonly #ring: SplitDriverQueue;
  readonly #bytes: Uint8Array;
  readonly #readableLen: number;
  readonly #writableAt: number;
  readonly #writableLen: number;
  readonly #num: number;

  constructor(cipher: CipherSessionOptions, iv: Uint8Array, src: Uint8Array, num: number) {
    const { memory, bytes } = memoryOf(2 * src.length + 4096);
    this.#bytes = bytes;
    this.#num = num;
    this.#device = new CryptoDevice({ memory, queues: 1 });
    const rings = startUp(this.#device);
    this.#ring = rings[0];

    const create = build(createCipherSession, cipher, MODE);
    bytes.set(create.readable, BUFFERS);
    rings[1].addPair(BUFFERS, create.readable.length, BUFFERS + 1024, create.writableLen);
    rings[1].publish();
    this.#device.drain(1);
    const { sessionId } = parseSessionInput(bytes.subarray(BUFFERS + 1024, BUFFERS + 1040));

    const request = build(cipherData, { sessionId, op: cipher.op, iv, src }, MODE);
    bytes.set(request.readable, BUFFERS);
    this.#readableLen = request.readable.length;
    this.#writableAt = BUFFERS + Math.ceil(request.readable.length / 64) * 64;
    this.#writableLen = request.writableLen;
  }

  /** Runs the batch; the last result without its status. */
  run(): Uint8Array {
    const ring = this.#ring;
    for (let i = 0; i < this.#num; i++) {
      ring.addPair(BUFFERS, this.#readableLen, this.#writableAt, this.#writableLen);
    }
    ring.publish();
    this.#device.drain(0);
    let usedLen = 0;
    while (ring.popUsed() >= 0) usedLen = ring.usedLen;
    return this.#bytes.slice(this.#writableAt, this.#writableAt + usedLen - 1);
  }
}

/**
 * Starts a device: MUX and event index negotiated, rings at the start of its memory, 64 KiB for each.
 *
 * @returns the data queues and, last, the control queue
 */
export function startUp(device: CryptoDevice): SplitDriverQueue[] {
  const { virtio } = device;
  const features = FeatureSet.of([0, VirtioFeature.RING_EVENT_IDX, VirtioFeature.VERSION_1]);
  for (const [selector, word] of [features.low, features.high].entries()) {
    virtio.writeRegister(Register.DriverFeaturesSel, selector);
    virtio.writeRegister(Register.DriverFeatures, word);
  }
  virtio.writeRegister(Register.Status, DeviceStatus.FEATURES_OK);
  const rings = Array.from({ length: device.controlQueue + 1 }, (_, index) => {
    const { addresses } = placeQueue(index * 65536, RING_SIZE);
    virtio.writeRegister(Register.QueueSel, index);
    virtio.writeRegister(Register.QueueNum, RING_SIZE);
    virtio.writeRegister(Register.QueueDescLow, addresses.desc);
    virtio.writeRegister(Register.QueueDriverLow, addresses.driver);
    virtio.writeRegister(Register.QueueDeviceLow, addresses.device);
    virtio.writeRegister(Register.QueueReady, 1);
    return new SplitDriverQueue(device.memory.regions[0], addresses, RING_SIZE, true);
  });
  virtio.writeRegister(Register.Status, DeviceStatus.FEATURES_OK | DeviceStatus.DRIVER_OK);
  return rings;
}
