/** Records and messages (remote-protocol.md, "Records"). */
import assert from "node:assert/strict";
import { type Bytes, concat, EMPTY, fit, pattern, readU32, words } from "./bytes.ts";
import { Connection, read, submit, write } from "./client.ts";
import { DeviceStatus, Driver, MODE_FEATURES, queueSetup, Register } from "./driver.ts";
import {
  assertFailed,
  assertRefused,
  assertResult,
  gatewayForFile,
  openSession,
  withConnection,
  withDevice,
} from "./harness.ts";
import { HASH } from "./order_cases.ts";
import { expected } from "./oracle.ts";
import { encodeMessage, encodeRecord, Kind, type Outgoing, Refusal } from "./records.ts";
import { sessionRequest, writableLenOf } from "./requests.ts";
import { Status } from "./wire.ts";

const target = gatewayForFile();
const MAGIC = 0x74726976;

Deno.test("the padding of the last record may be absent or there", async () => {
  await withConnection(target.url, async (connection) => {
    for (const padLast of [false, true]) {
      const payload = words(4);
      const record = { kind: Kind.WRITE, value: Register.QueueSel, payload: payload, id: 7 };
      await connection.socket.send(encodeMessage([{ ...read(0), id: 6 }, record], padLast));

      const [magic, written] = await connection.collect([6, 7]);

      assert.equal(readU32(magic.payload), MAGIC);
      assert.equal(written.kind, Kind.WRITE_OK);
    }
  });
});

Deno.test("many records come in one message and registers are answered in order", async () => {
  await withConnection(target.url, async (connection) => {
    const records = connection.number(
      Array.from({ length: 500 }, (_, index) => read((index % 2) * 4)),
    );

    const answers = await connection.exchange(records);

    assert.deepEqual(
      answers.map((answer) => readU32(answer.payload)),
      records.map((record) => record.value ? 2 : MAGIC),
    );
    assert.deepEqual(
      connection.arrived.map((record) => record.id),
      records.map((record) => record.id),
    );
  });
});

Deno.test("more records than may be in flight are all answered", async () => {
  await withDevice(target.url, MODE_FEATURES.MUX, async (driver) => {
    const id = await openSession(driver, HASH);
    const readable = sessionRequest(driver.framing, HASH, id);
    const records = Array.from(
      { length: 9000 },
      (_, index) => submit(index % driver.numDataQueues, readable, writableLenOf(HASH)),
    );

    const answers = await driver.exchange(records);

    const result = expected(HASH) ?? EMPTY;
    for (const answer of answers) assertResult(answer, result);
  });
});

Deno.test("more requests than a queue has descriptors are all answered", async () => {
  await withConnection(target.url, async (connection) => {
    const driver = new Driver(connection.exchange);
    const { maxDataqueues } = await driver.config();
    await driver.reset();
    await driver.negotiate([32]);
    await driver.exchange([...queueSetup(0, 2), ...queueSetup(maxDataqueues, 2)]);
    await driver.writeRegisters([Register.Status, 15]);

    const answers = await driver.exchange(
      Array.from({ length: 100 }, () => submit(0, pattern(30), 9)),
    );

    for (const answer of answers) assertFailed(answer, Status.NOTSUPP);
  });
});

Deno.test("a client may use one id twice, one after the other", async () => {
  await withConnection(target.url, async (connection) => {
    for (const offset of [Register.Version, Register.DeviceID]) {
      const [answer] = await connection.exchange([{ ...read(offset), id: 5 }]);
      assert.equal(readU32(answer.payload), offset === Register.Version ? 2 : 20);
    }
  });
});

const MALFORMED: readonly (readonly [string, Outgoing])[] = [
  ["kind 0", { kind: 0 }],
  ["kind 4", { kind: 4, payload: words(4) }],
  ["kind 255", { kind: 255 }],
  ["a kind only the gateway sends", { kind: Kind.COMPLETE, payload: words(4) }],
  ["flags of 1 in a READ", { ...read(0), flags: 1 }],
  ["flags of 128 in a WRITE", { ...write(Register.Status, 1), flags: 128 }],
  ["flags of 255 in a SUBMIT", { ...submit(0, pattern(40), 1), flags: 255 }],
  ["a READ without payload", { kind: Kind.READ, value: 0 }],
  ["a READ of a 3-byte payload", { kind: Kind.READ, value: 0, payload: pattern(3) }],
  ["a READ of an 8-byte payload", { kind: Kind.READ, value: 0, payload: words(4, 0) }],
];

for (const [name, record] of MALFORMED) {
  Deno.test(`${name} is REFUSED 1 and harms nothing else`, async () => {
    await withConnection(target.url, async (connection) => {
      const records = [
        read(Register.MagicValue),
        { ...record, id: 0xabcdef01 },
        read(Register.Status),
      ];

      const [before, refused, after] = await connection.exchange(records);

      assert.equal(readU32(before.payload), MAGIC);
      assertRefused(refused, Refusal.MALFORMED);
      assert.doesNotThrow(() => new TextDecoder("utf-8", { fatal: true }).decode(refused.payload));
      assert.equal(readU32(after.payload), 0, "the refused record did nothing");
    });
  });
}

