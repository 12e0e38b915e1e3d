/**
 * The same message over and over, some of them in flight at a time.
 */

import { type Message } from "./messages.ts";
import { RecordSocket } from "./socket.ts";

/** See the module's comment. */
export class Pipeline {
  readonly #socket: RecordSocket;
  readonly #frame: Uint8Array<ArrayBuffer>;
  readonly #num: number;
  readonly #inFlight: number;

  /** @param inFlight messages sent at a time and not answered in full */
  constructor(socket: RecordSocket, { bytes, num }: Message, inFlight: number) {
    this.#socket = socket;
    this.#frame = RecordSocket.frame(bytes);
    this.#num = num;
    this.#inFlight = inFlight;
  }

  /** Runs for so many seconds and until all is answered; the latencies where nothing overlaps. */
  async run(seconds: number): Promise<{ num: number; latencies?: number[] }> {
    const latencies: number[] = [];
    const socket = this.#socket;
    const start = socket.numRecords;
    const end = performance.now() + seconds * 1000;
    let requested = start;
    let sending = Promise.resolve();
    let sentAt = 0;
    for (;;) {
      while (
        performance.now() < end &&
        requested - socket.numRecords <= (this.#inFlight - 1) * this.#num
      ) {
        requested += this.#num;
        sentAt = performance.now();
        sending = sending.then(() => socket.send(this.#frame));
      }
      if (socket.numRecords >= requested) break;
      const before = socket.numRecords;
      await socket.receive();
      if (socket.numRecords > before) latencies.push((performance.now() - sentAt) * 1000);
    }
    await sending;
    const num = socket.numRecords - start;
    return this.#inFlight === 1 && this.#num === 1 ? { num, latencies } : { num };
  }
}

/** Sends a message and waits for all answers, without counting. */
export async function sendAndWait(socket: RecordSocket, { bytes, num }: Message): Promise<void> {
  const until = socket.numRecords + num;
  await socket.send(RecordSocket.frame(bytes));
  await socket.receiveUntil(until);
}
