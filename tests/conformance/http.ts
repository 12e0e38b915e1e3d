/** HTTP calls to the gateway, and a device driven over them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type Bytes, EMPTY, utf8 } from "./bytes.ts";
import type { Exchange } from "./client.ts";
import { decodeMessage, encodeMessage, type Record } from "./records.ts";
import { type Head, patiently, readHead, Wire } from "./socket.ts";

/** Content type of records. */
export const RECORDS_TYPE = "application/vnd.virtio-crypto";
/** Content type of a raw request. */
export const OCTETS_TYPE = "application/octet-stream";

/** An answer read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Bytes;
}

/** A call; `body` goes with `type` as its content type, when there is one. */
export interface Call {
  readonly method?: string;
  readonly body?: Bytes | string;
  readonly type?: string;
  readonly headers?: Readonly<{ [name: string]: string }>;
}

/** Calls `path` and reads the answer. */
export async function call(url: string, path: string, options: Call = {}): Promise<Answer> {
  const headers = new Headers(options.headers);
  if (options.type !== undefined) headers.set("content-type", options.type);
  const body = typeof options.body === "string" ? utf8(options.body) : options.body;
  const method = options.method ?? (body === undefined ? "GET" : "POST");
  const run = async () => {
    const response = await fetch(url + path, { method, headers, body, redirect: "manual" });
    return {
      status: response.status,
      headers: response.headers,
      bytes: new Uint8Array(await response.arrayBuffer()),
    };
  };
  return await patiently(run(), `${method} ${path}`);
}

/** Posts JSON. */
export function postJson(url: string, path: string, value: unknown, headers = {}): Promise<Answer> {
  return call(url, path, { body: JSON.stringify(value), type: "application/json", headers });
}

/** Sends a request whose head is written by hand, for headers `fetch` does not send. */
export async function rawCall(
  url: string,
  head: readonly string[],
  body: Bytes = EMPTY,
): Promise<Head> {
  const wire = await Wire.connect(url);
  try {
    await wire.write(utf8(head.join("\r\n") + "\r\n\r\n"));
    await wire.write(body);
    return await patiently(readHead(wire), head[0], () => wire.close());
  } finally {
    wire.close();
  }
}

/** The JSON object of an answer. Throws an AssertionError when it is none. */
export function objectOf(answer: Answer): { readonly [name: string]: unknown } {
  const value: unknown = JSON.parse(new TextDecoder().decode(answer.bytes));
  assert.ok(typeof value === "object" && value !== null, `JSON object: ${JSON.stringify(value)}`);
  return value as { readonly [name: string]: unknown };
}

/** Holds that an answer is a problem of RFC 9457 with this status. */
export function assertProblem(answer: Answer, status: number, message = ""): void {
  const text = new TextDecoder().decode(answer.bytes);
  assert.equal(answer.status, status, `${message} ${text}`);
  const type = answer.headers.get("content-type") ?? "";
  assert.match(type, /^application\/problem\+json\b/, `content type ${message}`);
  const problem = objectOf(answer);
  assert.equal(typeof problem.title, "string", `title ${text}`);
  assert.equal(problem.status, status, `status member ${text}`);
  if ("type" in problem) assert.equal(typeof problem.type, "string", `type ${text}`);
  if ("detail" in problem) assert.equal(typeof problem.detail, "string", `detail ${text}`);
}

/** Makes a device past DRIVER_OK and gives its id. */
export async function makeDevice(
  url: string,
  features: readonly string[],
  headers: Call["headers"] = {},
): Promise<string> {
  const answer = await postJson(url, "/v1/devices", { features }, headers);
  assert.equal(answer.status, 201, new TextDecoder().decode(answer.bytes));
  const { id } = objectOf(answer);
  assert.ok(typeof id === "string" && id.length > 0, `id of the device: ${id}`);
  return id;
}

/** An exchange of records with a device over POST. */
export function httpExchange(url: string, id: string, headers: Call["headers"] = {}): Exchange {
  return async (records) => {
    const numbered = records.map((record, index) => ({ ...record, id: record.id ?? index + 1 }));
    const body = encodeMessage(numbered);
    const answer = await call(url, `/v1/devices/${id}/records`, {
      body,
      type: RECORDS_TYPE,
      headers,
    });
    assert.equal(answer.status, 200, new TextDecoder().decode(answer.bytes));
    const found = new Map<number, Record>();
    for (const record of decodeMessage(answer.bytes)) found.set(record.id, record);
    return numbered.map(({ id }) => {
      const record = found.get(id);
      if (record === undefined) throw new Error(`No answer to record ${id}`);
      return record;
    });
  };
}

/** Base64 of bytes. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
