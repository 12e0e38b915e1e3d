/** A remoted device whose requests run in device threads. */

import { strict as assert } from "node:assert";
import { DeviceThreads, Register, Status } from "../../device/mod.ts";
import { build, createHashSession, destroySession, hashData } from "../../device/wire/requests.ts";
import { RecordKind } from "../../gateway/records.ts";
import { concat } from "../support/random.ts";
import {
  ALL_MODES,
  type Answer,
  read,
  RemoteRig,
  startUp,
  submit,
  write,
} from "../support/remote_rig.ts";
import {
  Command,
  fakeRequest,
  fakeThreads,
  RESULT_LEN,
  sumOf,
  threadFakes,
} from "../support/thread_fakes.ts";

const { COMPLETE, INTERRUPT, REFUSED, READ_OK, WRITE_OK } = RecordKind;
const CONTROL = 2;
const WRITABLE_LEN = RESULT_LEN + 1;
const MODE = { mux: true, layout: "v19" } as const;

/** Runs a test with as many threads. */
async function withThreads(
  num: number,
  body: (threads: DeviceThreads, deaths: string[]) => Promise<void>,
): Promise<void> {
  const deaths: string[] = [];
  const threads = fakeThreads(num, deaths);
  try {
    await body(threads, deaths);
  } finally {
    await threads.close();
  }
}

function startedRig(threads: DeviceThreads, options = {}): RemoteRig {
  const rig = new RemoteRig({ threads, algorithms: threads.algorithms, ...options });
  rig.start([...ALL_MODES, "RING_RESET"]);
  return rig;
}

