import { strict as assert } from "node:assert";
import { ALL_ALGORITHMS, type Service } from "../../device/mod.ts";
import { Rig } from "../support/rig.ts";
import { type Lane, runJobs } from "../support/vector_runner.ts";
import { loadJobs } from "../support/vectors.ts";

const STATELESS = ["CIPHER", "HASH", "MAC", "AEAD"].map((name) => `${name}_STATELESS_MODE`);

const BY_SERVICE = [
  ALL_ALGORITHMS.cipher,
  ALL_ALGORITHMS.hash,
  ALL_ALGORITHMS.mac,
  ALL_ALGORITHMS.aead,
];

/** All vectors of the algorithms this device offers. */
const loaded = loadJobs((service: Service, algo: number) =>
  BY_SERVICE[service][algo] !== undefined
);

function lane(accept: readonly string[], stateless: boolean): Lane {
  const rig = new Rig({ accept, onFault: (fault) => assert.fail(String(fault)) });
  return {
    exchange: (queue, readable, writableLen) => {
      // Cut anyhow: the places change from request to request, the bytes do not.
      const cut = 1 + (readable.length * 7 + writableLen) % 61;
      const { usedLen, writable } = rig.submit(queue, readable, writableLen, {
        readableCuts: [cut, cut >> 1],
        writableCuts: [cut >> 2],
      });
      const isData = queue !== rig.control;
      if (isData && usedLen > 0) writable[usedLen - 1] = writable[writable.length - 1];
      return Promise.resolve(writable.slice(0, usedLen));
    },
    controlQueue: rig.control,
    mode: { mux: accept.includes("MUX_MODE"), layout: "v19" },
    stateless,
  };
}

Deno.test("Every vector case is run, or has a reason not to be", () => {
  const numRun = new Set(loaded.jobs.map((job) => job.name)).size;
  const numSkipped = [...loaded.skipped.values()].reduce((sum, num) => sum + num, 0);

  // The line that tells what was left out, and why.
  const reasons = [...loaded.skipped].map(([reason, num]) => `${num} ${reason}`);
  const text = `vectors: ${numRun} cases run, ${numSkipped} not: ${reasons.join("; ")}\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(text));

  assert.equal(numRun + numSkipped, loaded.numCases);
});

Deno.test("Official vectors pass in session mode without MUX", async () => {
  await runJobs(loaded.jobs, lane([], false));
});

Deno.test("Official vectors pass in session mode with MUX and event index", async () => {
  await runJobs(loaded.jobs, lane(["MUX_MODE", "RING_EVENT_IDX"], false));
});

Deno.test("Official vectors pass in stateless mode", async () => {
  await runJobs(loaded.jobs, lane(["MUX_MODE", ...STATELESS], true));
});
