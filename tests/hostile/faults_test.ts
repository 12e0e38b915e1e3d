/** Faults that are ours: accelerators that fail, threads that die, memory that is refused. */

import { strict as assert } from "node:assert";
import { AlgorithmSet, selfTest, Status } from "../../device/mod.ts";
import { Staging } from "../../device/memory/staging.ts";
import {
  build,
  createCipherSession,
  hashStateless,
  parseSessionInput,
} from "../../device/wire/requests.ts";
import { RecordKind } from "../../gateway/records.ts";
import { openPeer, until } from "../gateway/helpers.ts";
import { Faults, faulty, type Misbehaviour } from "../support/faulty.ts";
import { IMPLEMENTED } from "../support/implementations.ts";
import { concat } from "../support/random.ts";
import { ALL_MODES, RemoteRig, startUp, submit } from "../support/remote_rig.ts";
import { SESSIONS, SRC } from "../support/samples.ts";
import { Command, fakeRequest, fakeThreads, RESULT_LEN } from "../support/thread_fakes.ts";
import {
  assertFailed,
  assertResult,
  atGateway,
  everywhere,
  fails,
  forget,
  prepareAll,
  servesAHundred,
} from "./cases.ts";
import { within } from "./lanes.ts";
import { takeMade } from "./record_lanes.ts";

const faults = new Faults();
// What the samples need; tests run one after the other and share what goes wrong.
const NAMES = ["AES_CBC", "SHA_256", "HMAC_SHA_256", "GCM"];
const algorithms = new AlgorithmSet(
  faulty(IMPLEMENTED.filter(({ name }) => NAMES.includes(name)), faults),
);
const FAULTY = { algorithms, isFaulty: true } as const;

// Has something go wrong for as long as a body runs.
async function misbehaving(
  stage: Faults["stage"],
  misbehaviour: Misbehaviour,
  body: () => Promise<void>,
): Promise<void> {
  faults.stage = stage;
  faults.misbehaviour = misbehaviour;
  faults.num = 0;
  try {
    await body();
    assert.ok(faults.num > 0, "Nothing went wrong");
  } finally {
    faults.mend();
  }
}

for (const misbehaviour of ["throws", "breaks off", "writes too much"] as const) {
  everywhere(
    `an accelerator that ${misbehaviour} makes its request ERR, shows nothing of it, and the device goes on`,
    async (lane) => {
      const prepared = await prepareAll(lane);

      await misbehaving("run", misbehaviour, async () => {
        const came = await lane.run(prepared);
        came.forEach(({ usedLen, written }, i) => {
          const { name } = prepared[i].sample;
          assert.deepEqual([usedLen, ...written], [1, Status.ERR], name);
        });
      });

      assertResults(await lane.run(prepared), prepared);
      await forget(lane, prepared);
    },
    { ...FAULTY },
  );
}

function assertResults(
  came: Parameters<typeof assertResult>[0][],
  prepared: Awaited<ReturnType<typeof prepareAll>>,
): void {
  came.forEach((each, i) => assertResult(each, prepared[i].sample.result));
}

everywhere(
  "an accelerator that cannot open makes stateless requests ERR and no session",
  async (lane) => {
    const { sessions } = lane.levels();
    const prepared = await prepareAll(lane);
    const stateless = prepared.filter(({ sessionId }) => sessionId === 0);
    const creation = build(createCipherSession, SESSIONS.cipher, lane.mode);

    await misbehaving("open", "throws", async () => {
      await fails(lane, stateless);
      const [{ written }] = await lane.run([{ ...creation, queue: lane.control }]);
      assert.deepEqual(parseSessionInput(written), { status: Status.ERR, sessionId: 0 });
    });

    await forget(lane, prepared);
    assert.equal(lane.levels().sessions, sessions);
  },
  { ...FAULTY },
);

everywhere(
  "an accelerator that cannot close makes one answer ERR and keeps neither session nor key",
  async (lane) => {
    const before = faults.numOpen;
    const prepared = await prepareAll(lane);

    await misbehaving("close", "throws", async () => {
      await fails(lane, prepared.filter(({ sessionId }) => sessionId === 0));
      await assert.rejects(forget(lane, prepared));
    });

    assert.equal(lane.levels().sessions, 0);
    assert.equal(faults.numOpen, before);
  },
  { ...FAULTY },
);

