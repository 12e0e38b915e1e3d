/**
 * What a session was created from, as engines of other threads need it to open it again.
 *
 * @module
 */

import { MemoryBytes } from "../memory/memory_bytes.ts";
import { SegmentList } from "../memory/segment_list.ts";
import type { Request } from "../services/request.ts";
import type { Service } from "../wire/constants.ts";

// The service and the body's length; the body and the keys stand behind.
const HEADER_LEN = 2;

/** The record of a session that `request` has just created, keys included. */
export function recordOf(service: Service, request: Request): Uint8Array<ArrayBuffer> {
  const { readable, fixed, body, variable, keysLen } = request;
  const bodySize = variable - body;
  const record = new Uint8Array(HEADER_LEN + bodySize + keysLen);
  record[0] = service;
  record[1] = bodySize;
  record.set(fixed.bytes.subarray(body, variable), HEADER_LEN);
  readable.copyTo(variable, new MemoryBytes(record), HEADER_LEN + bodySize, keysLen);
  return record;
}

/** Makes `request` the creation that `record` was made of, and returns its service. */
export function restore(record: Uint8Array, request: Request): Service {
  const bodySize = record[1];
  request.fixed.bytes.set(record.subarray(HEADER_LEN, HEADER_LEN + bodySize));
  request.body = 0;
  request.variable = HEADER_LEN + bodySize;
  request.readable = SegmentList.of(record);
  return record[0] as Service;
}
