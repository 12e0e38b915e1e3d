/** The register file (remote-protocol.md, "Registers"). */
import assert from "node:assert/strict";
import { EMPTY, pattern, readU32 } from "./bytes.ts";
import { read, write } from "./client.ts";
import {
  CONFIG_SIZE,
  DeviceStatus,
  Driver,
  MODE_FEATURES,
  queueSetup,
  Register,
} from "./driver.ts";
import {
  assertFailed,
  assertRefused,
  assertResult,
  gatewayForFile,
  openSession,
  runInSession,
  withConnection,
  withDevice,
} from "./harness.ts";
import { hashJob } from "./jobs.ts";
import { expected } from "./oracle.ts";
import { Kind, type Outgoing, Refusal } from "./records.ts";
import { Feature, Hash, Status } from "./wire.ts";

const target = gatewayForFile();

function withDriver(body: (driver: Driver) => Promise<void>): Promise<void> {
  return withConnection(target.url, (connection) => body(new Driver(connection.exchange)));
}

Deno.test("magic, version and device id are those of a crypto device behind virtio-mmio 2", async () => {
  await withDriver(async (driver) => {
    const magic = await driver.readRegister(Register.MagicValue);
    const version = await driver.readRegister(Register.Version);
    const device = await driver.readRegister(Register.DeviceID);
    await driver.readRegister(Register.VendorID);

    assert.equal(magic, 0x74726976);
    assert.equal(version, 2);
    assert.equal(device, 20);
  });
});

Deno.test("an answer echoes the id and the offset, whatever the id", async () => {
  await withConnection(target.url, async (connection) => {
    const records = [
      { ...read(Register.MagicValue), id: 0xffffffff },
      { ...write(Register.QueueSel, 0), id: 0 },
    ];

    const [readOk, writeOk] = await connection.exchange(records);

    assert.deepEqual([readOk.kind, readOk.id, readOk.value], [Kind.READ_OK, 0xffffffff, 0]);
    assert.deepEqual([writeOk.kind, writeOk.id], [Kind.WRITE_OK, 0]);
    assert.equal(writeOk.value, Register.QueueSel);
    assert.equal(writeOk.payload.length, 0);
    assert.deepEqual([readOk.flags, readOk.queue, writeOk.flags, writeOk.queue], [0, 0, 0, 0]);
  });
});

const WRITE_ONLY = [
  "DeviceFeaturesSel",
  "DriverFeatures",
  "DriverFeaturesSel",
  "QueueSel",
  "QueueNum",
  "InterruptACK",
] as const;

for (const name of WRITE_ONLY) {
  Deno.test(`${name} is write-only and reads 0`, async () => {
    await withDriver(async (driver) => {
      await driver.writeRegisters([Register[name], 1]);

      const value = await driver.readRegister(Register[name]);

      assert.equal(value, 0);
    });
  });
}

const READ_ONLY = [
  "MagicValue",
  "Version",
  "DeviceID",
  "VendorID",
  "DeviceFeatures",
  "QueueNumMax",
  "InterruptStatus",
  "ConfigGeneration",
] as const;

for (const name of READ_ONLY) {
  Deno.test(`${name} is read-only: a write is answered and does nothing`, async () => {
    await withDriver(async (driver) => {
      const before = await driver.readRegister(Register[name]);
      await driver.writeRegisters([Register[name], before ^ 0xffffffff]);

      const after = await driver.readRegister(Register[name]);

      assert.equal(after, before);
    });
  });
}

Deno.test("ring addresses read 0, and writes to them and to QueueNotify are answered and ignored", async () => {
  const { QueueDescLow, QueueDescHigh, QueueDriverLow, QueueDriverHigh } = Register;
  const offsets = [QueueDescLow, QueueDescHigh, QueueDriverLow, QueueDriverHigh];
  await withDevice(target.url, [], async (driver) => {
    for (const offset of [...offsets, Register.QueueDeviceLow, Register.QueueDeviceHigh]) {
      await driver.writeRegisters([offset, 0x12345678]);
      assert.equal(await driver.readRegister(offset), 0, offset.toString(16));
    }
    await driver.writeRegisters([Register.QueueNotify, 0], [Register.QueueNotify, 0xffffffff]);
    const job = hashJob({ algo: Hash.SHA1, src: pattern(64), resultLen: 20 });

    const answer = await runInSession(driver, job, await openSession(driver, job));

    assertResult(answer, expected(job) ?? EMPTY);
  });
});

Deno.test("the value of a selected feature word follows the selector", async () => {
  await withDriver(async (driver) => {
    await driver.writeRegisters([Register.DeviceFeaturesSel, 1]);
    const high = await driver.readRegister(Register.DeviceFeatures);
    await driver.writeRegisters([Register.DeviceFeaturesSel, 0]);
    const low = await driver.readRegister(Register.DeviceFeatures);

    assert.equal(high & 1, 1, "VERSION_1");
    assert.equal(low & 0x1f, 0x1f, "MUX_MODE and the stateless bits");
  });
});