everywhere(
  "an accelerator that fails at every tenth request fails those and no others",
  async (lane) => {
    const prepared = await prepareAll(lane);
    const hash = prepared.filter(({ sample }) => sample.name === "a stateless hash request");
    const requests = Array.from({ length: 100 }, () => hash[0]);

    const statuses: number[] = [];
    await misbehaving("run", "throws", async () => {
      for (let i = 0; i < 10; i++) {
        faults.spared = 9;
        const came = await lane.run(requests.slice(0, 10));
        statuses.push(...came.map(({ written }) => written.at(-1) ?? NaN));
      }
    });

    faults.spared = 0;
    assert.deepEqual(statuses, statuses.map((_, i) => i % 10 === 9 ? Status.ERR : Status.OK));
    await forget(lane, prepared);
  },
  { ...FAULTY },
);

Deno.test("an accelerator that writes too little is found by the self-test and offered for nothing", async () => {
  const rows = faulty(IMPLEMENTED, faults);
  await misbehaving("run", "writes too little", () => {
    const { passed, failures } = selfTest(rows, { byAlgorithm: new Map() });
    assert.equal(passed.list().length, 0);
    assert.ok(failures.length >= rows.length);
    return Promise.resolve();
  });

  assert.equal(selfTest(rows, { byAlgorithm: new Map() }).failures.length, 0);
});

atGateway(
  "an accelerator that is slow for one client lets others have their answers meanwhile",
  async (lane) => {
    takeMade();
    const peer = await openPeer(lane.server.url);
    const start = startUp(4, ALL_MODES);
    peer.message(concat(...start));
    await peer.nextRecords(start.length);
    const [device] = takeMade();
    const hash = { algo: 4, src: new Uint8Array(70_000), hashResultLen: 32 };
    const { readable } = build(hashStateless, hash, lane.mode);
    const num = 600;

    faults.slowMs = 2;
    await misbehaving("run", "is slow", async () => {
      for (let i = 0; i < num; i += 100) {
        const ids = Array.from({ length: 100 }, (_, j) => i + j);
        peer.message(concat(...ids.map((id) => submit(id, 0, readable, 33))));
      }
      await until(() => device.counters.requests > 0);
      await servesAHundred(lane);
      assert.ok(device.counters.requests < num, "The slow client was done first");
      const answers = await within(peer.nextRecords(num), "the slow answers");
      assert.ok(answers.every(({ payload }) => payload.at(-1) === Status.OK));
    });
    await peer.close();
  },
  { ...FAULTY },
);

Deno.test("device threads that die again and again: each time their client is told by NEEDS_RESET, none other is harmed, and all are replaced", async () => {
  const deaths: string[] = [];
  const threads = fakeThreads(2, deaths);
  const options = { threads, algorithms: threads.algorithms };
  const rig = new RemoteRig(options);
  const other = new RemoteRig(options);
  const job = (id: number, command: number) =>
    submit(id, id % 2, fakeRequest(command), RESULT_LEN + 1);
  try {
    other.start();
    for (let round = 0; round < 12; round++) {
      rig.start();
      other.push(job(1, Command.SUM), job(2, Command.SUM));
      rig.push(job(1, Command.DIE), job(3, Command.SUM));
      await within(Promise.all([rig.device.settled(), other.device.settled()]), "an end");

      // The death may be heard of when another thread has taken the rest already.
      const isTold = () => (rig.device.state().status & 64) !== 0;
      await within(until(isTold), "NEEDS_RESET");

      assert.ok(rig.take().some(({ kind, value }) => kind === RecordKind.INTERRUPT && value === 2));
      assert.deepEqual(other.take().map(({ payload }) => payload.at(-1)), [0, 0]);
      assert.equal(other.device.state().status, 15);
    }
    assert.equal(deaths.length, 12);
    rig.start();
    rig.push(job(1, Command.SUM));
    await within(rig.device.settled(), "an end");
    assert.equal(rig.take()[0].payload.at(-1), Status.OK);
  } finally {
    rig.device.close();
    other.device.close();
    await threads.close();
  }
});

