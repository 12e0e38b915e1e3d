/**
 * The two ends of a body that goes from one listener to another by messages: the sending end reads on only
 * while little of what it sent is untaken, so that backpressure goes through and memory stays bounded.
 *
 * @module
 */

/** Bytes sent and not taken behind which the sender waits. One chunk may go beyond. */
const WINDOW = 256 * 1024;

/** One part of a body, of call `id`. */
export type ChunkMessage =
  | { readonly kind: "data"; readonly id: number; readonly chunk: Uint8Array<ArrayBuffer> }
  | { readonly kind: "end"; readonly id: number }
  /** The body has broken off. */
  | { readonly kind: "fail"; readonly id: number };

/** So many bytes of a body have been taken. The first such message asks for the body. */
export interface TakenMessage {
  readonly kind: "taken";
  readonly id: number;
  readonly bytes: number;
}

/** Posts a message to the other listener. */
export type Post<Message> = (message: Message, transfer?: readonly Transferable[]) => void;

/** How a body is sent. */
export interface ChunkSenderOptions {
  readonly id: number;
  readonly body: ReadableStream<Uint8Array>;
  /** The chunks' memory is nobody else's and may be moved. */
  readonly ownsChunks: boolean;
  /** Send before anything is asked for. */
  readonly startsAtOnce: boolean;
  readonly post: Post<ChunkMessage>;
  /** Called when the last message has been posted. */
  readonly onEnd?: () => void;
}

/** The sending end. */
export class ChunkSender {
  readonly #options: ChunkSenderOptions;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #numUntaken = 0;
  #isPumping = false;
  #isEnded = false;

  constructor(options: ChunkSenderOptions) {
    this.#options = options;
    if (options.startsAtOnce) void this.#pump();
  }

  /** The other end has taken so many bytes, or asks for the first. */
  taken(bytes: number): void {
    this.#numUntaken -= bytes;
    void this.#pump();
  }

  /** Sends no more, and leaves the rest of the body to others. */
  release(): void {
    this.#isEnded = true;
    this.#reader?.releaseLock();
    this.#reader = null;
  }

  /** Sends no more, and lets the body's source know that nobody wants the rest. */
  cancel(): void {
    this.#isEnded = true;
    const gone = this.#reader === null ? this.#options.body.cancel() : this.#reader.cancel();
    // A body that has failed has nothing to cancel.
    gone.catch(() => {});
  }

  async #pump(): Promise<void> {
    if (this.#isPumping || this.#isEnded) return;
    this.#isPumping = true;
    const { id, body } = this.#options;
    try {
      this.#reader ??= body.getReader();
      while (!this.#isEnded && this.#numUntaken < WINDOW) {
        const { done, value } = await this.#reader.read();
        if (this.#isEnded) return;
        if (done) this.#end({ kind: "end", id });
        else if (value.length > 0) this.#send(value);
      }
    } catch {
      if (!this.#isEnded) this.#end({ kind: "fail", id });
    } finally {
      this.#isPumping = false;
    }
  }

  #send(value: Uint8Array): void {
    const { id, post, ownsChunks } = this.#options;
    const { buffer } = value;
    // Memory that has other bytes too, or is another's, is not moved from under them.
    const isWhole = ownsChunks && buffer instanceof ArrayBuffer &&
      value.length === buffer.byteLength;
    const chunk = isWhole ? value as Uint8Array<ArrayBuffer> : new Uint8Array(value);
    this.#numUntaken += chunk.length;
    post({ kind: "data", id, chunk }, [chunk.buffer]);
  }

  #end(message: ChunkMessage): void {
    this.#isEnded = true;
    this.#options.post(message);
    this.#options.onEnd?.();
  }
}

/** How a body is received. */
export interface ChunkReceiverOptions {
  readonly id: number;
  readonly post: Post<TakenMessage>;
  /** The sender begins when it is asked. */
  readonly asksFirst: boolean;
  /** Called when nobody wants the rest. */
  readonly onCancel: () => void;
}

/** The receiving end: a stream of what comes. */
export class ChunkReceiver {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #options: ChunkReceiverOptions;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  #isAsked: boolean;
  #end: "end" | "fail" | null = null;
  #wake: () => void = () => {};

  constructor(options: ChunkReceiverOptions) {
    this.#options = options;
    this.#isAsked = !options.asksFirst;
    this.readable = new ReadableStream({
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#cancel(),
    }, { highWaterMark: 0 });
  }

  /** Takes a message of the body. */
  receive(message: ChunkMessage): void {
    if (message.kind === "data") this.#chunks.push(message.chunk);
    else this.#end ??= message.kind;
    this.#wake();
  }

  /** Breaks the body off. */
  fail(): void {
    this.#end = "fail";
    this.#wake();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    const { id, post } = this.#options;
    if (!this.#isAsked) {
      this.#isAsked = true;
      post({ kind: "taken", id, bytes: 0 });
    }
    while (this.#chunks.length === 0 && this.#end === null) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      controller.enqueue(chunk);
      // A body that has come whole is nothing to be told of.
      if (this.#end === null) post({ kind: "taken", id, bytes: chunk.length });
    } else if (this.#end === "fail") controller.error(new Error("The body broke off"));
    else controller.close();
  }

  #cancel(): void {
    this.#chunks.length = 0;
    if (this.#end === null) this.#options.onCancel();
    this.#end = "fail";
    this.#wake();
  }
}
