/** Sessions noted in shared memory, and followed from there. */

import { strict as assert } from "node:assert";
import { AlgorithmSet, ALL_ALGORITHMS, Status } from "../../../device/mod.ts";
import { Engine } from "../../../device/engine/engine.ts";
import { FollowedSessions } from "../../../device/engine/followed_sessions.ts";
import { SessionJournal } from "../../../device/engine/session_journal.ts";
import { SegmentList } from "../../../device/memory/segment_list.ts";
import { build, createCipherSession, destroySession } from "../../../device/wire/requests.ts";
import { EngineRig } from "../../support/engine_rig.ts";
import { fakeAlgorithms, FakeLog } from "../../support/fakes.ts";
import { counting } from "../../support/random.ts";
import { KEY, SAMPLES, SESSIONS } from "../../support/samples.ts";

const MODE = { mux: true, layout: "v19" } as const;

function pair(capacity = 8): { journal: SessionJournal; other: SessionJournal; ended: number[] } {
  const ended: number[] = [];
  const journal = SessionJournal.create(capacity, (openers) => ended.push(openers));
  return { journal, other: new SessionJournal(journal.memory), ended };
}

function bytesOf(journal: SessionJournal): Uint8Array {
  return new Uint8Array(journal.memory.records);
}

Deno.test("a session that has been noted is read by others until it ends, and is then overwritten", () => {
  const { journal, other } = pair();
  const record = counting(100, 0xa0);

  journal.add(3, record);

  assert.deepEqual(other.read(3), record);
  assert.ok(other.isOpen(3) && !other.isOpen(2) && !other.isOpen(11));
  journal.remove(3);
  assert.equal(other.read(3), null);
  assert.ok(!other.isOpen(3));
  assert.ok(bytesOf(other).every((byte) => byte === 0), "the record is still there");
});

Deno.test("a number that is none is never open, whatever it is", () => {
  const { journal, other } = pair();
  journal.add(1, counting(30));

  for (const number of [0, -1, 2, 9, 2 ** 32 + 1, 2 ** 53, 2 ** 64, NaN]) {
    assert.ok(!other.isOpen(number), `${number}`);
    assert.equal(other.read(number), null);
  }
});

Deno.test("a slot's next session is another: numbers beyond 2^32 are told apart", () => {
  const { journal, other } = pair(4);
  const late = 4 * 2 ** 32 + 1;

  journal.add(1, counting(30));
  journal.remove(1);
  journal.add(late, counting(40, 7));

  assert.ok(!other.isOpen(1) && !other.isOpen(5) && other.isOpen(late));
  assert.deepEqual(other.read(late), counting(40, 7));
});

Deno.test("a journal grows with its sessions, which others see, and uses freed memory again", () => {
  const { journal, other } = pair(5000);
  const record = (number: number) => counting(24 + number % 800, number);
  for (let number = 1; number <= 5000; number++) journal.add(number, record(number));
  const { byteLength } = journal.memory.records;

  for (let number = 1; number <= 5000; number++) {
    assert.deepEqual(other.read(number), record(number));
  }
  for (let round = 1; round <= 3; round++) {
    for (let slot = 1; slot <= 5000; slot++) {
      journal.remove(slot + 5000 * (round - 1));
      journal.add(slot + 5000 * round, record(slot));
    }
  }
  assert.equal(journal.memory.records.byteLength, byteLength);
  assert.deepEqual(other.read(15_077), record(77));
});

Deno.test("the end of a session is told with the threads that have opened it", () => {
  const { journal, other, ended } = pair();
  journal.add(1, counting(30));
  journal.add(2, counting(30));
  other.read(1, 4);
  other.read(1, 1);

  journal.remove(1);
  journal.remove(2);
  journal.remove(2);

  assert.deepEqual(ended, [5]);
  assert.equal(other.numEnded, 2);
  assert.deepEqual([other.endedSlot(0), other.endedSlot(1)], [0, 1]);
});

Deno.test("a journal that is cleared has no session and no record", () => {
  const { journal, other } = pair();
  journal.add(1, counting(100));
  journal.add(2, counting(100));

  journal.clear();

  assert.ok(!other.isOpen(1) && !other.isOpen(2));
  assert.ok(bytesOf(other).every((byte) => byte === 0));
});

interface Pair {
  readonly owner: Engine;
  readonly follower: Engine;
  readonly sessions: FollowedSessions;
  readonly faults: unknown[];
}

