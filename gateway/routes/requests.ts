/**
 * One stateless data request in the bytes of the wire.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { check, readBody, requireMediaType } from "../body.ts";
import { RefusedError } from "../client/errors.ts";
import type { Gateway } from "../gateway.ts";
import { Problem } from "../problem.ts";
import { RefusedReason } from "../records.ts";
import { addRoute, binarySchema, type GatewayApp, problems } from "../route.ts";

/** Media type of the device-readable bytes and of what the device wrote. */
const BYTES = "application/octet-stream";
/** Room for the fixed parts of a request besides `maxSize` (PROTOCOL.md, "SUBMIT"). */
const MAX_FIXED_LEN = 4096;

const querySchema = z.object({
  writable: z.string().regex(/^\d{1,10}$/, "Want a number of bytes").transform(Number)
    .openapi({ description: "Bytes the device may write, the status byte among them" }),
});

/** Adds `POST /v1/requests`. */
export function addRequestRoutes(app: GatewayApp, gateway: Gateway): void {
  const maxLen = gateway.options.maxSize + MAX_FIXED_LEN;
  addRoute(app, {
    method: "post",
    path: "/v1/requests",
    summary: "One stateless data request",
    request: { query: querySchema, body: { content: { [BYTES]: { schema: binarySchema } } } },
    responses: {
      200: {
        description: "What the device wrote: result bytes, then the status byte",
        content: { [BYTES]: { schema: binarySchema } },
      },
      ...problems(400, 413, 415),
    },
  }, async (c) => {
    requireMediaType(c, BYTES);
    const { writable } = check(c.req.query(), querySchema, "");
    if (writable > maxLen) throw tooLarge(maxLen);
    const readable = await readBody(c, maxLen - writable);
    const device = await gateway.stateless();
    try {
      const { bytes } = await device.submit(0, readable, writable);
      return c.body(new Uint8Array(bytes), 200, { "Content-Type": BYTES });
    } catch (error) {
      const isOver = error instanceof RefusedError && error.reason === RefusedReason.OVER_LIMIT;
      throw isOver ? tooLarge(maxLen) : error;
    }
  });
}

function tooLarge(maxLen: number): Problem {
  return new Problem(413, `The request and what may be written are over ${maxLen} bytes together`);
}
