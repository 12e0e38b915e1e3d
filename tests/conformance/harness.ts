/** What the tests have in common: a gateway per file, devices in each mode, and what an answer has to look like. */
import assert from "node:assert/strict";
import { type Bytes, readU32, readU64 } from "./bytes.ts";
import { Connection } from "./client.ts";
import { DeviceStatus, Driver, type Mode, MODE_FEATURES } from "./driver.ts";
import type { Job } from "./jobs.ts";
import { Kind, type Record } from "./records.ts";
import {
  type Changes,
  createRequest,
  serviceOf,
  sessionRequest,
  statelessRequest,
  writableLenOf,
} from "./requests.ts";
import { defaultGateway, type Gateway } from "./server.ts";
import { destroyRequest, type Framing, Status } from "./wire.ts";

/** Address of the gateway of a test file; known while its tests run. */
export interface Target {
  readonly url: string;
}

/** Starts one gateway with the default options for all tests of the calling file, and ends it behind them. */
export function gatewayForFile(): Target {
  let gateway: Gateway | null = null;
  Deno.test.beforeAll(async () => {
    gateway = await defaultGateway();
  });
  Deno.test.afterAll(async () => {
    await gateway?.stop();
  });
  return {
    get url(): string {
      if (gateway === null) throw new Error("Gateway is not running");
      return gateway.url;
    },
  };
}

/** Connects, runs `body` and closes; when `body` throws, the connection is dropped. */
export async function withConnection(
  url: string,
  body: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = await Connection.open(url);
  try {
    await body(connection);
    await connection.close();
  } finally {
    connection.socket.drop();
  }
}

/** Connects, starts the device with VERSION_1 and `features`, and runs `body`. */
export async function withDevice(
  url: string,
  features: readonly number[],
  body: (driver: Driver, connection: Connection) => Promise<void>,
  layout: Framing["layout"] = "v19",
): Promise<void> {
  await withConnection(url, async (connection) => {
    const driver = new Driver(connection.exchange, layout);
    const status = await driver.start(features);
    const wanted = 1 | 2 | DeviceStatus.FEATURES_OK | DeviceStatus.DRIVER_OK;
    assert.equal(status, wanted, "Status after the start-up");
    await body(driver, connection);
  });
}

/** Connects and starts the device in a mode. */
export function withMode(
  url: string,
  mode: Mode,
  body: (driver: Driver, connection: Connection) => Promise<void>,
): Promise<void> {
  return withDevice(url, MODE_FEATURES[mode], body);
}

/** Declares one test per mode. */
export function testInEachMode(
  target: Target,
  name: string,
  body: (driver: Driver, mode: Mode) => Promise<void>,
): void {
  for (const mode of ["not MUX", "MUX", "stateless"] as const) {
    Deno.test(`${name} (${mode})`, async () => {
      await withMode(target.url, mode, (driver) => body(driver, mode));
    });
  }
}

/** Runs a job without a session where the device takes that, else in a session of its own, which it destroys again. */
export async function perform(driver: Driver, job: Job, queue = 0): Promise<Record> {
  if (driver.stateless) {
    const readable = statelessRequest(driver.framing.layout, job);
    return await driver.submit(queue, readable, writableLenOf(job));
  }
  const id = await openSession(driver, job);
  const answer = await runInSession(driver, job, id, {}, queue);
  assertDestroyed(await driver.control(destroyRequest(driver.framing, serviceOf(job), id), 1));
  return answer;
}

/** Creates a session for a job and gives its id. */
export async function openSession(
  driver: Driver,
  job: Job,
  changes: Changes = {},
): Promise<bigint> {
  return assertCreated(await driver.control(createRequest(driver.framing, job, changes)));
}

/** Runs a job in a session. */
export function runInSession(
  driver: Driver,
  job: Job,
  id: bigint,
  changes: Changes = {},
  queue = 0,
): Promise<Record> {
  const readable = sessionRequest(driver.framing, job, id, changes);
  return driver.submit(queue, readable, writableLenOf(job));
}

/** Holds that the answer is a COMPLETE that says OK and carries exactly these result bytes. */
export function assertResult(answer: Record, result: Bytes, message?: string): void {
  assertStatus(answer, Status.OK, message);
  assert.equal(answer.value, result.length + 1, `used.len ${message ?? ""}`);
  assert.equal(answer.payload.slice(0, -1).toHex(), result.toHex(), message);
}

/** Holds that the request failed with this status and that nothing but the status byte was written. */
export function assertFailed(answer: Record, status: number, message?: string): void {
  assertStatus(answer, status, message);
  assert.equal(answer.value, 1, `used.len ${message ?? ""}`);
}

/** Holds that the answer is a COMPLETE whose last byte is this status and whose payload is used.len bytes. */
export function assertStatus(answer: Record, status: number, message?: string): void {
  const text = new TextDecoder().decode(answer.kind === Kind.REFUSED ? answer.payload : undefined);
  assert.equal(answer.kind, Kind.COMPLETE, `kind, reason ${answer.value} ${text} ${message ?? ""}`);
  assert.equal(answer.payload.length, answer.value, `payload is used.len bytes ${message ?? ""}`);
  assert.equal(answer.payload.at(-1), status, `status ${message ?? ""}`);
}

/** Holds that a session was created, in 16 bytes, and gives its id. */
export function assertCreated(answer: Record, message?: string): bigint {
  assertSessionInput(answer, Status.OK, message);
  const id = readU64(answer.payload);
  assert.ok(id > 0n, `session_id ${message ?? ""}`);
  return id;
}

/** Holds that a create failed with this status, in 16 bytes, with session_id 0. */
export function assertNotCreated(answer: Record, status: number, message?: string): void {
  assertSessionInput(answer, status, message);
  assert.equal(readU64(answer.payload), 0n, `session_id ${message ?? ""}`);
}

/** Holds that a destroy offered 1 byte says OK. */
export function assertDestroyed(answer: Record): void {
  assertFailed(answer, Status.OK, "destroy");
}

/** Holds that the answer is a REFUSED for this reason. */
export function assertRefused(answer: Record, reason: number, message?: string): void {
  assert.equal(
    answer.kind,
    Kind.REFUSED,
    `kind, payload ${answer.payload.toHex()} ${message ?? ""}`,
  );
  assert.equal(answer.value, reason, `reason ${message ?? ""}`);
}

/** Whether the configuration offers an algorithm; `low` and `high` are its mask. */
export function offers(low: number, high: number, algo: number): boolean {
  return (((algo < 32 ? low : high) >>> (algo & 31)) & 1) === 1;
}

/** Algorithm numbers of a 64-bit mask. */
export function algorithmsOf(low: number, high: number): number[] {
  return Array.from({ length: 64 }, (_, algo) => algo).filter((algo) => offers(low, high, algo));
}

function assertSessionInput(answer: Record, status: number, message = ""): void {
  assert.equal(answer.kind, Kind.COMPLETE, `kind, reason ${answer.value} ${message}`);
  assert.equal(answer.value, 16, `used.len of a create ${message}`);
  assert.equal(answer.payload.length, 16, `session input ${message}`);
  assert.equal(readU32(answer.payload, 8), status, `status of a create ${message}`);
  assert.equal(readU32(answer.payload, 12), 0, `padding of a create ${message}`);
}
