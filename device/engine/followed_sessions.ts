/**
 * Sessions that another thread's engine has made: opened here when a request first names them.
 *
 * A context belongs to one thread, so each thread opens its own from the journal. Whether a session still
 * is one is asked of the journal for every request.
 *
 * @module
 */

import type { AlgorithmSet } from "../algorithms/selection.ts";
import { SegmentList } from "../memory/segment_list.ts";
import { Staging } from "../memory/staging.ts";
import { CREATE_SESSION } from "../services/mod.ts";
import { Request } from "../services/request.ts";
import type { Session } from "../services/session.ts";
import type { SessionFinder } from "./engine.ts";
import type { SessionJournal } from "./session_journal.ts";
import { restore } from "./session_record.ts";

const NO_BYTES = new SegmentList();
// Keys on their way into contexts; one for all devices of a thread, made with the first of them.
let staging: Staging | undefined;

interface Followed {
  readonly number: number;
  readonly session: Session;
}

/** See the module's comment. */
export class FollowedSessions implements SessionFinder {
  /** Told whenever a request has been looked up: from then on it runs, whatever ends. */
  onFound: () => void = () => {};
  readonly #algorithms: AlgorithmSet;
  readonly #opener: number;
  readonly #onFault: (fault: unknown) => void;
  // By slot: a session whose number is not the journal's any more makes room for the next.
  readonly #sessions = new Map<number, Followed>();
  #journal: SessionJournal | null = null;
  #numEnded = 0;

  /** @param opener this thread's bit in the journal */
  constructor(algorithms: AlgorithmSet, opener: number, onFault: (fault: unknown) => void) {
    this.#algorithms = algorithms;
    this.#opener = opener;
    this.#onFault = onFault;
  }

  /** Sessions open here. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Follows a journal from now on. */
  follow(journal: SessionJournal): void {
    this.#journal = journal;
    this.#numEnded = journal.numEnded;
  }

  /** The open session of that number, or undefined. */
  find(number: number): Session | undefined {
    const session = this.#find(number);
    this.onFound();
    return session;
  }

  /** Closes the sessions that have ended. */
  sweep(): void {
    const journal = this.#journal;
    if (journal === null) return;
    const ended = journal.numEnded;
    while (this.#numEnded !== ended) {
      const slot = journal.endedSlot(this.#numEnded);
      if (slot === undefined) {
        // Too many to have been noted: each is looked at.
        this.#numEnded = ended;
        for (const each of [...this.#sessions.keys()]) this.#closeEnded(each);
        return;
      }
      this.#numEnded = (this.#numEnded + 1) | 0;
      this.#closeEnded(slot);
    }
  }

  /** Closes all sessions. */
  close(): void {
    for (const slot of [...this.#sessions.keys()]) this.#close(slot);
    this.#journal = null;
  }

  #find(number: number): Session | undefined {
    const journal = this.#journal;
    if (journal === null || !journal.isOpen(number)) return undefined;
    const slot = journal.slotOf(number);
    const followed = this.#sessions.get(slot);
    if (followed?.number === number) return followed.session;
    this.#close(slot);
    const session = this.#open(number, journal);
    if (session !== undefined) this.#sessions.set(slot, { number, session });
    return session;
  }

  #open(number: number, journal: SessionJournal): Session | undefined {
    const record = journal.read(number, this.#opener);
    if (record === null) return undefined;
    staging ??= new Staging();
    const request = new Request(staging, Infinity, NO_BYTES);
    const service = restore(record, request);
    try {
      const session = CREATE_SESSION[service](request, this.#algorithms);
      return typeof session === "number" ? undefined : session;
    } finally {
      staging.wipe();
      record.fill(0);
    }
  }

  #closeEnded(slot: number): void {
    const followed = this.#sessions.get(slot);
    if (followed !== undefined && this.#journal?.isOpen(followed.number) !== true) {
      this.#close(slot);
    }
  }

  #close(slot: number): void {
    const followed = this.#sessions.get(slot);
    if (followed === undefined) return;
    this.#sessions.delete(slot);
    try {
      followed.session.close();
    } catch (fault) {
      this.#onFault(fault);
    }
  }
}