const REFUSED_ACCESSES: readonly (readonly [string, Outgoing])[] = [
  ["a read at 2", read(2)],
  ["a read at 0x71", read(0x71)],
  ["a read of 1 byte", read(Register.Status, 1)],
  ["a read of 8 bytes", read(Register.MagicValue, 8)],
  ["a read of no bytes", read(Register.Status, 0)],
  ["a read of 2^32 - 1 bytes", read(Register.Status, 0xffffffff)],
  ["a read at 0x018, where there is no register", read(0x018)],
  ["a read at 0x0f8, where there is no register", read(0x0f8)],
  ["a read at 2^32 - 4", read(0xfffffffc)],
  ["a read from the last register into the configuration", read(Register.ConfigGeneration, 8)],
  ["a write at 0x072", write(0x072, 0)],
  ["a write of 2 bytes", { kind: Kind.WRITE, value: Register.Status, payload: pattern(2) }],
  ["a write of 8 bytes", { kind: Kind.WRITE, value: Register.Status, payload: pattern(8) }],
  ["a write at 0x018, where there is no register", write(0x018, 1)],
  ["a read behind the configuration", read(Register.Config + CONFIG_SIZE, 1)],
  ["a read over the end of the configuration", read(Register.Config + CONFIG_SIZE - 4, 5)],
  ["a read of 57 bytes of configuration", read(Register.Config, CONFIG_SIZE + 1)],
  ["a read of 2^32 - 1 bytes of configuration", read(Register.Config, 0xffffffff)],
  ["a read of configuration that wraps", read(Register.Config + 8, 0xfffffff8)],
  ["a write behind the configuration", write(Register.Config + CONFIG_SIZE, 1)],
];

for (const [name, record] of REFUSED_ACCESSES) {
  Deno.test(`${name} is REFUSED 2 and the next record is served`, async () => {
    await withConnection(target.url, async (connection) => {
      const [refused, next] = await connection.exchange([record, read(Register.MagicValue)]);

      assertRefused(refused, Refusal.NO_REGISTER);
      assert.equal(readU32(next.payload), 0x74726976);
    });
  });
}

Deno.test("QueueNumMax is 1024 for each queue and 0 for a missing one", async () => {
  await withDriver(async (driver) => {
    const { maxDataqueues } = await driver.config();
    const maxima: number[] = [];
    for (let queue = 0; queue <= maxDataqueues + 1; queue++) {
      await driver.writeRegisters([Register.QueueSel, queue]);
      maxima.push(await driver.readRegister(Register.QueueNumMax));
    }
    await driver.writeRegisters([Register.QueueSel, 0xffffffff]);
    maxima.push(await driver.readRegister(Register.QueueNumMax));

    assert.deepEqual(maxima, [...Array(maxDataqueues + 1).fill(1024), 0, 0]);
  });
});

async function readyWith(driver: Driver, size: number): Promise<number> {
  await driver.reset();
  await driver.negotiate([Feature.VERSION_1]);
  await driver.exchange(queueSetup(0, size));
  return await driver.readRegister(Register.QueueReady);
}

for (const size of [0, 3, 6, 1023, 1025, 2048, 65536, 0x80000000, 0xffffffff]) {
  Deno.test(`QueueNum ${size} keeps QueueReady 0`, async () => {
    await withDriver(async (driver) => {
      assert.equal(await readyWith(driver, size), 0);
    });
  });
}

for (const size of [2, 64, 1024]) {
  Deno.test(`QueueNum ${size} lets QueueReady become 1 and the queue serve`, async () => {
    await withDriver(async (driver) => {
      const ready = await readyWith(driver, size);
      const { maxDataqueues } = await driver.config();
      await driver.exchange(queueSetup(maxDataqueues, size));
      await driver.writeRegisters([Register.Status, 15]);

      const answer = await driver.submit(0, pattern(23), 1);

      assert.equal(ready, 1);
      assertFailed(answer, Status.ERR, "23 bytes hold no header");
    });
  });
}

Deno.test("QueueReady of a missing queue stays 0", async () => {
  await withDriver(async (driver) => {
    const { maxDataqueues } = await driver.config();
    await driver.reset();
    await driver.negotiate([Feature.VERSION_1]);
    await driver.exchange(queueSetup(maxDataqueues + 1));

    assert.equal(await driver.readRegister(Register.QueueReady), 0);
  });
});

Deno.test("QueueReset stops a queue; set up again it serves, and sessions outlive it", async () => {
  const job = hashJob({ algo: Hash.SHA_512, src: pattern(200), resultLen: 64 });
  const features = [...MODE_FEATURES.MUX, Feature.RING_RESET];
  await withDevice(target.url, features, async (driver) => {
    const id = await openSession(driver, job);
    await driver.writeRegisters([Register.QueueSel, 0], [Register.QueueReset, 1]);
    const reset = await driver.readRegister(Register.QueueReset);
    const ready = await driver.readRegister(Register.QueueReady);
    const refused = await runInSession(driver, job, id);
    const other = await runInSession(driver, job, id, {}, 1);
    await driver.exchange(queueSetup(0, 64));
    const again = await driver.readRegister(Register.QueueReady);
    const served = await runInSession(driver, job, id);

    assert.deepEqual([reset, ready, again], [0, 0, 1]);
    assertRefused(refused, Refusal.NO_QUEUE);
    assertResult(other, expected(job) ?? EMPTY);
    assertResult(served, expected(job) ?? EMPTY);
  });
});

Deno.test("ConfigGeneration and InterruptStatus stay as they are while nothing changes", async () => {
  await withDevice(target.url, [], async (driver) => {
    const before = await driver.readRegister(Register.ConfigGeneration);
    await driver.config();
    const after = await driver.readRegister(Register.ConfigGeneration);
    const interrupts = await driver.readRegister(Register.InterruptStatus);

    assert.equal(after, before);
    assert.equal(interrupts & 2, 0, "no change of configuration");
  });
});

Deno.test("a reset makes every queue unready and the status 0", async () => {
  await withDevice(target.url, [], async (driver) => {
    await driver.writeRegisters([Register.Status, 0], [Register.QueueSel, 0]);

    assert.equal(await driver.readRegister(Register.QueueReady), 0);
    assert.equal(await driver.readRegister(Register.Status) & DeviceStatus.DRIVER_OK, 0);
  });
});
