/** max_size to the byte, the record limit above it, and the layout of virtio 1.1 (wire.md 1, 5, 6). */
import assert from "node:assert/strict";
import { EMPTY, pattern } from "./bytes.ts";
import { type Driver, type Mode, MODE_FEATURES } from "./driver.ts";
import {
  assertFailed,
  assertRefused,
  assertResult,
  openSession,
  perform,
  runInSession,
  withDevice,
} from "./harness.ts";
import { aeadJob, chainJob, cipherJob, hashJob, type Job, macJob } from "./jobs.ts";
import { CHAIN, CIPHER, HASH, MAC } from "./order_cases.ts";
import { expected } from "./oracle.ts";
import { Refusal } from "./records.ts";
import { statelessRequest, writableLenOf } from "./requests.ts";
import { startGateway, withGateway } from "./server.ts";
import { Aead, Cipher, Feature, Hash, Mac, Status } from "./wire.ts";

const MAX_SIZE = 4096;

/** Jobs whose declared lengths sum to `sum` in a session: no key counts there. */
function jobsOfSum(sum: number): Job[] {
  const key = pattern(16);
  const half = Math.floor((sum - 18) / 2);
  return [
    cipherJob({
      algo: Cipher.AES_CTR,
      key,
      iv: pattern(16),
      src: pattern(half),
      dstLen: sum - 17 - half,
    }),
    hashJob({ algo: Hash.SHA_256, src: pattern(sum - 33), resultLen: 32 }),
    macJob({ algo: Mac.HMAC_SHA1, key, src: pattern(sum - 21), resultLen: 20 }),
    aeadJob({
      algo: Aead.GCM,
      key,
      iv: pattern(12),
      aad: pattern(sum - 13 - 216),
      src: pattern(100),
    }),
    chainJob({
      algo: Cipher.AES_CTR,
      key,
      iv: pattern(16),
      hashAlgo: Hash.SHA_256,
      src: pattern(1000),
      aad: pattern(sum - 49 - 2000),
      resultLen: 32,
    }),
  ];
}

/** The same sum in a stateless request, where the keys count: the variable input shrinks by them. */
function statelessSum(job: Job, sum: number): Job {
  const keyLen = "key" in job ? job.key.length : 0;
  const index = jobsOfSum(sum).findIndex((other) => other.service === job.service);
  return jobsOfSum(sum - keyLen)[index];
}

async function atTheLimit(driver: Driver, mode: Mode): Promise<void> {
  const shrink = (job: Job, sum: number) => mode === "stateless" ? statelessSum(job, sum) : job;
  for (const whole of jobsOfSum(MAX_SIZE)) {
    const job = shrink(whole, MAX_SIZE);
    assertResult(await perform(driver, job), expected(job) ?? EMPTY, `${job.service} at max_size`);
  }
  for (const whole of jobsOfSum(MAX_SIZE + 1)) {
    const job = shrink(whole, MAX_SIZE + 1);
    assertFailed(await perform(driver, job), Status.ERR, `${job.service} one byte over max_size`);
  }
}

Deno.test("the declared lengths may sum to max_size and not to one byte more, in every mode", async () => {
  await withGateway(["--max-size", String(MAX_SIZE)], async (url) => {
    for (const mode of ["not MUX", "MUX", "stateless"] as const) {
      await withDevice(url, MODE_FEATURES[mode], (driver) => atTheLimit(driver, mode));
    }
  });
});

Deno.test("payload and room together may be max_size + 4096; one byte more is REFUSED 5", async () => {
  await withGateway(["--max-size", String(MAX_SIZE)], async (url) => {
    await withDevice(url, MODE_FEATURES.MUX, async (driver) => {
      const limit = MAX_SIZE + 4096;
      const id = await openSession(driver, HASH);

      const atLimit = await driver.submit(0, pattern(100), limit - 100);
      const over = await driver.submit(0, pattern(100), limit - 99);
      const overByPayload = await driver.submit(0, pattern(limit), 1);
      const huge = await driver.submit(0, pattern(100), 0xffffffff);
      const wraps = await driver.submit(0, pattern(101), 0xffffffff - 100);
      const good = await runInSession(driver, HASH, id);

      assertFailed(atLimit, Status.NOTSUPP, "the device answers");
      for (const answer of [over, overByPayload, huge, wraps]) {
        assertRefused(answer, Refusal.OVER_LIMIT);
      }
      assertResult(good, expected(HASH) ?? EMPTY);
    });
  });
});

Deno.test("with the default max_size a request of 2 MiB each way is served", async () => {
  await withGateway([], async (url) => {
    await withDevice(url, MODE_FEATURES.MUX, async (driver) => {
      const src = pattern(2 * 1024 * 1024 - 16);
      const job = cipherJob({ algo: Cipher.AES_CTR, key: pattern(32), iv: pattern(16), src });

      const answer = await perform(driver, job);

      assertResult(answer, expected(job) ?? EMPTY);
    });
  });
});

Deno.test("--layout 1.1 reads the stateless CIPHER body of 76 bytes, and only it", async () => {
  await withGateway(["--layout", "1.1"], async (url) => {
    await withDevice(url, MODE_FEATURES.stateless, async (driver) => {
      for (const job of [CIPHER, CHAIN, HASH, MAC]) {
        assertResult(await perform(driver, job), expected(job) ?? EMPTY, job.service);
      }
      const old = statelessRequest("v19", CIPHER);
      const answer = await driver.submit(0, old, writableLenOf(CIPHER));
      const short = statelessRequest("1.1", CIPHER).slice(0, 24 + 75);
      const cut = await driver.submit(0, short, writableLenOf(CIPHER));

      // The 80-byte form shifts key, iv and src by 4 bytes: it is answered, with other bytes.
      assertResultDiffers(answer.payload.toHex(), expected(CIPHER)?.toHex() ?? "");
      assertFailed(cut, Status.ERR);
    }, "1.1");
  });
});

Deno.test("without --layout 1.1 a body of 76 bytes does not do", async () => {
  await withGateway([], async (url) => {
    const features = [Feature.MUX_MODE, Feature.CIPHER_STATELESS_MODE];
    await withDevice(url, features, async (driver) => {
      const readable = statelessRequest("1.1", CIPHER);
      const answer = await driver.submit(0, readable, writableLenOf(CIPHER));
      const bare = readable.slice(0, 24 + 76);
      const short = await driver.submit(0, bare, writableLenOf(CIPHER));

      assertFailed(answer, Status.ERR, "the last 4 bytes of src are missing");
      assertFailed(short, Status.ERR, "the body is not there");
    });
  });
});

function assertResultDiffers(payload: string, result: string): void {
  if (payload.startsWith(result)) {
    throw new Error("The body of 80 bytes was read under --layout 1.1");
  }
}

for (const num of [1, 64]) {
  Deno.test(`with --queues ${num} every data queue serves and the control queue is behind them`, async () => {
    await withGateway(["--queues", String(num)], async (url) => {
      await withDevice(url, MODE_FEATURES.MUX, async (driver) => {
        const id = await openSession(driver, HASH);
        for (let queue = 0; queue < num; queue++) {
          const answer = await runInSession(driver, HASH, id, {}, queue);
          assertResult(answer, expected(HASH) ?? EMPTY, `queue ${queue}`);
        }

        assertRefused(await driver.submit(num + 1, pattern(40), 1), Refusal.NO_QUEUE);
      });
    });
  });
}

for (const num of ["0", "65", "-1", "x"]) {
  Deno.test(`--queues ${num} is refused at start`, async () => {
    await assert.rejects(startGateway([`--queues=${num}`]));
  });
}
