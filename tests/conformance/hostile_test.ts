/** Clients that mean no good, or no order (hostile-cases): every request answered, the next good one served. */
import assert from "node:assert/strict";
import { type Bytes, EMPTY, pattern, readU32 } from "./bytes.ts";
import { read, submit, write } from "./client.ts";
import { DeviceStatus, type Driver, MODE_FEATURES, queueSetup, Register } from "./driver.ts";
import {
  assertRefused,
  assertResult,
  gatewayForFile,
  openSession,
  runInSession,
  testInEachMode,
  withConnection,
  withDevice,
} from "./harness.ts";
import { HASH, HUGE, JOBS } from "./order_cases.ts";
import { expected } from "./oracle.ts";
import { encodeMessage, Kind, type Record, Refusal } from "./records.ts";
import { createRequest, sessionRequest, statelessRequest, writableLenOf } from "./requests.ts";
import { Feature } from "./wire.ts";

const target = gatewayForFile();

/** Numbers that look random and are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let round = seed;; round++) {
    const bytes = pattern(4096, round);
    for (let at = 0; at < bytes.length; at += 4) yield readU32(bytes, at);
  }
}

const TELLING = [0, 1, 2, 3, 15, 16, 17, 0x7fffffff, 0x80000000, HUGE - 15, HUGE];

/** `readable` with one to three of its 32-bit words replaced, sometimes cut. */
function mutated(readable: Bytes, random: Iterator<number, never>): Bytes {
  const next = () => random.next().value;
  const copy = readable.slice();
  const view = new DataView(copy.buffer);
  for (let count = 1 + next() % 3; count > 0; count--) {
    const at = 4 * (next() % Math.floor(Math.min(copy.length, 104) / 4));
    const value = next() % 4 === 0 ? next() : TELLING[next() % TELLING.length];
    view.setUint32(at, value, true);
  }
  return next() % 8 === 0 ? copy.slice(0, next() % copy.length) : copy;
}

function assertWellFormed(answer: Record, room: number, message: string): void {
  assert.equal(answer.kind, Kind.COMPLETE, message);
  assert.equal(answer.payload.length, answer.value, message);
  assert.ok(answer.value >= 1 && answer.value <= room, `used.len ${answer.value} ${message}`);
  const status = answer.payload[answer.value - 1];
  assert.ok(status <= 4, `status ${status} ${message}`);
  if (status !== 0) assert.equal(answer.value, 1, `used.len beside a failure ${message}`);
}

testInEachMode(
  target,
  "2,000 mutated data requests are all answered in form, and a good one after them",
  async (driver) => {
    const random = numbers(driver.framing.mux ? 17 : 1017);
    const ids: bigint[] = [];
    for (const job of JOBS) ids.push(await openSession(driver, job));
    for (let round = 0; round < 20; round++) {
      const records = Array.from({ length: 100 }, (_, index) => {
        const which = index % JOBS.length;
        const whole = driver.stateless && index % 2 === 0
          ? statelessRequest("v19", JOBS[which])
          : sessionRequest(driver.framing, JOBS[which], ids[which]);
        return submit(
          index % driver.numDataQueues,
          mutated(whole, random),
          writableLenOf(JOBS[which]),
        );
      });

      const answers = await driver.exchange(records);

      answers.forEach((answer, index) => {
        const { payload = EMPTY, value = 0 } = records[index];
        assertWellFormed(answer, value, payload.toHex());
      });
    }
    const good = await runInSession(driver, HASH, ids[JOBS.indexOf(HASH)]);
    assertResult(good, expected(HASH) ?? EMPTY);
  },
);

testInEachMode(
  target,
  "1,000 mutated creates are all answered in form, and a good one after them",
  async (driver) => {
    const random = numbers(driver.framing.mux ? 29 : 1029);
    for (let round = 0; round < 10; round++) {
      const records = Array.from({ length: 100 }, (_, index) => {
        const whole = createRequest(driver.framing, JOBS[index % JOBS.length]);
        return submit(driver.controlQueue, mutated(whole, random), 16);
      });

      const answers = await driver.exchange(records);

      answers.forEach((answer, index) => {
        const text = (records[index].payload ?? EMPTY).toHex();
        assert.equal(answer.kind, Kind.COMPLETE, text);
        assert.ok([1, 8, 16].includes(answer.value), `used.len ${answer.value} ${text}`);
        if (answer.value === 16) assert.ok(readU32(answer.payload, 8) <= 5, text);
      });
    }
    const id = await openSession(driver, HASH);
    assertResult(await runInSession(driver, HASH, id), expected(HASH) ?? EMPTY);
  },
);

Deno.test("room for ten times what may be unanswered is asked for at once and every SUBMIT is answered", async () => {
  await withDevice(target.url, MODE_FEATURES.MUX, async (driver) => {
    const id = await openSession(driver, HASH);
    const readable = sessionRequest(driver.framing, HASH, id);
    const records = Array.from({ length: 160 }, (_, index) => submit(index % 4, readable, 4 << 20));

    const answers = await driver.exchange(records);

    for (const answer of answers) assertResult(answer, expected(HASH) ?? EMPTY);
  });
});

