/** Devices and raw requests over HTTP (remote-protocol.md, "HTTP"). */
import assert from "node:assert/strict";
import { type Bytes, concat, EMPTY, fit, pattern, readU32, words } from "./bytes.ts";
import { read, submit, write } from "./client.ts";
import { DeviceStatus, Driver, Register } from "./driver.ts";
import {
  assertFailed,
  assertRefused,
  assertResult,
  gatewayForFile,
  openSession,
  perform,
  runInSession,
} from "./harness.ts";
import {
  assertProblem,
  call,
  httpExchange,
  makeDevice,
  objectOf,
  OCTETS_TYPE,
  postJson,
  RECORDS_TYPE,
} from "./http.ts";
import { HASH } from "./order_cases.ts";
import { expected } from "./oracle.ts";
import { decodeMessage, encodeMessage, Kind, Refusal } from "./records.ts";
import { statelessRequest } from "./requests.ts";
import { VECTORS } from "./vectors.ts";
import { Feature, Status } from "./wire.ts";

const target = gatewayForFile();
const MAGIC = 0x74726976;
const STATELESS = ["CIPHER", "HASH", "MAC", "AEAD"].map((service) => `${service}_STATELESS_MODE`);
const MODES: readonly (readonly [string, readonly string[]])[] = [
  ["not MUX", []],
  ["MUX", ["MUX_MODE"]],
  ["stateless", ["MUX_MODE", ...STATELESS]],
];

async function attach(features: readonly string[]): Promise<{ id: string; driver: Driver }> {
  const id = await makeDevice(target.url, features);
  const exchange = httpExchange(target.url, id);
  const config = await new Driver(exchange).config();
  const bits = Object.entries(Feature)
    .filter(([name]) => features.includes(name))
    .map(([, bit]) => bit);
  return { id, driver: Driver.attach(exchange, bits, config.maxDataqueues) };
}

async function discard(id: string): Promise<void> {
  const answer = await call(target.url, `/v1/devices/${id}`, { method: "DELETE" });
  assert.ok(answer.status === 204 || answer.status === 200, `DELETE: ${answer.status}`);
}

for (const [mode, features] of MODES) {
  Deno.test(`a device made by POST is past DRIVER_OK and gives the official answers (${mode})`, async () => {
    const { id, driver } = await attach(features);
    const status = await driver.readRegister(Register.Status);
    for (const { source, job, result } of VECTORS.slice(0, 40)) {
      assertResult(await perform(driver, job), result, source);
    }
    await discard(id);

    assert.equal(status, 1 | 2 | DeviceStatus.DRIVER_OK | DeviceStatus.FEATURES_OK);
  });
}

Deno.test("a device keeps its sessions from call to call until it is deleted", async () => {
  const { id, driver } = await attach(["MUX_MODE"]);
  const session = await openSession(driver, HASH);
  const answer = await runInSession(driver, HASH, session);
  const state = await call(target.url, `/v1/devices/${id}`);
  await discard(id);

  assertResult(answer, expected(HASH) ?? EMPTY);
  assert.equal(state.status, 200);
  objectOf(state);
  const body = encodeMessage([{ ...read(0), id: 1 }]);
  const records = { body, type: RECORDS_TYPE };
  assertProblem(await call(target.url, `/v1/devices/${id}`), 404, "GET");
  assertProblem(await call(target.url, `/v1/devices/${id}/records`, records), 404, "records");
  assertProblem(await call(target.url, `/v1/devices/${id}`, { method: "DELETE" }), 404, "DELETE");
});

Deno.test("ids of devices are 128 bits and not alike", async () => {
  const [first, second] = [await makeDevice(target.url, []), await makeDevice(target.url, [])];
  await discard(first);
  await discard(second);

  assert.notEqual(first, second);
  assert.ok(first.length >= 22, `${first} holds 128 bits`);
});

