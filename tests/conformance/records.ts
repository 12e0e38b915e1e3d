/** The records of remote-protocol.md, "Records": cut, built and named by a client of its own. */
import { type Bytes, concat, EMPTY, fit } from "./bytes.ts";

/** Record kinds. */
export const Kind = {
  READ: 1,
  WRITE: 2,
  SUBMIT: 3,
  READ_OK: 129,
  WRITE_OK: 130,
  COMPLETE: 131,
  INTERRUPT: 132,
  GOAWAY: 133,
  REFUSED: 134,
} as const;

/** `value` of a REFUSED record. */
export const Refusal = {
  MALFORMED: 1,
  NO_REGISTER: 2,
  NO_QUEUE: 3,
  NOT_DRIVER_OK: 4,
  OVER_LIMIT: 5,
} as const;

/** One record. */
export interface Record {
  readonly kind: number;
  readonly flags: number;
  readonly queue: number;
  readonly id: number;
  readonly value: number;
  readonly payload: Bytes;
}

/** A record to send; `id` is chosen when it is sent, the rest is 0 where absent. */
export type Outgoing = Partial<Record> & { readonly kind: number };

/** The bytes of a record, without padding. */
export function encodeRecord(record: Outgoing): Bytes {
  const payload = record.payload ?? EMPTY;
  const bytes = new Uint8Array(16 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint8(4, record.kind);
  view.setUint8(5, record.flags ?? 0);
  view.setUint16(6, record.queue ?? 0, true);
  view.setUint32(8, record.id ?? 0, true);
  view.setUint32(12, record.value ?? 0, true);
  bytes.set(payload, 16);
  return bytes;
}

/** A message of these records; every one starts on a multiple of 8, the last has no padding unless `padLast`. */
export function encodeMessage(records: readonly Outgoing[], padLast = false): Bytes {
  const last = records.length - 1;
  return concat(...records.map((record, index) => {
    const bytes = encodeRecord(record);
    return index === last && !padLast ? bytes : fit(bytes, Math.ceil(bytes.length / 8) * 8);
  }));
}

/** Cuts a message from the gateway. Throws an Error naming the offset of the first wrong byte. */
export function decodeMessage(message: Uint8Array): Record[] {
  const records: Record[] = [];
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  let at = 0;
  while (at < message.length) {
    if (message.length - at < 16) throw new Error(`Record header cut short at ${at}`);
    const size = view.getUint32(at, true);
    if (size < 16 || size > message.length - at) throw new Error(`Record of size ${size} at ${at}`);
    records.push({
      kind: view.getUint8(at + 4),
      flags: view.getUint8(at + 5),
      queue: view.getUint16(at + 6, true),
      id: view.getUint32(at + 8, true),
      value: view.getUint32(at + 12, true),
      payload: message.slice(at + 16, at + size) as Bytes,
    });
    const next = at + Math.ceil(size / 8) * 8;
    if (message.subarray(at + size, next).some((byte) => byte !== 0)) {
      throw new Error(`Padding is not zero at ${at + size}`);
    }
    at = next;
  }
  return records;
}
