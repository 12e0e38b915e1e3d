/** The driver of the device: registers, start-up in two round trips, configuration, requests. */
import { type Bytes, readU32, readU64 } from "./bytes.ts";
import { type Exchange, read, submit, write } from "./client.ts";
import { Kind, type Record } from "./records.ts";
import { Feature, type Framing } from "./wire.ts";

/** Register offsets (remote-protocol.md, "Registers"). */
export const Register = {
  MagicValue: 0x000,
  Version: 0x004,
  DeviceID: 0x008,
  VendorID: 0x00c,
  DeviceFeatures: 0x010,
  DeviceFeaturesSel: 0x014,
  DriverFeatures: 0x020,
  DriverFeaturesSel: 0x024,
  QueueSel: 0x030,
  QueueNumMax: 0x034,
  QueueNum: 0x038,
  QueueReady: 0x044,
  QueueNotify: 0x050,
  InterruptStatus: 0x060,
  InterruptACK: 0x064,
  Status: 0x070,
  QueueDescLow: 0x080,
  QueueDescHigh: 0x084,
  QueueDriverLow: 0x090,
  QueueDriverHigh: 0x094,
  QueueDeviceLow: 0x0a0,
  QueueDeviceHigh: 0x0a4,
  QueueReset: 0x0c0,
  ConfigGeneration: 0x0fc,
  Config: 0x100,
} as const;

/** Bits of the Status register. */
export const DeviceStatus = {
  ACKNOWLEDGE: 1,
  DRIVER: 2,
  DRIVER_OK: 4,
  FEATURES_OK: 8,
  NEEDS_RESET: 64,
  FAILED: 128,
} as const;

/** Size of the configuration space in bytes (wire.md 6). */
export const CONFIG_SIZE = 56;

/** The configuration space by field. */
export interface Config {
  readonly status: number;
  readonly maxDataqueues: number;
  readonly cryptoServices: number;
  readonly cipherAlgoL: number;
  readonly cipherAlgoH: number;
  readonly hashAlgo: number;
  readonly macAlgoL: number;
  readonly macAlgoH: number;
  readonly aeadAlgo: number;
  readonly maxCipherKeyLen: number;
  readonly maxAuthKeyLen: number;
  readonly reserved: number;
  readonly maxSize: bigint;
}

/** Names the fields of the 56 bytes. */
export function decodeConfig(bytes: Uint8Array): Config {
  return {
    status: readU32(bytes, 0),
    maxDataqueues: readU32(bytes, 4),
    cryptoServices: readU32(bytes, 8),
    cipherAlgoL: readU32(bytes, 12),
    cipherAlgoH: readU32(bytes, 16),
    hashAlgo: readU32(bytes, 20),
    macAlgoL: readU32(bytes, 24),
    macAlgoH: readU32(bytes, 28),
    aeadAlgo: readU32(bytes, 32),
    maxCipherKeyLen: readU32(bytes, 36),
    maxAuthKeyLen: readU32(bytes, 40),
    reserved: readU32(bytes, 44),
    maxSize: readU64(bytes, 48),
  };
}

/** The crypto features of a mode of wire.md 4. */
export const MODE_FEATURES = {
  "not MUX": [],
  MUX: [Feature.MUX_MODE],
  stateless: [
    Feature.MUX_MODE,
    Feature.CIPHER_STATELESS_MODE,
    Feature.HASH_STATELESS_MODE,
    Feature.MAC_STATELESS_MODE,
    Feature.AEAD_STATELESS_MODE,
  ],
} as const;

/** Name of a mode. */
export type Mode = keyof typeof MODE_FEATURES;

/** The 32-bit word of `features` that `select` names. */
export function featureWord(features: readonly number[], select: number): number {
  return features.filter((bit) => bit >> 5 === select)
    .reduce((word, bit) => (word | (1 << (bit & 31))) >>> 0, 0);
}

/** Writes that set up a queue of `size` descriptors. */
export function queueSetup(queue: number, size = 256): ReturnType<typeof write>[] {
  return [
    write(Register.QueueSel, queue),
    write(Register.QueueNum, size),
    write(Register.QueueReady, 1),
  ];
}

/** Drives one device through an exchange of records. */
export class Driver {
  readonly #exchange: Exchange;
  readonly #layout: Framing["layout"];
  #mux = false;
  #stateless = false;
  #numDataQueues = 0;

  constructor(exchange: Exchange, layout: Framing["layout"] = "v19") {
    this.#exchange = exchange;
    this.#layout = layout;
  }

  /** A driver of a device that is past DRIVER_OK already, as POST /v1/devices makes it. */
  static attach(exchange: Exchange, features: readonly number[], numDataQueues: number): Driver {
    const driver = new Driver(exchange);
    driver.#negotiated(features, numDataQueues);
    return driver;
  }

