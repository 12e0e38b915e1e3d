/**
 * The listener that has the device: runs the calls that others hand on to it.
 *
 * @module
 */

import { BatchPort } from "./batch_port.ts";
import type { CalleeMessage, CallerMessage, ForwardedCall } from "./call_messages.ts";
import { ChunkReceiver, ChunkSender } from "./chunks.ts";

/**
 * Answers a call that another listener has let in.
 *
 * @param owner name of the token that made it
 */
export type Serve = (request: Request, owner: string) => Response | Promise<Response>;

/** A call under way. */
interface Served {
  readonly request: ChunkReceiver | null;
  response: ChunkSender | null;
  isCancelled: boolean;
}

/** Calls from one other listener. */
export class Callee {
  readonly #port: BatchPort<CalleeMessage, CallerMessage>;
  readonly #serve: Serve;
  readonly #served = new Map<number, Served>();

  constructor(port: MessagePort, serve: Serve) {
    this.#port = new BatchPort(port, (message) => this.#receive(message));
    this.#serve = serve;
  }

  /** Calls that have not ended. */
  get numServed(): number {
    return this.#served.size;
  }

  /** Ends all calls: nobody waits for their answers. */
  close(): void {
    this.#port.close();
    for (const id of [...this.#served.keys()]) this.#cancel(id);
  }

  #receive(message: CallerMessage): void {
    const { id } = message;
    switch (message.kind) {
      case "call":
        void this.#run(id, message.call);
        return;
      case "cancel":
        this.#cancel(id);
        return;
      case "taken":
        this.#served.get(id)?.response?.taken(message.bytes);
        return;
      default:
        this.#served.get(id)?.request?.receive(message);
    }
  }

  async #run(id: number, call: ForwardedCall): Promise<void> {
    const request = !call.hasBody ? null : new ChunkReceiver({
      id,
      asksFirst: !call.isSmall,
      post: (message) => this.#port.post(message),
      onCancel: () => {},
    });
    const served: Served = { request, response: null, isCancelled: false };
    this.#served.set(id, served);
    let response: Response;
    try {
      response = await this.#serve(requestOf(call, request), call.owner);
    } catch {
      response = new Response(null, { status: 500 });
    }
    if (served.isCancelled) response.body?.cancel().catch(() => {});
    else this.#answer(id, served, response);
  }

  #answer(id: number, served: Served, { status, headers, body }: Response): void {
    const message = { kind: "head", id, status, headers: [...headers], hasBody: body !== null };
    this.#port.post(message as CalleeMessage);
    if (body === null) {
      this.#served.delete(id);
      return;
    }
    served.response = new ChunkSender({
      id,
      body,
      ownsChunks: true,
      startsAtOnce: true,
      post: (message, transfer) => this.#port.post(message, transfer),
      onEnd: () => this.#served.delete(id),
    });
  }

  #cancel(id: number): void {
    const served = this.#served.get(id);
    if (served === undefined) return;
    this.#served.delete(id);
    served.isCancelled = true;
    served.request?.fail();
    served.response?.cancel();
  }
}

/** The call as a request of this listener's app. */
function requestOf(call: ForwardedCall, body: ChunkReceiver | null): Request {
  const { method, path, headers } = call;
  const init: RequestInit & { duplex?: "half" } = {
    method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  };
  if (body !== null) {
    init.body = body.readable;
    init.duplex = "half";
  }
  return new Request(`http://listener.internal${path}`, init);
}
