/**
 * The listener that was called: hands a call on to another listener, and its answer back.
 *
 * @module
 */

import { BatchPort } from "./batch_port.ts";
import type { CalleeMessage, CallerMessage, ForwardedCall } from "./call_messages.ts";
import { ChunkReceiver, ChunkSender } from "./chunks.ts";

/** A call under way. */
interface Pending {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: Error) => void;
  request: ChunkSender | null;
  response: ChunkReceiver | null;
}

/** The other listener has ended before it answered. */
export class PeerGoneError extends Error {
  constructor() {
    super("The listener that had the device has ended");
    this.name = "PeerGoneError";
  }
}

/** Calls to one other listener. */
export class Caller {
  readonly #port: BatchPort<CallerMessage, CalleeMessage>;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(port: MessagePort) {
    this.#port = new BatchPort(port, (message) => this.#receive(message));
  }

  /** Calls that have not ended. */
  get numPending(): number {
    return this.#pending.size;
  }

  /**
   * Hands a call on.
   *
   * @param body null without one; as much of it is read as the other listener takes
   * @param ownsChunks the body's memory may be moved
   * @returns the other listener's answer
   * @throws PeerGoneError when that listener ends first
   */
  call(
    call: ForwardedCall,
    body: ReadableStream<Uint8Array> | null,
    ownsChunks: boolean,
  ): Promise<Response> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const pending: Pending = { resolve, reject, request: null, response: null };
      this.#pending.set(id, pending);
      this.#port.post({ kind: "call", id, call });
      if (body === null) return;
      pending.request = new ChunkSender({
        id,
        body,
        ownsChunks,
        startsAtOnce: call.isSmall,
        post: (message, transfer) => this.#port.post(message, transfer),
      });
    });
  }

  /** Ends all calls: the other listener has gone, or this one ends. */
  close(): void {
    this.#port.close();
    for (const { request, response, reject } of this.#pending.values()) {
      request?.release();
      response?.fail();
      reject(new PeerGoneError());
    }
    this.#pending.clear();
  }

  #receive(message: CalleeMessage): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    switch (message.kind) {
      case "taken":
        pending.request?.taken(message.bytes);
        return;
      case "head":
        this.#answer(message, pending);
        return;
      default:
        pending.response?.receive(message);
        if (message.kind !== "data") this.#pending.delete(message.id);
    }
  }

  #answer(head: Extract<CalleeMessage, { kind: "head" }>, pending: Pending): void {
    const { id, status, headers, hasBody } = head;
    // What the other did not want of the body is dropped where it came in.
    pending.request?.release();
    pending.request = null;
    const init = {
      status,
      headers: headers.map(([name, value]): [string, string] => [name, value]),
    };
    if (!hasBody) {
      this.#pending.delete(id);
      pending.resolve(new Response(null, init));
      return;
    }
    pending.response = new ChunkReceiver({
      id,
      asksFirst: false,
      post: (message) => this.#port.post(message),
      onCancel: () => {
        this.#pending.delete(id);
        this.#port.post({ kind: "cancel", id });
      },
    });
    pending.resolve(new Response(pending.response.readable, init));
  }
}
