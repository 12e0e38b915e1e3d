/**
 * Sessions by their number.
 *
 * @module
 */

import type { Session } from "../services/session.ts";
import { Plan } from "./plan.ts";

/**
 * A table of sessions with numbers from 1 on that are never used again.
 *
 * A number names a slot and how often the slot has been used: `number = uses * capacity + slot + 1`.
 * Finding a session costs one division whether there are one or a hundred thousand.
 *
 * @example
 * ```ts
 * import { SessionTable } from "./session_table.ts";
 * const table = new SessionTable(2);
 * table.hasRoom; // true
 * table.find(1); // undefined: numbers start at 1, and none is given out yet
 * ```
 */
export class SessionTable {
  readonly #capacity: number;
  readonly #sessions: (Session | undefined)[] = [];
  // The number of the session in a slot, or the one that the slot's next session will get.
  readonly #numbers: number[] = [];
  readonly #costs: number[] = [];
  readonly #plans: (Plan | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Open sessions. */
  get size(): number {
    return this.#size;
  }

  /** Whether another session can be added. */
  get hasRoom(): boolean {
    return this.#size < this.#capacity;
  }

  /**
   * Adds a session, for which there must be room, and returns its number.
   *
   * @param cost of its requests, in nanoseconds per byte
   */
  add(session: Session, cost = 0): number {
    const slot = this.#freeSlots.pop() ?? this.#sessions.length;
    this.#numbers[slot] ??= slot + 1;
    this.#sessions[slot] = session;
    this.#costs[slot] = cost;
    // As long as the others: an array with gaps would be searched like a map.
    this.#plans[slot] = undefined;
    this.#size++;
    return this.#numbers[slot];
  }

  /** The open session of that number, or undefined. */
  find(number: number): Session | undefined {
    const slot = this.#slotOf(number);
    return this.#numbers[slot] === number ? this.#sessions[slot] : undefined;
  }

  /** What a session's last requests have been, if anything has been noted of an open session of that number. */
  plan(number: number): Plan | undefined {
    const slot = this.#slotOf(number);
    return this.#numbers[slot] === number ? this.#plans[slot] : undefined;
  }

  /** The same, made if there is none; the session is open. */
  planFor(number: number): Plan {
    return this.#plans[this.#slotOf(number)] ??= new Plan();
  }

  /** Forgets what requests have been: others may mean the same bytes. */
  forgetPlans(): void {
    this.#plans.fill(undefined);
  }

  /** What add() was told the session's requests cost; 0 when there is none of that number. */
  cost(number: number): number {
    return this.find(number) === undefined ? 0 : this.#costs[this.#slotOf(number)];
  }

  /** Takes a session out and closes it; false when there is none of that number. */
  remove(number: number): boolean {
    const session = this.find(number);
    if (session === undefined) return false;
    const slot = this.#slotOf(number);
    this.#sessions[slot] = undefined;
    this.#plans[slot] = undefined;
    this.#numbers[slot] += this.#capacity;
    this.#freeSlots.push(slot);
    this.#size--;
    session.close();
    return true;
  }

  /** Closes all sessions, whichever of them fail to; numbers start at 1 again. */
  clear(onFault: (fault: unknown) => void): void {
    for (const session of this.#sessions) {
      try {
        session?.close();
      } catch (fault) {
        onFault(fault);
      }
    }
    this.#sessions.length = 0;
    this.#numbers.length = 0;
    this.#costs.length = 0;
    this.#plans.length = 0;
    this.#freeSlots.length = 0;
    this.#size = 0;
  }

  // A remainder of integers takes 2 ns, one of numbers that may be larger a call of C, 15 ns.
  #slotOf(number: number): number {
    const small = number | 0;
    return small === number ? (small - 1) % this.#capacity : (number - 1) % this.#capacity;
  }
}
