import { strict as assert } from "node:assert";
import { ALL_ALGORITHMS, CryptoFeature, type Service, VirtioFeature } from "../../../device/mod.ts";
import { FrontEnd } from "../../kernel/front_end/front_end.ts";
import { type Lane, runJobs } from "../../support/vector_runner.ts";
import { loadJobs } from "../../support/vectors.ts";
import { serveVhost, vhostTest } from "./support.ts";

const BY_SERVICE = [
  ALL_ALGORITHMS.cipher,
  ALL_ALGORITHMS.hash,
  ALL_ALGORITHMS.mac,
  ALL_ALGORITHMS.aead,
];
const { jobs } = loadJobs((service: Service, algo: number) =>
  BY_SERVICE[service][algo] !== undefined
);
// All run over the rings of tests/device; here every seventh shows that these rings are as good.
const some = jobs.filter((_, i) => i % 7 === 0);

const STATELESS = [
  CryptoFeature.CIPHER_STATELESS_MODE,
  CryptoFeature.HASH_STATELESS_MODE,
  CryptoFeature.MAC_STATELESS_MODE,
  CryptoFeature.AEAD_STATELESS_MODE,
];

async function run(accept: readonly number[], stateless: boolean): Promise<void> {
  await using host = await serveVhost();
  const frontEnd = await FrontEnd.start(host.path, { accept });
  try {
    const lane: Lane = {
      exchange: (...request) => frontEnd.exchange(...request),
      controlQueue: frontEnd.controlQueue,
      mode: { mux: accept.includes(CryptoFeature.MUX_MODE), layout: "v19" },
      stateless,
    };
    await runJobs(some, lane);
  } finally {
    frontEnd.close();
  }
  assert.deepEqual(await host.reasons(1), ["closed by the front-end"]);
}

vhostTest("Vectors of all services are among those run over vhost-user", () => {
  assert.deepEqual([...new Set(some.map(({ service }) => service))].sort(), [0, 1, 2, 3]);
});

vhostTest("Vectors pass over vhost-user in sessions without MUX", async () => {
  await run([], false);
});

vhostTest("Vectors pass over vhost-user in sessions with MUX and event index", async () => {
  await run([CryptoFeature.MUX_MODE, VirtioFeature.RING_EVENT_IDX], false);
});

vhostTest("Vectors pass over vhost-user in stateless mode", async () => {
  const accept = [CryptoFeature.MUX_MODE, ...STATELESS, VirtioFeature.RING_EVENT_IDX];
  await run(accept, true);
});
