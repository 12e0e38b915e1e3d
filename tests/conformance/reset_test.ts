/** Reset with work in flight, and a broken ring (remote-protocol.md; virtio-core.md, "Device status"). */
import assert from "node:assert/strict";
import { EMPTY, pattern } from "./bytes.ts";
import { Connection, read, submit, write } from "./client.ts";
import { DeviceStatus, Driver, MODE_FEATURES, Register } from "./driver.ts";
import {
  assertFailed,
  assertRefused,
  assertResult,
  gatewayForFile,
  openSession,
  runInSession,
  testInEachMode,
  withDevice,
} from "./harness.ts";
import { hashJob } from "./jobs.ts";
import { HASH } from "./order_cases.ts";
import { expected } from "./oracle.ts";
import { encodeMessage, Kind, type Record, Refusal } from "./records.ts";
import { sessionRequest } from "./requests.ts";
import { withGateway } from "./server.ts";
import { Hash, Status } from "./wire.ts";

const target = gatewayForFile();
const { NEEDS_RESET } = DeviceStatus;
const BROKEN = ["--test-break-ring", "3"];

/** Holds that a SUBMIT a reset overtook was completed or refused. */
function assertCompletedOrRefused(answer: Record, message: string): void {
  if (answer.kind === Kind.REFUSED) assertRefused(answer, Refusal.NOT_DRIVER_OK, message);
  else assert.equal(answer.kind, Kind.COMPLETE, message);
}

Deno.test("a reset answers all SUBMITs before it, then itself, and later ones are REFUSED 4", async () => {
  await withDevice(target.url, MODE_FEATURES.MUX, async (driver, connection) => {
    const job = hashJob({ algo: Hash.SHA3_512, src: pattern(50_000), resultLen: 64 });
    const id = await openSession(driver, job);
    const readable = sessionRequest(driver.framing, job, id);
    const work = Array.from(
      { length: 200 },
      (_, index) => submit(index % driver.numDataQueues, readable, 65),
    );
    connection.arrived.length = 0;

    const records = connection.number([...work, write(Register.Status, 0), ...work.slice(0, 4)]);
    const answers = await connection.exchange([...records, read(Register.Status)]);
    const order = connection.arrived.map((record) => record.id);

    const resetAt = order.indexOf(records[200].id ?? -1);
    answers.slice(0, 200).forEach((answer, index) => {
      assertCompletedOrRefused(answer, `request ${index}`);
      assert.ok(order.indexOf(answer.id) < resetAt, `request ${index} answered before the reset`);
    });
    assert.equal(answers[200].kind, Kind.WRITE_OK);
    for (const answer of answers.slice(201, 205)) assertRefused(answer, Refusal.NOT_DRIVER_OK);
    assert.deepEqual([...answers[205].payload], [0, 0, 0, 0]);
  });
});

testInEachMode(
  target,
  "after a reset in the middle of work the device starts again with nothing left",
  async (driver, mode) => {
    const id = await openSession(driver, HASH);
    const readable = sessionRequest(driver.framing, HASH, id);
    const work = Array.from({ length: 50 }, () => submit(1, readable, 33));
    await driver.exchange([...work, write(Register.Status, 0)]);
    const features = MODE_FEATURES[mode];

    const status = await driver.start(features);
    const gone = await runInSession(driver, HASH, id);
    const again = await openSession(driver, HASH);

    assert.equal(status & DeviceStatus.DRIVER_OK, DeviceStatus.DRIVER_OK);
    assertFailed(gone, Status.INVSESS);
    assertResult(await runInSession(driver, HASH, again), expected(HASH) ?? EMPTY);
  },
);

Deno.test("ten resets in one message leave a device that starts", async () => {
  await withDevice(target.url, MODE_FEATURES.MUX, async (driver) => {
    await driver.exchange(Array.from({ length: 10 }, () => write(Register.Status, 0)));
    await driver.start(MODE_FEATURES.stateless);
    const id = await openSession(driver, HASH);

    assertResult(await runInSession(driver, HASH, id), expected(HASH) ?? EMPTY);
  });
});

