/** Start-up: features, status bits, queues (remote-protocol.md "Registers", virtio-core.md "Device status and features"). */
import assert from "node:assert/strict";
import { EMPTY, pattern, readU32 } from "./bytes.ts";
import { type Connection, read, submit, write } from "./client.ts";
import {
  CONFIG_SIZE,
  decodeConfig,
  DeviceStatus,
  Driver,
  featureWord,
  MODE_FEATURES,
  queueSetup,
  Register,
} from "./driver.ts";
import {
  assertCreated,
  assertFailed,
  assertRefused,
  assertResult,
  gatewayForFile,
  openSession,
  perform,
  runInSession,
  testInEachMode,
  withConnection,
  withDevice,
  withMode,
} from "./harness.ts";
import { hashJob } from "./jobs.ts";
import { expected } from "./oracle.ts";
import { Kind, Refusal } from "./records.ts";
import { createRequest } from "./requests.ts";
import { Feature, Hash, Status } from "./wire.ts";

const target = gatewayForFile();
const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, FAILED } = DeviceStatus;
const job = hashJob({ algo: Hash.SHA_256, src: pattern(100), resultLen: 32 });
const digest = expected(job) ?? EMPTY;

function withDriver(
  body: (driver: Driver, connection: Connection) => Promise<void>,
): Promise<void> {
  return withConnection(
    target.url,
    (connection) => body(new Driver(connection.exchange), connection),
  );
}

testInEachMode(target, "a device past the start-up answers a request", async (driver) => {
  const answer = await perform(driver, job);

  assertResult(answer, digest);
});

Deno.test("the start-up and the first request fit two round trips", async () => {
  await withConnection(target.url, async (connection) => {
    const first = await connection.exchange([
      write(Register.Status, 0),
      write(Register.Status, ACKNOWLEDGE),
      write(Register.Status, ACKNOWLEDGE | DRIVER),
      read(Register.MagicValue),
      write(Register.DeviceFeaturesSel, 1),
      read(Register.DeviceFeatures),
      read(Register.Config, CONFIG_SIZE),
    ]);
    const control = decodeConfig(first[6].payload).maxDataqueues;
    const second = await connection.exchange([
      write(Register.DriverFeaturesSel, 1),
      write(Register.DriverFeatures, featureWord([Feature.VERSION_1], 1)),
      write(Register.Status, ACKNOWLEDGE | DRIVER | FEATURES_OK),
      read(Register.Status),
      ...queueSetup(0),
      ...queueSetup(control),
      write(Register.Status, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK),
      submit(control, createRequest({ mux: false, layout: "v19" }, job), 16),
    ]);

    assertCreated(second[second.length - 1]);
  });
});

Deno.test("the features of the issue are offered, and none of the bits 64 and up", async () => {
  await withDriver(async (driver) => {
    const offered = await driver.offered();
    await driver.writeRegisters([Register.DeviceFeaturesSel, 2]);
    const beyond = await driver.readRegister(Register.DeviceFeatures);

    for (const [name, bit] of Object.entries(Feature)) assert.ok(offered.includes(bit), name);
    assert.equal(beyond, 0);
  });
});

for (const mode of ["not MUX", "MUX", "stateless"] as const) {
  Deno.test(`every offered ring feature may be accepted (${mode})`, async () => {
    await withConnection(target.url, async (connection) => {
      const driver = new Driver(connection.exchange);
      const ring = (await driver.offered()).filter((bit) => bit >= 24 && bit !== Feature.VERSION_1);

      const status = await driver.start([...MODE_FEATURES[mode], ...ring]);
      const answer = await perform(driver, job);

      assert.equal(status & DRIVER_OK, DRIVER_OK);
      assertResult(answer, digest);
    });
  });
}

const REFUSED_SETS: readonly (readonly [string, readonly number[]])[] = [
  ["nothing", []],
  ["MUX_MODE without VERSION_1", [Feature.MUX_MODE]],
  ["CIPHER_STATELESS_MODE without MUX_MODE", [Feature.VERSION_1, Feature.CIPHER_STATELESS_MODE]],
  ["HASH_STATELESS_MODE without MUX_MODE", [Feature.VERSION_1, Feature.HASH_STATELESS_MODE]],
  ["MAC_STATELESS_MODE without MUX_MODE", [Feature.VERSION_1, Feature.MAC_STATELESS_MODE]],
  ["AEAD_STATELESS_MODE without MUX_MODE", [Feature.VERSION_1, Feature.AEAD_STATELESS_MODE]],
];

for (const [name, features] of REFUSED_SETS) {
  Deno.test(`FEATURES_OK stays clear for ${name}, and the next try after a reset succeeds`, async () => {
    await withDriver(async (driver) => {
      await driver.reset();
      const status = await driver.negotiate(features);
      await driver.reset();
      const again = await driver.negotiate([Feature.VERSION_1]);

      assert.equal(status, ACKNOWLEDGE | DRIVER);
      assert.equal(again, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    });
  });
}

Deno.test("FEATURES_OK stays clear for each bit that is not offered", async () => {
  await withDriver(async (driver) => {
    const offered = await driver.offered();
    const missing = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) =>
      !offered.includes(bit)
    );
    for (const bit of missing) {
      await driver.reset();

      const status = await driver.negotiate([Feature.VERSION_1, bit]);

      assert.equal(status, ACKNOWLEDGE | DRIVER, `bit ${bit}`);
    }
  });
});

