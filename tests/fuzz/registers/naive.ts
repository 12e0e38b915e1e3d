/**
 * The register file as virtio-core.md and remote-protocol.md tell it, in the plainest way.
 *
 * @module
 */

/** Offsets by what a driver may do with them. */
export const READABLE: readonly number[] = [
  0x000,
  0x004,
  0x008,
  0x00c,
  0x010,
  0x034,
  0x044,
  0x060,
  0x070,
  0x0c0,
  0x0fc,
];
export const WRITABLE: readonly number[] = [
  0x014,
  0x020,
  0x024,
  0x030,
  0x038,
  0x044,
  0x050,
  0x064,
  0x070,
  0x080,
  0x084,
  0x090,
  0x094,
  0x0a0,
  0x0a4,
  0x0ac,
  0x0c0,
];
const OFFSETS = new Set([...READABLE, ...WRITABLE]);

const OFFERED_LOW = 0x1f | 1 << 28 | 1 << 29;
const OFFERED_HIGH = 1 | 1 << 8;
const QUEUE_NUM_MAX = 1024;
const NEEDS_RESET = 64;
const CONFIG_LEN = 56;

/** A queue's registers. */
export class NaiveQueue {
  size = 0;
  isReady = false;
  /** By offset of the register. */
  readonly address = new Map<number, number>();

  /** The 64-bit address whose low half stands at `offset`. */
  at(offset: number): number {
    return (this.address.get(offset) ?? 0) + (this.address.get(offset + 4) ?? 0) * 2 ** 32;
  }
}

/** See the module's comment. */
export class NaiveRegisters {
  status = 0;
  interruptStatus = 0;
  readonly numQueues: number;
  queues: NaiveQueue[] = [];
  readonly #isRemote: boolean;
  #deviceSel = 0;
  #driverSel = 0;
  #queueSel = 0;
  #accepted = [0, 0, 0, 0];

  /** @param isRemote whether the gateway owns the rings: addresses and notifications are ignored */
  constructor(numQueues: number, isRemote: boolean) {
    this.numQueues = numQueues;
    this.#isRemote = isRemote;
    this.#reset();
  }

  /** Whether there is such a register. */
  static has(offset: number): boolean {
    return OFFSETS.has(offset);
  }

  /** Whether a range lies in the configuration space, which offsets count from. */
  static hasConfig(offset: number, len: number): boolean {
    return offset >= 0 && offset + len <= CONFIG_LEN;
  }

  /** Whether queues run. */
  get isRunning(): boolean {
    return (this.status & (4 | NEEDS_RESET)) === 4;
  }

  /** Bits 0 to 31 of what has been accepted. */
  get acceptedLow(): number {
    return this.#accepted[0];
  }

  /** The queue that is selected. */
  get queue(): NaiveQueue | undefined {
    return this.queues[this.#queueSel];
  }

  get queueSel(): number {
    return this.#queueSel;
  }

  /** The device has broken down. */
  breakDown(): void {
    this.status |= NEEDS_RESET;
    this.interruptStatus |= 2;
  }

  read(offset: number): number {
    switch (offset) {
      case 0x000:
        return 0x74726976;
      case 0x004:
        return 2;
      case 0x008:
        return 20;
      case 0x00c:
        return 0x59415752;
      case 0x010:
        return this.#deviceSel === 0 ? OFFERED_LOW : this.#deviceSel === 1 ? OFFERED_HIGH : 0;
      case 0x034:
        return this.queue === undefined ? 0 : QUEUE_NUM_MAX;
      case 0x044:
        return this.queue?.isReady === true ? 1 : 0;
      case 0x060:
        return this.interruptStatus;
      case 0x070:
        return this.status;
      default:
        return 0;
    }
  }

  write(offset: number, value: number): void {
    const { queue } = this;
    switch (offset) {
      case 0x014:
        this.#deviceSel = value;
        return;
      case 0x020:
        if ((this.status & 8) === 0 && this.#driverSel < 4) {
          this.#accepted[this.#driverSel] = value;
        }
        return;
      case 0x024:
        this.#driverSel = value;
        return;
      case 0x030:
        this.#queueSel = value;
        return;
      case 0x038:
        if (queue !== undefined && !queue.isReady) queue.size = value;
        return;
      case 0x044:
        if (queue !== undefined) this.#writeReady(queue, value);
        return;
      case 0x064:
        this.interruptStatus &= ~value;
        return;
      case 0x070:
        this.#writeStatus(value & 0xff);
        return;
      case 0x0c0:
        if (queue !== undefined && value === 1 && (this.#accepted[1] & 1 << 8) !== 0) {
          this.queues[this.#queueSel] = new NaiveQueue();
        }
        return;
      default:
        if (offset < 0x080 || offset > 0x0a4 || queue === undefined || this.#isRemote) return;
        if (!queue.isReady) queue.address.set(offset, value);
    }
  }

  #writeReady(queue: NaiveQueue, value: number): void {
    if (value === 0) queue.isReady = false;
    // Sizes are powers of two.
    if (value !== 1) return;
    queue.isReady = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].includes(queue.size);
  }

  #writeStatus(value: number): void {
    if (value === 0) {
      this.#reset();
      return;
    }
    // What would clear a bit is ignored; NEEDS_RESET is not the driver's.
    for (const bit of [1, 2, 4, 8, 128]) {
      if ((this.status & bit) !== 0 && (value & bit) === 0) return;
    }
    for (const bit of [1, 2, 8, 128]) {
      if ((value & bit) !== 0 && (bit !== 8 || this.#isLegal())) this.status |= bit;
    }
    if ((value & 4) !== 0 && (this.status & 8) !== 0) this.status |= 4;
  }

  #isLegal(): boolean {
    if ((this.status & 8) !== 0) return true;
    const [low, high, third, fourth] = this.#accepted;
    const hasStateless = (low & 0x1e) !== 0;
    return (low & ~OFFERED_LOW) === 0 && (high & ~OFFERED_HIGH) === 0 && (high & 1) === 1 &&
      third === 0 && fourth === 0 && (!hasStateless || (low & 1) === 1);
  }

  #reset(): void {
    this.status = 0;
    this.interruptStatus = 0;
    this.#deviceSel = this.#driverSel = this.#queueSel = 0;
    this.#accepted = [0, 0, 0, 0];
    this.queues = Array.from({ length: this.numQueues }, () => new NaiveQueue());
  }
}
