/**
 * Liveness, readiness and the front page.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import type { Gateway } from "../gateway.ts";
import { unavailable } from "../problem.ts";
import { addRoute, type GatewayApp, problems } from "../route.ts";
import { VERSION } from "../version.ts";

const FRONT_PAGE = `Ringway ${VERSION}: a virtio-crypto device over the network

  GET  /v1/device     the device as JSON; with an upgrade, the device over a WebSocket
  POST /v1/devices    a device over HTTP
  POST /v1/requests   one stateless request
  POST /v1/cipher, /v1/hash, /v1/mac, /v1/aead   the same as JSON
  GET  /openapi.json  all of this for programs
  GET  /healthz, /readyz
`;

const statusSchema = z.object({ status: z.enum(["ok"]) }).openapi("Health");

/** Adds `/`, `/healthz` and `/readyz`. */
export function addHealthRoutes(app: GatewayApp, gateway: Gateway): void {
  addRoute(app, {
    method: "get",
    path: "/",
    summary: "Name, version and links",
    responses: {
      200: { description: "Text", content: { "text/plain": { schema: z.string() } } },
      ...problems(),
    },
  }, (c) => c.text(FRONT_PAGE));
  addRoute(app, {
    method: "get",
    path: "/healthz",
    summary: "Whether the gateway lives",
    responses: {
      200: { description: "It does", content: { "application/json": { schema: statusSchema } } },
    },
  }, (c) => c.json({ status: "ok" }));
  addRoute(app, {
    method: "get",
    path: "/readyz",
    summary: "Whether the gateway takes new devices",
    responses: {
      200: { description: "It does", content: { "application/json": { schema: statusSchema } } },
      ...problems(503),
    },
  }, (c) => {
    if (gateway.isDraining) throw unavailable("The gateway is draining", 1);
    return c.json({ status: "ok" });
  });
}
