/**
 * Answers of one HTTP call, as a stream with backpressure.
 *
 * @module
 */

import type { AnswerSink } from "./remote_device.ts";

/** Messages taken before the list lets go of them. */
const COMPACT_AT = 256;

/** Where a device's answers go while one HTTP call runs. */
export class AnswerStream implements AnswerSink {
  /** Body of the response: messages of whole records, one after the other. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Resolves when all has been taken, or nobody reads any more. */
  readonly finished: Promise<void>;
  readonly #onTaken: () => void;
  readonly #stallMs: number;
  #resolveFinished: () => void = () => {};
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #wakePull: (() => void) | undefined;
  #stallTimer: ReturnType<typeof setTimeout> | undefined;
  #messages: Uint8Array[] = [];
  #numRecords: number[] = [];
  #next = 0;
  #unsentBytes = 0;
  #unsentRecords = 0;
  #ended = false;
  #cancelled = false;

  /**
   * @param stallMs milliseconds a reader may take for one message before it counts as gone
   * @param onTaken called when unsent answers have left
   */
  constructor(stallMs: number, onTaken: () => void) {
    this.#stallMs = stallMs;
    this.#onTaken = onTaken;
    this.finished = new Promise((resolve) => this.#resolveFinished = resolve);
    this.readable = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#drop(),
    }, { highWaterMark: 0 });
  }

  /** Bytes of answers nobody has taken yet. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Records of answers nobody has taken yet. */
  get unsentRecords(): number {
    return this.#unsentRecords;
  }

  /** Takes one message. Dropped when nobody reads any more. */
  send(message: Uint8Array, numRecords: number): void {
    if (this.#cancelled) return;
    this.#messages.push(message);
    this.#numRecords.push(numRecords);
    this.#unsentBytes += message.length;
    this.#unsentRecords += numRecords;
    this.#watchReader();
    this.#wakePull?.();
  }

  /** No more messages will come. */
  end(): void {
    this.#ended = true;
    this.#watchReader();
    this.#wakePull?.();
  }

  /** Breaks the stream off: the reader sees an error instead of an end. */
  fail(error: Error): void {
    if (this.#cancelled) return;
    this.#controller?.error(error);
    this.#drop();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    clearTimeout(this.#stallTimer);
    this.#stallTimer = undefined;
    while (this.#next === this.#messages.length && !this.#ended && !this.#cancelled) {
      await new Promise<void>((resolve) => this.#wakePull = resolve);
    }
    this.#wakePull = undefined;
    if (this.#cancelled) return;
    if (this.#next === this.#messages.length) {
      clearTimeout(this.#stallTimer);
      controller.close();
      this.#resolveFinished();
      return;
    }
    controller.enqueue(this.#take());
    this.#watchReader();
    this.#onTaken();
  }

  #take(): Uint8Array {
    const message = this.#messages[this.#next];
    this.#unsentBytes -= message.length;
    this.#unsentRecords -= this.#numRecords[this.#next];
    this.#next++;
    if (this.#next === this.#messages.length || this.#next === COMPACT_AT) {
      this.#messages = this.#messages.slice(this.#next);
      this.#numRecords = this.#numRecords.slice(this.#next);
      this.#next = 0;
    }
    return message;
  }

  /** Gives a reader that has something to take so long and no longer. */
  #watchReader(): void {
    clearTimeout(this.#stallTimer);
    this.#stallTimer = setTimeout(
      () => this.fail(new Error("Answers were not taken in time")),
      this.#stallMs,
    );
  }

  #drop(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    clearTimeout(this.#stallTimer);
    this.#messages = [];
    this.#numRecords = [];
    this.#next = 0;
    this.#unsentBytes = 0;
    this.#unsentRecords = 0;
    this.#wakePull?.();
    this.#resolveFinished();
    this.#onTaken();
  }
}
