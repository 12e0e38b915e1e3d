/** Control requests: statuses, used.len, room in W, the order of checks (wire.md 3). */
import assert from "node:assert/strict";
import { EMPTY, pattern, readU32 } from "./bytes.ts";
import type { Driver } from "./driver.ts";
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
} from "./harness.ts";
import { type Job, macJob } from "./jobs.ts";
import { AEAD, CHAIN, CIPHER, HASH, HUGE, JOBS, MAC } from "./order_cases.ts";
import { expected } from "./oracle.ts";
import { Kind } from "./records.ts";
import { type Changes, createRequest, serviceOf } from "./requests.ts";
import { Aead, controlHeader, destroyRequest, HashMode, Mac, Status } from "./wire.ts";

const target = gatewayForFile();

/** A create that has to fail: what is changed, what is left of R. */
type Case = readonly [
  name: string,
  job: Job,
  changes: Changes,
  status: number,
  cut?: (mux: boolean) => number,
];

const bodyLessOne = (size: number) => (mux: boolean) => 16 + (mux ? size : 56) - 1;
const HEADER = () => 16;

const CASES: readonly Case[] = [
  ["1 before 2: header cut, unknown opcode", HASH, { opcode: 0x7702 }, Status.ERR, () => 15],
  ["1: R of no bytes", HASH, {}, Status.ERR, () => 0],
  ["2 before 5: unknown service, no body", HASH, { opcode: 0x0702 }, Status.NOTSUPP, HEADER],
  ["2 before 5: unknown operation, no body", HASH, { opcode: 0x0104 }, Status.NOTSUPP, HEADER],
  ["2 before 5: a data opcode, no body", HASH, { opcode: 0x0000 }, Status.NOTSUPP, HEADER],
  ["2: opcode bits above 16 count", HASH, { opcode: 0x10102 }, Status.NOTSUPP],
  ["5 before 6: body cut, op_type 0", CIPHER, { body: { opType: 0 } }, Status.ERR, bodyLessOne(56)],
  ["5 before 7: hash body cut, unknown", HASH, { body: { algo: 63 } }, Status.ERR, bodyLessOne(8)],
  ["5 before 7: MAC body cut, unknown", MAC, { body: { algo: 63 } }, Status.ERR, bodyLessOne(16)],
  ["5 before 7: AEAD body cut, unknown", AEAD, { body: { algo: 63 } }, Status.ERR, bodyLessOne(24)],
  ["6 before 8: op_type 0, op 0", CIPHER, { body: { opType: 0, op: 0 } }, Status.NOTSUPP],
  [
    "6 before 9: op_type 3, huge key",
    CIPHER,
    { body: { opType: 3, keylen: HUGE } },
    Status.NOTSUPP,
  ],
  ["7 before 8: unknown cipher, op 0", CIPHER, { body: { algo: 31, op: 0 } }, Status.NOTSUPP],
  ["7 before 8: NO_CIPHER, op 3", CIPHER, { body: { algo: 0, op: 3 } }, Status.NOTSUPP],
  [
    "7 before 9: unknown cipher, huge key",
    CIPHER,
    { body: { algo: HUGE, keylen: HUGE } },
    Status.NOTSUPP,
  ],
  [
    "7 before 10: unknown hash, result of 65537",
    HASH,
    { body: { algo: 13, hashResultLen: 65537 } },
    Status.NOTSUPP,
  ],
  ["7: NO_HASH", HASH, { body: { algo: 0 } }, Status.NOTSUPP],
  ["7: hash 36 is not hash 4", HASH, { body: { algo: 36 } }, Status.NOTSUPP],
  [
    "7 before 9: unknown MAC, huge key",
    MAC,
    { body: { algo: 7, authKeyLen: HUGE } },
    Status.NOTSUPP,
  ],
  ["7: MAC 2^31", MAC, { body: { algo: 0x80000000 } }, Status.NOTSUPP],
  ["7 before 8: unknown AEAD, op 0", AEAD, { body: { algo: 4, op: 0 } }, Status.NOTSUPP],
  ["7 before 10: unknown AEAD, tag of 3", AEAD, { body: { algo: 0, tagLen: 3 } }, Status.NOTSUPP],
  ["7 before 8: chain order 0, op 0", CHAIN, { body: { algChainOrder: 0, op: 0 } }, Status.NOTSUPP],
  ["7 before 8: chain order 3, op 0", CHAIN, { body: { algChainOrder: 3, op: 0 } }, Status.NOTSUPP],
  [
    "7 before 9: hash mode 0, huge key",
    CHAIN,
    { body: { hashMode: 0, keylen: HUGE } },
    Status.NOTSUPP,
  ],
  [
    "7 before 9: hash mode 4, huge key",
    CHAIN,
    { body: { hashMode: 4, keylen: HUGE } },
    Status.NOTSUPP,
  ],
  [
    "7 before 9: unknown chain hash, huge key",
    CHAIN,
    { body: { hashAlgo: 13, keylen: HUGE } },
    Status.NOTSUPP,
  ],
  ["7 before 8: unknown chain cipher, op 0", CHAIN, { body: { algo: 31, op: 0 } }, Status.NOTSUPP],
  ["8: op 0", CIPHER, { body: { op: 0 } }, Status.ERR],
  ["8: op 3", CIPHER, { body: { op: 3 } }, Status.ERR],
  ["8: chain op 0", CHAIN, { body: { op: 0 } }, Status.ERR],
  ["8: AEAD op 3", AEAD, { body: { op: 3 } }, Status.ERR],
  ["9: key length 2^32 - 1", CIPHER, { body: { keylen: HUGE } }, Status.ERR],
  ["9: a key one byte longer than R", CIPHER, { variable: pattern(15) }, Status.ERR],
  ["9: MAC key length 2^32 - 1", MAC, { body: { authKeyLen: HUGE } }, Status.ERR],
  ["9: a MAC key one byte longer than R", MAC, { variable: pattern(31) }, Status.ERR],
  ["9: AEAD key length 2^32 - 1", AEAD, { body: { keyLen: HUGE } }, Status.ERR],
  ["9: an AEAD key one byte longer than R", AEAD, { variable: pattern(15) }, Status.ERR],
  ["9: chain key length 2^32 - 1", CHAIN, { body: { keylen: HUGE } }, Status.ERR],
  ["9: chain auth key length 2^32 - 1", CHAIN, {
    body: { hashMode: HashMode.AUTH, authKeyLen: HUGE },
  }, Status.ERR],
  ["9: chain keys that sum to 2^32", CHAIN, {
    body: { hashMode: HashMode.AUTH, keylen: 0x80000000, authKeyLen: 0x80000000 },
  }, Status.ERR],
  ["9: chain keys that sum to 16 past 2^32", CHAIN, {
    body: { hashMode: HashMode.AUTH, keylen: HUGE, authKeyLen: 17 },
  }, Status.ERR],
  ["10: hash result over the full length", HASH, { body: { hashResultLen: 33 } }, Status.ERR],
  ["10: hash result of 2^32 - 1", HASH, { body: { hashResultLen: HUGE } }, Status.ERR],
  ["10: SHAKE result of 65537", HASH, { body: { algo: 11, hashResultLen: 65537 } }, Status.ERR],
  ["10: MAC result over the full length", MAC, { body: { hashResultLen: 33 } }, Status.ERR],
  ["10: chain result over the full length", CHAIN, { body: { hashResultLen: 33 } }, Status.ERR],
  ...[0, 3, 5, 17, HUGE].map((
    tagLen,
  ): Case => [`10: GCM tag of ${tagLen}`, AEAD, { body: { tagLen } }, Status.ERR]),
  ...[0, 5, 7, 18].map((tagLen): Case => [
    `10: CCM tag of ${tagLen}`,
    AEAD,
    { body: { algo: Aead.CCM, tagLen } },
    Status.ERR,
  ]),
];

