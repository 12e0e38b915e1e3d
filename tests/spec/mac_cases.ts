/**
 * "MAC Service Operation".
 *
 * @module
 */

import { ALL_MODES, must } from "./cases.ts";
import { assertRefused, assertResult, Driver } from "./driver.ts";
import { hmac } from "./oracle.ts";
import { ERR, HMAC_SHA_256, mac, type MacJob, pattern } from "./requests.ts";
import { fixedBodyCase, flagCase, muxBodyCase, type Sample, statusCase } from "./service_cases.ts";

const src = pattern(5, 11);
const authKey = pattern(20, 12);
const job: MacJob = { algo: HMAC_SHA_256, authKey, src, hashResultLen: 32 };
const sample: Sample<MacJob> = {
  what: "a MAC",
  service: 2,
  stateless: "MAC_STATELESS_MODE",
  kind: mac,
  job,
  expected: hmac("sha256", authKey, src),
};

muxBodyCase("mac-service-operation-1", sample);
fixedBodyCase("mac-service-operation-2", sample);
flagCase("mac-service-operation-3", sample);

must(
  "mac-service-operation-4",
  ALL_MODES,
  "hash_result holds the MAC on success and is left alone on failure",
  (mode) => {
    const long = pattern(1000, 13);
    const driver = new Driver(mode);

    const scattered = driver.run(mac, { ...job, src: long }, { cuts: [5, 21, 14] });
    const short = driver.run(mac, { ...job, src: long, hashResultLen: 12 });
    const failed = driver.run(mac, { ...job, src: long }, { cutReadable: 1 });

    assertResult(scattered, hmac("sha256", authKey, long));
    assertResult(short, hmac("sha256", authKey, long).subarray(0, 12));
    assertRefused(failed, ERR);
  },
);

statusCase(
  "mac-service-operation-5",
  sample,
  [{ ...job, hashResultLen: 0 }, { ...job, hashResultLen: 33 }],
  [{ ...job, algo: 0 }, { ...job, algo: 55 }],
);
