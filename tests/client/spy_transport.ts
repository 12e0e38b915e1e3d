import { RecordKind, RecordReader, RecordWriter } from "../../gateway/records.ts";
import { InProcessTransport } from "../../gateway/client/in_process.ts";
import type { Transport, TransportEvents } from "../../gateway/client/transport.ts";
import { RemoteDevice } from "../../gateway/remote_device.ts";
import { concat } from "../support/random.ts";

/** A record as a test looks at it. */
export interface SeenRecord {
  readonly kind: number;
  readonly id: number;
  readonly value: number;
  readonly payloadLen: number;
}

function recordsOf(message: Uint8Array): SeenRecord[] {
  const records: SeenRecord[] = [];
  const reader = new RecordReader(message);
  while (reader.next()) {
    const { kind, id, value, payloadLen } = reader;
    records.push({ kind, id, value, payloadLen });
  }
  return records;
}

/** A transport to a device in process that can be watched, held up and lied through. */
export class SpyTransport implements Transport {
  /** Records of each message sent. */
  readonly sent: SeenRecord[][] = [];
  /** Messages that were sent while `isHeld`. */
  readonly held: Uint8Array<ArrayBuffer>[] = [];
  /** Keep what is sent from the device. */
  isHeld = false;
  /** Answers that reach the driver as one message, whatever the device had time for. */
  numTogether = 1;
  readonly #gathered: Uint8Array[] = [];
  readonly #inner = new InProcessTransport(
    new RemoteDevice({
      queues: 4,
      maxSize: 4 << 20,
      maxSessions: 1024,
      layout: "v19",
      maxRecords: 4096,
      maxUnansweredBytes: 64 << 20,
    }),
  );
  #events: TransportEvents | undefined;

  start(events: TransportEvents): void {
    this.#events = events;
    this.#inner.start({ ...events, onMessage: (message) => this.#gather(message) });
  }

  #gather(message: Uint8Array): void {
    // The device may use its message's memory again.
    this.#gathered.push(message.slice());
    const together = concat(...this.#gathered);
    if (recordsOf(together).length < this.numTogether) return;
    this.#gathered.length = 0;
    this.#events?.onMessage(together);
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    this.sent.push(recordsOf(message));
    if (this.isHeld) this.held.push(message);
    else this.#inner.send(message);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  /** Lets the device have what was held back. */
  release(): void {
    this.isHeld = false;
    for (const message of this.held.splice(0)) this.#inner.send(message);
  }

  /** Gives the driver a message that the device did not send. */
  inject(message: Uint8Array): void {
    this.#events?.onMessage(message);
  }

  /** Gives the driver one record that the device did not send. */
  injectRecord(kind: number, id: number, value: number, payload: Uint8Array): void {
    const writer = new RecordWriter();
    writer.record(kind, 0, id, value, payload);
    this.inject(writer.take());
  }

  /** Ends the connection from the other side. */
  lose(error: Error): void {
    this.#events?.onClose(error);
  }

  /** The last SUBMIT sent. */
  get lastSubmit(): SeenRecord {
    const submit = this.sent.flat().findLast(({ kind }) => kind === RecordKind.SUBMIT);
    if (submit === undefined) throw new Error("Nothing was submitted");
    return submit;
  }
}