for (const [name, job, changes, status, cut] of CASES) {
  testInEachMode(target, `create of ${job.service}, ${name}`, async (driver) => {
    const { framing } = driver;
    const readable = createRequest(framing, job, changes).slice(0, cut?.(framing.mux));

    const answer = await driver.control(readable);
    const next = await openSession(driver, job);

    assertNotCreated(answer, status);
    assertResult(await runInSession(driver, job, next), expected(job) ?? EMPTY, "next");
  });
}

const KEY_LENS: readonly (readonly [string, Job, string, readonly number[]])[] = [
  ["AES-CBC", CIPHER, "keylen", [0, 1, 15, 17, 31, 33, 64, 256]],
  ["a chained AES-CBC", CHAIN, "keylen", [0, 15, 33]],
  ["HMAC", MAC, "authKeyLen", [0, 513]],
  ["CMAC-AES", macJob({ ...MAC, algo: Mac.CMAC_AES, resultLen: 16 }), "authKeyLen", [
    0,
    15,
    17,
    64,
  ]],
  ["GCM", AEAD, "keyLen", [0, 15, 17, 33]],
  ["CCM", { ...AEAD, algo: Aead.CCM }, "keyLen", [0, 15, 17, 33]],
  ["ChaCha20-Poly1305", { ...AEAD, algo: Aead.CHACHA20_POLY1305 }, "keyLen", [0, 16, 31, 33]],
];

for (const [name, job, field, lens] of KEY_LENS) {
  testInEachMode(target, `a key of the wrong length is ERR for ${name}`, async (driver) => {
    for (const len of lens) {
      const changes = { body: { [field]: len }, variable: pattern(len) };

      const answer = await driver.control(createRequest(driver.framing, job, changes));

      assertNotCreated(answer, Status.ERR, `${len} bytes`);
    }
  });
}

