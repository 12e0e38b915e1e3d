/**
 * Records straight into a remoted device, without a network.
 *
 * @module
 */

import { GuestMemory, type MemoryRegion } from "../../../device/mod.ts";
import {
  type AnswerSink,
  MalformedMessageError,
  RemoteDevice,
} from "../../../gateway/remote_device.ts";
import { expect, type World } from "../kind.ts";
import { mustNotHold } from "../memory.ts";
import type { Random } from "../random.ts";
import { Computer } from "../requests/computer.ts";
import { mustBeWiped, WITH_LIBCRYPTO } from "../requests/spied.ts";
import { Conversation, type Limits, type Message } from "./conversation.ts";

// Above it a device keeps the memory of requests, below it that of rings.
const ARENA_BASE = 2 ** 32;
// The memory that devices have mapped since the last world was made.
let mapped: MemoryRegion[] = [];
const { add } = GuestMemory.prototype;
GuestMemory.prototype.add = function (start: number, bytes: Uint8Array): MemoryRegion {
  const region = add.call(this, start, bytes);
  mapped.push(region);
  return region;
};

/** See the module's comment. */
export class RecordWorld implements World, AnswerSink {
  executions = 0;
  readonly unsentBytes = 0;
  readonly unsentRecords = 0;
  readonly #computer: Computer = new Computer("noble");
  readonly #conversation: Conversation;
  readonly #device: RemoteDevice;
  readonly #answers: Uint8Array[] = [];
  readonly #errors: string[] = [];

  constructor(random: Random) {
    mapped = [];
    const limits: Limits = {
      queues: random.between(1, 3),
      maxSize: random.pick([300, 4096, 4096, 70_000]),
      maxSessions: random.pick([1, 4, 16]),
      layout: random.oneIn(3) ? "1.1" : "v19",
    };
    this.#conversation = new Conversation(limits, this.#computer);
    this.#device = new RemoteDevice({
      ...limits,
      maxRecords: random.pick([1, 4, 64, 4096]),
      maxUnansweredBytes: random.pick([64 * 1024, 64 << 20]),
      algorithms: WITH_LIBCRYPTO,
      log: (level, event) => {
        if (level === "error") this.#errors.push(event);
      },
    });
    this.#device.sink = this;
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    this.#answers.push(message);
  }

  async step(random: Random): Promise<void> {
    const message = this.#conversation.message(random);
    const isMalformed = await this.#push(message);
    expect(isMalformed === message.isMalformed, () => `Said to be malformed: ${isMalformed}`);
    for (const answer of this.#answers.splice(0)) this.#conversation.take(random, answer);
    const { numExpected } = this.#conversation;
    expect(numExpected === 0, () => `${numExpected} records have no answer`);
    this.executions += message.numRecords;
    expect(this.#errors.length === 0, () => `The device logged ${this.#errors}`);
    const { sessions, status } = this.#device.state();
    const { reference, registers, keys } = this.#conversation;
    const open = reference.sessions.size;
    expect(sessions === open, () => `${sessions} sessions are open, not ${open}`);
    expect(status === registers.status, () => `Status ${status}, not ${registers.status}`);
    mustBeWiped(1024);
    if (random.oneIn(32)) this.#search(keys);
  }

  close(): void {
    this.#device.close();
    this.#computer.close();
    this.#search(this.#conversation.keys);
    mapped = [];
  }

  // Whether the message was malformed.
  async #push({ bytes }: Message): Promise<boolean> {
    try {
      await this.#device.push(bytes);
      await this.#device.settled();
      return false;
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      await this.#device.settled();
      return true;
    }
  }

  // With nothing in flight, no key is left in the memory of requests, mapped or not.
  #search(keys: readonly Uint8Array[]): void {
    for (const { start, bytes } of mapped) {
      if (start >= ARENA_BASE) mustNotHold(bytes, keys, "device memory");
    }
    mapped = mapped.slice(-64);
  }
}
