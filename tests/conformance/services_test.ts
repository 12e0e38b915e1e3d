/** Official answers and the oracle's, through the socket, in every mode and on every data queue. */
import assert from "node:assert/strict";
import { type Bytes, EMPTY, flipped, pattern } from "./bytes.ts";
import type { Driver } from "./driver.ts";
import {
  assertCreated,
  assertFailed,
  assertResult,
  gatewayForFile,
  openSession,
  perform,
  runInSession,
  testInEachMode,
  withMode,
} from "./harness.ts";
import { aeadJob, cipherJob, hashJob, type Job, macJob } from "./jobs.ts";
import { expected, HASH_LEN, MAC_LEN } from "./oracle.ts";
import { createRequest } from "./requests.ts";
import { VECTORS } from "./vectors.ts";
import { Aead, Cipher, Hash, Mac, Op, Status } from "./wire.ts";

const target = gatewayForFile();

/** Runs a job on the next data queue and holds it against the oracle. */
async function agree(driver: Driver, jobs: readonly Job[]): Promise<void> {
  for (const [index, job] of jobs.entries()) {
    const answer = await perform(driver, job, index % driver.numDataQueues);
    assertResult(answer, expected(job) ?? EMPTY, `${job.service} ${job.algo}, job ${index}`);
  }
}

/** The job that undoes an encryption. */
function undo(job: Job, sealed: Bytes): Job {
  if (job.service === "cipher") return { ...job, op: Op.DECRYPT, src: sealed };
  if (job.service === "aead") {
    return { ...job, op: Op.DECRYPT, src: sealed, dstLen: job.src.length };
  }
  throw new Error(`No way back from ${job.service}`);
}

testInEachMode(target, "the official answers come back", async (driver) => {
  for (const [index, { source, job, result }] of VECTORS.entries()) {
    const answer = await perform(driver, job, index % driver.numDataQueues);
    assertResult(answer, result, source);
  }
});

testInEachMode(target, "the official ciphertexts decrypt to their plaintexts", async (driver) => {
  for (const { source, job, result } of VECTORS) {
    if (job.service !== "cipher" && job.service !== "aead") continue;
    const answer = await perform(driver, undo(job, result));
    assertResult(answer, job.src, source);
  }
});

testInEachMode(
  target,
  "ciphers agree with node:crypto for every key size and length",
  async (driver) => {
    const jobs: Job[] = [];
    for (const op of [Op.ENCRYPT, Op.DECRYPT]) {
      for (const keyLen of [16, 24, 32]) {
        const key = pattern(keyLen, keyLen);
        for (const len of [0, 16, 48, 4096]) {
          const src = pattern(len, len + op);
          jobs.push(cipherJob({ algo: Cipher.AES_ECB, op, key, src }));
          jobs.push(cipherJob({ algo: Cipher.AES_CBC, op, key, iv: pattern(16, 7), src }));
        }
        for (const len of [0, 1, 15, 17, 1000]) {
          jobs.push(
            cipherJob({ algo: Cipher.AES_CTR, op, key, iv: pattern(16, 8), src: pattern(len) }),
          );
        }
      }
    }
    await agree(driver, jobs);
  },
);

testInEachMode(target, "the whole CTR block counts and wraps at 2^128", async (driver) => {
  const iv = new Uint8Array(16).fill(0xff);
  const low = new Uint8Array(16).fill(0xff, 8);
  const key = pattern(32, 9);

  await agree(driver, [
    cipherJob({ algo: Cipher.AES_CTR, key, iv, src: pattern(100) }),
    cipherJob({ algo: Cipher.AES_CTR, key, iv: low, src: pattern(100) }),
  ]);
});

testInEachMode(target, "hashes agree with node:crypto around every block edge", async (driver) => {
  const jobs = Object.values(Hash).flatMap((algo) =>
    [0, 1, 55, 64, 111, 128, 136, 168, 1000].map((len) =>
      hashJob({ algo, src: pattern(len, algo), resultLen: HASH_LEN[algo] })
    )
  );
  await agree(driver, jobs);
});

testInEachMode(target, "a shorter hash result is the leftmost bytes", async (driver) => {
  const src = pattern(77);
  const full = Object.values(Hash).filter((algo) => algo < Hash.SHA3_SHAKE128);

  await agree(
    driver,
    full.flatMap((algo) => [
      hashJob({ algo, src, resultLen: 1 }),
      hashJob({ algo, src, resultLen: HASH_LEN[algo] - 1 }),
    ]),
  );
});

testInEachMode(target, "the SHAKEs give any length from 1 to 65536", async (driver) => {
  const src = pattern(300);
  const jobs = [Hash.SHA3_SHAKE128, Hash.SHA3_SHAKE256].flatMap((algo) =>
    [1, 31, 168, 169, 65536].map((resultLen) => hashJob({ algo, src, resultLen }))
  );
  await agree(driver, jobs);
});

