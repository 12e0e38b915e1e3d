/**
 * A device that is driven by records: its rings, its memory and the driver's half of its queues.
 *
 * Every transport ends here. A message's SUBMITs go onto the rings in batches, each published and kicked
 * once, and what completes goes out together, in messages of some 64 KiB. Nothing grows on a client's
 * word: what has not been answered is bounded, and beyond that the records wait where they came from.
 *
 * @module
 */

import {
  type AlgorithmSet,
  CryptoDevice,
  DeviceStatus,
  type DeviceThreads,
  Interrupt,
  type WireLayout,
} from "../device/mod.ts";
import type { Log } from "./log.ts";
import { RecordKind, RecordReader, RecordWriter, RefusedReason } from "./records.ts";
import { RemoteRegisters } from "./remote_registers.ts";
import { MAX_SHORT_SUBMIT_LEN, RequestQueues } from "./request_queues.ts";
import { threadTurns } from "./thread_turns.ts";

/** Where a device's answers go. */
export interface AnswerSink {
  /**
   * Takes one message of whole records; the sink owns the memory from now on, with {@link ANSWER_HEADROOM}
   * bytes in front of the message for a header.
   */
  send(message: Uint8Array<ArrayBuffer>, numRecords: number): void;
  /** Bytes taken by send() that have not left for the peer yet. */
  readonly unsentBytes: number;
  /** Records taken by send() that have not left for the peer yet. */
  readonly unsentRecords: number;
}

/** How a remoted device is made. */
export interface RemoteDeviceOptions {
  readonly queues: number;
  /** Bytes. */
  readonly maxSize: number;
  readonly maxSessions: number;
  readonly layout: WireLayout;
  /** Most records that may be unanswered, answers that have not left included. */
  readonly maxRecords: number;
  /** Most bytes that may be unanswered, answers that have not left included. */
  readonly maxUnansweredBytes: number;
  readonly algorithms?: AlgorithmSet;
  /** Threads for what is too slow to be run where it arrived; of the same algorithms. */
  readonly threads?: DeviceThreads;
  /** A test option: after so many SUBMITs the driver half breaks the ring. */
  readonly testBreakRing?: number;
  readonly log?: Log;
  /** Milliseconds the device may keep the thread before others get their turn. Default 2. */
  readonly sliceMs?: number;
}

/** A message that cannot be cut into records. */
export class MalformedMessageError extends Error {
  constructor() {
    super("Cannot cut the message into records");
    this.name = "MalformedMessageError";
  }
}

/** A SUBMIT may hold and ask for so many bytes beyond max_size: headers and padding. */
export const SUBMIT_ALLOWANCE = 4096;

// How long one device may keep the thread before others get their turn, in milliseconds: well
// under the 50 ms that a health check may take with many devices at work.
const SLICE_MS = 2;
// Records between two looks at the clock.
const CLOCK_EVERY = 64;
/** Bytes in front of a message of answers that are free in its buffer. */
export const ANSWER_HEADROOM = 16;
const TEXT = new TextEncoder();

/**
 * A remoted device.
 *
 * @example
 * ```ts
 * import { RemoteDevice } from "./remote_device.ts";
 * import { RecordKind, RecordWriter } from "./records.ts";
 * const device = new RemoteDevice({
 *   queues: 4,
 *   maxSize: 4 << 20,
 *   maxSessions: 1024,
 *   layout: "v19",
 *   maxRecords: 4096,
 *   maxUnansweredBytes: 64 << 20,
 * });
 * device.sink = { send: (message) => message.length, unsentBytes: 0, unsentRecords: 0 };
 * const writer = new RecordWriter();
 * writer.header(RecordKind.READ, 0, 1, 0x008, 4)[0] = 4; // DeviceID, 4 bytes
 * device.push(writer.take()); // one READ_OK record goes to the sink: 20
 * device.close();
 * ```
 */
export class RemoteDevice {
  /** Where answers go; they are kept while it is null. */
  sink: AnswerSink | null = null;
  readonly #options: RemoteDeviceOptions;
  readonly #device: CryptoDevice;
  readonly #registers: RemoteRegisters;
  readonly #queues: RequestQueues;
  readonly #answers: RecordWriter = new RecordWriter(4096, ANSWER_HEADROOM);
  #reader: RecordReader | null = null;
  // What ends the push that is under way, when it could not end at once.
  #pushed: { resolve: () => void; reject: (error: unknown) => void } | null = null;
  #settling: (() => void)[] = [];
  #isScheduled = false;
  #isRunning = false;
  #isHeld = false;
  #wasResumed = false;
  #interruptBits = 0;
  #isClosed = false;

