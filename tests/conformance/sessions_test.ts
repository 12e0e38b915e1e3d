/** Sessions: ids, INVSESS, exhaustion and recovery, destroy beside work in flight (wire.md 3 and 4). */
import assert from "node:assert/strict";
import { EMPTY } from "./bytes.ts";
import { submit } from "./client.ts";
import { type Driver, MODE_FEATURES } from "./driver.ts";
import {
  assertCreated,
  assertDestroyed,
  assertFailed,
  assertNotCreated,
  assertResult,
  gatewayForFile,
  openSession,
  runInSession,
  testInEachMode,
  withDevice,
  withMode,
} from "./harness.ts";
import { CIPHER, HASH, JOBS, MAC } from "./order_cases.ts";
import { expected } from "./oracle.ts";
import { createRequest, serviceOf, sessionRequest, writableLenOf } from "./requests.ts";
import { withGateway } from "./server.ts";
import { destroyRequest, Status } from "./wire.ts";

const target = gatewayForFile();

async function destroy(driver: Driver, service: number, id: bigint): Promise<void> {
  assertDestroyed(await driver.control(destroyRequest(driver.framing, service, id), 1));
}

testInEachMode(target, "session ids start at 1 and are never used again", async (driver) => {
  const seen = new Set<bigint>();
  for (let round = 0; round < 4; round++) {
    for (const job of JOBS) {
      const id = await openSession(driver, job);
      assert.ok(!seen.has(id), `id ${id} again`);
      seen.add(id);
      if (round % 2 === 0) await destroy(driver, serviceOf(job), id);
    }
  }

  assert.equal([...seen][0], 1n);
});

testInEachMode(
  target,
  "a reset ends all sessions and ids start at 1 again",
  async (driver, mode) => {
    await openSession(driver, MAC);
    const before = await openSession(driver, HASH);
    await driver.start(MODE_FEATURES[mode]);

    const gone = await runInSession(driver, HASH, before);
    const after = await openSession(driver, HASH);

    assertFailed(gone, Status.INVSESS);
    assert.equal(after, 1n);
  },
);

testInEachMode(target, "ids that name no session of the service are INVSESS", async (driver) => {
  for (const job of JOBS) {
    const id = await openSession(driver, job);
    for (const wrong of [0n, id + 1n, id + (1n << 32n), id | (1n << 63n), 2n ** 64n - 1n]) {
      assertFailed(
        await runInSession(driver, job, wrong),
        Status.INVSESS,
        `${job.service} ${wrong}`,
      );
    }
    for (const other of JOBS.filter((other) => serviceOf(other) !== serviceOf(job))) {
      const answer = await runInSession(driver, other, id);
      assertFailed(answer, Status.INVSESS, `${other.service} in a session of ${job.service}`);
    }
    await destroy(driver, serviceOf(job), id);
    const late = await runInSession(driver, job, id);
    assertFailed(late, Status.INVSESS, `${job.service}, destroyed`);
  }
});

testInEachMode(target, "a destroyed session is gone on every data queue", async (driver) => {
  const id = await openSession(driver, HASH);
  await destroy(driver, 1, id);
  for (let queue = 0; queue < driver.numDataQueues; queue++) {
    assertFailed(await runInSession(driver, HASH, id, {}, queue), Status.INVSESS, `queue ${queue}`);
  }
});

testInEachMode(
  target,
  "destroy in the middle of a batch: each request runs to its end or is INVSESS",
  async (driver) => {
    const id = await openSession(driver, MAC);
    const readable = sessionRequest(driver.framing, MAC, id);
    const work = Array.from(
      { length: 40 },
      (_, index) => submit(index % driver.numDataQueues, readable, writableLenOf(MAC)),
    );
    const gone = submit(driver.controlQueue, destroyRequest(driver.framing, 2, id), 1);

    const answers = await driver.exchange([...work, gone, ...work]);
    const late = await runInSession(driver, MAC, id);

    assertDestroyed(answers[40]);
    for (const answer of [...answers.slice(0, 40), ...answers.slice(41)]) {
      if (answer.value === 1) assertFailed(answer, Status.INVSESS);
      else assertResult(answer, expected(MAC) ?? EMPTY);
    }
    assertFailed(late, Status.INVSESS);
  },
);

