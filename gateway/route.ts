/**
 * How routes are added: each with its description in `/openapi.json`, and 405 for the methods that
 * a path does not have.
 *
 * Bodies are read and checked by the handlers themselves, under the gateway's limits.
 *
 * @module
 */

import { createRoute, type OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { Problem, PROBLEM_MEDIA_TYPE, PROBLEM_TITLES, type ProblemStatus } from "./problem.ts";

/** What the server and middleware leave for the handlers. */
export interface GatewayEnv {
  Bindings: {
    /** The chunks of the body are nobody else's: their memory may be freed once they are read. */
    ownsBody?: boolean;
    /**
     * Name of the token of a call that another listener has let in and handed on. Only the port between two
     * listeners sets it: nothing that a client sends ends up here.
     */
    forwardedFor?: string;
  };
  Variables: {
    /** Name of the token that made the call. */
    owner: string;
  };
}
/** The app's type. */
export type GatewayApp = OpenAPIHono<GatewayEnv>;
/** What a handler gets. */
export type GatewayContext = Context<GatewayEnv>;

/** A description of a binary body. */
export const binarySchema = z.any().openapi({ type: "string", format: "binary" });

const problemSchema = z.object({
  type: z.literal("about:blank"),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
}).openapi("Problem");

/** Descriptions of errors, for a route's `responses`. */
export function problems(...statuses: ProblemStatus[]): RouteConfig["responses"] {
  const responses: RouteConfig["responses"] = {};
  for (const status of [401, 403, ...statuses] as const) {
    responses[status] = {
      description: PROBLEM_TITLES[status],
      content: { [PROBLEM_MEDIA_TYPE]: { schema: problemSchema } },
    };
  }
  return responses;
}

/** Adds a route with its description. */
export function addRoute(
  app: GatewayApp,
  config: RouteConfig & { readonly method: "get" | "post" | "delete" },
  handler: (c: GatewayContext) => Response | Promise<Response>,
): void {
  const route = createRoute(config);
  app.openAPIRegistry.registerPath(route);
  app.on(config.method.toUpperCase(), route.getRoutingPath(), handler);
}

/** Answers 405 on every path that has routes, for the methods it does not have. To be added last. */
export function addMethodGuards(app: GatewayApp): void {
  const methodsOf = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (path.includes("*")) continue;
    const methods = methodsOf.get(path) ?? new Set();
    methods.add(method);
    if (method === "GET") methods.add("HEAD");
    methodsOf.set(path, methods);
  }
  for (const [path, methods] of methodsOf) {
    const allow = [...methods].sort().join(", ");
    const refuse: MiddlewareHandler = (c) => {
      throw new Problem(405, `${c.req.method} is not possible here`, { Allow: allow });
    };
    app.all(path, refuse);
  }
}