Deno.test("FEATURES_OK stays clear for a bit of the third word, where nothing is offered", async () => {
  await withDriver(async (driver) => {
    await driver.reset();
    await driver.writeRegisters([Register.DriverFeaturesSel, 2], [Register.DriverFeatures, 1]);

    assert.equal(await driver.negotiate([Feature.VERSION_1]), ACKNOWLEDGE | DRIVER);
  });
});

Deno.test("DRIVER_OK is not set without FEATURES_OK, and requests stay refused", async () => {
  await withDriver(async (driver) => {
    await driver.reset();
    await driver.exchange(queueSetup(0));
    await driver.writeRegisters([Register.Status, ACKNOWLEDGE | DRIVER | DRIVER_OK]);

    const status = await driver.readRegister(Register.Status);
    const answer = await driver.submit(0, pattern(40), 1);

    assert.equal(status & (DRIVER_OK | FEATURES_OK), 0);
    assertRefused(answer, Refusal.NOT_DRIVER_OK);
  });
});

Deno.test("features written after FEATURES_OK are ignored", async () => {
  const ignoresFlag = { flag: 7 };
  await withMode(target.url, "not MUX", async (driver) => {
    await driver.writeRegisters([Register.DriverFeaturesSel, 0], [Register.DriverFeatures, 1]);
    const id = await openSession(driver, job);

    const answer = await runInSession(driver, job, id, ignoresFlag);

    assertResult(answer, digest, "flag would be read under MUX");
  });
  await withMode(target.url, "MUX", async (driver) => {
    await driver.writeRegisters([Register.DriverFeaturesSel, 0], [Register.DriverFeatures, 0]);
    const id = await openSession(driver, job);

    const answer = await runInSession(driver, job, id, ignoresFlag);

    assertFailed(answer, Status.ERR, "flag is read under MUX");
  });
});

Deno.test("a write that clears a status bit is ignored, one that adds a bit is kept", async () => {
  await withDriver(async (driver) => {
    await driver.reset();
    await driver.writeRegisters([Register.Status, ACKNOWLEDGE]);
    const cleared = await driver.readRegister(Register.Status);
    await driver.writeRegisters([Register.Status, ACKNOWLEDGE | DRIVER | FAILED]);
    const added = await driver.readRegister(Register.Status);

    assert.equal(cleared, ACKNOWLEDGE | DRIVER);
    assert.equal(added, ACKNOWLEDGE | DRIVER | FAILED);
  });
});

Deno.test("a write that would clear DRIVER_OK leaves the device running", async () => {
  await withMode(target.url, "MUX", async (driver) => {
    await driver.writeRegisters([Register.Status, ACKNOWLEDGE | DRIVER | FEATURES_OK]);

    const status = await driver.readRegister(Register.Status);
    const answer = await perform(driver, job);

    assert.equal(status, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
    assertResult(answer, digest);
  });
});

Deno.test("a device that was never started reads status 0 and 0 after every reset", async () => {
  await withDriver(async (driver) => {
    const fresh = await driver.readRegister(Register.Status);
    await driver.start([]);
    await driver.writeRegisters([Register.Status, 0]);
    const reset = await driver.readRegister(Register.Status);

    assert.equal(fresh, 0);
    assert.equal(reset, 0);
  });
});

Deno.test("two connections are two devices with features and sessions of their own", async () => {
  await withDevice(target.url, MODE_FEATURES.MUX, async (first) => {
    const id = await openSession(first, job);
    await withDevice(target.url, MODE_FEATURES["not MUX"], async (second) => {
      const foreign = await runInSession(second, job, id);
      const other = await openSession(second, job);
      const own = await runInSession(first, job, id);

      assertFailed(foreign, Status.INVSESS);
      assert.equal(other, 1n);
      assertResult(own, digest);
    });
  });
});

Deno.test("a batch of the whole start-up is answered record by record in order", async () => {
  await withConnection(target.url, async (connection) => {
    const records = connection.number([
      write(Register.Status, 0),
      ...[1, 3].map((status) => write(Register.Status, status)),
      read(Register.Status),
    ]);

    const answers = await connection.exchange(records);

    assert.deepEqual(
      connection.arrived.map((record) => record.id),
      records.map((record) => record.id),
    );
    const kinds = [Kind.WRITE_OK, Kind.WRITE_OK, Kind.WRITE_OK, Kind.READ_OK];
    assert.deepEqual(answers.map((answer) => answer.kind), kinds);
    assert.equal(readU32(answers[3].payload), ACKNOWLEDGE | DRIVER);
  });
});
