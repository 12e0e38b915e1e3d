import { strict as assert } from "node:assert";
import { AlgorithmSet, type Service } from "../../../device/mod.ts";
import { IMPLEMENTED } from "../../support/implementations.ts";
import { Rig } from "../../support/rig.ts";
import { type Lane, runJobs } from "../../support/vector_runner.ts";
import { loadJobs } from "../../support/vectors.ts";

const STATELESS = ["CIPHER", "HASH", "MAC", "AEAD"].map((name) => `${name}_STATELESS_MODE`);

const algorithms = new AlgorithmSet(IMPLEMENTED);
const served = algorithms.list().filter(({ accelerator }) => accelerator === "libcrypto")
  .map(({ algorithm }) => algorithm);

const { jobs } = loadJobs((service: Service, algo: number) =>
  served.some((algorithm) => algorithm.service === service && algorithm.id === algo)
);

function lane(accept: readonly string[], stateless: boolean): Lane {
  const rig = new Rig({ accept, algorithms, onFault: (fault) => assert.fail(String(fault)) });
  return {
    exchange: (queue, readable, writableLen) => {
      const { usedLen, writable } = rig.submit(queue, readable, writableLen);
      const isData = queue !== rig.control;
      if (isData && usedLen > 0) writable[usedLen - 1] = writable[writable.length - 1];
      return Promise.resolve(writable.slice(0, usedLen));
    },
    controlQueue: rig.control,
    mode: { mux: accept.includes("MUX_MODE"), layout: "v19" },
    stateless,
  };
}

Deno.test("libcrypto serves every algorithm that it has, those of its legacy provider as well", () => {
  const names = served.map(({ name }) => name);

  assert.deepEqual(names, [
    ...["ARC4", "AES_ECB", "AES_CBC", "AES_CTR", "DES_ECB", "DES_CBC", "3DES_ECB", "3DES_CBC"],
    ...["AES_XTS", "MD5", "SHA1", "SHA_224", "SHA_256", "SHA_384", "SHA_512"],
    ...["SHA3_224", "SHA3_256", "SHA3_384", "SHA3_512", "SHA3_SHAKE128", "SHA3_SHAKE256"],
    ...["HMAC_MD5", "HMAC_SHA1", "HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512"],
    ...["CMAC_3DES", "CMAC_AES", "GMAC_AES", "CBCMAC_AES", "XCBC_AES"],
    ...["GCM", "CCM", "CHACHA20_POLY1305"],
  ]);
});

Deno.test("Official vectors pass on libcrypto in session mode", async () => {
  await runJobs(jobs, lane(["MUX_MODE"], false));
});

Deno.test("Official vectors pass on libcrypto in stateless mode", async () => {
  await runJobs(jobs, lane(["MUX_MODE", ...STATELESS], true));
});
