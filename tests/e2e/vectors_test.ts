/**
 * Official vectors through a gateway on real sockets: over WebSocket and over HTTP, in session mode
 * and stateless.
 */

import { strict as assert } from "node:assert";
import { ALL_ALGORITHMS, type Service } from "../../device/mod.ts";
import { connect, type Device } from "../../gateway/client/mod.ts";
import { startServer } from "../../gateway/server.ts";
import { type Lane, runJobs } from "../support/vector_runner.ts";
import { loadJobs } from "../support/vectors.ts";

const BY_SERVICE = [
  ALL_ALGORITHMS.cipher,
  ALL_ALGORITHMS.hash,
  ALL_ALGORITHMS.mac,
  ALL_ALGORITHMS.aead,
];

const { jobs } = loadJobs((service: Service, algo: number) =>
  BY_SERVICE[service][algo] !== undefined
);

/** What the gateway must show by name: each occurs among the jobs. */
const NAMED = [
  "cipher/aes-cbc.rfc3602",
  "aead/aes-gcm.gcm-spec",
  "aead/aes-gcm.cavp",
  "mac/hmac-sha256.rfc",
  "mac/hmac-sha512.rfc",
  "hash/sha-256.fips-examples",
  "hash/sha-512.cavp-long",
];

function lane(device: Device, stateless: boolean): Lane {
  return {
    exchange: async (queue, readable, writableLen) => {
      const { bytes } = await device.submit(queue, readable, writableLen);
      return bytes;
    },
    controlQueue: device.config.maxDataqueues,
    mode: { mux: true, layout: "v19" },
    stateless,
  };
}

Deno.test("The vectors named by the protocol's users are among those that are run", () => {
  for (const name of NAMED) assert.ok(jobs.some((job) => job.name.startsWith(name)), name);
});

for (const scheme of ["ws", "http"]) {
  for (const stateless of [false, true]) {
    const mode = stateless ? "stateless" : "in sessions";
    Deno.test(`Official vectors pass over ${scheme}:, ${mode}`, async () => {
      const server = await startServer({ port: 0 });
      try {
        await using device = await connect(server.url.replace("http", scheme));
        await runJobs(jobs, lane(device, stateless));
      } finally {
        await server.close();
      }
    });
  }
}
