/**
 * How much of a guest's work may be at the gateway at one time.
 *
 * @module
 */

/**
 * Counts requests and their bytes. The bytes may be exceeded by one request: how long it is shows only when
 * it has been taken.
 *
 * @example
 * ```ts
 * import { Budget } from "./budget.ts";
 * const budget = new Budget(2, 1000);
 * budget.add(900);
 * budget.add(900);
 * budget.hasRoom; // false
 * budget.remove(900);
 * budget.hasRoom; // true
 * ```
 */
export class Budget {
  readonly #maxNum: number;
  readonly #maxBytes: number;
  #num = 0;
  #bytes = 0;

  constructor(maxNum: number, maxBytes: number) {
    this.#maxNum = maxNum;
    this.#maxBytes = maxBytes;
  }

  /** Whether another request may be begun. */
  get hasRoom(): boolean {
    return this.#num < this.#maxNum && this.#bytes < this.#maxBytes;
  }

  /** Requests that are under way. */
  get num(): number {
    return this.#num;
  }

  /** A request of so many bytes begins. */
  add(bytes: number): void {
    this.#num++;
    this.#bytes += bytes;
  }

  /** A request of so many bytes has ended. */
  remove(bytes: number): void {
    this.#num--;
    this.#bytes -= bytes;
  }
}
