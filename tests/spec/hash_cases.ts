/**
 * "HASH Service Operation".
 *
 * @module
 */

import { ALL_MODES, must } from "./cases.ts";
import { assertRefused, assertResult, Driver } from "./driver.ts";
import { digest, hmac } from "./oracle.ts";
import {
  ERR,
  hash,
  type HashJob,
  HMAC_SHA_256,
  HMAC_SHA_512,
  INVSESS,
  mac,
  pattern,
  SHA_256,
  SHA_512,
} from "./requests.ts";
import { fixedBodyCase, flagCase, muxBodyCase, type Sample, statusCase } from "./service_cases.ts";

const src = pattern(5, 1);
const job: HashJob = { algo: SHA_256, src, hashResultLen: 32 };
const sample: Sample<HashJob> = {
  what: "a hash",
  service: 1,
  stateless: "HASH_STATELESS_MODE",
  kind: hash,
  job,
  expected: digest("sha256", src),
};

muxBodyCase("hash-service-operation-1", sample);
fixedBodyCase("hash-service-operation-2", sample);

must(
  "hash-service-operation-3",
  ["not-MUX", "MUX"],
  "only opcode HASH is a request of a HASH session",
  (mode) => {
    const driver = new Driver(mode);
    const hashSession = driver.open(hash, job);
    const macSession = driver.open(mac, { ...job, algo: HMAC_SHA_256, authKey: pattern(9, 2) });

    assertResult(driver.run(hash, job, { sessionId: hashSession }), sample.expected);
    assertRefused(driver.run(hash, job, { sessionId: macSession }), INVSESS);
    assertRefused(driver.run(hash, job, { sessionId: hashSession, opcode: 0x0200 }), INVSESS);
  },
);

must(
  "hash-service-operation-3",
  ["stateless"],
  "opcode HASH and opcode MAC give the same bytes different meanings",
  (mode) => {
    // To HASH: 10 bytes of source, 20 of result. To MAC: a key of 10, 20 of source, 20 of result.
    const data = pattern(30, 3);
    const form = { ...hash.stateless({ algo: SHA_512, src: data, hashResultLen: 20 }) };
    new DataView(form.structure.buffer).setUint32(4, 10, true);
    new DataView(form.structure.buffer).setUint32(12, 20, true);
    const driver = new Driver(mode);

    const asHash = driver.send(form, 0, 0);
    const asMac = driver.send(form, 0, 0, { opcode: 0x0200 });

    assertResult(asHash, digest("sha512", data.subarray(0, 10)).subarray(0, 20));
    const tag = hmac("sha512", data.subarray(0, 10), data.subarray(10));
    assertResult(asMac, tag.subarray(0, 20));
    assertResult(
      driver.run(mac, { ...job, algo: HMAC_SHA_512, authKey: data }),
      hmac(
        "sha512",
        data,
        src,
      ).subarray(0, 32),
    );
  },
);

flagCase("hash-service-operation-4", sample);

must(
  "hash-service-operation-5",
  ALL_MODES,
  "hash_result holds the digest on success and is left alone on failure",
  (mode) => {
    const long = pattern(1000, 4);
    const driver = new Driver(mode);

    const scattered = driver.run(hash, { ...job, src: long }, { cuts: [3, 30, 7] });
    const short = driver.run(hash, { ...job, src: long, hashResultLen: 20 });
    const failed = driver.run(hash, { ...job, src: long }, { cutReadable: 1 });

    assertResult(scattered, digest("sha256", long));
    assertResult(short, digest("sha256", long).subarray(0, 20));
    assertRefused(failed, ERR);
  },
);

statusCase(
  "hash-service-operation-6",
  sample,
  [{ ...job, hashResultLen: 0 }, { ...job, hashResultLen: 33 }],
  [{ ...job, algo: 0 }, { ...job, algo: 13 }],
);