/** Waits until something holds, as often as the event loop turns. */
async function until(holds: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 20_000;
  while (!holds()) {
    assert.ok(performance.now() < end, `Never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const job = (id: number, queue: number, command: number, value = 0) =>
  submit(id, queue, fakeRequest(command, value), WRITABLE_LEN);
const inSession = (id: number, queue: number, sessionId: number, src: Uint8Array) =>
  submit(
    id,
    queue,
    build(hashData, { sessionId, src, hashResultLen: RESULT_LEN }, MODE).readable,
    WRITABLE_LEN,
  );
const create = (id: number) =>
  submit(
    id,
    CONTROL,
    build(createHashSession, { algo: 4, hashResultLen: RESULT_LEN }, MODE).readable,
    16,
  );
const destroy = (id: number, sessionId: number) =>
  submit(id, CONTROL, build(destroySession, { service: 1, sessionId }, MODE).readable, 1);
const ids = (answers: readonly Answer[]) => answers.map(({ id }) => id);
const statusOf = (answer: Answer | undefined) => answer?.payload.at(-1);
const byId = (answers: readonly Answer[], id: number) =>
  answers.find((answer) => answer.id === id && answer.kind === COMPLETE);
const upTo = (num: number) => Array.from({ length: num }, (_, i) => i);

for (const num of [1, 2, 3]) {
  Deno.test(`requests on all queues are answered by ${num} threads, each once and right`, () =>
    withThreads(num, async (threads) => {
      const rig = startedRig(threads);
      const sources = upTo(300).map((i) => Uint8Array.of(0, i, i >> 8, 5));

      await rig.device.push(
        concat(create(1000), ...sources.map((src, i) => inSession(i, i % 2, 1, src))),
      );
      await rig.device.settled();

      const answers = rig.take().filter(({ id }) => id < 1000);
      assert.deepEqual(ids(answers).toSorted((a, b) => a - b), upTo(300));
      for (const { id, payload, value } of answers) {
        assert.equal(value, WRITABLE_LEN);
        assert.deepEqual(payload, concat(sumOf(sources[id]), Uint8Array.of(Status.OK)));
      }
      assert.equal(rig.device.counters.requests, 301);
      assert.ok(threads.held.sessions >= 1);
      rig.device.close();
    }));
}

Deno.test("while one client's request takes its time, others are answered", () =>
  withThreads(2, async (threads) => {
    const slow = startedRig(threads);
    const other = startedRig(threads);
    slow.push(job(1, 0, Command.WAIT));

    for (const id of upTo(20)) {
      other.push(job(id, id % 2, Command.SUM));
      await other.device.settled();
    }

    assert.deepEqual(ids(other.take()), upTo(20));
    assert.deepEqual(slow.take(), [], "it waits still");
    slow.device.close();
    other.device.close();
  }));

Deno.test("answers of one queue come while another's request takes its time", () =>
  withThreads(2, async (threads) => {
    const rig = startedRig(threads);
    rig.push(job(1, 0, Command.WAIT));

    rig.push(...upTo(10).map((i) => job(10 + i, 1, Command.SUM)), read(99, Register.Status));
    await until(() => rig.answers.length === 11, "answers of the other queue");

    assert.deepEqual(ids(rig.take()).toSorted((a, b) => a - b), [
      ...upTo(10).map((i) => 10 + i),
      99,
    ]);
    rig.device.close();
  }));

Deno.test("with one thread, queues and devices take turns", () =>
  withThreads(1, async (threads) => {
    const rigs = upTo(3).map(() => startedRig(threads));
    for (const rig of rigs) rig.push(...upTo(12).map((id) => job(id, id % 2, Command.SPIN, 1)));

    await Promise.all(rigs.map((rig) => rig.device.settled()));

    for (const rig of rigs) {
      assert.deepEqual(ids(rig.take()).toSorted((a, b) => a - b), upTo(12));
      rig.device.close();
    }
  }));

Deno.test("a session serves on every queue from the moment its creation has completed", () =>
  withThreads(2, async (threads) => {
    const rig = startedRig(threads);
    // Both queues are with threads already when the session comes.
    rig.push(job(1, 0, Command.SPIN, 3), job(2, 1, Command.SPIN, 3));

    const answers = await rig.askSlowly(
      create(3),
      inSession(4, 0, 1, Uint8Array.of(0, 7)),
      inSession(5, 1, 1, Uint8Array.of(0, 8)),
    );

    assert.deepEqual([4, 5].map((id) => statusOf(byId(answers, id))), [Status.OK, Status.OK]);
    assert.deepEqual(byId(answers, 5)?.payload.subarray(0, -1), sumOf(Uint8Array.of(8)));
    rig.device.close();
  }));

Deno.test("requests in front of a destroy run in their session, those behind it find none", () =>
  withThreads(2, async (threads) => {
    const rig = startedRig(threads);
    const spin = Uint8Array.of(Command.SPIN, 2);
    await rig.askSlowly(create(0), create(1));

    const answers = await rig.askSlowly(
      ...[2, 3, 4, 5].map((id) => inSession(id, id % 2, 1, spin)),
      destroy(6, 1),
      ...[7, 8].map((id) => inSession(id, id % 2, 1, spin)),
      inSession(9, 0, 2, spin),
    );

    assert.deepEqual([2, 3, 4, 5].map((id) => statusOf(byId(answers, id))), [0, 0, 0, 0]);
    assert.equal(statusOf(byId(answers, 6)), Status.OK);
    assert.deepEqual([7, 8].map((id) => statusOf(byId(answers, id))), [
      Status.INVSESS,
      Status.INVSESS,
    ]);
    assert.equal(statusOf(byId(answers, 9)), Status.OK);
    rig.device.close();
  }));

Deno.test("a request in front of a session's creation does not find it, however long it waits", () =>
  withThreads(1, async (threads) => {
    const rig = startedRig(threads);

    const answers = await rig.askSlowly(
      job(1, 0, Command.SPIN, 5),
      inSession(2, 0, 1, Uint8Array.of(0, 1)),
      create(3),
      inSession(4, 0, 1, Uint8Array.of(0, 1)),
    );

    assert.equal(statusOf(byId(answers, 2)), Status.INVSESS);
    assert.equal(statusOf(byId(answers, 4)), Status.OK);
    rig.device.close();
  }));

Deno.test("records keep their order while a thread has not taken what it was told", () =>
  withThreads(1, async (threads) => {
    const rig = startedRig(threads);
    const src = Uint8Array.of(0, 1);
    // The thread looks at nothing meanwhile: it is told of the control queue's memory, and the session's
    // journal and the second queue's memory have to wait until it has taken that.
    rig.push(job(1, 0, Command.SPIN, 20));

    const answers = await rig.askSlowly(
      create(2),
      inSession(3, 1, 1, src),
      destroy(4, 1),
      inSession(5, 1, 1, src),
    );

    assert.deepEqual([3, 5].map((id) => statusOf(byId(answers, id))), [Status.OK, Status.INVSESS]);
    assert.equal(statusOf(byId(answers, 4)), Status.OK);
    rig.device.close();
  }));

Deno.test("what is put on the control queue waits for requests in front of it to begin, not to end", () =>
  withThreads(2, async (threads) => {
    const rig = startedRig(threads);
    await rig.askSlowly(create(0));
    // In the session, and not to end before the test does.
    rig.push(inSession(1, 0, 1, Uint8Array.of(Command.WAIT)));

    await rig.device.push(create(2));
    await rig.device.push(concat(destroy(3, 1), create(4)));

    assert.deepEqual(ids(rig.take()), [2, 3, 4]);
    rig.device.close();
  }));

Deno.test("threads let go of sessions that have ended, and of devices that are closed", () =>
  withThreads(2, async (threads) => {
    const rig = startedRig(threads);
    const src = Uint8Array.of(0, 1);
    await rig.askSlowly(...upTo(10).map((id) => create(id)));
    await rig.askSlowly(...upTo(20).map((id) => inSession(id, id % 2, 1 + id % 10, src)));
    // A thread counts them when it has answered.
    await until(() => threads.held.sessions >= 10, "sessions are opened");

    await rig.askSlowly(...upTo(9).map((id) => destroy(id, 1 + id)));

    await until(() => threads.held.sessions <= 2, "sessions are closed");
    rig.device.close();
    await until(() => threads.held.runs === 0 && threads.held.sessions === 0, "all is let go");
  }));

Deno.test("a reset refuses what threads are at, before it is answered, and nothing comes later", () =>
  withThreads(2, async (threads) => {
    const rig = startedRig(threads);
    // One in each thread, one behind it.
    rig.push(...[1, 2].map((id) => job(id, id % 2, Command.WAIT)));
    rig.push(...[3, 4].map((id) => job(id, id % 2, Command.SUM)));

    const answers = rig.ask(write(5, Register.Status, 0), read(6, Register.Status));

    assert.deepEqual(answers.map(({ kind }) => kind), [
      REFUSED,
      REFUSED,
      REFUSED,
      REFUSED,
      WRITE_OK,
      READ_OK,
    ]);
    assert.deepEqual(ids(answers.slice(0, 4)).toSorted(), [1, 2, 3, 4]);
    assert.ok(answers.slice(0, 4).every(({ value }) => value === 4));
    await until(() => threads.held.runs === 0, "the threads have let go");
    assert.deepEqual(rig.take(), []);
    rig.start();
    await rig.device.push(job(7, 0, Command.SUM));
    await rig.device.settled();
    assert.deepEqual(rig.take().map(({ id, value }) => [id, value]), [[7, WRITABLE_LEN]]);
    rig.device.close();
  }));

Deno.test("a client that resets and submits again and again is served as before", () =>
  withThreads(2, async (threads) => {
    const rig = new RemoteRig({ threads, algorithms: threads.algorithms });
    const start = concat(...startUp(2, ALL_MODES));
    for (const id of upTo(50)) {
      rig.push(
        start,
        create(id),
        inSession(id, id % 2, 1, Uint8Array.of(Command.SPIN, 1)),
        job(id, 1, Command.SUM),
      );
    }
    await rig.device.settled();

    const last = rig.take().filter(({ kind, id }) => kind === COMPLETE && id === 49);

    assert.deepEqual(last.map(statusOf), [Status.OK, Status.OK, Status.OK].slice(0, last.length));
    assert.equal(last.length, 3);
    rig.device.close();
    await until(() => threads.held.runs === 0, "the threads have let go");
  }));

for (const register of [Register.QueueReady, Register.QueueReset] as const) {
  const name = register === Register.QueueReady ? "QueueReady = 0" : "QueueReset";
  Deno.test(`${name} ends a queue behind the request that is being run, the others stay`, () =>
    withThreads(1, async (threads) => {
      const rig = startedRig(threads);
      rig.push(job(1, 0, Command.SPIN, 20), job(2, 0, Command.SUM), job(3, 1, Command.SUM));
      await until(() => threads.held.runs === 1, "a thread is at it");

      const answers = await rig.askSlowly(
        write(4, Register.QueueSel, 0),
        write(5, register, register === Register.QueueReady ? 0 : 1),
        job(6, 0, Command.SUM),
        job(7, 1, Command.SUM),
      );

      const refused = answers.filter(({ kind }) => kind === REFUSED).map((
        { id, value },
      ) => [id, value]);
      const done = ids(answers.filter(({ kind }) => kind === COMPLETE));
      assert.ok(ids(answers).indexOf(2) < ids(answers).indexOf(5), "refused before the answer");
      assert.deepEqual(refused.filter(([id]) => id === 2 || id === 6), [[2, 4], [6, 3]]);
      assert.ok(done.includes(3) && done.includes(7));
      rig.ask(
        write(8, Register.QueueNum, 16),
        write(9, Register.QueueReady, 1),
      );
      const [again] = await rig.askSlowly(job(10, 0, Command.SUM));
      assert.equal(statusOf(again), Status.OK);
      rig.device.close();
    }));
}

for (const breakAt of [1, 5]) {
  Deno.test(`a ring broken at SUBMIT ${breakAt} is found by its thread; the device recovers by reset`, () =>
    withThreads(2, async (threads) => {
      const rig = startedRig(threads, { testBreakRing: breakAt });

      rig.push(...upTo(8).map((id) => job(id, 0, Command.SPIN, 1)));
      await rig.device.settled();

      const answers = rig.take();
      assert.equal(answers.filter(({ kind }) => kind === INTERRUPT).length, 1);
      assert.ok(answers.some(({ kind, value }) => kind === REFUSED && value === 4));
      assert.equal(rig.device.state().status & 64, 64);
      assert.equal(rig.device.counters.brokenRings, 1);
      rig.start();
      assert.equal(statusOf((await rig.askSlowly(job(20, 0, Command.SUM)))[0]), Status.OK);
      rig.device.close();
    }));
}

Deno.test("a queue that is set up again and again beside a request that takes its time harms nobody", () =>
  withThreads(2, async (threads) => {
    const rig = startedRig(threads);
    const other = startedRig(threads);
    rig.push(job(1, 0, Command.WAIT));
    rig.push(write(2, Register.QueueSel, 1));
    const cycle = (id: number) => [
      write(id, Register.QueueReady, 0),
      write(id, Register.QueueReady, 1),
      job(id, 1, Command.SUM),
    ];

    await rig.device.push(concat(...upTo(500).flatMap(cycle)));
    other.push(job(3, 0, Command.SUM));
    await other.device.settled();
    rig.push(write(4, Register.Status, 0));

    assert.equal(statusOf(other.take()[0]), Status.OK);
    const answers = rig.take();
    assert.equal(answers.filter(({ kind }) => kind === COMPLETE || kind === REFUSED).length, 501);
    assert.equal(answers.at(-1)?.id, 4);
    rig.device.close();
    other.device.close();
    await until(() => threads.held.runs === 0, "all is let go");
  }));

Deno.test("a fault of an accelerator in a thread is answered ERR and logged, and the device goes on", () =>
  withThreads(1, async (threads) => {
    const rig = startedRig(threads);

    const answers = await rig.askSlowly(job(1, 0, Command.FAIL), job(2, 0, Command.SUM));

    assert.deepEqual(answers.map(statusOf), [Status.ERR, Status.OK]);
    assert.deepEqual(rig.log, ["error request failed by a fault"]);
    assert.equal(rig.device.counters.faults, 1);
    rig.device.close();
  }));

Deno.test("when a thread dies its device needs a reset, no other is harmed, and another takes its place", () =>
  withThreads(2, async (threads, deaths) => {
    const rig = startedRig(threads);
    const other = startedRig(threads);
    other.push(job(1, 0, Command.SPIN, 10));

    rig.push(job(1, 0, Command.DIE), job(2, 0, Command.SUM));
    await rig.device.settled();

    // The first is answered: its thread died behind it.
    assert.deepEqual(rig.take().map(({ kind }) => kind), [COMPLETE, INTERRUPT, REFUSED]);
    assert.equal(rig.device.state().status & 64, 64);
    assert.equal(deaths.length, 1);
    await other.device.settled();
    assert.equal(statusOf(other.take()[0]), Status.OK);
    // As many as before serve both at once.
    rig.start();
    rig.push(job(3, 0, Command.WAIT));
    assert.equal(statusOf((await other.askSlowly(job(4, 1, Command.SUM)))[0]), Status.OK);
    rig.device.close();
    other.device.close();
  }));

Deno.test("threads that cannot start leave everything to be run where it arrived", async () => {
  const broken = fakeThreads(1);
  await broken.close();
  const rig = startedRig(broken);

  const answers = rig.ask(job(1, 0, Command.SUM));

  assert.equal(statusOf(answers[0]), Status.OK);
  rig.device.close();
});

Deno.test("threads whose module is not there leave everything to be run where it arrived, too", async () => {
  const deaths: string[] = [];
  const threads = new DeviceThreads({
    num: 2,
    algorithms: threadFakes(),
    localWork: 0,
    module: new URL("./nowhere.ts", import.meta.url),
    onDeath: (reason) => deaths.push(reason),
  });
  const rig = startedRig(threads);

  const answers = await rig.askSlowly(job(1, 0, Command.SUM), job(2, 1, Command.SUM));

  assert.deepEqual(answers.map(statusOf), [Status.OK, Status.OK]);
  assert.equal(deaths.length, 2);
  rig.device.close();
  await threads.close();
});

Deno.test("10,000 devices opened and closed leave nothing in the threads", () =>
  withThreads(2, async (threads) => {
    for (const i of upTo(10_000)) {
      const rig = new RemoteRig({ threads, algorithms: threads.algorithms });
      rig.push(...startUp(2, ALL_MODES, 4), create(1), inSession(2, i % 2, 1, Uint8Array.of(0, 1)));
      // Half of them go while a thread is at their request.
      if (i % 2 === 0) await rig.device.settled();
      rig.device.close();
    }

    await until(() => threads.held.runs === 0 && threads.held.sessions === 0, "all is let go");
  }));
