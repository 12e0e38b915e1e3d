/**
 * A gateway over HTTP beside bare echoes, driven by one client.
 */

import { type Comparison, pair } from "../comparison.ts";
import { megabytes, REQUESTS } from "../row.ts";
import { startBaseline, startGateway } from "../server.ts";
import { served } from "./websocket.ts";

const NUM_CONNECTIONS = 4;

function toEcho(size: number, runtime: "deno" | "node"): Comparison {
  const name = runtime === "deno" ? "Hono echo on Deno.serve" : "Hono echo on @hono/node-server";
  const label = size === 64 ? "64 B" : `${size / 1024} KiB`;
  return pair(
    {
      name: `HTTP, POST /v1/requests, aes-128-gcm, ${label}, to ${name}`,
      against: name,
      figure: size === 64 ? REQUESTS : megabytes(size),
    },
    async () => [
      await served(startGateway(), "clients/http.ts", "device", size, NUM_CONNECTIONS),
      await served(
        startBaseline("hono_echo", runtime),
        "clients/http.ts",
        "echo",
        size,
        NUM_CONNECTIONS,
      ),
    ],
  );
}

/** Comparisons of this file, in the table's order. */
export const HTTP: readonly Comparison[] = [
  toEcho(64 * 1024, "deno"),
  toEcho(64, "deno"),
  toEcho(64 * 1024, "node"),
  toEcho(64, "node"),
];