Deno.test("a SUBMIT before DRIVER_OK is REFUSED 4, whatever its queue", async () => {
  await withConnection(target.url, async (connection) => {
    const driver = new Driver(connection.exchange);
    const fresh = await connection.exchange([
      submit(0, pattern(40), 1),
      submit(9999, pattern(40), 1),
    ]);
    await driver.reset();
    await driver.negotiate([32]);
    await driver.exchange(queueSetup(0));
    const negotiated = await connection.exchange([submit(0, pattern(40), 1), submit(1, EMPTY, 0)]);

    for (const answer of [...fresh, ...negotiated]) assertRefused(answer, Refusal.NOT_DRIVER_OK);
  });
});

Deno.test("a SUBMIT to a missing queue or one that is not ready is REFUSED 3", async () => {
  await withConnection(target.url, async (connection) => {
    const driver = new Driver(connection.exchange);
    const { maxDataqueues } = await driver.config();
    await driver.reset();
    await driver.negotiate([32]);
    await driver.exchange(queueSetup(0));
    await driver.writeRegisters([Register.Status, 15]);

    const answers = await connection.exchange([
      submit(1, pattern(40), 1),
      submit(maxDataqueues, pattern(40), 16),
      submit(maxDataqueues + 1, pattern(40), 1),
      submit(65535, pattern(40), 1),
      submit(0, pattern(40), 1),
    ]);

    assert.equal(await driver.readRegister(Register.Status) & DeviceStatus.NEEDS_RESET, 0);
    for (const answer of answers.slice(0, 4)) assertRefused(answer, Refusal.NO_QUEUE);
    assertFailed(answers[4], Status.NOTSUPP, "the ready queue serves");
  });
});

Deno.test("an answer names queue and id of its SUBMIT, used.len is its payload", async () => {
  await withDevice(target.url, MODE_FEATURES.MUX, async (driver, connection) => {
    const id = await openSession(driver, HASH);
    const readable = sessionRequest(driver.framing, HASH, id);

    const [answer] = await connection.exchange([{ ...submit(2, readable, 33), id: 0xfedcba98 }]);

    assert.deepEqual([answer.kind, answer.flags, answer.queue], [Kind.COMPLETE, 0, 2]);
    assert.deepEqual([answer.id, answer.value, answer.payload.length], [0xfedcba98, 33, 33]);
  });
});

const header = (size: number) => fit(words(size, Kind.READ), 16);
const UNCUTTABLE: readonly (readonly [string, Bytes])[] = [
  ["a record of size 0", header(0)],
  ["a record of size 15", header(15)],
  ["a record of size 2^32 - 1", header(0xffffffff)],
  ["a record one byte longer than its message", header(17)],
  ["a record that ends far behind its message", header(1_000_000)],
  ["a header cut after 1 byte", words(16).slice(0, 1)],
  ["a header cut after 15 bytes", header(16).slice(0, 15)],
];

for (const [name, bad] of UNCUTTABLE) {
  Deno.test(`${name} closes with 1002, after what came before was answered`, async () => {
    await withDevice(target.url, MODE_FEATURES.MUX, async (driver) => {
      const session = await openSession(driver, HASH);
      const connection = await Connection.open(target.url);
      const other = new Driver(connection.exchange);
      await other.start(MODE_FEATURES.MUX);
      await openSession(other, HASH);
      const readable = sessionRequest(other.framing, HASH, 1n);
      const good = [{ ...read(0), id: 1 }, { ...submit(0, readable, 33), id: 2 }];

      await connection.socket.send(concat(encodeMessage(good, true), bad));
      const [magic, complete] = await connection.collect([1, 2]);
      const code = await connection.ending();
      const untouched = await driver.submit(0, sessionRequest(driver.framing, HASH, session), 33);

      assert.equal(readU32(magic.payload), MAGIC);
      assertResult(complete, expected(HASH) ?? EMPTY);
      assert.equal(code, 1002);
      assertResult(untouched, expected(HASH) ?? EMPTY, "another connection");
    });
  });
}

Deno.test("records behind the bad byte are not executed and not answered", async () => {
  const connection = await Connection.open(target.url);
  const good = encodeRecord({ ...read(0), id: 1 });

  await connection.socket.send(concat(fit(good, 24), header(8), fit(good, 24)));
  const code = await connection.ending();

  assert.equal(code, 1002);
  assert.deepEqual(connection.arrived.map((record) => record.id), [1]);
});

Deno.test("a client that vanishes in the middle of its batch harms nobody", async () => {
  await withDevice(target.url, MODE_FEATURES.MUX, async (driver) => {
    const id = await openSession(driver, HASH);
    for (let round = 0; round < 5; round++) {
      const connection = await Connection.open(target.url);
      const other = new Driver(connection.exchange);
      await other.start(MODE_FEATURES.MUX);
      const readable = sessionRequest(other.framing, HASH, await openSession(other, HASH));
      const records = connection.number(
        Array.from({ length: 1000 }, () => submit(0, readable, 33)),
      );
      await connection.socket.send(encodeMessage(records));
      connection.socket.drop();
    }

    const answer = await driver.submit(0, sessionRequest(driver.framing, HASH, id), 33);

    assertResult(answer, expected(HASH) ?? EMPTY);
  });
});
