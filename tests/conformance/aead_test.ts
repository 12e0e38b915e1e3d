/** What is particular to AEAD requests: iv forms, tag lengths, dst, J0 (wire.md 2 and 5). */
import { concat, EMPTY, pattern } from "./bytes.ts";
import type { Driver } from "./driver.ts";
import {
  assertFailed,
  assertResult,
  gatewayForFile,
  openSession,
  perform,
  runInSession,
  testInEachMode,
  withMode,
} from "./harness.ts";
import { type AeadJob, aeadJob } from "./jobs.ts";
import { expected } from "./oracle.ts";
import type { Record } from "./records.ts";
import { type Changes, statelessRequest, writableLenOf } from "./requests.ts";
import { Aead, Op, Status } from "./wire.ts";

const target = gatewayForFile();
const GCM = aeadJob({
  algo: Aead.GCM,
  key: pattern(16),
  iv: pattern(12, 2),
  aad: pattern(10, 3),
  src: pattern(50, 4),
});
const CCM = aeadJob({ ...GCM, algo: Aead.CCM });
const CHACHA = aeadJob({ ...GCM, algo: Aead.CHACHA20_POLY1305, key: pattern(32) });

/** Runs a job; in a session that was made for `session`, where the mode has sessions. */
async function run(
  driver: Driver,
  job: AeadJob,
  changes: Changes = {},
  session: AeadJob = job,
): Promise<Record> {
  if (driver.stateless) {
    return await driver.submit(0, statelessRequest("v19", job, changes), writableLenOf(job));
  }
  return await runInSession(driver, job, await openSession(driver, session), changes);
}

/** The decryption of what `job` encrypts to. */
function opening(job: AeadJob): AeadJob {
  return { ...job, op: Op.DECRYPT, src: expected(job) ?? EMPTY, dstLen: job.src.length };
}

testInEachMode(
  target,
  "a padded iv field carries the GCM and ChaCha20 nonce in front",
  async (driver) => {
    for (const job of [GCM, CHACHA, opening(GCM), opening(CHACHA)]) {
      const padded = { ...job, ivField: concat(job.iv, pattern(4, 9)) };

      assertResult(await run(driver, padded), expected(job) ?? EMPTY, `algo ${job.algo}`);
    }
  },
);

testInEachMode(
  target,
  "a padded iv field carries the CCM nonce from its second byte on",
  async (driver) => {
    for (let ivLen = 7; ivLen <= 13; ivLen++) {
      const job = { ...CCM, iv: pattern(ivLen, ivLen) };
      const ivField = concat(pattern(1, 7), job.iv, pattern(15 - ivLen, 8));

      for (const form of [job, { ...job, ivField }, { ...opening(job), ivField }]) {
        const result = expected(form) ?? EMPTY;
        assertResult(await run(driver, form), result, `iv of ${ivLen}, op ${form.op}`);
      }
    }
  },
);

testInEachMode(target, "any other length of R is ERR for an AEAD", async (driver) => {
  for (const job of [GCM, CCM, CHACHA]) {
    for (const extra of [1, 2, 3, 5, 8, 16]) {
      const answer = await run(driver, job, { tail: pattern(extra) });
      assertFailed(answer, Status.ERR, `algo ${job.algo}, ${extra} bytes too many`);
    }
  }
  const j0 = { ...GCM, iv: pattern(16) };
  assertFailed(
    await run(driver, j0, { tail: pattern(4) }),
    Status.ERR,
    "an iv of 16 has no padding",
  );
  assertFailed(await run(driver, GCM, { variable: pattern(71) }), Status.ERR, "one byte short");
});

testInEachMode(
  target,
  "a 16-byte iv of GCM is J0 itself, its low 32 bits wrapping",
  async (driver) => {
    const iv = pattern(16, 5);
    iv.fill(0xff, 12);
    const job = { ...GCM, iv };

    assertResult(await run(driver, job), expected(job) ?? EMPTY);
    assertResult(await run(driver, opening(job)), job.src);
  },
);

const BAD_IVS: readonly (readonly [string, AeadJob, readonly number[]])[] = [
  ["GCM", GCM, [0, 1, 8, 11, 13, 15, 17, 33]],
  ["CCM", CCM, [0, 1, 6, 14, 15, 16, 17]],
  ["ChaCha20-Poly1305", CHACHA, [0, 8, 11, 13, 16, 24]],
];

for (const [name, job, lens] of BAD_IVS) {
  testInEachMode(target, `an iv of a length ${name} does not have is ERR`, async (driver) => {
    for (const len of lens) {
      const answer = await run(driver, { ...job, iv: pattern(len) });
      assertFailed(answer, Status.ERR, `${len} bytes`);
    }
  });
}