testInEachMode(target, "bytes behind the last field of a create are ignored", async (driver) => {
  for (const job of [CIPHER, CHAIN, HASH, MAC]) {
    const id = await openSession(driver, job, { tail: pattern(33) });

    assertResult(await runInSession(driver, job, id), expected(job) ?? EMPTY, job.service);
  }
});

testInEachMode(
  target,
  "a create offered fewer than 16 bytes makes no session and writes nothing",
  async (driver) => {
    for (const job of JOBS) {
      for (let writableLen = 0; writableLen < 16; writableLen++) {
        const answer = await driver.control(createRequest(driver.framing, job), writableLen);

        assert.deepEqual([answer.kind, answer.value, answer.payload.length], [Kind.COMPLETE, 0, 0]);
      }
      const [first, second] = [await openSession(driver, job), await openSession(driver, job)];
      for (let id = 1n; id <= second; id++) {
        const destroyed = await driver.control(
          destroyRequest(driver.framing, serviceOf(job), id),
          1,
        );
        const status = id === first || id === second ? Status.OK : Status.ERR;
        assertFailed(destroyed, status, `session ${id}`);
      }
    }
  },
);

testInEachMode(target, "a create offered more than 16 bytes writes 16", async (driver) => {
  for (const job of JOBS) {
    for (const writableLen of [17, 24, 4096]) {
      assertCreated(
        await driver.control(createRequest(driver.framing, job), writableLen),
        job.service,
      );
    }
  }
});

testInEachMode(
  target,
  "an unknown control opcode offered fewer than 16 bytes writes nothing",
  async (driver) => {
    const answer = await driver.control(controlHeader({ opcode: 0x0705 }), 15);

    assert.deepEqual([answer.kind, answer.value, answer.payload.length], [Kind.COMPLETE, 0, 0]);
  },
);

/** What a destroy has to write into this much room. */
function usedOfDestroy(writableLen: number): number {
  if (writableLen >= 8) return 8;
  return writableLen >= 4 ? 4 : Math.min(writableLen, 1);
}

async function assertDestroy(
  driver: Driver,
  id: bigint,
  writableLen: number,
  status: number,
): Promise<void> {
  const answer = await driver.control(destroyRequest(driver.framing, 0, id), writableLen);
  const used = usedOfDestroy(writableLen);

  assert.deepEqual([answer.kind, answer.value, answer.payload.length], [Kind.COMPLETE, used, used]);
  if (used === 1) assert.equal(answer.payload[0], status);
  if (used >= 4) assert.equal(readU32(answer.payload), status);
  if (used === 8) assert.equal(readU32(answer.payload, 4), 0);
}

testInEachMode(target, "a destroy writes 1, 4 or 8 bytes, as the room allows", async (driver) => {
  for (const writableLen of [1, 2, 3, 4, 5, 7, 8, 9, 16, 17]) {
    await assertDestroy(driver, await openSession(driver, CIPHER), writableLen, Status.OK);
    await assertDestroy(driver, 9999n, writableLen, Status.ERR);
  }
});

testInEachMode(target, "a destroy without room is not executed", async (driver) => {
  const id = await openSession(driver, CIPHER);

  const answer = await driver.control(destroyRequest(driver.framing, 0, id), 0);
  const stillThere = await runInSession(driver, CIPHER, id);

  assert.deepEqual([answer.kind, answer.value, answer.payload.length], [Kind.COMPLETE, 0, 0]);
  assertResult(stillThere, expected(CIPHER) ?? EMPTY);
});

testInEachMode(
  target,
  "a destroy of what is not a session of that service is ERR and harms none",
  async (driver) => {
    for (const job of JOBS) {
      const service = serviceOf(job);
      const id = await openSession(driver, job);
      for (const other of [0, 1, 2, 3].filter((other) => other !== service)) {
        const answer = await driver.control(destroyRequest(driver.framing, other, id), 1);
        assertFailed(answer, Status.ERR, `${job.service} by service ${other}`);
      }
      for (const wrong of [0n, id + 1n, id + (1n << 32n), 2n ** 64n - 1n]) {
        const answer = await driver.control(destroyRequest(driver.framing, service, wrong), 1);
        assertFailed(answer, Status.ERR, `id ${wrong}`);
      }
      assertResult(await runInSession(driver, job, id), expected(job) ?? EMPTY, job.service);
      assertDestroyed(await driver.control(destroyRequest(driver.framing, service, id), 1));
      const twice = await driver.control(destroyRequest(driver.framing, service, id), 1);
      assertFailed(twice, Status.ERR, "a second time");
    }
  },
);

testInEachMode(target, "a destroy whose body is cut is ERR", async (driver) => {
  const id = await openSession(driver, HASH);
  const whole = destroyRequest(driver.framing, 1, id);
  for (const len of [16, whole.length - 1]) {
    assertFailed(await driver.control(whole.slice(0, len), 1), Status.ERR, `${len} bytes`);
  }
  assertDestroyed(await driver.control(whole, 1));
});
