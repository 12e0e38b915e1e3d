/**
 * The records that carry a device over a network (PROTOCOL.md, "Records").
 *
 * A message is a row of records, each starting on a multiple of 8. This module cuts messages into
 * records and writes records into messages; it is used by the gateway and by the client, and
 * imports nothing, so that it runs in a browser.
 *
 * @module
 */

/** `kind` of a record. The client sends those below 128, the gateway those above. */
export const RecordKind = {
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
export const RefusedReason = {
  MALFORMED: 1,
  NO_REGISTER: 2,
  NO_QUEUE: 3,
  NOT_DRIVER_OK: 4,
  OVER_LIMIT: 5,
} as const;
/** One of {@link RefusedReason}. */
export type RefusedReason = (typeof RefusedReason)[keyof typeof RefusedReason];

/** The subprotocol a WebSocket client offers and the gateway echoes. */
export const SUBPROTOCOL = "virtio-crypto.v1";
/** Media type of a message sent over HTTP. */
export const RECORDS_MEDIA_TYPE = "application/vnd.virtio-crypto";

/** Bytes of a record's header. */
export const HEADER_SIZE = 16;
/** Every record starts on a multiple of this many bytes. */
export const ALIGNMENT = 8;

/** `size` rounded up to the next record's start. */
export function padded(size: number): number {
  // Not a bit operation: sizes reach 2^32.
  return size + (ALIGNMENT - (size % ALIGNMENT)) % ALIGNMENT;
}

/**
 * Walks the records of one message without copying them.
 *
 * The fields describe the current record after {@link RecordReader.next} returned true.
 *
 * @example
 * ```ts
 * import { RecordReader, RecordWriter, RecordKind } from "./records.ts";
 * const writer = new RecordWriter();
 * writer.header(RecordKind.WRITE_OK, 0, 7, 0x70, 0);
 * const reader = new RecordReader(writer.take());
 * while (reader.next()) reader.id; // 7
 * reader.malformed; // false
 * ```
 */
export class RecordReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;
  /** Set when the bytes from here on cannot be cut into records. */
  malformed = false;
  kind = 0;
  flags = 0;
  queue = 0;
  id = 0;
  value = 0;
  /** Where the payload starts in the message. */
  payloadOffset = 0;
  /** Bytes of payload. */
  payloadLen = 0;

  constructor(message: Uint8Array) {
    this.#bytes = message;
    this.#view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  }

  /** Bytes not walked over yet. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** The current record's payload, a view on the message. */
  get payload(): Uint8Array {
    return this.#bytes.subarray(this.payloadOffset, this.payloadOffset + this.payloadLen);
  }

  /** Moves to the next record. False at the end, and where the bytes stop being records. */
  next(): boolean {
    const at = this.#offset;
    const remaining = this.#bytes.length - at;
    if (remaining === 0 || this.malformed) return false;
    if (remaining < HEADER_SIZE) return this.#fail();
    const size = this.#view.getUint32(at, true);
    if (size < HEADER_SIZE || size > remaining) return this.#fail();
    this.kind = this.#view.getUint8(at + 4);
    this.flags = this.#view.getUint8(at + 5);
    this.queue = this.#view.getUint16(at + 6, true);
    this.id = this.#view.getUint32(at + 8, true);
    this.value = this.#view.getUint32(at + 12, true);
    this.payloadOffset = at + HEADER_SIZE;
    this.payloadLen = size - HEADER_SIZE;
    // The last record's padding may be absent.
    this.#offset = Math.min(at + padded(size), this.#bytes.length);
    return true;
  }

  /** Steps back before the current record, which next() then finds again. */
  back(): void {
    this.#offset = this.payloadOffset - HEADER_SIZE;
  }

  #fail(): false {
    this.malformed = true;
    return false;
  }
}

/** Whether a whole message can be cut into records. */
export function isWellFormed(message: Uint8Array): boolean {
  const reader = new RecordReader(message);
  while (reader.next());
  return !reader.malformed;
}

/** Writes records one after the other into a message that grows as needed. */
export class RecordWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;
  /** Records since the last {@link RecordWriter.take}. */
  numRecords = 0;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written since the last {@link RecordWriter.take}. */
  get length(): number {
    return this.#length;
  }

  /**
   * Writes a record's header and makes room for its payload.
   *
   * @returns the payload, zeros, to be filled before the next record is written
   */
  header(kind: number, queue: number, id: number, value: number, payloadLen: number): Uint8Array {
    const size = HEADER_SIZE + payloadLen;
    const at = this.#length;
    this.#reserve(padded(size));
    const view = this.#view;
    view.setUint32(at, size, true);
    view.setUint8(at + 4, kind);
    view.setUint8(at + 5, 0);
    view.setUint16(at + 6, queue, true);
    view.setUint32(at + 8, id, true);
    view.setUint32(at + 12, value, true);
    this.#length = at + padded(size);
    this.numRecords++;
    return this.#bytes.subarray(at + HEADER_SIZE, at + size);
  }

  /** Writes a record with its payload. */
  record(kind: number, queue: number, id: number, value: number, payload: Uint8Array): void {
    this.header(kind, queue, id, value, payload.length).set(payload);
  }

  /** The message so far, the caller's from now on; the writer starts anew. */
  take(): Uint8Array<ArrayBuffer> {
    const message = this.#bytes.subarray(0, this.#length);
    // The next message gets memory of its own: this one may still wait in a socket's queue.
    this.#bytes = new Uint8Array(Math.min(Math.max(4096, padded(this.#length)), 256 * 1024));
    this.#view = new DataView(this.#bytes.buffer);
    this.#length = 0;
    this.numRecords = 0;
    return message;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
