/**
 * The same requests on engines with different accelerators, and on one that follows the sessions of
 * another as a device thread does: the same bytes, status and used.len, for every invalid request too.
 *
 * @module
 */

import { Engine, type EngineOptions } from "../../../device/engine/engine.ts";
import { FollowedSessions } from "../../../device/engine/followed_sessions.ts";
import { SessionJournal } from "../../../device/engine/session_journal.ts";
import { MemoryBytes } from "../../../device/memory/memory_bytes.ts";
import { SegmentList } from "../../../device/memory/segment_list.ts";
import type { AlgorithmSet, Buffer } from "../../../device/mod.ts";
import { expect, type World } from "../kind.ts";
import { brief, Memory, mustNotHold } from "../memory.ts";
import type { Random } from "../random.ts";
import { Computer } from "./computer.ts";
import { type Made, Maker } from "./maker.ts";
import { mutate } from "./mutate.ts";
import { type Placed, Window } from "./placement.ts";
import { type Prediction, Reference, type Terms } from "./reference.ts";
import { mustBeWiped, WITH_LIBCRYPTO, WITHOUT_LIBCRYPTO } from "./spied.ts";

const MEMORY_LEN = 0x20000;
const ROOM = 16 * 1024;

// An engine, and the memory that its requests lie in.
class Side {
  readonly name: string;
  readonly engine: Engine;
  readonly memory: Memory = new Memory(MEMORY_LEN);
  readonly #bytes: MemoryBytes = new MemoryBytes(this.memory.bytes);
  readonly #readable: SegmentList = new SegmentList();
  readonly #writable: SegmentList = new SegmentList();

  constructor(name: string, options: EngineOptions) {
    this.name = name;
    this.engine = new Engine(options);
  }

