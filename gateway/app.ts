/**
 * The HTTP side of the gateway as a Hono app: Request in, Response out, no sockets.
 *
 * @module
 */

import { OpenAPIHono } from "@hono/zod-openapi";
import { cors } from "hono/cors";
import { type AccessRequest, authenticate, checkSite } from "./access.ts";
import type { Gateway } from "./gateway.ts";
import { forwardToOwner } from "./listeners/forward.ts";
import { errorStack } from "./log.ts";
import { Problem } from "./problem.ts";
import { addMethodGuards, type GatewayApp, type GatewayContext, type GatewayEnv } from "./route.ts";
import { addCryptoRoutes } from "./routes/crypto.ts";
import { addDescriptionRoutes } from "./routes/description.ts";
import { addDeviceRoutes } from "./routes/devices.ts";
import { addHealthRoutes } from "./routes/health.ts";
import { addRequestRoutes } from "./routes/requests.ts";

/** Seconds for which a browser may remember what it may send. */
const PREFLIGHT_MAX_AGE = 600;

/**
 * Makes the app of a gateway.
 *
 * @example
 * ```ts
 * import { createApp } from "./app.ts";
 * import { Gateway } from "./gateway.ts";
 * import { noLog } from "./log.ts";
 * import { parseServeOptions } from "./options.ts";
 * const gateway = new Gateway(parseServeOptions({}), null, noLog);
 * const response = await createApp(gateway).request("/healthz");
 * response.status; // 200
 * await gateway.close();
 * ```
 */
export function createApp(gateway: Gateway): GatewayApp {
  const app: GatewayApp = new OpenAPIHono<GatewayEnv>();
  app.onError((error) => errorResponse(gateway, error));
  app.notFound(() => new Problem(404, "There is nothing here").toResponse());
  addMiddleware(app, gateway);
  addHealthRoutes(app, gateway);
  addDescriptionRoutes(app, gateway);
  addDeviceRoutes(app, gateway);
  addRequestRoutes(app, gateway);
  addCryptoRoutes(app, gateway);
  addMethodGuards(app);
  return app;
}

/** Every error as a problem; what is ours is logged and not told. */
export function errorResponse(gateway: Pick<Gateway, "log">, error: unknown): Response {
  if (error instanceof Problem) return error.toResponse();
  gateway.log("error", "call failed", { error: errorStack(error) });
  return new Problem(500, "The gateway failed; the fault has been logged").toResponse();
}

function addMiddleware(app: GatewayApp, gateway: Gateway): void {
  const { access, options } = gateway;
  app.use("*", async (c, next) => {
    if (c.env?.forwardedFor === undefined) checkSite(access, accessRequest(c));
    await next();
    // Answers hold plaintext and digests: no cache may keep them, no browser may guess at them.
    c.res.headers.set("Cache-Control", "no-store");
    c.res.headers.set("X-Content-Type-Options", "nosniff");
  });
  if (options.origins.length > 0) {
    app.use("*", cors({ origin: options.origins, maxAge: PREFLIGHT_MAX_AGE }));
  }
  app.use("*", async (c, next) => {
    c.set("owner", c.env?.forwardedFor ?? authenticate(access, accessRequest(c)));
    await next();
  });
  app.use("/v1/devices/:id/*", forwardToOwner(gateway.place.peers));
}

function accessRequest(c: GatewayContext): AccessRequest {
  return {
    path: c.req.path,
    host: c.req.header("host") ?? new URL(c.req.url).host,
    origin: c.req.header("origin"),
    authorization: c.req.header("authorization"),
  };
}