testInEachMode(
  target,
  "dst longer than the result ends in zeros, behind the tag too",
  async (driver) => {
    for (const job of [GCM, CCM, CHACHA]) {
      for (const form of [job, opening(job)]) {
        const roomy = { ...form, dstLen: form.dstLen + 37 };
        assertResult(await run(driver, roomy), expected(roomy) ?? EMPTY, `algo ${job.algo}`);
      }
    }
  },
);

testInEachMode(target, "dst one byte short is ERR, before a tag is verified", async (driver) => {
  for (const job of [GCM, CCM, CHACHA]) {
    assertFailed(await run(driver, { ...job, dstLen: 65 }), Status.ERR, `seal, algo ${job.algo}`);
    const open = { ...opening(job), dstLen: 49 };
    assertFailed(await run(driver, open), Status.ERR, `open, algo ${job.algo}`);
    const broken = { ...open, src: pattern(66, 77) };
    assertFailed(await run(driver, broken), Status.ERR, `open with a bad tag, algo ${job.algo}`);
  }
});

testInEachMode(
  target,
  "a ciphertext shorter than its tag is ERR, one as long as it opens to nothing",
  async (driver) => {
    for (const job of [GCM, CCM, CHACHA]) {
      const empty = opening({ ...job, src: EMPTY, dstLen: 16 });
      const short = { ...empty, src: empty.src.slice(1) };

      assertFailed(await run(driver, short), Status.ERR, `algo ${job.algo}`);
      assertResult(await run(driver, empty), EMPTY, `algo ${job.algo}`);
    }
  },
);

testInEachMode(
  target,
  "a tag_len of 0 means the session's, and nothing where there is no session",
  async (driver) => {
    for (const job of [GCM, aeadJob({ ...CCM, tagLen: 8, dstLen: 58 }), CHACHA, opening(GCM)]) {
      const answer = await run(driver, job, { body: { tagLen: 0 } });

      if (driver.stateless) assertFailed(answer, Status.ERR, `algo ${job.algo}`);
      else assertResult(answer, expected(job) ?? EMPTY, `algo ${job.algo}`);
    }
  },
);

testInEachMode(
  target,
  "another tag_len than the session's is ERR, whether the tag would verify or not",
  async (driver) => {
    const short = aeadJob({ ...GCM, tagLen: 12, dstLen: 62 });
    if (driver.stateless) {
      for (const tagLen of [1, 3, 5, 7, 17]) {
        assertFailed(await run(driver, GCM, { body: { tagLen } }), Status.ERR, `tag of ${tagLen}`);
      }
      return;
    }
    assertFailed(await run(driver, short, {}, GCM), Status.ERR, "seal");
    assertFailed(await run(driver, opening(short), {}, opening(GCM)), Status.ERR, "open");
    const untrue = { ...opening(short), src: pattern(62, 9) };
    assertFailed(await run(driver, untrue, {}, opening(GCM)), Status.ERR, "open, bad tag");
  },
);

testInEachMode(
  target,
  "a short tag verifies in its own length and not in its prefix",
  async (driver) => {
    const seal = aeadJob({ ...GCM, tagLen: 4, dstLen: 54 });
    const open = opening(seal);

    assertResult(await run(driver, open), GCM.src);
    for (let at = 50; at < 54; at++) {
      const src = concat(open.src);
      src[at] ^= 1;
      assertFailed(await run(driver, { ...open, src }), Status.BADMSG, `tag byte ${at - 50}`);
    }
  },
);

Deno.test("stateless tag lengths the algorithm does not have are refused", async () => {
  await withMode(target.url, "stateless", refusesTagLens);
});

async function refusesTagLens(driver: Driver): Promise<void> {
  for (const tagLen of [2, 5, 7, 9, 13, 15]) {
    assertFailed(await run(driver, { ...CCM, tagLen }), Status.ERR, `CCM ${tagLen}`);
  }
  for (const tagLen of [4, 8, 12, 15]) {
    assertFailed(await run(driver, { ...CHACHA, tagLen }), Status.ERR, `ChaCha20 ${tagLen}`);
  }
}

testInEachMode(
  target,
  "CCM with a 13-byte nonce takes 65,535 bytes and not one more",
  async (driver) => {
    const most = aeadJob({ ...CCM, iv: pattern(13), src: pattern(65_535), dstLen: 65_551 });
    const over = aeadJob({ ...CCM, iv: pattern(13), src: pattern(65_536), dstLen: 65_552 });

    assertResult(await perform(driver, most), expected(most) ?? EMPTY);
    assertFailed(await run(driver, over), Status.ERR);
  },
);

testInEachMode(target, "the aad length a session names is a hint", async (driver) => {
  const job = { ...GCM, aad: pattern(99) };
  assertResult(await run(driver, job, {}, GCM), expected(job) ?? EMPTY);
});