Deno.test("records over HTTP: reset, refusals and a start-up by registers work as on a socket", async () => {
  const { id, driver } = await attach(["MUX_MODE"]);
  const [reset, refused, unknown, magic] = await driver.exchange([
    write(Register.Status, 0),
    submit(0, pattern(40), 1),
    { kind: 77 },
    read(Register.MagicValue),
  ]);
  const status = await driver.start([]);
  const session = await openSession(driver, HASH);
  const answer = await runInSession(driver, HASH, session, { flag: 9 });
  await discard(id);

  assert.equal(reset.kind, Kind.WRITE_OK);
  assertRefused(refused, Refusal.NOT_DRIVER_OK);
  assertRefused(unknown, Refusal.MALFORMED);
  assert.equal(readU32(magic.payload), MAGIC);
  assert.equal(status, 15);
  assertResult(answer, expected(HASH) ?? EMPTY);
});

Deno.test("a batch over HTTP answers every record in one body", async () => {
  const { id, driver } = await attach(["MUX_MODE", ...STATELESS]);
  const readable = statelessRequest("v19", HASH);
  const records = Array.from({ length: 600 }, (_, index) => submit(index % 4, readable, 33));

  const answers = await driver.exchange(records);
  await discard(id);

  for (const answer of answers) assertResult(answer, expected(HASH) ?? EMPTY);
});

const UNCUTTABLE: readonly (readonly [string, Bytes])[] = [
  ["a record of size 8", fit(words(8, 1), 16)],
  ["a record past the end", fit(words(64, 1), 16)],
  ["half a header", words(16, 1)],
];

for (const [name, bad] of UNCUTTABLE) {
  Deno.test(`a body with ${name} is 400 and executes nothing`, async () => {
    const { id, driver } = await attach(["MUX_MODE"]);
    const good = encodeMessage([{ ...write(Register.Status, 0), id: 1 }], true);

    const body = concat(good, bad);
    const answer = await call(target.url, `/v1/devices/${id}/records`, {
      body,
      type: RECORDS_TYPE,
    });
    const status = await driver.readRegister(Register.Status);
    await discard(id);

    assertProblem(answer, 400);
    assert.equal(status, 15, "the reset in front was not executed");
  });
}

Deno.test("the answer to records is records, with their content type", async () => {
  const { id } = await attach([]);
  const body = encodeMessage([{ ...read(0), id: 9 }]);

  const answer = await call(target.url, `/v1/devices/${id}/records`, { body, type: RECORDS_TYPE });
  await discard(id);

  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), RECORDS_TYPE);
  assert.deepEqual(decodeMessage(answer.bytes).map((record) => record.id), [9]);
});

const BAD_DEVICES: readonly (readonly [string, unknown])[] = [
  ["an unknown feature", { features: ["MUX_MODE", "TIME_TRAVEL"] }],
  ["v19's full name", { features: ["VIRTIO_CRYPTO_F_MUX_MODE"] }],
  ["features that are no list", { features: "MUX_MODE" }],
  ["a feature that is a number", { features: [0] }],
  ["a list for an object", [1]],
];

for (const [name, value] of BAD_DEVICES) {
  Deno.test(`a device with ${name} is 400`, async () => {
    assertProblem(await postJson(target.url, "/v1/devices", value), 400);
  });
}

Deno.test("a device cannot be made of JSON that does not parse, nor of another content type", async () => {
  const broken = { body: '{"features":[', type: "application/json" };
  assertProblem(await call(target.url, "/v1/devices", broken), 400, "broken JSON");
  const text = { body: '{"features":[]}', type: "text/plain" };
  assertProblem(await call(target.url, "/v1/devices", text), 415, "text/plain");
});

Deno.test("wrong content types are 415 for records", async () => {
  const { id } = await attach([]);
  const body = encodeMessage([{ ...read(0), id: 9 }]);
  for (const type of ["text/plain", OCTETS_TYPE, "application/json", undefined]) {
    const answer = await call(target.url, `/v1/devices/${id}/records`, { body, type });
    assertProblem(answer, 415, type);
  }
  await discard(id);
});

Deno.test("an unknown path is a problem of 404", async () => {
  assertProblem(await call(target.url, "/v1/nothing"), 404);
  assertProblem(await call(target.url, "/v1/devices/00000000000000000000000000000000"), 404);
});

Deno.test("a device made over HTTP answers a request it does not know with its status", async () => {
  const { id, driver } = await attach([]);
  const answer = await driver.submit(0, pattern(100), 8);
  await discard(id);

  assertFailed(answer, Status.NOTSUPP);
});
