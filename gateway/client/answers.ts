/**
 * What the driver keeps of a record until it is answered.
 *
 * @module
 */

import { ConnectionError } from "./errors.ts";

/** Takes the result out of what the device wrote; throws what the promise is to reject with. */
export type ReadResult<Options, Result> = (written: Uint8Array, options: Options) => Result;

/** Counts the unanswered requests of a session, so that it is destroyed behind the last of them. */
export class Usage {
  #num = 0;
  #onIdle: (() => void) | undefined;

  /** One more request. */
  add(): void {
    this.#num++;
  }

  /** One request less. */
  remove(): void {
    if (--this.#num === 0) this.#onIdle?.();
  }

  /** Resolves when no request is unanswered. */
  idle(): Promise<void> {
    if (this.#num === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle = resolve);
  }
}

/** How a call can be steered. */
export interface CallOptions {
  /** Rejects the promise with the signal's reason; what the device has begun runs to its end. */
  readonly signal?: AbortSignal;
  /** Data queue to use; the driver spreads requests over all of them by default. */
  readonly queue?: number;
}

/** A record waiting for its answer. */
export abstract class Answer {
  /** Kind of record that answers this one. */
  readonly kind: number;
  /** Payload and device-writable bytes. */
  readonly cost: number;
  /** Most bytes the answer may carry. */
  readonly maxLen: number;

  constructor(kind: number, cost: number, maxLen: number) {
    this.kind = kind;
    this.cost = cost;
    this.maxLen = maxLen;
  }

  /** The answer has come. `payload` is a view on its message, `value` that of the record. */
  abstract resolve(payload: Uint8Array, value: number): void;
  /** No answer will come, or it is of no use any more. */
  abstract reject(error: unknown): void;
}

/** Settles a promise, once, and lets go of an AbortSignal. */
abstract class PromiseAnswer<Result> extends Answer {
  readonly #resolve: (result: Result) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: (() => void) | undefined;

  constructor(
    kind: number,
    cost: number,
    maxLen: number,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
    signal: AbortSignal | undefined,
  ) {
    super(kind, cost, maxLen);
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    if (signal !== undefined) {
      // The record stays in the driver's table: its id is free again only when it is answered.
      this.#onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", this.#onAbort, { once: true });
    }
  }

  protected abstract read(payload: Uint8Array, value: number): Result;

  override resolve(payload: Uint8Array, value: number): void {
    this.#letGo();
    try {
      this.#resolve(this.read(payload, value));
    } catch (error) {
      this.#reject(error);
    }
  }

  override reject(error: unknown): void {
    this.#letGo();
    this.#reject(error);
  }

  #letGo(): void {
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}

/** A SUBMIT waiting for its COMPLETE. */
export class RequestAnswer<Options, Result> extends PromiseAnswer<Result> {
  readonly #read: ReadResult<Options, Result>;
  readonly #options: Options;
  #usage: Usage | undefined;

  constructor(
    kind: number,
    cost: number,
    writableLen: number,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
    signal: AbortSignal | undefined,
    read: ReadResult<Options, Result>,
    options: Options,
    usage: Usage | undefined,
  ) {
    super(kind, cost, writableLen, resolve, reject, signal);
    this.#read = read;
    this.#options = options;
    this.#usage = usage;
    usage?.add();
  }

  protected override read(payload: Uint8Array, usedLen: number): Result {
    if (usedLen !== payload.length || usedLen > this.maxLen) {
      throw new ConnectionError(
        `Device claims ${usedLen} bytes written, sent ${payload.length}, had room for ${this.maxLen}`,
      );
    }
    return this.#read(payload, this.#options);
  }

  override resolve(payload: Uint8Array, value: number): void {
    super.resolve(payload, value);
    this.#leave();
  }

  override reject(error: unknown): void {
    super.reject(error);
    this.#leave();
  }

  #leave(): void {
    this.#usage?.remove();
    this.#usage = undefined;
  }
}

/** A READ or WRITE waiting for its READ_OK or WRITE_OK. */
export class RegisterAnswer extends PromiseAnswer<Uint8Array> {
  readonly #len: number;

  constructor(
    kind: number,
    cost: number,
    len: number,
    resolve: (result: Uint8Array) => void,
    reject: (error: unknown) => void,
    signal: AbortSignal | undefined,
  ) {
    super(kind, cost, len, resolve, reject, signal);
    this.#len = len;
  }

  protected override read(payload: Uint8Array): Uint8Array {
    if (payload.length !== this.#len) {
      throw new ConnectionError(
        `Register read gave ${payload.length} bytes, asked for ${this.#len}`,
      );
    }
    return payload.slice();
  }
}
