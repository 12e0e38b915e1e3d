/**
 * How soon `GET /healthz` is answered while clients keep their devices busy.
 */

import { closeAll, type Comparison, type Context } from "../comparison.ts";
import { LaneProcess } from "../contender.ts";
import { quantile } from "../measure.ts";
import { atMost, ownRow, type Row } from "../row.ts";
import { startGateway } from "../server.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const INTERVAL_MS = 5;
const LIMIT_MS = 50;

interface Load {
  readonly name: string;
  readonly options: readonly string[];
  /** Arguments of clients/busy.ts. */
  readonly work: readonly [name: string, size: number, num: number, inFlight: number];
  /** One where it is not told. */
  readonly clients?: number;
}

// CMAC over 3DES is the slowest per byte of all that is offered, and its only length is the source's: a
// request of 4 MiB takes some 130 ms. The second load is of requests that are just not slow enough for a
// thread of their own each, the third the issue's own, on a gateway that allows it.
const LOADS: readonly Load[] = [
  { name: "cmac-3des, 4 MiB", options: [], work: ["cmac-3des", 4 * MIB - 4 * KIB, 1, 8] },
  { name: "cmac-3des, 96 KiB", options: [], work: ["cmac-3des", 96 * KIB, 16, 4] },
  {
    name: "kasumi-f8, 16 MiB, --max-size 64M",
    options: ["--max-size", "64M"],
    work: ["kasumi-f8", 16 * MIB, 1, 4],
  },
  { name: "aes-128-gcm, 64 B", options: [], work: ["aes-128-gcm", 64, 256, 4], clients: 8 },
  {
    name: "aes-128-gcm, 64 KiB",
    options: [],
    work: ["aes-128-gcm", 64 * KIB, 1, 4],
    clients: 16,
  },
];

async function run(load: Load, { effort, isSmoke }: Context): Promise<Row[]> {
  const server = await startGateway(...load.options);
  const [work, size, ...counts] = load.work;
  const sent = isSmoke ? Math.min(size, 64 * KIB) : size;
  const { clients = 1 } = load;
  const args = [server.url, server.pid, work, sent, ...counts, clients];
  const busy = new LaneProcess("clients/busy.ts", ...args);
  const health = new LaneProcess("clients/health.ts", server.url, INTERVAL_MS);
  try {
    await busy.result();
    await health.measure(effort.seconds / 10);
    const seconds = effort.passes * effort.rounds * effort.seconds;
    const working = busy.measure(seconds);
    const { latencies = [] } = await health.measure(seconds);
    await working;
    const who = clients === 1 ? "a client sends" : `${clients} clients send`;
    const name = `GET /healthz p99 while ${who} ${load.name}`;
    const p99 = quantile(latencies, 0.99) / 1000;
    // Many clients ask for more than a thread has: there is no bound to what that comes to.
    return [ownRow(name, "ms", [p99], clients === 1 ? atMost(LIMIT_MS, "ours") : undefined)];
  } finally {
    await closeAll([busy, health, server]);
  }
}

/** Comparisons of this file, in the table's order. */
export const HEALTH: readonly Comparison[] = LOADS.map((load) => ({
  name: `GET /healthz, ${load.name}`,
  isRepeated: false,
  run: (context: Context) => run(load, context),
}));
