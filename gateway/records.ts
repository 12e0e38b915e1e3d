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
  /** The message. */
  readonly bytes: Uint8Array;
  /** View on the message. */
  readonly view: DataView;
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
    this.bytes = message;
    this.view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  }

  /** Where the next record starts in the message. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes not walked over yet. */
  get remaining(): number {
    return this.bytes.length - this.#offset;
  }

  /** The current record's payload, a view on the message. */
  get payload(): Uint8Array {
    return this.piece(this.payloadOffset, this.payloadLen);
  }

  /** Part of the message. */
  piece(start: number, len: number): Uint8Array {
    const { buffer, byteOffset } = this.bytes;
    return new Uint8Array(buffer, byteOffset + start, len);
  }

  /** Moves to the next record. False at the end, and where the bytes stop being records. */
  next(): boolean {
    const at = this.#offset;
    const remaining = this.bytes.length - at;
    if (remaining === 0 || this.malformed) return false;
    if (remaining < HEADER_SIZE) return this.#fail();
    const size = this.view.getUint32(at, true);
    if (size < HEADER_SIZE || size > remaining) return this.#fail();
    this.kind = this.view.getUint8(at + 4);
    this.flags = this.view.getUint8(at + 5);
    this.queue = this.view.getUint16(at + 6, true);
    this.id = this.view.getUint32(at + 8, true);
    this.value = this.view.getUint32(at + 12, true);
    this.payloadOffset = at + HEADER_SIZE;
    this.payloadLen = size - HEADER_SIZE;
    // The last record's padding may be absent.
    this.#offset = Math.min(at + padded(size), this.bytes.length);
    return true;
  }

  /**
   * Moves to the next record if that is a SUBMIT to `queue`, as the current one is, of at most `maxLen` bytes of
   * payload and of `value`; else nothing changes.
   */
  nextShortSubmit(queue: number, maxLen: number): boolean {
    const at = this.#offset;
    const remaining = this.bytes.length - at;
    if (remaining < HEADER_SIZE) return false;
    const { view } = this;
    // Kind, flags and queue as one word.
    if (view.getUint32(at + 4, true) !== (RecordKind.SUBMIT | queue << 16) >>> 0) return false;
    const payloadLen = view.getUint32(at, true) - HEADER_SIZE;
    const value = view.getUint32(at + 12, true);
    if (
      payloadLen < 0 || payloadLen > maxLen || payloadLen + HEADER_SIZE > remaining ||
      value > maxLen
    ) {
      return false;
    }
    this.id = view.getUint32(at + 8, true);
    this.value = value;
    this.payloadOffset = at + HEADER_SIZE;
    this.payloadLen = payloadLen;
    this.#offset = Math.min(at + HEADER_SIZE + ((payloadLen + 7) & ~7), this.bytes.length);
    return true;
  }

  /** Steps back before the current record, which next() then finds again. */
  back(): void {
    this.backTo(this.payloadOffset - HEADER_SIZE);
  }

  /** Steps back to where {@link RecordReader.offset} was. */
  backTo(offset: number): void {
    this.#offset = offset;
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

/** Memory of a message. Views are kept with it: to make the two takes 150 ns. */
interface MessageMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
}

// Bytes of memory that a message begins with at most, and that are kept for later messages.
const MAX_FIRST_LEN = 256 * 1024;
const MAX_SPARES_LEN = 512 * 1024;

/** Writes records one after the other into a message that grows as needed. */
export class RecordWriter {
  readonly #headroom: number;
  #memory: MessageMemory;
  // That of the message taken last, unless it is long, which mostly comes back first.
  #taken: MessageMemory | null = null;
  // Where the next record starts in #memory.
  #end: number;
  // Memory of messages that have been sent. To allocate 64 KiB anew takes 10 us, pages that are touched the
  // first time included.
  readonly #spares: MessageMemory[] = [];
  #sparesLen = 0;
  // That of a longer one, kept while one long message follows the other: 16 MiB of fresh pages take 50 ms.
  #longSpare: MessageMemory | null = null;
  /** Records since the last {@link RecordWriter.take}. */
  numRecords = 0;

  /**
   * @param capacity bytes of the first message's memory
   * @param headroom bytes in front of a message that are free in its buffer, for a header of whoever sends
   *   it; a multiple of 8
   */
  constructor(capacity = 4096, headroom = 0) {
    this.#headroom = headroom;
    this.#end = headroom;
    this.#memory = newMemory(headroom + capacity);
  }