testInEachMode(
  target,
  "HMACs agree with node:crypto for every key length class",
  async (driver) => {
    const jobs = Object.values(Mac).filter((algo) => algo !== Mac.CMAC_AES).flatMap((algo) =>
      [1, 64, 65, 128, 129, 512].map((keyLen) =>
        macJob({ algo, key: pattern(keyLen), src: pattern(200, algo), resultLen: MAC_LEN[algo] })
      )
    );
    await agree(driver, jobs);
  },
);

testInEachMode(target, "MACs of nothing and short tags come out right", async (driver) => {
  const jobs = Object.values(Mac).flatMap((algo) => [
    macJob({ algo, key: pattern(16), src: EMPTY, resultLen: MAC_LEN[algo] }),
    macJob({ algo, key: pattern(16), src: pattern(33), resultLen: 4 }),
    macJob({ algo, key: pattern(32), src: pattern(47), resultLen: 1 }),
  ]);
  await agree(driver, jobs);
});

testInEachMode(
  target,
  "AEADs agree with the oracle for every tag length, and open again",
  async (driver) => {
    const jobs: Job[] = [];
    for (const [len, aadLen] of [[0, 0], [0, 20], [1, 0], [31, 13], [160, 16]]) {
      const src = pattern(len, 1);
      const aad = pattern(aadLen, 2);
      const key = pattern(32, 3);
      for (const tagLen of [4, 8, 12, 13, 14, 15, 16]) {
        const iv = pattern(tagLen % 2 ? 16 : 12, tagLen);
        jobs.push(aeadJob({ algo: Aead.GCM, key: key.slice(0, 24), iv, aad, src, tagLen }));
      }
      for (
        const [tagLen, ivLen] of [[4, 7], [6, 8], [8, 9], [10, 10], [12, 11], [14, 12], [16, 13]]
      ) {
        const iv = pattern(ivLen, tagLen);
        jobs.push(aeadJob({ algo: Aead.CCM, key: key.slice(0, 16), iv, aad, src, tagLen }));
      }
      jobs.push(aeadJob({ algo: Aead.CHACHA20_POLY1305, key, iv: pattern(12), aad, src }));
    }
    await agree(driver, jobs);
    await agree(driver, jobs.map((job) => undo(job, expected(job) ?? EMPTY)));
  },
);

testInEachMode(
  target,
  "a changed tag, ciphertext or aad is BADMSG and no plaintext comes back",
  async (driver) => {
    for (const algo of Object.values(Aead)) {
      const key = pattern(32, 4);
      const seal = aeadJob({ algo, key, iv: pattern(12), aad: pattern(9), src: pattern(64) });
      const sealed = expected(seal) ?? EMPTY;
      const open = aeadJob({ ...seal, op: Op.DECRYPT, src: sealed, dstLen: 64 });
      for (const at of [0, 63, 64, sealed.length - 1]) {
        const src = flipped(sealed, at);
        assertFailed(await perform(driver, { ...open, src }), Status.BADMSG, `byte ${at}`);
      }
      const aad = pattern(9, 99);
      assertFailed(await perform(driver, { ...open, aad }), Status.BADMSG, "aad");
      assertResult(await perform(driver, open), seal.src, "untouched");
    }
  },
);

testInEachMode(target, "an aad of 65,536 bytes is authenticated by all AEADs", async (driver) => {
  const aad = pattern(65_536, 5);
  await agree(
    driver,
    Object.values(Aead).map((algo) =>
      aeadJob({ algo, key: pattern(32), iv: pattern(12), aad, src: pattern(40) })
    ),
  );
});

for (const mode of ["not MUX", "MUX", "stateless"] as const) {
  Deno.test(`one session serves requests on every data queue (${mode})`, async () => {
    await withMode(target.url, mode, async (driver) => {
      const job = macJob({
        algo: Mac.HMAC_SHA_256,
        key: pattern(32),
        src: pattern(500),
        resultLen: 32,
      });
      const id = await openSession(driver, job);
      for (let queue = 0; queue < driver.numDataQueues; queue++) {
        const answer = await runInSession(driver, job, id, {}, queue);

        assert.equal(answer.queue, queue);
        assertResult(answer, expected(job) ?? EMPTY);
      }
    });
  });
}

Deno.test("hints of the headers are not read: algo, flag, queue_id of control, algo of data", async () => {
  await withMode(target.url, "stateless", async (driver) => {
    const job = cipherJob({
      algo: Cipher.AES_CTR,
      key: pattern(16),
      iv: pattern(16),
      src: pattern(40),
    });
    const create = createRequest(driver.framing, job);
    for (const at of [4, 8, 12]) create.fill(0xff, at, at + 4);

    const id = assertCreated(await driver.control(create));
    const answer = await runInSession(driver, job, id);

    assertResult(answer, expected(job) ?? EMPTY);
  });
});
