/** Lengths no request can keep: every one is answered, and the next good request is served (wire.md 3, steps 9 and 10). */
import assert from "node:assert/strict";
import { EMPTY, pattern } from "./bytes.ts";
import { submit } from "./client.ts";
import type { Driver } from "./driver.ts";
import {
  assertFailed,
  assertResult,
  gatewayForFile,
  openSession,
  perform,
  testInEachMode,
  withMode,
} from "./harness.ts";
import { cipherJob, hashJob, type Job, macJob } from "./jobs.ts";
import { AEAD, CHAIN, CIPHER, HASH, HUGE, JOBS, MAC } from "./order_cases.ts";
import { expected } from "./oracle.ts";
import { type Changes, sessionRequest, statelessRequest, writableLenOf } from "./requests.ts";
import { Cipher, type Fields, Hash, HashMode, Mac, Status } from "./wire.ts";

const target = gatewayForFile();

const SESSION_FIELDS: { readonly [service: string]: readonly string[] } = {
  cipher: ["ivLen", "srcDataLen", "dstDataLen"],
  chain: [
    ..."ivLen srcDataLen dstDataLen cipherStart lenToCipher hashStart lenToHash aadLen".split(" "),
    "hashResultLen",
  ],
  hash: ["srcDataLen", "hashResultLen"],
  mac: ["srcDataLen", "hashResultLen"],
  aead: ["ivLen", "aadLen", "srcDataLen", "dstDataLen", "tagLen"],
};
const KEY_FIELDS: { readonly [service: string]: readonly string[] } = {
  cipher: ["keylen"],
  chain: ["keylen", "authKeyLen"],
  hash: [],
  mac: ["authKeyLen"],
  aead: ["keyLen"],
};

/** Sends a job with changed fields, in a session or without, and gives the answers to it and to a good request. */
async function send(driver: Driver, job: Job, changes: Changes, id: bigint): Promise<void> {
  const readable = driver.stateless
    ? statelessRequest("v19", job, changes)
    : sessionRequest(driver.framing, job, id, changes);
  const text = JSON.stringify(changes.body);
  assertFailed(await driver.submit(0, readable, writableLenOf(job)), Status.ERR, text);
}

/** Field values that lie: each field alone at the top of its range, then pairs that sum to 2^32 and past it. */
function lies(fields: readonly string[]): Fields[] {
  const alone = fields.flatMap((field) => [{ [field]: HUGE }, { [field]: 0x80000001 }]);
  const pairs = fields.flatMap((first, index) =>
    fields.slice(index + 1).flatMap((second) => [
      { [first]: 0x80000000, [second]: 0x80000000 },
      { [first]: HUGE, [second]: 1 },
      { [first]: 33, [second]: HUGE - 16 },
      { [first]: HUGE, [second]: HUGE },
    ])
  );
  return [...alone, ...pairs, Object.fromEntries(fields.map((field) => [field, HUGE]))];
}

for (const job of JOBS) {
  testInEachMode(
    target,
    `lengths of up to 2^32 - 1 in every field are ERR for ${job.service}`,
    async (driver) => {
      const fields = SESSION_FIELDS[job.service];
      const keys = driver.stateless ? KEY_FIELDS[job.service] : [];
      const id = await openSession(driver, job);

      for (const body of lies([...fields, ...keys])) await send(driver, job, { body }, id);

      assertResult(await perform(driver, job), expected(job) ?? EMPTY, "the next good request");
    },
  );
}

testInEachMode(target, "src, iv, aad or key one byte longer than R are ERR", async (driver) => {
  for (const job of JOBS) {
    const id = await openSession(driver, job);
    const keys = driver.stateless ? KEY_FIELDS[job.service] : [];
    const whole = driver.stateless
      ? statelessRequest("v19", job)
      : sessionRequest(driver.framing, job, id);
    for (const field of ["srcDataLen", "aadLen", ...keys]) {
      if (![...SESSION_FIELDS[job.service], ...keys].includes(field)) continue;
      const body = { [field]: 1000 };
      await send(driver, job, { body }, id);
    }
    const cut = await driver.submit(0, whole.slice(0, -1), writableLenOf(job));
    assertFailed(cut, Status.ERR, `${job.service}, R cut by one byte`);
  }
});

testInEachMode(
  target,
  "room one byte short of the result is ERR, room to spare changes nothing",
  async (driver) => {
    for (const job of JOBS) {
      const id = await openSession(driver, job);
      const readable = sessionRequest(driver.framing, job, id);
      const need = writableLenOf(job);
      for (const writableLen of [1, 2, need - 1]) {
        const answer = await driver.submit(0, readable, writableLen);
        assertFailed(answer, Status.ERR, `${job.service}, W of ${writableLen}`);
      }
      for (const writableLen of [need, need + 1, need + 4096]) {
        const answer = await driver.submit(0, readable, writableLen);
        assertResult(answer, expected(job) ?? EMPTY, `${job.service}, W of ${writableLen}`);
      }
    }
  },
);

testInEachMode(
  target,
  "a data request without any room completes with used.len 0",
  async (driver) => {
    const id = await openSession(driver, HASH);
    for (const readable of [sessionRequest(driver.framing, HASH, id), EMPTY, pattern(24)]) {
      const answer = await driver.submit(0, readable, 0);

      assert.deepEqual([answer.value, answer.payload.length], [0, 0]);
    }
  },
);

testInEachMode(target, "bytes behind the last field are ignored, but for AEAD", async (driver) => {
  for (const job of [CIPHER, CHAIN, HASH, MAC]) {
    const id = await openSession(driver, job);
    const readable = driver.stateless
      ? statelessRequest("v19", job, { tail: pattern(21) })
      : sessionRequest(driver.framing, job, id, { tail: pattern(21) });

    const answer = await driver.submit(0, readable, writableLenOf(job));

    assertResult(answer, expected(job) ?? EMPTY, job.service);
  }
});

