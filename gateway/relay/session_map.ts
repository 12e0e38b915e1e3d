/**
 * The sessions of a guest, by the ids it knows them by.
 *
 * A guest's ids are the relay's own: the gateway's would begin anew with every connection, and an id that
 * a guest holds must never come to mean another key.
 *
 * @module
 */

import { readU64 } from "../../device/wire/request_format.ts";

/** An id that no device gives out: what is sent for sessions that are not there. */
const NO_SESSION = 0xffffffff;

/** One session of a guest. */
export class RelaySession {
  /** Number of the service that it was created for. */
  readonly service: number;
  /** Whether MUX_MODE was negotiated when it was created, which decides the form of R. */
  readonly mux: boolean;
  // R of the request that created it, its keys among it: for the next connection.
  readonly #create: Uint8Array<ArrayBuffer>;
  // The gateway's id, in two words: it may be any 64 bits.
  #low = NO_SESSION;
  #high = NO_SESSION;
  #isClosed = false;

  constructor(service: number, create: Uint8Array<ArrayBuffer>, mux: boolean) {
    this.service = service;
    this.mux = mux;
    this.#create = create;
  }

  /** R of a request that creates the session again. */
  get create(): Uint8Array<ArrayBuffer> {
    return this.#create;
  }

  /** Whether the guest has destroyed it, or has gone. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the gateway does not have it. */
  get isLost(): boolean {
    return this.#low === NO_SESSION && this.#high === NO_SESSION;
  }

  /** The gateway has the session by this id, 8 bytes at `at`. */
  found(view: DataView, at: number): void {
    this.#low = view.getUint32(at, true);
    this.#high = view.getUint32(at + 4, true);
  }

  /** The gateway does not have it, or not any more. */
  lost(): void {
    this.#low = NO_SESSION;
    this.#high = NO_SESSION;
  }

  /** Writes the gateway's id, or one that is nobody's, 8 bytes at `at`. */
  write(view: DataView, at: number): void {
    view.setUint32(at, this.#low, true);
    view.setUint32(at + 4, this.#high, true);
  }

  /** Overwrites the keys. */
  close(): void {
    this.#isClosed = true;
    this.#create.fill(0);
    this.lost();
  }
}

/**
 * All sessions of a guest. Ids start at 1 and are not used again before `clear`.
 *
 * @example
 * ```ts
 * import { RelaySession, SessionMap } from "./session_map.ts";
 * const sessions = new SessionMap();
 * sessions.add(new RelaySession(0, new Uint8Array(88), true)); // 1
 * sessions.find(2); // undefined
 * ```
 */
export class SessionMap {
  readonly #sessions = new Map<number, RelaySession>();
  #nextId = 1;

  /** Open sessions. */
  get size(): number {
    return this.#sessions.size;
  }

  /** All of them, in the order in which they were made. */
  values(): Iterable<RelaySession> {
    return this.#sessions.values();
  }

  /** Adds a session and returns its id. */
  add(session: RelaySession): number {
    const id = this.#nextId++;
    this.#sessions.set(id, session);
    return id;
  }

  /** The session that the guest calls so. */
  find(id: number): RelaySession | undefined {
    return this.#sessions.get(id);
  }

  /** Ends a session: its keys are overwritten. */
  remove(id: number): void {
    this.#sessions.get(id)?.close();
    this.#sessions.delete(id);
  }

  /** Ends all sessions; ids start at 1 again. */
  clear(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
    this.#nextId = 1;
  }

  /** Puts the gateway's id in the place of the guest's, 8 bytes at `at` of a private copy. */
  translate(view: DataView, at: number): void {
    const session = this.#sessions.get(readU64(view, at));
    if (session !== undefined) {
      session.write(view, at);
      return;
    }
    view.setUint32(at, NO_SESSION, true);
    view.setUint32(at + 4, NO_SESSION, true);
  }
}