  /** How requests are framed with the features negotiated. */
  get framing(): Framing {
    return { mux: this.#mux, layout: this.#layout };
  }

  /** Whether requests of all services may be stateless. */
  get stateless(): boolean {
    return this.#stateless;
  }

  /** Number of data queues. */
  get numDataQueues(): number {
    return this.#numDataQueues;
  }

  /** The queue behind the data queues. */
  get controlQueue(): number {
    return this.#numDataQueues;
  }

  /** Sends records and gives their answers in the same order. */
  exchange(records: Parameters<Exchange>[0]): Promise<Record[]> {
    return this.#exchange(records);
  }

  /** Reads a register. Throws an Error when it is refused. */
  async readRegister(offset: number): Promise<number> {
    return readU32(await this.readBytes(offset, 4));
  }

  /** Reads `len` bytes at `offset`. Throws an Error when it is refused. */
  async readBytes(offset: number, len: number): Promise<Bytes> {
    const [answer] = await this.#exchange([read(offset, len)]);
    if (answer.kind !== Kind.READ_OK) throw new Error(`READ refused: ${answer.value}`);
    return answer.payload;
  }

  /** Writes registers in order, in one message. Throws an Error when one is refused. */
  async writeRegisters(
    ...pairs: readonly (readonly [offset: number, value: number])[]
  ): Promise<void> {
    const answers = await this.#exchange(pairs.map(([offset, value]) => write(offset, value)));
    const refused = answers.find((answer) => answer.kind !== Kind.WRITE_OK);
    if (refused !== undefined) throw new Error(`WRITE refused: ${refused.value}`);
  }

  /** Resets the device and sets ACKNOWLEDGE and DRIVER. */
  async reset(): Promise<void> {
    const { ACKNOWLEDGE, DRIVER } = DeviceStatus;
    await this.writeRegisters(
      [Register.Status, 0],
      [Register.Status, ACKNOWLEDGE],
      [Register.Status, ACKNOWLEDGE | DRIVER],
    );
  }

  /** Writes the accepted features and FEATURES_OK, and gives the status read back. VERSION_1 is the caller's to name. */
  async negotiate(features: readonly number[]): Promise<number> {
    await this.writeRegisters(
      [Register.DriverFeaturesSel, 0],
      [Register.DriverFeatures, featureWord(features, 0)],
      [Register.DriverFeaturesSel, 1],
      [Register.DriverFeatures, featureWord(features, 1)],
      [Register.Status, 1 | 2 | DeviceStatus.FEATURES_OK],
    );
    return await this.readRegister(Register.Status);
  }

  /** The features offered, bits 0 to 63. */
  async offered(): Promise<number[]> {
    const answers = await this.#exchange([
      write(Register.DeviceFeaturesSel, 0),
      read(Register.DeviceFeatures),
      write(Register.DeviceFeaturesSel, 1),
      read(Register.DeviceFeatures),
    ]);
    const masks = [readU32(answers[1].payload), readU32(answers[3].payload)];
    return Array.from({ length: 64 }, (_, bit) => bit)
      .filter((bit) => (masks[bit >> 5] >>> (bit & 31)) & 1);
  }

  /**
   * The whole start-up with VERSION_1 and `features`, in two messages; all queues are set up. Gives the final status,
   * which has DRIVER_OK when the device accepted the features.
   */
  async start(features: readonly number[]): Promise<number> {
    const all = [Feature.VERSION_1, ...features];
    const first = await this.#exchange([
      write(Register.Status, 0),
      write(Register.Status, 1),
      write(Register.Status, 3),
      read(Register.Config, CONFIG_SIZE),
    ]);
    const config = decodeConfig(first[3].payload);
    const queues = Array.from(
      { length: config.maxDataqueues + 1 },
      (_, queue) => queueSetup(queue),
    );
    const second = await this.#exchange([
      write(Register.DriverFeaturesSel, 0),
      write(Register.DriverFeatures, featureWord(all, 0)),
      write(Register.DriverFeaturesSel, 1),
      write(Register.DriverFeatures, featureWord(all, 1)),
      write(Register.Status, 3 | DeviceStatus.FEATURES_OK),
      ...queues.flat(),
      write(Register.Status, 3 | DeviceStatus.FEATURES_OK | DeviceStatus.DRIVER_OK),
      read(Register.Status),
    ]);
    this.#negotiated(all, config.maxDataqueues);
    return readU32(second[second.length - 1].payload);
  }

  /** Puts one request on a queue and gives its answer. */
  async submit(queue: number, readable: Bytes, writableLen: number): Promise<Record> {
    return (await this.#exchange([submit(queue, readable, writableLen)]))[0];
  }

  /** Puts one request on the control queue and gives its answer. */
  control(readable: Bytes, writableLen = 16): Promise<Record> {
    return this.submit(this.controlQueue, readable, writableLen);
  }

  /** The configuration space. */
  async config(): Promise<Config> {
    return decodeConfig(await this.readBytes(Register.Config, CONFIG_SIZE));
  }

  #negotiated(features: readonly number[], numDataQueues: number): void {
    this.#mux = features.includes(Feature.MUX_MODE);
    this.#stateless = MODE_FEATURES.stateless.every((bit) => features.includes(bit));
    this.#numDataQueues = numDataQueues;
  }
}
