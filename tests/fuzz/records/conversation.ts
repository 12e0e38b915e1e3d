/**
 * A client that says everything there is to say in records, knows what has to be answered to each, and
 * checks that it is, once.
 *
 * @module
 */

import { expect } from "../kind.ts";
import type { Random } from "../random.ts";
import { NaiveRegisters, READABLE } from "../registers/naive.ts";
import { type Awaited, checkAnswer } from "../requests/answers.ts";
import type { Computer } from "../requests/computer.ts";
import { type Made, Maker } from "../requests/maker.ts";
import { mutate } from "../requests/mutate.ts";
import { Reference } from "../requests/reference.ts";
import { type Message, Outgoing, u32 } from "./outgoing.ts";

export type { Message } from "./outgoing.ts";

/** The limits of the device that is talked to. */
export interface Limits {
  readonly queues: number;
  readonly maxSize: number;
  readonly maxSessions: number;
  readonly layout: "v19" | "1.1";
}

const READ = 1;
const WRITE = 2;
const SUBMIT = 3;
const READ_OK = 129;
const WRITE_OK = 130;
const COMPLETE = 131;
const REFUSED = 134;
const REFUSED_MALFORMED = 1;
const REFUSED_REGISTER = 2;
const REFUSED_QUEUE = 3;
const REFUSED_STATUS = 4;
const REFUSED_LIMIT = 5;
const ALLOWANCE = 4096;
// Registers that may be written at any time and disturb little.
const HARMLESS = [0x014, 0x020, 0x024, 0x030, 0x038, 0x050, 0x064, 0x080, 0x094, 0x0ac];

// What one record has to be answered with.
interface Expected {
  readonly kind: number;
  readonly queue: number;
  /** The answer's value; undefined where the request decides. */
  readonly value?: number;
  readonly payload?: Uint8Array;
  readonly request?: Awaited;
  /** Whether a reset in the same message may come before the request. */
  mayBeRefused?: boolean;
}

/** See the module's comment. */
export class Conversation {
  /** The device as it has to be. */
  registers: NaiveRegisters;
  reference: Reference;
  readonly #limits: Limits;
  readonly #computer: Computer;
  #maker: Maker;
  readonly #outgoing: Outgoing = new Outgoing();
  readonly #expected = new Map<number, Expected>();

  constructor(limits: Limits, computer: Computer) {
    this.#limits = limits;
    this.#computer = computer;
    this.registers = new NaiveRegisters(limits.queues + 1, true);
    this.reference = this.#terms(0);
    this.#maker = new Maker(this.reference.terms, computer);
  }

  /** Records that have not been answered. */
  get numExpected(): number {
    return this.#expected.size;
  }

  /** Keys that have been sent of late. */
  get keys(): readonly Uint8Array[] {
    return this.#maker.keys;
  }

  /** The records of a start-up with some features. */
  startUp(random: Random): Message {
    this.#startUp(random);
    return this.#outgoing.take(random, false);
  }

