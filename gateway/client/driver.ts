/**
 * The driver's table of unanswered records, and the flow of messages both ways.
 *
 * @module
 */

import { RecordKind, RecordReader, RefusedReason } from "../records.ts";
import type { RequestFormat, WireLayout, WireMode } from "../../device/wire/requests.ts";
import {
  type Answer,
  type CallOptions,
  type ReadResult,
  RegisterAnswer,
  RequestAnswer,
  type Usage,
} from "./answers.ts";
import { ConnectionError, NeedsResetError, RefusedError } from "./errors.ts";
import { Outbox, type OutgoingMessage } from "./outbox.ts";
import type { Transport } from "./transport.ts";

/** Most records unanswered ("Records": 4,096 and the gateway stops reading). */
const MAX_RECORDS = 4096;
/** Records kept free for registers, so that a device whose requests hang can still be reset. */
const REGISTER_RECORDS = 512;
/** Most bytes of payload and answers unanswered. */
const MAX_BYTES = 64 * 1024 * 1024;

/** What the driver tells its owner of. */
export interface DriverEvents {
  /** The configuration changed or the device is broken. */
  onInterrupt(): void;
  /** The gateway is draining and will close in so many seconds. */
  onGoAway(secondsLeft: number): void;
  /** Nothing will be answered any more. */
  onClose(error: Error | undefined): void;
}

/** Sends records, matches answers to them, and bounds what is unanswered. */
export class Driver {
  readonly #transport: Transport;
  readonly #events: DriverEvents;
  readonly #outbox = new Outbox();
  /** By id. Ids of answered records are used again, those of aborted ones not before their answer. */
  readonly #answers: (Answer | undefined)[] = [];
  readonly #freeIds: number[] = [];
  #numInFlight = 0;
  #bytesInFlight = 0;
  #isScheduled = false;
  #isFlushing = false;
  /** Why requests are rejected at once: the connection's end, or a broken device. */
  #refusal: Error | undefined;
  #isClosed = false;
  /** Form of requests: decided by the features negotiated. */
  mode: WireMode;

  constructor(transport: Transport, layout: WireLayout, events: DriverEvents) {
    this.#transport = transport;
    this.#events = events;
    this.mode = { mux: false, layout };
    transport.start({
      onMessage: (message) => this.#onMessage(message),
      onClose: (error) => this.#onClose(error),
    });
  }

