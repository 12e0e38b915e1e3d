/**
 * Messages being written and messages waiting to be sent.
 *
 * Requests are written straight into the message that will carry them; many make one message.
 *
 * @module
 */

import { HEADER_SIZE, padded } from "../records.ts";

/** Most records put into one message: an eighth of what the gateway takes unanswered. */
const MAX_RECORDS = 512;
/** A message that has reached this many bytes is closed; one record may be longer. */
const MAX_BYTES = 512 * 1024;
/** First size of a message's memory. */
const MIN_CAPACITY = 4096;

/** A message ready to be sent. */
export interface OutgoingMessage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly numRecords: number;
  /** Payload and device-writable bytes of all its records: what the gateway counts. */
  readonly cost: number;
}

/** Writes records into messages of bounded size and keeps them until they are sent. */
export class Outbox {
  /** Memory of the message being written: a record's payload goes where `begin` says. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(MIN_CAPACITY);
  /** A view on `bytes`. */
  view: DataView = new DataView(this.bytes.buffer);
  #length = 0;
  #numRecords = 0;
  #cost = 0;
  #recordLen = 0;
  #recordCost = 0;
  #capacity = MIN_CAPACITY;
  readonly #ready: OutgoingMessage[] = [];

  /** Whether nothing waits to be sent. */
  get isEmpty(): boolean {
    return this.#ready.length === 0 && this.#numRecords === 0;
  }

  /**
   * Writes a record's header. `commit` makes the record part of the message; until then another
   * `begin` overwrites it.
   *
   * @returns where in `bytes` its `payloadLen` bytes go; they are zero
   */
  begin(kind: number, queue: number, id: number, value: number, payloadLen: number): number {
    const size = HEADER_SIZE + payloadLen;
    this.#reserve(padded(size));
    const at = this.#length;
    const view = this.view;
    view.setUint32(at, size, true);
    view.setUint8(at + 4, kind);
    view.setUint16(at + 6, queue, true);
    view.setUint32(at + 8, id, true);
    view.setUint32(at + 12, value, true);
    this.#recordLen = padded(size);
    this.#recordCost = payloadLen;
    return at + HEADER_SIZE;
  }

  /** Makes the record begun part of the message. `writableLen`: what its answer may need. */
  commit(writableLen: number): void {
    this.#length += this.#recordLen;
    this.#cost += this.#recordCost + writableLen;
    this.#numRecords++;
    if (this.#numRecords >= MAX_RECORDS || this.#length >= MAX_BYTES) this.#seal();
  }

  /** Forgets the record begun, and what has been written of it. */
  rollback(): void {
    this.bytes.fill(0, this.#length, this.#length + this.#recordLen);
  }

  /** The message to be sent next; undefined when there is none. It stays until `shift`. */
  peek(): OutgoingMessage | undefined {
    if (this.#ready.length === 0 && this.#numRecords > 0) this.#seal();
    return this.#ready[0];
  }

  /** Removes what `peek` returned. */
  shift(): void {
    this.#ready.shift();
  }

  /** Removes and returns all that has not been sent. */
  clear(): OutgoingMessage[] {
    if (this.#numRecords > 0) this.#seal();
    return this.#ready.splice(0);
  }

  #seal(): void {
    this.#ready.push({
      bytes: this.bytes.subarray(0, this.#length),
      numRecords: this.#numRecords,
      cost: this.#cost,
    });
    // The next message is likely to be as long as this one; its memory is its own, since this one
    // may wait in a socket's queue.
    this.#capacity = Math.min(Math.max(MIN_CAPACITY, this.#length), MAX_BYTES);
    this.bytes = new Uint8Array(0);
    this.#length = 0;
    this.#numRecords = 0;
    this.#cost = 0;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#capacity, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.#length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}