  #startUp(random: Random): void {
    const mux = !random.oneIn(3);
    const low = (mux ? 1 | (random.oneIn(2) ? 0x1e : random.below(16) << 1) : 0) |
      (random.oneIn(2) ? 1 << 29 : 0);
    for (const status of [0, 1, 3]) this.#write(0x070, status);
    this.#write(0x024, 0);
    this.#write(0x020, low);
    this.#write(0x024, 1);
    this.#write(0x020, 1 | (random.oneIn(2) ? 1 << 8 : 0));
    this.#write(0x070, 11);
    for (let queue = 0; queue <= this.#limits.queues; queue++) {
      this.#write(0x030, queue);
      this.#write(0x038, random.pick([1, 2, 4, 64]));
      this.#write(0x044, 1);
    }
    this.#write(0x070, 15);
  }

  /**
   * A message of anything.
   *
   * @param mayBreak whether it may stop being records at its end
   */
  message(random: Random, mayBreak = true): Message {
    if (!this.registers.isRunning || random.oneIn(60)) return this.startUp(random);
    for (let left = random.oneIn(8) ? 1 : random.between(1, 40); left > 0; left--) {
      const kind = random.below(40);
      if (kind === 0) this.#anyWrite(random);
      else if (kind < 3) this.#anyRead(random);
      else if (kind === 3) this.#badRecord(random);
      // A reset with requests in flight.
      else if (kind === 4 && random.oneIn(10)) this.#startUp(random);
      else if (!this.#submit(random)) break;
    }
    return this.#outgoing.take(random, mayBreak && random.oneIn(12));
  }

  /** Takes the records of an answer. */
  take(random: Random, message: Uint8Array): void {
    const view = new DataView(message.buffer, message.byteOffset, message.length);
    for (let at = 0; at < message.length;) {
      const size = view.getUint32(at, true);
      const isRecord = size >= 16 && at + size <= message.length;
      expect(isRecord, () => `An answer has a record of ${size} bytes at ${at}`);
      const payload = message.subarray(at + 16, at + size);
      const flags = message[at + 5];
      expect(flags === 0, () => `An answer's flags are ${flags}`);
      const queue = view.getUint16(at + 6, true);
      const value = view.getUint32(at + 12, true);
      this.#answered(random, view.getUint32(at + 8, true), message[at + 4], queue, value, payload);
      at += Math.ceil(size / 8) * 8;
    }
  }

  /** Forgets what has not been answered, and the device: there is a new one. */
  restart(): void {
    this.#expected.clear();
    this.registers = new NaiveRegisters(this.#limits.queues + 1, true);
    this.#computer.close();
  }

  #answered(
    random: Random,
    id: number,
    kind: number,
    queue: number,
    value: number,
    payload: Uint8Array,
  ): void {
    const expected = this.#expected.get(id);
    const got = `kind ${kind}, value ${value}, payload ${payload.toHex().slice(0, 80)}`;
    expect(expected !== undefined, () => `A record that was not asked for: id ${id}, ${got}`);
    this.#expected.delete(id);
    const isRefused = kind === REFUSED && value === REFUSED_STATUS;
    if (expected.mayBeRefused === true && isRefused) return;
    const { request } = expected;
    const isRight = kind === expected.kind && queue === expected.queue &&
      value === (request === undefined ? expected.value : payload.length);
    expect(isRight, () => `${got} instead of kind ${expected.kind}, value ${expected.value}`);
    if (request !== undefined) {
      checkAnswer(request, payload, this.reference, this.#computer, random);
    }
    const wanted = expected.payload?.toHex();
    expect(wanted === undefined || wanted === payload.toHex(), () => `${got} instead of ${wanted}`);
  }

  #terms(low: number): Reference {
    const { maxSize, maxSessions, layout } = this.#limits;
    const stateless = [1, 2, 3, 4].map((bit) => (low >> bit & 1) === 1);
    return new Reference({ mux: (low & 1) === 1, stateless, maxSize, maxSessions, layout });
  }

  #record(
    kind: number,
    value: number,
    payload: Uint8Array,
    expected: Expected,
    where: { queue?: number; flags?: number } = {},
  ): void {
    this.#expected.set(this.#outgoing.write(kind, value, payload, where), expected);
  }

  #write(offset: number, value: number): void {
    const wasRunning = this.registers.isRunning;
    const before = this.registers.status;
    this.registers.write(offset, value);
    const { status, isRunning, acceptedLow } = this.registers;
    const hasEnded = wasRunning && !isRunning;
    const isQueueEnd = offset === 0x0c0 || offset === 0x044;
    // What was submitted before may not have been begun, where time is short.
    if (hasEnded || isQueueEnd || (offset === 0x070 && (value & 0xff) === 0)) {
      for (const expected of this.#expected.values()) expected.mayBeRefused = true;
    }
    if (hasEnded || status === 0) {
      this.#computer.close();
      this.reference = this.#terms(0);
    }
    if ((status & ~before & 8) !== 0) {
      this.reference = this.#terms(acceptedLow);
      this.#maker = new Maker(this.reference.terms, this.#computer);
    }
    this.#record(WRITE, offset, u32(value), { kind: WRITE_OK, queue: 0, value: offset });
  }

  #anyWrite(random: Random): void {
    const offset = random.oneIn(6) ? random.number() : random.pick(HARMLESS);
    if (random.oneIn(6)) {
      // A queue stops, and at times is never made ready again.
      this.#write(0x030, random.below(this.#limits.queues + 2));
      this.#write(random.pick([0x044, 0x0c0]), random.below(2));
      return;
    }
    if (NaiveRegisters.has(offset) && offset !== 0x070) {
      const value = random.oneIn(2) ? random.below(8) : random.number();
      this.#write(offset, value);
      return;
    }
    if (offset === 0x070) return;
    const payload = random.bytes(random.below(8));
    const isConfig = NaiveRegisters.hasConfig(offset - 0x100, payload.length);
    this.#record(WRITE, offset, payload, {
      queue: 0,
      kind: isConfig ? WRITE_OK : REFUSED,
      value: isConfig ? offset : REFUSED_REGISTER,
    });
  }

  #anyRead(random: Random): void {
    const isConfig = random.oneIn(4);
    let offset = isConfig ? 0x100 + random.below(60) : random.pick(READABLE);
    if (random.oneIn(10)) offset = random.number();
    const len = isConfig ? random.below(60) : random.oneIn(10) ? random.below(9) : 4;
    const payload = random.oneIn(20) ? random.bytes(random.below(12)) : u32(len);
    if (payload.length !== 4) {
      this.#record(READ, offset, payload, { kind: REFUSED, queue: 0, value: REFUSED_MALFORMED });
      return;
    }
    const wanted = new DataView(payload.buffer).getUint32(0, true);
    const inConfig = NaiveRegisters.hasConfig(offset - 0x100, wanted);
    const isRegister = NaiveRegisters.has(offset) && wanted === 4;
    this.#record(READ, offset, payload, {
      queue: 0,
      kind: isRegister || inConfig ? READ_OK : REFUSED,
      value: isRegister || inConfig ? offset : REFUSED_REGISTER,
      ...(isRegister ? { payload: u32(this.registers.read(offset)) } : {}),
    });
  }

  #badRecord(random: Random): void {
    const expected = { kind: REFUSED, queue: 0, value: REFUSED_MALFORMED };
    const payload = random.bytes(random.below(30));
    if (random.oneIn(2)) {
      const kind = random.pick([0, 4, 5, 127, 128, 129, 131, 134, 255]);
      this.#record(kind, random.number(), payload, expected, { queue: random.below(9) });
    } else {
      const flags = random.between(1, 255);
      this.#record(random.between(1, 3), random.number(), payload, expected, { flags });
    }
  }

  // False when the message had better end: the number of a session is needed to go on.
  #submit(random: Random): boolean {
    const { queues, maxSize } = this.#limits;
    const isControl = random.oneIn(5);
    let queue = isControl ? queues : random.below(queues);
    const { readable, writableLen } = this.#request(random, isControl);
    if (random.oneIn(60)) queue = random.oneIn(2) ? queues + 1 : random.below(0x10000);
    const isKnown = this.registers.queues[queue]?.isReady === true;
    let value = writableLen;
    if (random.oneIn(80)) value = random.number();
    const refuse = (reason: number) => {
      this.#record(SUBMIT, value, readable, { kind: REFUSED, queue: 0, value: reason }, { queue });
      return true;
    };
    if (!this.registers.isRunning) return refuse(REFUSED_STATUS);
    if (!isKnown) return refuse(REFUSED_QUEUE);
    if (readable.length + value > maxSize + ALLOWANCE) return refuse(REFUSED_LIMIT);
    const prediction = queue === queues
      ? this.reference.control(readable, value)
      : this.reference.data(readable, value);
    const made = { readable, writableLen: value, fixedLen: 0 };
    const request = { made, prediction, isControl: queue === queues };
    this.#record(SUBMIT, value, readable, { kind: COMPLETE, queue, request }, { queue });
    return prediction.created === null;
  }

  #request(random: Random, isControl: boolean): Made {
    const made = this.#validRequest(random, isControl);
    if (!random.oneIn(2)) return made;
    const { maxSize } = this.#limits;
    const anyId = (random: Random) => this.#anyId(random);
    return mutate(random, made, { maxSize, anyId, room: maxSize + ALLOWANCE });
  }

  #validRequest(random: Random, isControl: boolean): Made {
    const { sessions, terms } = this.reference;
    if (isControl) {
      if (!random.oneIn(3)) return this.#maker.create(random);
      const id = this.#anyId(random);
      return this.#maker.destroy(random, sessions.get(id)?.service ?? 0, id);
    }
    const isStateless = sessions.size === 0 || (terms.mux && random.oneIn(2));
    if (isStateless) return this.#maker.stateless(random, random.below(4));
    return this.#maker.data(random, random.pick([...sessions.values()]));
  }

  #anyId(random: Random): number {
    const { sessions, ended } = this.reference;
    if (sessions.size > 0 && !random.oneIn(4)) return random.pick([...sessions.keys()]);
    return ended.length > 0 ? random.pick(ended) : random.below(9);
  }
}
