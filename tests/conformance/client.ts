/** One connection to the device: records out, answers in, matched by their ids. */
import { type Bytes, EMPTY } from "./bytes.ts";
import { decodeMessage, encodeMessage, Kind, type Outgoing, type Record } from "./records.ts";
import { FrameKind, patiently, Socket, type UpgradeOptions } from "./socket.ts";

/** Sends records and resolves with one answer for each, in the order of the records. */
export type Exchange = (records: readonly Outgoing[]) => Promise<Record[]>;

/** A WebSocket connection that speaks records. */
export class Connection {
  /** The socket below, for tests of framing. */
  readonly socket: Socket;
  /** Every record that arrived, in order of arrival. */
  readonly arrived: Record[] = [];
  /** INTERRUPT records that arrived. */
  readonly interrupts: Record[] = [];
  /** How many messages the answers came in. */
  numMessages = 0;
  /** Close code of the gateway's close frame, when one came. */
  closeCode: number | null = null;
  readonly #answers = new Map<number, Record>();
  #ended = false;
  #nextId = 0xfffffff0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Connects. Throws an Error with the HTTP status when the gateway does not upgrade. */
  static async open(url: string, options: UpgradeOptions = {}): Promise<Connection> {
    const { head, socket } = await Socket.upgrade(url, options);
    if (socket === null) throw new Error(`Upgrade refused: ${head.status}`);
    return new Connection(socket);
  }

  /** Gives ids of their own to those records that have none. Ids run over 2^32: they are the client's affair. */
  number(records: readonly Outgoing[]): Outgoing[] {
    return records.map((record) => {
      if (record.id !== undefined) return record;
      const id = this.#nextId;
      this.#nextId = (this.#nextId + 1) >>> 0;
      return { ...record, id };
    });
  }

  /** Sends the records in one message and resolves with their answers, in the order of the records. */
  readonly exchange: Exchange = async (records) => {
    const numbered = this.number(records);
    const written = this.socket.send(encodeMessage(numbered));
    const answers = await this.collect(numbered.map((record) => record.id ?? 0));
    await written;
    return answers;
  };

  /** Reads until each of these ids is answered. Throws an Error when the connection ends first. */
  collect(ids: readonly number[]): Promise<Record[]> {
    return this.#patiently(this.#collect(ids), "answers to records");
  }

  async #collect(ids: readonly number[]): Promise<Record[]> {
    const missing = new Set(ids.filter((id) => !this.#answers.has(id)));
    while (missing.size > 0) {
      for (const record of await this.next()) missing.delete(record.id);
      if (this.#ended) throw new Error(`Connection ended with ${missing.size} records unanswered`);
    }
    return ids.map((id) => this.#take(id));
  }

  /** Reads one message and files its records; an empty array for a control frame or the end. */
  async next(): Promise<Record[]> {
    const incoming = await this.socket.receive();
    if (incoming.kind === -1) this.#ended = true;
    if (incoming.kind === FrameKind.CLOSE) this.closeCode = incoming.code ?? null;
    if (incoming.kind !== FrameKind.BINARY) return [];
    this.numMessages++;
    const records = decodeMessage(incoming.payload);
    for (const record of records) this.#file(record);
    return records;
  }

  /** Reads to the end of the connection and gives the close code, null when none was sent. */
  ending(): Promise<number | null> {
    return this.#patiently(this.#ending(), "end of the connection");
  }

  async #ending(): Promise<number | null> {
    while (!this.#ended) await this.next();
    this.socket.drop();
    return this.closeCode;
  }

  /** Reads until an INTERRUPT has arrived and gives it. */
  interrupt(): Promise<Record> {
    return this.#patiently(this.#interrupt(), "an INTERRUPT");
  }

  async #interrupt(): Promise<Record> {
    while (this.interrupts.length === 0 && !this.#ended) await this.next();
    const record = this.interrupts.shift();
    if (record === undefined) throw new Error("Connection ended without an INTERRUPT");
    return record;
  }

  /** Closes with 1000 and waits for the end. */
  async close(): Promise<void> {
    if (!this.#ended) await this.socket.close();
    this.#ended = true;
    this.socket.drop();
  }

  #patiently<T>(promise: Promise<T>, what: string): Promise<T> {
    return patiently(promise, what, () => this.socket.drop());
  }

  #file(record: Record): void {
    this.arrived.push(record);
    if (record.kind === Kind.INTERRUPT) this.interrupts.push(record);
    else if (record.kind !== Kind.GOAWAY) {
      if (this.#answers.has(record.id)) throw new Error(`Second answer to record ${record.id}`);
      this.#answers.set(record.id, record);
    }
  }

  #take(id: number): Record {
    const record = this.#answers.get(id);
    if (record === undefined) throw new Error(`No answer to record ${id}`);
    this.#answers.delete(id);
    return record;
  }
}

/** A READ of `len` bytes at a register. */
export function read(offset: number, len = 4): Outgoing {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, len, true);
  return { kind: Kind.READ, value: offset, payload };
}

/** A WRITE of a 32-bit value to a register. */
export function write(offset: number, value: number): Outgoing {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, value, true);
  return { kind: Kind.WRITE, value: offset, payload };
}

/** A SUBMIT of `readable` with `writableLen` bytes of room. */
export function submit(queue: number, readable: Bytes = EMPTY, writableLen = 0): Outgoing {
  return { kind: Kind.SUBMIT, queue, value: writableLen, payload: readable };
}
