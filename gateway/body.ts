/**
 * Bodies of HTTP requests, read under a limit.
 *
 * @module
 */

import type { z } from "zod";
import { checkJsonShape } from "./json_shape.ts";
import { Problem } from "./problem.ts";
import type { GatewayContext } from "./route.ts";
import { freeWhole } from "./websocket/frame_format.ts";

/** Milliseconds for which the rest of a body is read after an early answer. */
const DRAIN_MS = 500;
/** First allocation for a body of unknown length, in bytes. */
const FIRST_SIZE = 4096;

/**
 * Checks the media type of a body. A web page can send some types to anywhere without asking; none
 * of those is taken here.
 *
 * @throws Problem 415
 */
export function requireMediaType(c: GatewayContext, mediaType: string): void {
  const given = (c.req.header("content-type") ?? "").split(";", 1)[0].trim().toLowerCase();
  if (given === mediaType) return;
  throw new Problem(415, `Want Content-Type ${mediaType}`, { "Accept-Post": mediaType });
}

/**
 * Reads a whole body. Memory grows with the bytes that come, not with the length declared, and the
 * limit is kept while reading.
 *
 * @param maxLen most bytes to take
 * @throws Problem 413 over the limit, 400 when the body breaks off
 */
export async function readBody(
  c: GatewayContext,
  maxLen: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(c.req.header("content-length") ?? NaN);
  if (declared > maxLen) throw tooLarge(maxLen);
  const { body } = c.req.raw;
  if (body === null) return new Uint8Array(0);
  const target = Number.isSafeInteger(declared) ? declared : maxLen;
  let bytes = new Uint8Array(Math.min(target, FIRST_SIZE));
  let length = 0;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await readChunk(reader);
      if (done) return bytes.subarray(0, length);
      const end = length + value.length;
      if (end > maxLen) throw tooLarge(maxLen);
      if (end > bytes.length) bytes = grow(bytes, length, end, Math.max(end, target));
      bytes.set(value, length);
      length = end;
      if (c.env?.ownsBody === true) freeWhole(value);
    }
  } finally {
    reader.releaseLock();
  }
}

/**
 * Reads and drops what is left of a body after its call has been answered early: a client that
 * still sends would otherwise be reset and might never see the answer.
 *
 * @param request its body is nobody else's: chunks are freed
 */
export async function drainBody(request: Request): Promise<void> {
  if (request.body === null || request.body.locked) return;
  const reader = request.body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), DRAIN_MS);
  });
  try {
    for (;;) {
      const read = await Promise.race([reader.read(), timeout]);
      if (read === null || read.done) return;
      freeWhole(read.value);
    }
  } catch {
    // The client has gone; there is nobody to wait for.
  } finally {
    clearTimeout(timer);
  }
}

async function readChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch {
    throw new Problem(400, "The body broke off");
  }
}

/** Grows in quarters of the final size, so that old and new memory are at most 1.25 times it. */
function grow(
  bytes: Uint8Array,
  length: number,
  needed: number,
  target: number,
): Uint8Array<ArrayBuffer> {
  let size = target;
  while (size > FIRST_SIZE && Math.ceil(size / 4) >= needed) size = Math.ceil(size / 4);
  const grown = new Uint8Array(size);
  grown.set(bytes.subarray(0, length));
  return grown;
}

function tooLarge(maxLen: number): Problem {
  return new Problem(413, `The body is over ${maxLen} bytes`);
}

/**
 * Reads a JSON body.
 *
 * @throws Problem 415, 413, or 400 naming the first field that is wrong
 */
export async function readJson<Schema extends z.ZodType>(
  c: GatewayContext,
  schema: Schema,
  maxLen: number,
): Promise<z.output<Schema>> {
  requireMediaType(c, "application/json");
  const bytes = await readBody(c, maxLen);
  checkJsonShape(bytes);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Problem(400, "The body is not JSON");
  }
  return check(json, schema, "");
}

/**
 * Checks what a client sent against a schema.
 *
 * @param where what `value` is, in front of a field's name in the message
 * @throws Problem 400 naming the first field that is wrong
 */
export function check<Schema extends z.ZodType>(
  value: unknown,
  schema: Schema,
  where: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = [where, ...issue.path.map(String)].filter((part) => part !== "").join(".");
  throw new Problem(400, name === "" ? issue.message : `${name}: ${issue.message}`);
}
