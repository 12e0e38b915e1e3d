/**
 * A naive device without rings: takes a request's bytes apart as wire.md says, field by field, and says
 * what the answer has to be.
 *
 * @module
 */

import { expect } from "../kind.ts";
import {
  fails,
  inSession,
  NOTHING,
  type Prediction,
  stateless as statelessAnswer,
} from "./expected_data.ts";
import { created } from "./expected_sessions.ts";
import { Fields } from "./fields.ts";
import {
  CTRL_BODY,
  CTRL_HEADER,
  DATA_BODY,
  DATA_HEADER,
  MUX_DATA_BODY,
  STATELESS_BODY,
  STATELESS_CIPHER_BODY_11,
} from "./layouts.ts";
import { AEAD, CIPHER, ERR, INVSESS, NOSPC, NOTSUPP, OK, type Setting } from "./operation.ts";

export type { Prediction } from "./expected_data.ts";

/** What a driver has negotiated, and the limits of the device. */
export interface Terms {
  readonly mux: boolean;
  readonly stateless: readonly boolean[];
  readonly layout: "v19" | "1.1";
  readonly maxSize: number;
  readonly maxSessions: number;
}

/** See the module's comment. */
export class Reference {
  readonly terms: Terms;
  /** Open sessions by number. */
  readonly sessions = new Map<number, Setting>();
  /** Sessions whose numbers are not known yet. */
  numPending = 0;
  /** Numbers that have been given out since the reset. */
  readonly #issued = new Set<number>();

  constructor(terms: Terms) {
    this.terms = terms;
  }

  /** Numbers of sessions that are gone. */
  get ended(): number[] {
    return [...this.#issued].filter((id) => !this.sessions.has(id));
  }

  /** Takes note of the number that a session got. */
  open(setting: Setting, id: number): void {
    expect(id > 0 && Number.isSafeInteger(id), () => `A session got the number ${id}`);
    expect(!this.#issued.has(id), () => `The number ${id} was given to a second session`);
    expect(this.#issued.size > 0 || id === 1, () => `The first session got the number ${id}`);
    this.#issued.add(id);
    this.numPending--;
    setting.id = id;
    this.sessions.set(id, setting);
  }

  /** The answer to a request on a data queue. */
  data(readable: Uint8Array<ArrayBuffer>, writableLen: number): Prediction {
    const fields = new Fields(readable, writableLen, this.terms.maxSize);
    if (writableLen === 0) return fails(OK);
    if (readable.length < DATA_HEADER) return fails(ERR);
    const opcode = fields.u32(0);
    const service = opcode >>> 8;
    const decrypt = (opcode & 0xff) === 1;
    const isKnown = service <= AEAD &&
      ((opcode & 0xff) === 0 || (decrypt && (service === CIPHER || service === AEAD)));
    if (!isKnown) return fails(NOTSUPP);
    const { mux, stateless, layout } = this.terms;
    if (mux && fields.u32(16) > 1) return fails(ERR);
    if (mux && fields.u32(16) === 0) {
      if (!stateless[service]) return fails(NOTSUPP);
      const is11 = service === CIPHER && layout === "1.1";
      const size = is11 ? STATELESS_CIPHER_BODY_11 : STATELESS_BODY[service];
      if (!fields.hasBody(DATA_HEADER, size)) return fails(ERR);
      return statelessAnswer(fields, service, decrypt);
    }
    const session = this.sessions.get(fields.u32(8) + fields.u32(12) * 2 ** 32);
    if (session === undefined || session.service !== service) return fails(INVSESS);
    if (!fields.hasBody(DATA_HEADER, mux ? MUX_DATA_BODY[service] : DATA_BODY)) return fails(ERR);
    return inSession(fields, session, decrypt);
  }

  /** The answer to a request on the control queue. */
  control(readable: Uint8Array<ArrayBuffer>, writableLen: number): Prediction {
    const fields = new Fields(readable, writableLen, this.terms.maxSize);
    if (writableLen === 0) return fails(OK);
    const opcode = readable.length >= 4 ? fields.u32(0) : -1;
    const service = opcode >>> 8;
    const op = opcode & 0xff;
    const isKnown = opcode >= 0 && service <= AEAD && (op === 2 || op === 3);
    if (isKnown && op === 3) {
      const usedLen = writableLen >= 8 ? 8 : writableLen >= 4 ? 4 : 1;
      const destroyed = this.#destroyed(fields, service);
      if (destroyed !== null) this.sessions.delete(destroyed.id);
      return { ...NOTHING, usedLen, destroyed, status: destroyed === null ? ERR : OK };
    }
    if (writableLen < 16) return fails(OK);
    const outcome = readable.length < CTRL_HEADER
      ? ERR
      : !isKnown
      ? NOTSUPP
      : created(fields, service, this.terms.mux);
    if (typeof outcome === "number") return { ...NOTHING, usedLen: 16, status: outcome };
    if (this.sessions.size + this.numPending >= this.terms.maxSessions) {
      return { ...NOTHING, usedLen: 16, status: this.terms.mux ? NOSPC : ERR };
    }
    this.numPending++;
    return { ...NOTHING, usedLen: 16, created: outcome, status: OK };
  }

  #destroyed(fields: Fields, service: number): Setting | null {
    const size = this.terms.mux ? 8 : CTRL_BODY;
    if (!fields.hasBody(CTRL_HEADER, size)) return null;
    const session = this.sessions.get(fields.field(0) + fields.field(4) * 2 ** 32);
    return session?.service === service ? session : null;
  }
}
