/**
 * A device in the same process: the same records, handed over without a network.
 *
 * @module
 */

import { ConnectionError } from "./errors.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/** Where a device in this process puts its answers. */
export interface AnswerSink {
  /** Takes a message, which is the sink's from now on. */
  send(message: Uint8Array, numRecords: number): void;
  /** Bytes taken and not passed on yet. */
  readonly unsentBytes: number;
  /** Records taken and not passed on yet. */
  readonly unsentRecords: number;
}

/** A device that speaks records, such as the gateway's RemoteDevice. */
export interface RecordDevice {
  /** Where answers go. */
  sink: AnswerSink | null;
  /** Takes a message. A promise says that no other may follow before it resolves. */
  push(message: Uint8Array): Promise<void> | undefined;
  /** Ends the device and its sessions. */
  close(): void;
}

/** Whether a value is a device to be driven in process. */
export function isRecordDevice(value: object): value is RecordDevice {
  return "push" in value && typeof value.push === "function" && "sink" in value;
}

/** Carries messages to a device in the same process and owns it: `close` closes the device. */
export class InProcessTransport implements Transport {
  readonly #device: RecordDevice;
  readonly #waiting: Uint8Array[] = [];
  #events: TransportEvents | undefined;
  #isBusy = false;
  #isClosed = false;

  constructor(device: RecordDevice) {
    this.#device = device;
  }

  start(events: TransportEvents): void {
    this.#events = events;
    this.#device.sink = {
      // Answers are taken at once, so that none is ever unsent.
      unsentBytes: 0,
      unsentRecords: 0,
      send: (message) => {
        if (!this.#isClosed) events.onMessage(message);
      },
    };
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) return;
    this.#waiting.push(message);
    if (!this.#isBusy) void this.#pump();
  }

  close(): Promise<void> {
    this.#end(undefined);
    return Promise.resolve();
  }

  /** Hands over what waits, one message at a time. Never rejects. */
  async #pump(): Promise<void> {
    this.#isBusy = true;
    try {
      while (!this.#isClosed) {
        const message = this.#waiting.shift();
        if (message === undefined) break;
        const busy = this.#device.push(message);
        if (busy !== undefined) await busy;
      }
    } catch (error) {
      this.#end(new ConnectionError("Device failed", { cause: error }));
    }
    this.#isBusy = false;
  }

  #end(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting.length = 0;
    this.#device.close();
    this.#events?.onClose(error);
  }
}