everywhere(
  "requests that fill the device's memory many times over wait for each other and are all served",
  async (lane) => {
    const { readable, writableLen } = build(hashStateless, {
      algo: 4,
      src: new Uint8Array(60_000),
      hashResultLen: 32,
    }, lane.mode);
    const requests = Array.from(
      { length: 200 },
      (_, i) => ({ readable, writableLen, queue: i % 4 }),
    );

    const came = await lane.run(requests);

    const first = came[0].written.toHex();
    assert.ok(
      came.every(({ written }) => written.at(-1) === Status.OK && written.toHex() === first),
    );
  },
  { maxSize: 64 << 10 },
);

everywhere(
  "private memory that is refused makes its request ERR, and the next is served",
  async (lane) => {
    const prepared = await prepareAll(lane);
    const { take, copy } = Staging.prototype;
    const refuse = () => {
      throw new RangeError("Array buffer allocation failed");
    };
    Staging.prototype.take = refuse;
    Staging.prototype.copy = refuse;
    try {
      const needing = prepared.filter(({ sample }) => sample.stateless && sample.service !== 1);
      assertFailed(await lane.run(needing), Status.ERR);
    } finally {
      Staging.prototype.take = take;
      Staging.prototype.copy = copy;
    }
    assertResults(await lane.run(prepared), prepared);
    await forget(lane, prepared);
  },
  { isFaulty: true },
);

// Has the system refuse shared memory of more than so many bytes.
async function withoutMemory(limit: number, body: () => Promise<void>): Promise<void> {
  const { SharedArrayBuffer } = globalThis;
  globalThis.SharedArrayBuffer = new Proxy(SharedArrayBuffer, {
    construct(target, [len]: [number]) {
      if (len > limit) throw new RangeError("Array buffer allocation failed");
      return new target(len);
    },
  });
  try {
    await body();
  } finally {
    globalThis.SharedArrayBuffer = SharedArrayBuffer;
  }
}

atGateway(
  "device memory that is refused ends the connection that asked for it, and no other",
  async (lane) => {
    takeMade();
    const peer = await openPeer(lane.server.url);
    const [device] = takeMade();
    const records = startUp(4, ALL_MODES);
    const hash = { algo: 4, src: SRC, hashResultLen: 32 };
    const { readable } = build(hashStateless, hash, lane.mode);
    await servesAHundred(lane);

    await withoutMemory(0, async () => {
      peer.message(concat(...records, submit(1, 0, readable, 33)));
      assert.equal((await within(peer.nextClose(), "a close")).closeCode, 1011);
      // What is there already goes on.
      await servesAHundred(lane);
    });

    peer.socket.destroy();
    await peer.closed;
    await until(() => device.held.memory === 0);
  },
);

atGateway(
  "device memory that is refused to an HTTP device fails that call; the next is served",
  async (lane) => {
    const { url } = lane.server;
    const headers = { "content-type": "application/json" };
    const made = await fetch(`${url}/v1/devices`, { method: "POST", headers, body: "{}" });
    const { id }: { id: string } = await made.json();
    const hash = { algo: 4, src: SRC, hashResultLen: 32 };
    const { readable } = build(hashStateless, hash, lane.mode);
    const call = async () => {
      const response = await fetch(`${url}/v1/devices/${id}/records`, {
        method: "POST",
        headers: { "content-type": "application/vnd.virtio-crypto" },
        body: submit(1, 0, readable, 33),
      });
      return { status: response.status, answer: await response.bytes() };
    };

    await withoutMemory(
      0,
      async () => assert.equal((await within(call(), "a failure")).status, 500),
    );

    const { answer } = await within(call(), "the next answer");
    assert.equal(answer[4], RecordKind.COMPLETE);
    assert.equal(answer[16 + 32], Status.OK);
  },
);

Deno.test("device memory that is refused in the midst of a message ends that message, and the next is taken", async () => {
  const rig = new RemoteRig();
  rig.start();
  const hash = { algo: 4, src: SRC, hashResultLen: 32 };
  const { readable } = build(hashStateless, hash, { mux: true, layout: "v19" });
  const message = concat(...[1, 2, 3].map((id) => submit(id, 0, readable, 33)));

  await withoutMemory(0, () => {
    assert.throws(() => rig.device.push(message), RangeError);
    return Promise.resolve();
  });

  rig.take();
  const answers = rig.ask(submit(4, 0, readable, 33));
  assert.deepEqual(answers.map(({ id, payload }) => [id, payload.at(-1)]), [[4, Status.OK]]);
  assert.equal(rig.device.held.requests, 0);
  rig.device.close();
});