Deno.test("two records in flight may carry one id: both are answered", async () => {
  await withConnection(target.url, async ({ socket }) => {
    const twins = [{ ...read(Register.Version), id: 7 }, { ...read(Register.DeviceID), id: 7 }];
    const marker = { ...read(Register.MagicValue), id: 8 };
    await socket.send(encodeMessage([...twins, marker]));
    let bytes = 0;
    while (bytes < 24 + 24 + 20) bytes += (await socket.receive()).payload.length;

    assert.ok(bytes <= 3 * 24, `${bytes} bytes of answers`);
  });
});

Deno.test("a status written all at once without features does not start the device", async () => {
  await withDevice(target.url, [], async (driver) => {
    await driver.writeRegisters([Register.Status, 0], [Register.Status, 15]);

    const status = await driver.readRegister(Register.Status);
    const answer = await driver.submit(0, pattern(40), 1);

    assert.equal(status & (DeviceStatus.FEATURES_OK | DeviceStatus.DRIVER_OK), 0);
    assertRefused(answer, Refusal.NOT_DRIVER_OK);
  });
});

Deno.test("features of a reset device are gone: FEATURES_OK needs them written again", async () => {
  await withDevice(target.url, MODE_FEATURES.MUX, async (driver) => {
    await driver.writeRegisters([Register.Status, 0], [Register.Status, 3], [Register.Status, 11]);

    assert.equal(await driver.readRegister(Register.Status), 3);
  });
});

async function assertServes(driver: Driver): Promise<void> {
  const id = await openSession(driver, HASH);
  assertResult(await runInSession(driver, HASH, id), expected(HASH) ?? EMPTY);
}

Deno.test("registers of a running queue written over leave it serving or unready, never broken", async () => {
  await withDevice(target.url, MODE_FEATURES.MUX, async (driver) => {
    for (const size of [3, 0, 1024, HUGE]) {
      await driver.writeRegisters(
        [Register.QueueSel, 0],
        [Register.QueueNum, size],
        [Register.QueueReady, 1],
        [Register.QueueDescLow, 0xfffffff0],
      );
      await assertServes(driver);
    }
    assert.equal(await driver.readRegister(Register.Status), 15);
  });
});

Deno.test("QueueReady 0 stops a queue: its SUBMITs are REFUSED 3", async () => {
  await withDevice(target.url, MODE_FEATURES.MUX, async (driver) => {
    const id = await openSession(driver, HASH);
    await driver.writeRegisters([Register.QueueSel, 0], [Register.QueueReady, 0]);

    const ready = await driver.readRegister(Register.QueueReady);
    const stopped = await runInSession(driver, HASH, id);
    const other = await runInSession(driver, HASH, id, {}, 1);

    assert.equal(ready, 0);
    assertRefused(stopped, Refusal.NO_QUEUE);
    assertResult(other, expected(HASH) ?? EMPTY);
  });
});

Deno.test("a QueueReset with work in flight leaves nothing unanswered", async () => {
  await withDevice(target.url, [Feature.MUX_MODE, Feature.RING_RESET], async (driver) => {
    const id = await openSession(driver, HASH);
    const readable = sessionRequest(driver.framing, HASH, id);
    const work = Array.from({ length: 200 }, () => submit(0, readable, 33));
    const reset = [write(Register.QueueSel, 0), write(Register.QueueReset, 1)];

    const answers = await driver.exchange([...work, ...reset, ...queueSetup(0), ...work]);

    for (const answer of answers.slice(0, 200)) {
      if (answer.kind === Kind.COMPLETE) assertResult(answer, expected(HASH) ?? EMPTY);
      else assert.equal(answer.kind, Kind.REFUSED);
    }
    for (const answer of answers.slice(205)) assertResult(answer, expected(HASH) ?? EMPTY);
  });
});

Deno.test("thirty-two connections at once each get their own answers", async () => {
  await Promise.all(
    Array.from(
      { length: 32 },
      (_, index) =>
        withDevice(target.url, MODE_FEATURES.MUX, async (driver) => {
          const job = { ...HASH, src: pattern(1000, index) };
          const id = await openSession(driver, job);
          const readable = sessionRequest(driver.framing, job, id);

          const answers = await driver.exchange(
            Array.from({ length: 20 }, () => submit(index % 4, readable, 33)),
          );

          for (const answer of answers) assertResult(answer, expected(job) ?? EMPTY);
        }),
    ),
  );
});

Deno.test("a client that reads nothing until all is sent gets every answer", async () => {
  await withDevice(target.url, MODE_FEATURES.MUX, async (driver, connection) => {
    const job = { ...HASH, algo: 11, resultLen: 65_536 };
    const id = await openSession(driver, { ...job, resultLen: 0 });
    const readable = sessionRequest(driver.framing, job, id);
    const records = connection.number(
      Array.from({ length: 500 }, () => submit(0, readable, 65_537)),
    );
    await connection.socket.send(encodeMessage(records));
    await connection.socket.send(encodeMessage([{ ...read(0), id: 1 }]));

    const answers = await connection.collect(records.map((record) => record.id ?? 0));
    await connection.collect([1]);

    const result = expected(job)?.toHex();
    for (const answer of answers) assert.equal(answer.payload.slice(0, -1).toHex(), result);
  });
});
