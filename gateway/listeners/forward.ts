/**
 * Hands calls for devices of other listeners on to those.
 *
 * @module
 */

import type { MiddlewareHandler } from "hono";
import { noSuchDevice } from "../problem.ts";
import type { GatewayContext, GatewayEnv } from "../route.ts";
import type { ForwardedCall } from "./call_messages.ts";
import { PeerGoneError } from "./caller.ts";
import type { Peers } from "./peers.ts";

/**
 * Longest body in bytes that goes along with its call. A longer one waits for the device's turn where it
 * came in.
 */
const SMALL_BODY = 16 * 1024;
/** Headers that the handlers look at behind the checks of access. */
const HEADERS = ["content-type", "content-length"];

/** Answers a call where its device is; the checks of access come before. */
export function forwardToOwner(peers: Peers): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const owner = peers.ownerOf(c.req.param("id") ?? "");
    if (owner === null) {
      await next();
      return;
    }
    if (owner === undefined) throw noSuchDevice();
    try {
      return await owner.call(callOf(c), c.req.raw.body, c.env?.ownsBody === true);
    } catch (error) {
      throw error instanceof PeerGoneError ? noSuchDevice() : error;
    }
  };
}

function callOf(c: GatewayContext): ForwardedCall {
  const { pathname, search } = new URL(c.req.url);
  const headers = HEADERS.flatMap((name): [string, string][] => {
    const value = c.req.header(name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    method: c.req.method,
    path: pathname + search,
    owner: c.get("owner"),
    headers,
    hasBody: c.req.raw.body !== null,
    isSmall: Number(c.req.header("content-length") ?? NaN) <= SMALL_BODY,
  };
}
