/**
 * What the gateway and its devices are, as JSON.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import type { Gateway } from "../gateway.ts";
import { describeDevice } from "../description.ts";
import { addRoute, type GatewayApp, problems } from "../route.ts";
import { VERSION } from "../version.ts";

/** Adds `GET /v1/device` and `/openapi.json`. */
export function addDescriptionRoutes(app: GatewayApp, gateway: Gateway): void {
  const device = describeDevice(gateway.deviceOptions);
  const { maxMessage } = gateway.options;
  const description = { ...device, limits: { ...device.limits, maxMessage } };
  addRoute(app, {
    method: "get",
    path: "/v1/device",
    summary: "The device: features, queues, limits, algorithms",
    description:
      "With an upgrade to WebSocket and the subprotocol virtio-crypto.v1, the device itself.",
    responses: {
      200: {
        description: "What every device of this gateway offers",
        content: { "application/json": { schema: z.record(z.string(), z.any()) } },
      },
      ...problems(),
    },
  }, (c) => c.json(description));
  // Made once, after all routes are there: it does not change.
  let document: string | undefined;
  addRoute(app, {
    method: "get",
    path: "/openapi.json",
    summary: "This description",
    responses: {
      200: {
        description: "OpenAPI 3.1",
        content: { "application/json": { schema: z.record(z.string(), z.any()) } },
      },
      ...problems(),
    },
  }, (c) => {
    document ??= JSON.stringify(app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: { title: "Ringway", version: VERSION },
    }));
    return c.body(document, 200, { "Content-Type": "application/json" });
  });
}