  /** Puts a request on a queue. `usage` counts it as long as it is unanswered. */
  request<Options, Result>(
    queue: number,
    format: RequestFormat<Options>,
    options: Options,
    read: ReadResult<Options, Result>,
    call?: CallOptions,
    usage?: Usage,
  ): Promise<Result> {
    const signal = call?.signal;
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const id = this.#put(queue, format, options);
      const writableLen = format.writableLen(options);
      const cost = format.readableLen(options, this.mode) + writableLen;
      const kind = RecordKind.COMPLETE;
      this.#answers[id] = new RequestAnswer(
        kind,
        cost,
        writableLen,
        resolve,
        reject,
        signal,
        read,
        options,
        usage,
      );
      this.#schedule();
    });
  }

  /**
   * Puts a request on a queue whose answer goes to an object of the caller's: nothing is made for it
   * here. The object may be posted again once it has been told, which it is at once when requests are
   * refused.
   *
   * @param answer of kind COMPLETE; its cost is what `format` says of `options`
   */
  post<Options>(
    queue: number,
    format: RequestFormat<Options>,
    options: Options,
    answer: Answer,
  ): void {
    if (this.#refusal !== undefined) {
      answer.reject(this.#refusal);
      return;
    }
    this.#answers[this.#put(queue, format, options)] = answer;
    this.#schedule();
  }

  /** Reads `len` bytes of registers or configuration. */
  read(offset: number, len = 4, signal?: AbortSignal): Promise<Uint8Array> {
    const wanted = new Uint8Array(4);
    new DataView(wanted.buffer).setUint32(0, len, true);
    return this.#register(RecordKind.READ, RecordKind.READ_OK, offset, wanted, len, signal);
  }

  /** Reads a register. */
  async readRegister(offset: number, signal?: AbortSignal): Promise<number> {
    const bytes = await this.read(offset, 4, signal);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  /** Writes a register. */
  writeRegister(offset: number, value: number, signal?: AbortSignal): Promise<unknown> {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    return this.#register(RecordKind.WRITE, RecordKind.WRITE_OK, offset, bytes, 0, signal);
  }

  /** Rejects every request, sent or not, and all to come until `accept`. */
  refuse(error: Error): void {
    if (this.#isClosed) return;
    this.#refusal = error;
    for (const message of this.#outbox.clear()) this.#discard(message, error);
    for (const answer of this.#answers) {
      if (answer?.kind === RecordKind.COMPLETE) answer.reject(error);
    }
  }

  /** Takes requests again, after `refuse`. */
  accept(): void {
    if (!this.#isClosed) this.#refusal = undefined;
  }

  /** Sends what waits, then ends the connection; what is unanswered is rejected. */
  async close(): Promise<void> {
    this.#flush();
    const closed = this.#transport.close();
    this.#onClose(undefined);
    await closed;
  }

  /** Writes a request into the message that will carry it. Returns the record's id. */
  #put<Options>(queue: number, format: RequestFormat<Options>, options: Options): number {
    const outbox = this.#outbox;
    const readableLen = format.readableLen(options, this.mode);
    const writableLen = format.writableLen(options);
    const id = this.#freeIds.pop() ?? this.#answers.length;
    const at = outbox.begin(RecordKind.SUBMIT, queue, id, writableLen, readableLen);
    try {
      format.write(outbox, at, options, this.mode);
    } catch (error) {
      outbox.rollback();
      if (id < this.#answers.length) this.#freeIds.push(id);
      throw error;
    }
    outbox.commit(writableLen);
    return id;
  }

  #register(
    kind: number,
    answerKind: number,
    offset: number,
    payload: Uint8Array,
    len: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    if (this.#isClosed && this.#refusal !== undefined) return Promise.reject(this.#refusal);
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const id = this.#freeIds.pop() ?? this.#answers.length;
      const at = this.#outbox.begin(kind, 0, id, offset, payload.length);
      this.#outbox.bytes.set(payload, at);
      this.#outbox.commit(len);
      const cost = payload.length + len;
      this.#answers[id] = new RegisterAnswer(answerKind, cost, len, resolve, reject, signal);
      this.#schedule();
    });
  }

  /** What is submitted until the running job and its microtasks end goes into one message. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    // A transport may answer before its `send` returns.
    if (this.#isFlushing || this.#isClosed) return;
    this.#isFlushing = true;
    while (this.#hasRoom()) {
      const message = this.#outbox.peek();
      if (message === undefined || !this.#fits(message)) break;
      this.#outbox.shift();
      this.#numInFlight += message.numRecords;
      this.#bytesInFlight += message.cost;
      this.#transport.send(message.bytes);
    }
    this.#isFlushing = false;
  }

  /** Whether a message may leave at all: while none may, the one being written goes on growing. */
  #hasRoom(): boolean {
    if (this.#outbox.isEmpty) return false;
    const max = this.#refusal === undefined ? MAX_RECORDS - REGISTER_RECORDS : MAX_RECORDS;
    return this.#numInFlight < max && this.#bytesInFlight < MAX_BYTES;
  }

  #fits(message: OutgoingMessage): boolean {
    return this.#numInFlight === 0 || this.#bytesInFlight + message.cost <= MAX_BYTES;
  }

  #onMessage(message: Uint8Array): void {
    if (this.#isClosed) return;
    // Sockets of Node.js yield Buffers, whose `slice` is no copy.
    const bytes = new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
    const reader = new RecordReader(bytes);
    while (reader.next()) {
      if (reader.kind === RecordKind.INTERRUPT) this.#events.onInterrupt();
      else if (reader.kind === RecordKind.GOAWAY) this.#events.onGoAway(reader.value);
      else if (!this.#onAnswer(reader)) return;
    }
    if (reader.malformed) this.#fail("Gateway sent a message that is not made of records");
    else this.#flush();
  }

  #onAnswer(reader: RecordReader): boolean {
    const { id, kind } = reader;
    const answer = this.#answers[id];
    const isRefusal = kind === RecordKind.REFUSED;
    if (answer === undefined || (!isRefusal && kind !== answer.kind)) {
      this.#fail(`Gateway sent an answer of kind ${kind} to record ${id}, which expects none such`);
      return false;
    }
    this.#release(id, answer);
    if (!isRefusal) answer.resolve(reader.payload, reader.value);
    else {
      // The text is for people; a stranger's megabyte of it is not.
      const text = new TextDecoder().decode(reader.payload.subarray(0, 1024));
      const isStopped = reader.value === RefusedReason.NOT_DRIVER_OK;
      answer.reject(isStopped ? new NeedsResetError(text) : new RefusedError(reader.value, text));
    }
    return true;
  }

  #release(id: number, answer: Answer): void {
    this.#answers[id] = undefined;
    this.#freeIds.push(id);
    this.#numInFlight--;
    this.#bytesInFlight -= answer.cost;
  }

  /** Rejects the records of a message that will not be sent. */
  #discard(message: OutgoingMessage, error: Error): void {
    const reader = new RecordReader(message.bytes);
    while (reader.next()) {
      const answer = this.#answers[reader.id];
      this.#answers[reader.id] = undefined;
      this.#freeIds.push(reader.id);
      answer?.reject(error);
    }
  }

  #fail(message: string): void {
    this.#onClose(new ConnectionError(message));
    // The connection is of no use any more; how its end goes is of no interest.
    this.#transport.close().catch(() => {});
  }

  #onClose(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#refusal = error ?? new ConnectionError("Connection is closed");
    this.#outbox.clear();
    for (const answer of this.#answers) answer?.reject(this.#refusal);
    this.#answers.length = 0;
    this.#events.onClose(error);
  }
}
