/** What the device has to pass over: padding, reserved fields, hints, unused bytes (wire.md 1). */
import { type Bytes, EMPTY, pattern } from "./bytes.ts";
import type { Driver } from "./driver.ts";
import {
  assertCreated,
  assertResult,
  gatewayForFile,
  openSession,
  runInSession,
  testInEachMode,
  withMode,
} from "./harness.ts";
import type { Job } from "./jobs.ts";
import { AEAD, CHAIN, CIPHER, HASH, HUGE, JOBS, MAC } from "./order_cases.ts";
import { expected } from "./oracle.ts";
import { createRequest, sessionRequest, statelessRequest, writableLenOf } from "./requests.ts";
import { HashMode, Mac } from "./wire.ts";

const target = gatewayForFile();
const AUTH = {
  ...CHAIN,
  hashMode: HashMode.AUTH,
  hashAlgo: Mac.HMAC_SHA_256,
  authKey: pattern(32),
};

/** A copy with the bytes of each `[from, to)` set to 0xA5; offsets count from the start of R. */
function spoiled(readable: Bytes, ranges: readonly (readonly [number, number])[]): Bytes {
  const copy = readable.slice();
  for (const [from, to] of ranges) copy.fill(0xa5, from, to);
  return copy;
}

type Ranges = readonly (readonly [number, number])[];

/** Offsets in the create bodies that carry no meaning. */
const CREATE_UNUSED: readonly (readonly [Job, Ranges])[] = [
  [CIPHER, [[12, 48], [52, 56]]],
  [CHAIN, [[20, 24], [32, 48], [52, 56]]],
  [AUTH, [[20, 24], [36, 48], [52, 56]]],
  [MAC, [[12, 16]]],
  [AEAD, [[12, 16], [20, 24]]],
];

const shifted = (ranges: Ranges, by: number): Ranges => ranges.map(([a, b]) => [a + by, b + by]);

testInEachMode(
  target,
  "padding, hints and unused bytes of a create are not read",
  async (driver) => {
    for (const [job, ranges] of CREATE_UNUSED) {
      const readable = spoiled(createRequest(driver.framing, job), shifted(ranges, 16));

      const id = assertCreated(await driver.control(readable), job.service);

      assertResult(await runInSession(driver, job, id), expected(job) ?? EMPTY, job.service);
    }
  },
);

/** Offsets in the session data bodies that carry no meaning. */
const DATA_UNUSED: readonly (readonly [Job, Ranges])[] = [
  [CIPHER, [[12, 40], [44, 48]]],
  [CHAIN, [[36, 40], [44, 48]]],
  [AEAD, [[20, 24]]],
];

testInEachMode(
  target,
  "padding and unused bytes of a data request are not read",
  async (driver) => {
    for (const [job, ranges] of DATA_UNUSED) {
      const id = await openSession(driver, job);
      const whole = sessionRequest(driver.framing, job, id);
      const readable = spoiled(whole, [[4, 8], [20, 24], ...shifted(ranges, 24)]);

      const answer = await driver.submit(0, readable, writableLenOf(job));

      assertResult(answer, expected(job) ?? EMPTY, job.service);
    }
  },
);

Deno.test("without MUX the bytes between a short structure and the end of the body are not read", async () => {
  await withMode(target.url, "not MUX", async (driver) => {
    const sizes: readonly (readonly [Job, number, number])[] = [[HASH, 8, 8], [MAC, 16, 8], [
      AEAD,
      24,
      24,
    ]];
    for (const [job, createSize, dataSize] of sizes) {
      const create = spoiled(createRequest(driver.framing, job), [[16 + createSize, 16 + 56]]);
      const id = assertCreated(await driver.control(create), job.service);
      const data = spoiled(sessionRequest(driver.framing, job, id), [[24 + dataSize, 24 + 48]]);

      const answer = await driver.submit(0, data, writableLenOf(job));

      assertResult(answer, expected(job) ?? EMPTY, job.service);
    }
  });
});

/** Offsets in the stateless bodies that carry no meaning; chain: the first aad_len and reserved. */
const STATELESS_UNUSED: readonly (readonly [Job, Ranges])[] = [
  [CIPHER, [[24, 72], [76, 80]]],
  [CHAIN, [[4, 8], [68, 72], [76, 80]]],
  [AUTH, [[4, 8], [68, 72], [76, 80]]],
  [HASH, [[12, 16]]],
];

Deno.test("padding, hints and queue_id of a stateless request are not read", async () => {
  await withMode(target.url, "stateless", async (driver) => {
    for (const [job, ranges] of STATELESS_UNUSED) {
      const whole = statelessRequest("v19", job);
      const readable = spoiled(whole, [[4, 16], [20, 24], ...shifted(ranges, 24)]);

      const answer = await driver.submit(0, readable, writableLenOf(job));

      assertResult(answer, expected(job) ?? EMPTY, job.service);
    }
  });
});

testInEachMode(
  target,
  "a session's aad_len and result length of up to its maximum are no demand",
  async (driver) => {
    const aadLen = HUGE;
    const aead = await openSession(driver, AEAD, { body: { aadLen } });
    const chain = await openSession(driver, CHAIN, { body: { aadLen } });
    const plain = await openSession(driver, CHAIN, { body: { authKeyLen: HUGE } });

    assertResult(await runInSession(driver, AEAD, aead), expected(AEAD) ?? EMPTY);
    assertResult(await runInSession(driver, CHAIN, chain), expected(CHAIN) ?? EMPTY);
    assertResult(await runInSession(driver, CHAIN, plain), expected(CHAIN) ?? EMPTY);
  },
);

async function submitZeros(driver: Driver, len: number, writableLen: number): Promise<number> {
  const answer = await driver.submit(0, new Uint8Array(len), writableLen);
  return answer.value;
}

testInEachMode(
  target,
  "R of zeros is answered with a status, whatever its length",
  async (driver) => {
    for (const job of JOBS) await openSession(driver, job);
    for (let len = 0; len <= 130; len++) {
      const used = await submitZeros(driver, len, 64);
      if (used < 1) throw new Error(`R of ${len} zeros was answered with used.len ${used}`);
    }
  },
);
