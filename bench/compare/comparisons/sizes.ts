/**
 * AES-128-GCM by size: what the chart shows.
 */

import { label } from "../../support/layers.ts";
import { type Comparison, type Context, measureAll } from "../comparison.ts";
import { LaneProcess } from "../contender.ts";
import { type Effort, median } from "../measure.ts";
import { OpensslSpeed } from "../openssl_speed.ts";
import { comparedRow, megabytes, REQUESTS, type Row } from "../row.ts";
import { startGateway } from "../server.ts";
import type { Series } from "../chart.ts";
import { deviceLane } from "./in_process.ts";
import { overSocket } from "./websocket.ts";

const KIND = "aes-128-gcm";
const SIZES: readonly number[] = [64, 256, 1024, 4096, 16384, 65536, 262144, 1048576];
const SMOKE_SIZES: readonly number[] = [64, 16384];
// Bytes of requests in a batch, or in a message.
const BATCH_LEN = 64 * 1024;
const MAX_ROUNDS = 3;
const MAX_SECONDS = 0.3;

/** Contenders, in the order of the chart's legend. */
const NAMES = [
  "device on libcrypto",
  "openssl speed",
  "noble",
  "node:crypto",
  "WebSocket",
] as const;

function atMost(effort: Effort): Effort {
  return {
    ...effort,
    rounds: Math.min(effort.rounds, MAX_ROUNDS),
    seconds: Math.min(effort.seconds, MAX_SECONDS),
  };
}

async function measureSize(size: number, series: Series[], effort: Effort): Promise<Row[]> {
  const num = Math.max(1, Math.min(256, BATCH_LEN / size));
  const name = `${KIND}, ${label(size)}`;
  const samples = await measureAll(name, [
    deviceLane(KIND, size, num, "libcrypto"),
    new OpensslSpeed(KIND, size),
    new LaneProcess("baselines/noble.ts", KIND, size, num),
    new LaneProcess("baselines/node_crypto.ts", KIND, size, num),
  ], effort);
  const client = await overSocket(startGateway(), "device", { size, num, inFlight: 4 });
  const [remote] = await measureAll(name, [client], effort);
  for (const [i, of] of [...samples, remote].entries()) {
    const rate = median(of.map(REQUESTS.value));
    series[i].points.push({ size, rate });
  }
  const [ours, ...others] = samples;
  const figure = megabytes(size);
  return [
    ...others.map((baseline, i) => {
      const against = NAMES[i + 1];
      return comparedRow(
        { name: `device, ${name}, to ${against}`, against, figure },
        ours,
        baseline,
      );
    }),
    comparedRow(
      { name: `WebSocket, ${name}, to the device`, against: NAMES[0], figure },
      remote,
      ours,
    ),
  ];
}

/** The comparison, and the chart's lines, which it fills in. */
export function sizes(): { comparison: Comparison; series: readonly Series[] } {
  const series: Series[] = NAMES.map((name) => ({ name, points: [] }));
  const run = async ({ effort, isSmoke, progress }: Context): Promise<Row[]> => {
    const rows: Row[] = [];
    for (const size of isSmoke ? SMOKE_SIZES : SIZES) {
      progress(`  ${label(size)}`);
      rows.push(...await measureSize(size, series, atMost(effort)));
    }
    return rows;
  };
  return { comparison: { name: `chart: ${KIND} by size`, isRepeated: false, run }, series };
}