  run(isControl: boolean, { readable, writable }: Placed): number {
    this.#fill(this.#readable, readable);
    this.#fill(this.#writable, writable);
    const { engine } = this;
    const usedLen = isControl
      ? engine.control(this.#readable, this.#writable)
      : engine.begin(this.#readable, this.#writable, 0);
    engine.finish();
    engine.rest();
    return usedLen;
  }

  #fill(list: SegmentList, buffers: readonly Buffer[]): void {
    list.clear();
    for (const { address, len } of buffers) list.push(this.#bytes, address, len);
  }
}

/** See the module's comment. */
export class DifferentialWorld implements World {
  executions = 0;
  readonly #computer: Computer = new Computer("noble");
  readonly #maker: Maker;
  readonly #terms: Terms;
  readonly #noble: Side;
  readonly #libcrypto: Side;
  readonly #follower: Side;
  readonly #followed: FollowedSessions;
  readonly #window: Window;
  // Knows the sessions; what requests are answered is not its affair here.
  readonly #reference: Reference;

  constructor(random: Random) {
    const mux = !random.oneIn(3);
    this.#terms = {
      mux,
      stateless: [0, 1, 2, 3].map(() => mux && !random.oneIn(5)),
      layout: random.oneIn(3) ? "1.1" : "v19",
      maxSize: random.pick([300, 4096, 4096, 80_000]),
      maxSessions: random.pick([1, 4, 40]),
    };
    this.#maker = new Maker(this.#terms, this.#computer);
    this.#reference = new Reference(this.#terms);
    const fault = (error: unknown) => {
      throw new Error("A fault of ours", { cause: error });
    };
    const options = (algorithms: AlgorithmSet): EngineOptions => {
      return { ...this.#terms, algorithms, onFault: fault };
    };
    const { maxSessions } = this.#terms;
    this.#noble = new Side("noble", options(WITHOUT_LIBCRYPTO));
    this.#libcrypto = new Side("libcrypto", {
      ...options(WITH_LIBCRYPTO),
      newJournal: () => SessionJournal.create(maxSessions, () => {}),
    });
    this.#followed = new FollowedSessions(WITHOUT_LIBCRYPTO, 1, fault);
    this.#follower = new Side("follower", {
      ...options(WITHOUT_LIBCRYPTO),
      sessions: this.#followed,
    });
    for (const { engine } of this.#sides) engine.negotiate(this.#terms);
    this.#window = new Window(this.#noble.memory, this.#libcrypto.memory, 0, MEMORY_LEN);
  }

  get #sides(): readonly Side[] {
    return [this.#noble, this.#libcrypto, this.#follower];
  }

  step(random: Random): void {
    const isControl = random.oneIn(this.#reference.sessions.size < 3 ? 2 : 6);
    const { readable, writableLen } = this.#request(random, isControl);
    this.#window.clear();
    const placed = this.#window.place(random, readable, writableLen);
    const { used } = this.#window;
    const usedLen = this.#noble.run(isControl, placed);
    const rivals = isControl ? [this.#libcrypto] : [this.#libcrypto, this.#follower];
    const follower = this.#follower.memory;
    for (const { address, len } of placed.readable) {
      const from = this.#libcrypto.memory.bytes.subarray(address, address + len);
      follower.bytes.set(from, address);
    }
    for (const rival of rivals) {
      const other = rival.run(isControl, placed);
      const what = `Request ${brief(readable)} with W of ${writableLen}`;
      expect(other === usedLen, () => `${what}: used.len ${usedLen}, ${rival.name} ${other}`);
      this.#noble.memory.mustEqual(rival.memory, 0, used, `${what}, ${rival.name}`);
    }
    if (isControl) {
      follower.bytes.set(this.#libcrypto.memory.bytes.subarray(0, used), 0);
      this.#noteSessions(this.#reference.control(readable, writableLen), placed);
    }
    mustBeWiped(random.oneIn(64) ? Infinity : 1024);
    this.executions += 1 + rivals.length;
  }

  close(): void {
    this.#noble.memory.mustEqual(this.#libcrypto.memory, 0, MEMORY_LEN, "Engines wrote elsewhere");
    const journal = this.#libcrypto.engine.journal;
    this.#followed.close();
    for (const { engine } of this.#sides) engine.reset();
    this.#computer.close();
    if (journal === null) return;
    const records = new Uint8Array(journal.memory.records);
    expect(records.every((byte) => byte === 0), () => "A record of a session outlives the reset");
  }

  #request(random: Random, isControl: boolean): Made {
    const made = this.#validRequest(random, isControl);
    if (random.oneIn(3)) return made;
    const { maxSize } = this.#terms;
    return mutate(random, made, { maxSize, anyId: (random) => this.#anyId(random), room: ROOM });
  }

  #validRequest(random: Random, isControl: boolean): Made {
    const { sessions } = this.#reference;
    if (isControl) {
      if (!random.oneIn(3)) return this.#maker.create(random);
      const id = this.#anyId(random);
      return this.#maker.destroy(random, sessions.get(id)?.service ?? 0, id);
    }
    const isStateless = sessions.size === 0 || (this.#terms.mux && random.oneIn(2));
    if (isStateless) return this.#maker.stateless(random, random.below(4));
    return this.#maker.data(random, random.pick([...sessions.values()]));
  }

  #anyId(random: Random): number {
    const { sessions, ended } = this.#reference;
    if (sessions.size > 0 && !random.oneIn(4)) return random.pick([...sessions.keys()]);
    return ended.length > 0 ? random.pick(ended) : random.below(9);
  }

  // What has come to be and what has ended is so in the journal, and in the engine that follows it.
  #noteSessions({ created, destroyed }: Prediction, { writable }: Placed): void {
    const { engine } = this.#libcrypto;
    const { journal, numSessions } = engine;
    const other = this.#noble.engine.numSessions;
    expect(numSessions === other, () => `${other} sessions, with libcrypto ${numSessions}`);
    if (created !== null) {
      const answer = this.#window.load(this.#noble.memory, writable, 16);
      const view = new DataView(answer.buffer);
      const id = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
      this.#reference.open(created, id);
      expect(journal?.isOpen(id) === true, () => `Session ${id} is not in the journal`);
      if (journal !== null) this.#followed.follow(journal);
    }
    if (destroyed === null || journal === null) return;
    this.#computer.forget(destroyed);
    expect(!journal.isOpen(destroyed.id), () => `Session ${destroyed.id} is still in the journal`);
    const keys = [destroyed.key, destroyed.authKey].filter(({ length }) => length >= 12);
    mustNotHold(
      new Uint8Array(journal.memory.records),
      keys,
      "the journal after its session's end",
    );
    this.#followed.sweep();
    const { size } = this.#followed;
    expect(size <= numSessions, () => `${size} followed sessions outlive theirs`);
  }
}
