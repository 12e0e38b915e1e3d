/**
 * A progress bar on a terminal, for work that takes longer than a moment.
 *
 * @module
 */

import type { Io } from "./io.ts";

/** Milliseconds of work before the bar shows. */
const PATIENCE = 1000;
/** Milliseconds between two changes of the bar. */
const INTERVAL = 100;

/** A size as people read it. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${"KMG"[power - 1]}iB`;
}

/** The bar's line: filled part, per cent where the total is known, amount and rate. */
export function barText(
  done: number,
  total: number | undefined,
  ms: number,
  columns: number,
): string {
  const rate = sizeText(Math.round(done / Math.max(ms, 1) * 1000));
  const amount = `${sizeText(done)}  ${rate}/s`;
  if (total === undefined || total === 0) return amount.slice(0, columns - 1);
  const share = Math.min(1, done / total);
  const text = ` ${String(Math.floor(share * 100)).padStart(3)}%  ${amount}`;
  const width = columns - text.length - 3;
  if (width < 5) return text.trim().slice(0, columns - 1);
  return `[${"#".repeat(Math.floor(share * width)).padEnd(width, ".")}]${text}`;
}

/** Shows how far a piece of work has come. */
export class Progress {
  readonly #io: Io;
  readonly #total: number | undefined;
  readonly #now: () => number;
  readonly #start: number;
  #done = 0;
  #next = PATIENCE;
  #isShown = false;

  /**
   * @param total bytes in all, where it is known
   * @param now the clock in milliseconds, for tests
   */
  constructor(io: Io, total: number | undefined, now: () => number = () => performance.now()) {
    this.#io = io;
    this.#total = total;
    this.#now = now;
    this.#start = now();
  }

  /** So many bytes more are done. */
  add(numBytes: number): void {
    this.#done += numBytes;
    if (this.#io.errColumns === 0) return;
    const ms = this.#now() - this.#start;
    if (ms < this.#next) return;
    this.#next = ms + INTERVAL;
    this.#isShown = true;
    const text = barText(this.#done, this.#total, ms, this.#io.errColumns);
    this.#io.writeErr(`\r\x1b[K${text}`);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#isShown) this.#io.writeErr("\r\x1b[K");
    this.#isShown = false;
  }
}