testInEachMode(target, "dst longer than src ends in zeros", async (driver) => {
  for (const dstLen of [33, 48, 5000]) {
    const job = { ...CIPHER, dstLen };
    assertResult(await perform(driver, job), expected(job) ?? EMPTY, `dst of ${dstLen}`);
  }
});

const BAD_CIPHERS: readonly (readonly [string, Job])[] = [
  ["CBC without iv", { ...CIPHER, iv: EMPTY }],
  ...[1, 8, 12, 15, 17, 33].map((len) =>
    [`CBC iv of ${len}`, { ...CIPHER, iv: pattern(len) }] as const
  ),
  ["CTR iv of 12", { ...CIPHER, algo: Cipher.AES_CTR, iv: pattern(12) }],
  ["ECB iv of 16", { ...CIPHER, algo: Cipher.AES_ECB }],
  ...[1, 15, 17, 31].map((len) =>
    [`CBC src of ${len}`, cipherJob({ ...CIPHER, src: pattern(len), dstLen: len })] as const
  ),
  [
    "ECB src of 24",
    cipherJob({ ...CIPHER, algo: Cipher.AES_ECB, iv: EMPTY, src: pattern(24), dstLen: 24 }),
  ],
  ["dst of 31 for src of 32", { ...CIPHER, dstLen: 31 }],
  ["no dst", { ...CIPHER, dstLen: 0 }],
  ["a hash result of no bytes", { ...HASH, resultLen: 0 }],
  ["SHA-256 of 33 bytes", { ...HASH, resultLen: 33 }],
  ["a SHAKE result of no bytes", hashJob({ ...HASH, algo: Hash.SHA3_SHAKE128, resultLen: 0 })],
  ["a SHAKE result of 65537", hashJob({ ...HASH, algo: Hash.SHA3_SHAKE256, resultLen: 65537 })],
  ["a MAC result of no bytes", { ...MAC, resultLen: 0 }],
  ["HMAC-SHA-256 of 33 bytes", { ...MAC, resultLen: 33 }],
  ["CMAC of 17 bytes", macJob({ ...MAC, algo: Mac.CMAC_AES, resultLen: 17 })],
];

for (const [name, job] of BAD_CIPHERS) {
  testInEachMode(target, `${name} is ERR`, async (driver) => {
    const id = await openSession(driver, job, {
      body: job.service === "cipher" ? {} : { hashResultLen: 0 },
    });
    await send(driver, job, {}, id);
  });
}

Deno.test("keys of the wrong length are ERR in stateless requests", async () => {
  await withMode(target.url, "stateless", async (driver) => {
    const wrong: readonly (readonly [Job, readonly number[]])[] = [
      [CIPHER, [0, 15, 17, 33, 64]],
      [MAC, [0, 513]],
      [AEAD, [0, 15, 33]],
      [CHAIN, [0, 17]],
      [macJob({ ...MAC, algo: Mac.CMAC_AES, resultLen: 16 }), [0, 15, 64]],
    ];
    for (const [job, lens] of wrong) {
      for (const len of lens) {
        await send(driver, { ...job, key: pattern(len) } as Job, {}, 0n);
      }
    }
    const auth = { ...CHAIN, hashMode: HashMode.AUTH, hashAlgo: Mac.HMAC_SHA_256 };
    await send(driver, { ...auth, authKey: EMPTY }, {}, 0n);
    await send(driver, { ...auth, authKey: pattern(513) }, {}, 0n);
  });
});

testInEachMode(
  target,
  "a session that names a result length gives no more than that, one that names none gives all",
  async (driver) => {
    for (const job of [HASH, MAC]) {
      const named = await openSession(driver, job, { body: { hashResultLen: 20 } });
      const unnamed = await openSession(driver, job, { body: { hashResultLen: 0 } });
      const submitIn = async (resultLen: number, id: bigint) => {
        const readable = sessionRequest(driver.framing, { ...job, resultLen }, id);
        return (await driver.exchange([submit(0, readable, resultLen + 1)]))[0];
      };
      for (
        const [resultLen, id] of [[1, named], [20, named], [1, unnamed], [32, unnamed]] as const
      ) {
        const result = expected({ ...job, resultLen }) ?? EMPTY;
        assertResult(await submitIn(resultLen, id), result, `${resultLen} bytes`);
      }
      assertFailed(await submitIn(21, named), Status.ERR, "more than named");
      assertFailed(await submitIn(32, named), Status.ERR, "the full length");
      assertFailed(await submitIn(33, unnamed), Status.ERR, "more than the full length");
    }
  },
);

testInEachMode(
  target,
  "one bad request of each kind, then a hundred good ones in one message",
  async (driver) => {
    const ids: bigint[] = [];
    for (const job of JOBS) ids.push(await openSession(driver, job));
    const bad = JOBS.map((job, index) =>
      submit(0, sessionRequest(driver.framing, job, ids[index], { body: { srcDataLen: HUGE } }), 1)
    );
    const good = Array.from({ length: 100 }, (_, index) => {
      const job = JOBS[index % JOBS.length];
      const readable = sessionRequest(driver.framing, job, ids[index % JOBS.length]);
      return submit(0, readable, writableLenOf(job));
    });

    const answers = await driver.exchange([...bad, ...good]);

    answers.slice(0, bad.length).forEach((answer) => assertFailed(answer, Status.ERR));
    answers.slice(bad.length).forEach((answer, index) => {
      assertResult(answer, expected(JOBS[index % JOBS.length]) ?? EMPTY, `request ${index}`);
    });
  },
);
