/**
 * Control requests that came as messages, from a front-end that keeps the control queue to itself.
 *
 * @module
 */

import { Status } from "../../device/mod.ts";
import { ControlKind, controlKind, createAnswer, destroyAnswer } from "./control_format.ts";
import type { GuestControl } from "./guest_sessions.ts";

/** Messages that may wait for a gateway: front-ends send one at a time. */
const MAX_WAITING = 64;

/** One such request. */
class MessageControl implements GuestControl {
  readonly readable: Uint8Array<ArrayBuffer>;
  readonly writableLen: number;
  readonly #timer: ReturnType<typeof setTimeout>;
  #answer: ((written: Uint8Array) => void) | null;

  constructor(
    readable: Uint8Array<ArrayBuffer>,
    writableLen: number,
    grace: number,
    answer: (written: Uint8Array) => void,
  ) {
    this.readable = readable;
    this.writableLen = writableLen;
    this.#answer = answer;
    this.#timer = setTimeout(() => this.refuse(), grace);
  }

  get isAbandoned(): boolean {
    return this.#answer === null;
  }

  answer(written: Uint8Array): void {
    const answer = this.#answer;
    this.abandon();
    answer?.(written);
  }

  /** Answers ERR, whatever comes of it. */
  refuse(): void {
    const isDestroy = controlKind(this.readable) === ControlKind.DESTROY;
    this.answer((isDestroy ? destroyAnswer : createAnswer)(Status.ERR, this.writableLen));
  }

  abandon(): void {
    clearTimeout(this.#timer);
    this.#answer = null;
  }
}

/** See the module's comment. */
export class MessageControls {
  readonly #grace: number;
  readonly #open = new Set<MessageControl>();
  #waiting: MessageControl[] = [];

  /** @param grace milliseconds after which a request without an answer gets ERR */
  constructor(grace: number) {
    this.#grace = grace;
  }

  /**
   * Takes in a request.
   *
   * @param readable R, which is copied
   */
  add(
    readable: Uint8Array,
    writableLen: number,
    answer: (written: Uint8Array) => void,
  ): MessageControl {
    const copy = new Uint8Array(readable);
    const control = new MessageControl(copy, writableLen, this.#grace, (written) => {
      this.#open.delete(control);
      answer(written);
    });
    this.#open.add(control);
    return control;
  }

  /** A request waits for a gateway. */
  wait(control: MessageControl): void {
    if (this.#waiting.length < MAX_WAITING) {
      this.#waiting.push(control);
      return;
    }
    control.refuse();
    control.readable.fill(0);
  }

  /** Those that have waited, and whose front-end still does. */
  takeWaiting(): GuestControl[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting.filter(({ isAbandoned, readable }) => {
      if (isAbandoned) readable.fill(0);
      return !isAbandoned;
    });
  }

  /** Nobody waits for an answer any more; keys that have gone nowhere are overwritten. */
  close(): void {
    for (const { readable } of this.takeWaiting()) readable.fill(0);
    for (const control of this.#open) control.abandon();
    this.#open.clear();
  }
}
