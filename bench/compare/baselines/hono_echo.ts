/** A bare Hono echo of HTTP bodies. Argument: `deno` for Deno.serve, `node` for @hono/node-server. */

import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const app = new Hono();
app.post("/v1/requests", async (context) => context.body(await context.req.arrayBuffer()));

function announce(port: number): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`http://127.0.0.1:${port}\n`));
}

if (Deno.args[0] === "deno") {
  Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => announce(port) }, app.fetch);
} else {
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port));
}
