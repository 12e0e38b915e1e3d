/**
 * The order of checks of data requests (wire.md 3, "Order of checks"): each request violates two at once, and the earlier
 * one decides. The numbers in the names are those of that list.
 */
import assert from "node:assert/strict";
import { EMPTY } from "./bytes.ts";
import type { Driver } from "./driver.ts";
import {
  assertFailed,
  assertResult,
  gatewayForFile,
  openSession,
  withDevice,
  withMode,
} from "./harness.ts";
import type { Job } from "./jobs.ts";
import {
  AEAD,
  CHAIN,
  CIPHER,
  HASH,
  HUGE,
  JOBS,
  MAC,
  SESSION_CASES,
  STATELESS_CASES,
} from "./order_cases.ts";
import { expected } from "./oracle.ts";
import { type Changes, sessionRequest, statelessRequest, writableLenOf } from "./requests.ts";
import { Feature, Status } from "./wire.ts";

const target = gatewayForFile();

for (const { name, job, changes, id, cut, writableLen, status } of SESSION_CASES) {
  for (const mode of ["not MUX", "MUX", "stateless"] as const) {
    Deno.test(`session ${name} (${mode})`, async () => {
      await withMode(target.url, mode, async (driver) => {
        const own = await openSession(driver, job);
        const readable = sessionRequest(driver.framing, job, id ?? own, changes);

        const answer = await driver.submit(
          0,
          readable.slice(0, cut),
          writableLen ?? writableLenOf(job),
        );
        const good = sessionRequest(driver.framing, job, own);
        const next = await driver.submit(0, good, writableLenOf(job));

        assertFailed(answer, status);
        assertResult(next, expected(job) ?? EMPTY, "the next good request");
      });
    });
  }
}

for (const { name, job, changes, cut, writableLen, status } of STATELESS_CASES) {
  Deno.test(`stateless ${name}`, async () => {
    await withMode(target.url, "stateless", async (driver) => {
      const readable = statelessRequest("v19", job, changes).slice(0, cut);

      const answer = await driver.submit(0, readable, writableLen ?? writableLenOf(job));
      const next = await driver.submit(0, statelessRequest("v19", HASH), writableLenOf(HASH));

      assertFailed(answer, status);
      assertResult(next, expected(HASH) ?? EMPTY, "the next good request");
    });
  });
}

async function stateless(driver: Driver, job: Job, changes: Changes = {}): Promise<number> {
  const answer = await driver.submit(0, statelessRequest("v19", job, changes), writableLenOf(job));
  return answer.payload.at(-1) ?? -1;
}

for (const job of JOBS) {
  Deno.test(`3: flag 0 for ${job.service} without its stateless bit is NOTSUPP, before session and body are looked at`, async () => {
    await withMode(target.url, "MUX", async (driver) => {
      const answer = await driver.submit(0, statelessRequest("v19", job), writableLenOf(job));
      const header = sessionRequest(driver.framing, job, 99n, { flag: 0 }).slice(0, 24);
      const short = await driver.submit(0, header, 1);

      assertFailed(answer, Status.NOTSUPP);
      assertFailed(short, Status.NOTSUPP);
    });
  });
}

for (
  const [job, bit] of [
    [CIPHER, Feature.CIPHER_STATELESS_MODE],
    [CHAIN, Feature.CIPHER_STATELESS_MODE],
    [HASH, Feature.HASH_STATELESS_MODE],
    [MAC, Feature.MAC_STATELESS_MODE],
    [AEAD, Feature.AEAD_STATELESS_MODE],
  ] as const
) {
  Deno.test(`the stateless bit of ${job.service} opens that service and no other, and sessions stay`, async () => {
    await withDevice(target.url, [Feature.MUX_MODE, bit], async (driver) => {
      const id = await openSession(driver, job);
      const inSession = await driver.submit(
        0,
        sessionRequest(driver.framing, job, id),
        writableLenOf(job),
      );
      const cipherBit = bit === Feature.CIPHER_STATELESS_MODE;
      for (const other of JOBS) {
        const isCipher = other === CIPHER || other === CHAIN;
        const open = other === job || (cipherBit && isCipher);
        const status = await stateless(driver, other);
        assert.equal(status, open ? Status.OK : Status.NOTSUPP, other.service);
      }

      assertResult(inSession, expected(job) ?? EMPTY);
    });
  });
}

Deno.test("3: without MUX the flag is not read, whatever it says", async () => {
  await withMode(target.url, "not MUX", async (driver) => {
    const id = await openSession(driver, HASH);
    for (const flag of [0, 1, 2, HUGE]) {
      const readable = sessionRequest(driver.framing, HASH, id, { flag });

      const answer = await driver.submit(0, readable, writableLenOf(HASH));

      assertResult(answer, expected(HASH) ?? EMPTY, `flag ${flag}`);
    }
  });
});

Deno.test("a stateless request does not look at session_id and algo of its header", async () => {
  await withMode(target.url, "stateless", async (driver) => {
    const readable = statelessRequest("v19", HASH);
    readable.fill(0xff, 4, 16);

    const answer = await driver.submit(0, readable, writableLenOf(HASH));

    assertResult(answer, expected(HASH) ?? EMPTY);
  });
});