// An engine that creates sessions and one that follows it, as in another thread.
function engines(algorithms = ALL_ALGORITHMS, maxSessions = 1024, sweeps = true): Pair {
  const faults: unknown[] = [];
  const onFault = (fault: unknown) => void faults.push(fault);
  const base = { algorithms, maxSize: 4 << 20, maxSessions, layout: "v19", onFault } as const;
  const sessions = new FollowedSessions(algorithms, 1, onFault);
  const owner = new Engine({
    ...base,
    newJournal: () => {
      const journal = SessionJournal.create(maxSessions, () => sweeps && sessions.sweep());
      sessions.follow(new SessionJournal(journal.memory));
      return journal;
    },
  });
  const follower = new Engine({ ...base, sessions });
  for (const engine of [owner, follower]) {
    engine.negotiate({ mux: true, stateless: [true, true, true, true] });
  }
  return { owner, follower, sessions, faults };
}

function run(
  part: (readable: SegmentList, writable: SegmentList) => number,
  readable: Uint8Array,
  writableLen: number,
): Uint8Array {
  const bytes = new Uint8Array(writableLen);
  const [input, output] = [SegmentList.of(readable), SegmentList.of(bytes)];
  part(input, output);
  return bytes;
}

// A rig's sessions are made in the owner, so that samples find them.
function rigOf({ owner }: Pair): EngineRig {
  const rig = new EngineRig();
  rig.create = (format, options) => {
    const { readable } = build(format, options, MODE);
    return run((r, w) => owner.control(r, w), readable, 16)[0];
  };
  return rig;
}

for (const sample of SAMPLES.filter(({ stateless }) => !stateless)) {
  Deno.test(`${sample.name}: a session made by one engine serves in another, until it is destroyed`, () => {
    const both = engines();
    const { readable, writableLen } = sample.make(rigOf(both));
    const data = () => run((r, w) => both.follower.data(r, w), readable, writableLen);

    const answer = data();

    assert.deepEqual(answer.subarray(0, -1), sample.result);
    assert.equal(answer.at(-1), Status.OK);
    assert.equal(both.sessions.size, 1);
    const destroy = build(destroySession, { service: sample.service, sessionId: 1 }, MODE).readable;
    assert.equal(run((r, w) => both.owner.control(r, w), destroy, 1)[0], Status.OK);
    assert.equal(data().at(-1), Status.INVSESS);
    assert.equal(both.sessions.size, 0, "swept");
    assert.deepEqual(both.faults, []);
  });
}

Deno.test("contexts of another thread are closed when sessions end, however many at once", () => {
  const log = new FakeLog();
  const both = engines(new AlgorithmSet(fakeAlgorithms(log)), 2000, false);
  const rig = rigOf(both);
  const sample = SAMPLES.find(({ stateless }) => !stateless) ?? assert.fail();
  const { readable, writableLen } = sample.make(rig);
  const view = new DataView(readable.buffer, readable.byteOffset);
  for (let id = 2; id <= 1000; id++) rig.create(createCipherSession, SESSIONS.cipher);
  for (let id = 1; id <= 1000; id++) {
    view.setUint32(8, id, true);
    assert.equal(run((r, w) => both.follower.data(r, w), readable, writableLen).at(-1), Status.OK);
  }
  assert.equal(log.isOpen, 2000, "each once here and once there");

  for (let sessionId = 1; sessionId <= 600; sessionId++) {
    const { readable } = build(destroySession, { service: 0, sessionId }, MODE);
    run((r, w) => both.owner.control(r, w), readable, 1);
  }
  both.sessions.sweep();

  assert.equal(both.sessions.size, 400);
  assert.equal(log.isOpen, 800);
  both.sessions.close();
  both.owner.reset();
  assert.equal(log.isOpen, 0);
  assert.ok(log.keys.every((key) => key.every((byte) => byte === 0)), "a key is still there");
});

Deno.test("a session that cannot be noted is not created", () => {
  const faults: unknown[] = [];
  const owner = new Engine({
    algorithms: ALL_ALGORITHMS,
    maxSize: 4096,
    maxSessions: 4,
    layout: "v19",
    onFault: (fault) => faults.push(fault),
    newJournal: () => {
      throw new RangeError("Array buffer allocation failed");
    },
  });
  owner.negotiate({ mux: true, stateless: [] });
  const { readable } = build(createCipherSession, { ...SESSIONS.cipher, key: KEY }, MODE);

  const answer = run((r, w) => owner.control(r, w), readable, 16);

  assert.deepEqual([...answer.subarray(0, 12)], [0, 0, 0, 0, 0, 0, 0, 0, Status.ERR, 0, 0, 0]);
  assert.equal(owner.numSessions, 0);
  assert.equal(faults.length, 1);
});