  /** Memory of the message; records grow into it, which may replace it. */
  get bytes(): Uint8Array {
    return this.#memory.bytes;
  }

  /** View on that memory. */
  get view(): DataView {
    return this.#memory.view;
  }

  /** Part of that memory. */
  piece(start: number, len: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.bytes.buffer, start, len);
  }

  /** Bytes written since the last {@link RecordWriter.take}. */
  get length(): number {
    return this.#end - this.#headroom;
  }

  /**
   * Writes a record's header and makes room for its payload.
   *
   * @returns the payload, zeros, to be filled before the next record is written
   */
  header(kind: number, queue: number, id: number, value: number, payloadLen: number): Uint8Array {
    return this.piece(this.begin(kind, queue, id, value, payloadLen), payloadLen).fill(0);
  }

  /** Writes a record with its payload. */
  record(kind: number, queue: number, id: number, value: number, payload: Uint8Array): void {
    this.header(kind, queue, id, value, payload.length).set(payload);
  }

  /**
   * Writes a record's header and makes room for its payload.
   *
   * @returns where the payload starts in {@link RecordWriter.bytes}; it is to be filled to its last byte
   */
  begin(kind: number, queue: number, id: number, value: number, payloadLen: number): number {
    const size = HEADER_SIZE + payloadLen;
    const at = this.#end;
    const end = at + padded(size);
    if (end > this.#memory.bytes.length) this.#grow(end);
    const { view } = this.#memory;
    view.setUint32(at, size, true);
    // Kind, flags, which are 0, and queue.
    view.setUint32(at + 4, kind | queue << 16, true);
    view.setUint32(at + 8, id, true);
    view.setUint32(at + 12, value, true);
    this.#end = end;
    // The padding, and what in front of it is still to be filled.
    if (at + size < end) view.setFloat64(end - 8, 0);
    this.numRecords++;
    return at + HEADER_SIZE;
  }

  /** The message so far, the caller's from now on; the writer starts anew. */
  take(): Uint8Array<ArrayBuffer> {
    const headroom = this.#headroom;
    const message = this.piece(headroom, this.#end - headroom);
    if (message.length <= MAX_SPARES_LEN) this.#longSpare = null;
    this.#taken = this.#memory.bytes.length <= MAX_SPARES_LEN ? this.#memory : null;
    // The next message gets memory of its own: this one may still wait in a socket's queue.
    this.#memory = this.#spares.pop() ?? newMemory(headroom + this.#nextLen());
    this.#sparesLen -= Math.min(this.#sparesLen, this.#memory.bytes.length);
    this.#end = headroom;
    this.numRecords = 0;
    return message;
  }

  /** Takes the memory of a message back that nobody uses any more: a later one gets it. */
  recycle(message: Uint8Array<ArrayBuffer>): void {
    const { buffer } = message;
    const taken = this.#taken;
    const memory = taken !== null && taken.bytes.buffer === buffer ? taken : memoryOf(buffer);
    this.#taken = null;
    const { length } = memory.bytes;
    if (length > MAX_SPARES_LEN) {
      if (length > (this.#longSpare?.bytes.length ?? 0)) this.#longSpare = memory;
      return;
    }
    if (this.#sparesLen + length > MAX_SPARES_LEN) return;
    this.#spares.push(memory);
    this.#sparesLen += length;
  }

  /** Lets go of memory kept for later messages. */
  release(): void {
    this.#spares.length = 0;
    this.#sparesLen = 0;
    this.#longSpare = null;
    this.#taken = null;
  }

  #takeLong(needed: number): MessageMemory | null {
    const spare = this.#longSpare;
    if (spare === null || needed <= MAX_SPARES_LEN || needed > spare.bytes.length) return null;
    this.#longSpare = null;
    return spare;
  }

  // Bytes that the next message may well have, going by the last.
  #nextLen(): number {
    return Math.min(Math.max(4096, padded(this.#end)), MAX_FIRST_LEN);
  }

  #grow(needed: number): void {
    const { bytes } = this.#memory;
    const memory = this.#takeLong(needed) ?? newMemory(Math.max(needed, bytes.length * 2));
    memory.bytes.set(bytes.subarray(0, this.#end));
    this.#memory = memory;
  }
}

function newMemory(len: number): MessageMemory {
  return memoryOf(new ArrayBuffer(len));
}

function memoryOf(buffer: ArrayBuffer): MessageMemory {
  return { bytes: new Uint8Array(buffer), view: new DataView(buffer) };
}