  constructor(options: RemoteDeviceOptions) {
    this.#options = options;
    const log = options.log ?? (() => {});
    this.#device = new CryptoDevice({
      queues: options.queues,
      maxSize: options.maxSize,
      maxSessions: options.maxSessions,
      layout: options.layout,
      algorithms: options.algorithms,
      threads: options.threads,
      onProgress: () => this.#progressed(),
      interrupt: (bits) => this.#interrupted(bits),
      onBrokenRing: (error) => log("warn", "ring broken", { reason: error.message }),
      onFault: (fault) => log("error", "request failed by a fault", { fault: String(fault) }),
    });
    this.#registers = new RemoteRegisters(this.#device.virtio, {
      queueEnds: (index, reason) => this.#refuseAll(this.#queues.abandon(index), reason),
      resets: () => this.#beforeReset(),
    });
    this.#queues = new RequestQueues(
      this.#device,
      options.maxSize + SUBMIT_ALLOWANCE,
      options.maxRecords,
      this.#answers,
      () => this.#flush(),
      options.testBreakRing,
    );
  }

  /**
   * Starts a message's records in order.
   *
   * One push at a time; the message must stay unchanged until it has been taken in.
   *
   * @returns nothing when all records have been started, else a promise for the rest: the device
   *   stopped for a limit, or to let others run
   * @throws {MalformedMessageError} (or rejects with it) where the message stops being records, after
   *   everything in front has been started; Error for a fault, behind which nothing is started
   */
  push(message: Uint8Array): Promise<void> | undefined {
    if (this.#reader !== null) throw new Error("Cannot push a message while another is pushed");
    if (this.#isClosed) throw new Error("Cannot push a message to a closed device");
    this.#reader = new RecordReader(message);
    try {
      this.#run();
    } catch (error) {
      // The rest of the message is not executed: nobody would hear of it.
      this.#reader = null;
      throw error;
    }
    const reader: RecordReader | null = this.#reader;
    if (reader === null) return undefined;
    if (reader.malformed) {
      this.#reader = null;
      throw new MalformedMessageError();
    }
    return new Promise((resolve, reject) => this.#pushed = { resolve, reject });
  }

  /** Unsent answers have left: goes on if it was them that stopped the device. */
  resume(): void {
    if (this.#isClosed || this.#isScheduled || this.#reader === null) return;
    // A sink may say so from within send(): the run that is under way then looks again at its end.
    if (this.#isRunning) this.#wasResumed = true;
    else this.#continue();
  }

  /** Lets answers gather until flush(): there is more to push at once. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Sends what has gathered. */
  flush(): void {
    this.#isHeld = false;
    if (!this.#isClosed) this.#flush();
  }

  /** Takes back the memory of a message that a sink has been given and does not need any more. */
  recycle(message: Uint8Array<ArrayBuffer>): void {
    if (!this.#isClosed) this.#answers.recycle(message);
  }

  /** Lets go of memory that is kept for later answers. */
  release(): void {
    this.#answers.release();
  }

  /** Resolves when every record started has been answered to the sink. */
  settled(): Promise<void> {
    if (this.#isClosed || this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#settling.push(resolve));
  }

  /** Tells the client to finish and reconnect within so many seconds (GOAWAY). */
  goAway(seconds: number): void {
    if (this.#isClosed) return;
    this.#answers.header(RecordKind.GOAWAY, 0, 0, seconds, 0);
    this.#flush();
  }

  /** What the device is about, for people. */
  state(): { status: number; features: string[]; sessions: number; queuesReady: number } {
    const { virtio } = this.#device;
    let queuesReady = 0;
    for (let i = 0; i < virtio.numQueues; i++) if (virtio.isReady(i)) queuesReady++;
    return {
      status: virtio.status,
      features: virtio.features.names(),
      sessions: this.#device.numSessions,
      queuesReady,
    };
  }

  /** Requests completed and rings broken so far. */
  get counters(): Readonly<CryptoDevice["counters"]> {
    return this.#device.counters;
  }

  /** Requests in flight, their bytes, and the bytes of device memory there are for them and the rings. */
  get held(): { requests: number; bytes: number; memory: number } {
    const { numInFlight, bytesInFlight } = this.#queues;
    const { regions } = this.#device.memory;
    const memory = regions.reduce((sum, { start, end }) => sum + end - start, 0);
    return { requests: numInFlight, bytes: bytesInFlight, memory };
  }

  /** Ends the device: sessions are closed, their keys overwritten, memory let go. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queues.abandonAll();
    this.#device.close();
    this.sink = null;
    this.#reader = null;
    this.#pushed?.resolve();
    this.#pushed = null;
    for (const resolve of this.#settling.splice(0)) resolve();
  }

  get #isIdle(): boolean {
    return this.#reader === null && this.#queues.numInFlight === 0;
  }

  // Starts records until the message ends, a limit stops it, or the time is up.
  #run(): void {
    const start = performance.now();
    const deadline = start + (this.#options.sliceMs ?? SLICE_MS);
    this.#isRunning = true;
    this.#wasResumed = false;
    try {
      this.#drain(deadline);
      const hasTime = this.#startRecords(deadline);
      this.#drain(deadline);
      if (!this.#isHeld) this.#flush();
      const goesOn = this.#wasResumed && this.#reader !== null && !this.#reader.malformed;
      if (this.#queues.hasUndrained || !hasTime || goesOn) this.#yield();
    } finally {
      threadTurns.worked(start);
      this.#isRunning = false;
    }
  }

  // False when the time was up before the message or the room for its answers.
  #startRecords(deadline: number): boolean {
    const reader = this.#reader;
    // A sink may close the device from within send().
    for (let num = 1; reader !== null && reader === this.#reader; num++) {
      if (num % CLOCK_EVERY === 0 && performance.now() >= deadline) return false;
      let room = this.#room();
      if (room <= 0) {
        this.#drain(deadline);
        this.#flush();
        room = this.#room();
        if (room <= 0) return true;
      }
      if (!reader.next()) {
        if (!reader.malformed) this.#reader = null;
        return true;
      }
      // What waits for device threads goes on when they tell of their progress.
      if (!this.#start(reader, room - 1, deadline)) return !this.#queues.hasUndrained;
    }
    return true;
  }

  // Device threads have done something: what they completed goes out, and what waited for it goes on.
  #progressed(): void {
    if (this.#isClosed) return;
    if (this.#isRunning) this.#yield();
    else if (!this.#isScheduled) this.#continue();
  }

  // After a pause: runs, and tells those who wait what came of it.
  #continue(): void {
    if (this.#isClosed) return;
    try {
      this.#run();
    } catch (error) {
      this.#reader = null;
      this.#pushed?.reject(error);
      this.#pushed = null;
      return;
    }
    if (this.#pushed !== null && (this.#reader === null || this.#reader.malformed)) {
      const { resolve, reject } = this.#pushed;
      const isMalformed = this.#reader !== null;
      this.#pushed = null;
      this.#reader = null;
      if (isMalformed) reject(new MalformedMessageError());
      else resolve();
    }
    if (this.#isIdle) { for (const resolve of this.#settling.splice(0)) resolve(); }
  }

  #yield(): void {
    this.#flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    threadTurns.goOn(() => {
      this.#isScheduled = false;
      this.#continue();
    });
  }

  // Short records that may be started, of any length one; none while so much is unanswered that the next has
  // to wait.
  #room(): number {
    const { maxRecords, maxUnansweredBytes } = this.#options;
    const unsentRecords = this.#answers.numRecords + (this.sink?.unsentRecords ?? 0);
    const unsentBytes = this.#answers.length + (this.sink?.unsentBytes ?? 0);
    const { numInFlight, bytesInFlight, memoryLen } = this.#queues;
    // Device memory counts whether it is used or not, unless there would be little left for answers.
    const bytes = memoryLen <= maxUnansweredBytes / 4 ? memoryLen : bytesInFlight;
    return Math.min(
      maxRecords - numInFlight - unsentRecords,
      Math.ceil((maxUnansweredBytes - bytes - unsentBytes) / MAX_SHORT_SUBMIT_LEN),
    );
  }

  // Executes a record, and of those that follow `maxMore` that are like it; false when the time is up, or when
  // it has to wait and is tried again.
  #start(reader: RecordReader, maxMore: number, deadline: number): boolean {
    if (reader.flags !== 0) {
      this.#refuse(reader.id, RefusedReason.MALFORMED, "Flags are not 0");
      return true;
    }
    switch (reader.kind) {
      case RecordKind.SUBMIT:
        return this.#submit(reader, maxMore, deadline);
      case RecordKind.READ:
        this.#drain(deadline);
        this.#read(reader);
        return !this.#queues.hasUndrained;
      case RecordKind.WRITE:
        this.#drain(deadline);
        if (!this.#canWrite(reader)) return false;
        this.#write(reader);
        return !this.#queues.hasUndrained;
      default:
        this.#refuse(reader.id, RefusedReason.MALFORMED, `Unknown kind ${reader.kind}`);
        return true;
    }
  }

  #submit(reader: RecordReader, maxMore: number, deadline: number): boolean {
    const { id, queue: index, value: writableLen, payloadLen } = reader;
    const { virtio } = this.#device;
    if (!virtio.running) {
      // A break-down is told of before what comes after it is refused.
      this.#answerInterrupt();
      this.#refuse(id, RefusedReason.NOT_DRIVER_OK, "The device is not DRIVER_OK");
      return true;
    }
    if (!virtio.isReady(index)) {
      this.#refuse(id, RefusedReason.NO_QUEUE, `Queue ${index} does not exist or is not ready`);
      return true;
    }
    const len = payloadLen + writableLen;
    if (len > this.#options.maxSize + SUBMIT_ALLOWANCE) {
      this.#refuse(id, RefusedReason.OVER_LIMIT, `${len} bytes are more than a request may have`);
      return true;
    }
    const size = this.#registers.queueSize(index);
    const outcome = this.#queues.submit(index, size, reader, maxMore, deadline);
    if (outcome === "later") reader.back();
    if (outcome !== "stopped") return outcome === "submitted";
    this.#answerInterrupt();
    this.#refuse(id, RefusedReason.NOT_DRIVER_OK, "The device needs a reset");
    return true;
  }

  // Lets the device run what has been submitted, and writes the answers.
  #drain(deadline: number): void {
    this.#queues.drain(deadline);
    this.#answerInterrupt();
  }

  // The driver half is the gateway's, so it acknowledges used buffer interrupts; the client is told
  // of the others.
  #interrupted(bits: number): void {
    this.#interruptBits |= bits & ~Interrupt.USED_BUFFER;
    if ((bits & Interrupt.USED_BUFFER) !== 0) {
      this.#device.virtio.acknowledgeInterrupt(Interrupt.USED_BUFFER);
    }
  }

  #answerInterrupt(): void {
    if (this.#interruptBits === 0) return;
    this.#interruptBits = 0;
    const { virtio } = this.#device;
    this.#answers.header(RecordKind.INTERRUPT, 0, 0, virtio.interruptStatus, 0);
    if ((virtio.status & DeviceStatus.DEVICE_NEEDS_RESET) === 0) return;
    // The queues have stopped: nothing in flight will be answered by the device.
    this.#refuseAll(this.#queues.abandonAll(), "The device needs a reset");
  }

  #refuseAll(ids: readonly number[], reason: string): void {
    for (const id of ids) this.#refuse(id, RefusedReason.NOT_DRIVER_OK, reason);
  }

  #refuse(id: number, reason: RefusedReason, text: string): void {
    this.#answers.record(RecordKind.REFUSED, 0, id, reason, TEXT.encode(text));
  }

  #read(reader: RecordReader): void {
    const { id, value: offset, payload } = reader;
    if (payload.length !== 4) {
      this.#refuse(id, RefusedReason.MALFORMED, "READ wants 4 bytes of payload");
      return;
    }
    const len = new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0, true);
    const bytes = this.#registers.read(offset, len);
    if (bytes === undefined) this.#refuseRegister(id, offset, len);
    else this.#answers.record(RecordKind.READ_OK, 0, id, offset, bytes);
  }

  // A queue ends when nothing is run on it any more.
  #canWrite(reader: RecordReader): boolean {
    const ended = this.#registers.endedBy(reader.value, reader.payload);
    if (ended < 0 || this.#queues.canEnd(ended)) return true;
    reader.back();
    return false;
  }

  #write(reader: RecordReader): void {
    const { id, value: offset, payload } = reader;
    if (!this.#registers.write(offset, payload)) {
      this.#refuseRegister(id, offset, payload.length);
      return;
    }
    this.#answerInterrupt();
    this.#answers.header(RecordKind.WRITE_OK, 0, id, offset, 0);
  }

  #refuseRegister(id: number, offset: number, len: number): void {
    const at = `0x${offset.toString(16)}`;
    this.#refuse(id, RefusedReason.NO_REGISTER, `No register of ${len} bytes at ${at}`);
  }

  // A reset answers what is in flight before it is itself answered.
  #beforeReset(): void {
    this.#refuseAll(this.#queues.abandonAll(), "The device has been reset");
    this.#interruptBits = 0;
  }

  #flush(): void {
    const { sink } = this;
    const { numRecords } = this.#answers;
    if (sink !== null && numRecords > 0) sink.send(this.#answers.take(), numRecords);
  }
}