/** Sends the three SUBMITs after which the gateway breaks the ring; gives the id of the last, which nothing has answered. */
async function breakRing(driver: Driver, connection: Connection): Promise<number> {
  const id = await openSession(driver, HASH);
  assertResult(await runInSession(driver, HASH, id), expected(HASH) ?? EMPTY);
  const readable = sessionRequest(driver.framing, HASH, id);
  const [record] = connection.number([submit(0, readable, 33)]);
  await connection.socket.send(encodeMessage([record]));
  return record.id ?? 0;
}

Deno.test("the ring breaks in the middle of a message of many SUBMITs too", async () => {
  await withGateway(BROKEN, async (url) => {
    await withDevice(url, MODE_FEATURES.MUX, async (driver, connection) => {
      const records = connection.number(
        Array.from({ length: 20 }, () => submit(0, pattern(30), 1)),
      );
      await connection.socket.send(
        encodeMessage([...records, { ...read(Register.Status), id: 1 }]),
      );
      await connection.collect([1]);
      await driver.writeRegisters([Register.Status, 0]);
      await connection.collect(records.map((record) => record.id ?? 0));

      assert.equal(connection.interrupts.length, 1);
    });
  });
});

Deno.test("a broken ring sets NEEDS_RESET and sends an INTERRUPT with bit 1", async () => {
  await withGateway(BROKEN, async (url) => {
    await withDevice(url, MODE_FEATURES.MUX, async (driver, connection) => {
      await breakRing(driver, connection);

      const interrupt = await connection.interrupt();
      const status = await driver.readRegister(Register.Status);
      const pending = await driver.readRegister(Register.InterruptStatus);
      await driver.writeRegisters([Register.InterruptACK, pending]);
      const acknowledged = await driver.readRegister(Register.InterruptStatus);

      assert.equal(interrupt.value & 2, 2);
      assert.equal(interrupt.payload.length, 0);
      assert.equal(status & NEEDS_RESET, NEEDS_RESET);
      assert.equal(pending & 2, 2);
      assert.equal(acknowledged & 2, 0);
    });
  });
});

Deno.test("under NEEDS_RESET every SUBMIT is REFUSED 4 and registers still answer", async () => {
  await withGateway(BROKEN, async (url) => {
    await withDevice(url, MODE_FEATURES.MUX, async (driver, connection) => {
      await breakRing(driver, connection);
      await connection.interrupt();

      for (const queue of [0, 1, driver.controlQueue, 999]) {
        const answer = await driver.submit(queue, sessionRequest(driver.framing, HASH, 1n), 33);
        assertRefused(answer, Refusal.NOT_DRIVER_OK, `queue ${queue}`);
      }
      assert.equal(await driver.readRegister(Register.DeviceID), 20);
      assert.equal((await driver.config()).status & ~1, 0);
    });
  });
});

Deno.test("a reset answers what the broken ring held, clears NEEDS_RESET, and the device serves again", async () => {
  await withGateway(BROKEN, async (url) => {
    await withDevice(url, MODE_FEATURES.MUX, async (driver, connection) => {
      const held = await breakRing(driver, connection);
      await connection.interrupt();
      await driver.writeRegisters([Register.Status, 0]);
      const status = await driver.readRegister(Register.Status);
      const [answer] = await connection.collect([held]);
      await driver.start(MODE_FEATURES.MUX);
      const id = await openSession(driver, HASH);
      const served = await runInSession(driver, HASH, id);

      assert.equal(status, 0);
      assertCompletedOrRefused(answer, "the SUBMIT in the broken ring");
      assertResult(served, expected(HASH) ?? EMPTY);
    });
  });
});

Deno.test("one connection's broken ring touches no other connection", async () => {
  await withGateway(BROKEN, async (url) => {
    await withDevice(url, MODE_FEATURES.MUX, async (other) => {
      const id = await openSession(other, HASH);
      await withDevice(url, MODE_FEATURES.MUX, async (driver, connection) => {
        await breakRing(driver, connection);
        await connection.interrupt();

        const answer = await runInSession(other, HASH, id);

        assertResult(answer, expected(HASH) ?? EMPTY);
      });
    });
  });
});