testInEachMode(
  target,
  "many requests in flight on one session, over all queues, all come out right",
  async (driver) => {
    const id = await openSession(driver, CIPHER);
    const records = Array.from({ length: 512 }, (_, index) => {
      const job = { ...CIPHER, iv: CIPHER.iv.map((byte) => byte ^ (index & 255)) };
      const readable = sessionRequest(driver.framing, job, id);
      return { job, record: submit(index % driver.numDataQueues, readable, writableLenOf(job)) };
    });

    const answers = await driver.exchange(records.map(({ record }) => record));

    answers.forEach((answer, index) => {
      assertResult(answer, expected(records[index].job) ?? EMPTY, `request ${index}`);
    });
  },
);

testInEachMode(target, "sessions created in one message are all there", async (driver) => {
  const create = submit(driver.controlQueue, createRequest(driver.framing, HASH), 16);

  const answers = await driver.exchange(Array.from({ length: 64 }, () => create));
  const ids = answers.map((answer) => assertCreated(answer));

  assert.equal(new Set(ids).size, 64);
  for (const id of ids) {
    assertResult(await runInSession(driver, HASH, id), expected(HASH) ?? EMPTY);
  }
});

Deno.test("a full session table is NOSPC under MUX and ERR without, and a destroy makes room", async () => {
  await withGateway(["--max-sessions", "2"], async (url) => {
    for (const mode of ["not MUX", "MUX", "stateless"] as const) {
      await withMode(url, mode, async (driver) => {
        const full = mode === "not MUX" ? Status.ERR : Status.NOSPC;
        const first = await openSession(driver, HASH);
        const second = await openSession(driver, MAC);
        for (const job of JOBS) {
          const over = await driver.control(createRequest(driver.framing, job));
          assertNotCreated(over, full, `${job.service}, ${mode}`);
        }
        await destroy(driver, 1, first);
        const third = await openSession(driver, CIPHER);

        assert.ok(third > second);
        assertResult(await runInSession(driver, CIPHER, third), expected(CIPHER) ?? EMPTY);
        assertResult(await runInSession(driver, MAC, second), expected(MAC) ?? EMPTY);
        assertFailed(await runInSession(driver, HASH, first), Status.INVSESS);
      });
    }
  });
});

Deno.test("with a full table a create is still judged by its own faults first", async () => {
  await withGateway(["--max-sessions", "1"], async (url) => {
    await withDevice(url, MODE_FEATURES.MUX, async (driver) => {
      await openSession(driver, HASH);
      const create = (body: { [field: string]: number }, job = CIPHER) =>
        driver.control(createRequest(driver.framing, job, { body }));

      assertNotCreated(await create({ algo: 31 }), Status.NOTSUPP, "7 before 11");
      assertNotCreated(await create({ opType: 0 }), Status.NOTSUPP, "6 before 11");
      assertNotCreated(await create({ op: 0 }), Status.ERR, "8 before 11");
      assertNotCreated(await create({ keylen: 4096 }), Status.ERR, "9 before 11");
      assertNotCreated(await create({ keylen: 15 }), Status.ERR, "10 before 11");
      assertNotCreated(await create({}), Status.NOSPC, "11");
    });
  });
});

Deno.test("a create whose reply does not fit takes no place in the table", async () => {
  await withGateway(["--max-sessions", "1"], async (url) => {
    await withDevice(url, MODE_FEATURES.MUX, async (driver) => {
      for (let writableLen = 0; writableLen < 16; writableLen++) {
        const answer = await driver.control(createRequest(driver.framing, HASH), writableLen);
        assert.equal(answer.value, 0);
      }

      const id = await openSession(driver, HASH);

      assertResult(await runInSession(driver, HASH, id), expected(HASH) ?? EMPTY);
    });
  });
});

Deno.test("one device's full table is not another's", async () => {
  await withGateway(["--max-sessions", "1"], async (url) => {
    await withDevice(url, MODE_FEATURES.MUX, async (first) => {
      await openSession(first, HASH);
      await withDevice(url, MODE_FEATURES.MUX, async (second) => {
        const id = await openSession(second, HASH);

        assertResult(await runInSession(second, HASH, id), expected(HASH) ?? EMPTY);
      });
    });
  });
});
