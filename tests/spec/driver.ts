/**
 * A driver that speaks one of the three modes, over the rings of a device in this process.
 *
 * @module
 */

import { strict as assert } from "node:assert";
import { Rig, type RigOptions, UNWRITTEN } from "../support/rig.ts";
import type { Mode } from "./cases.ts";
import { type CreateForm, type DataForm, join, type Kind, OK, words } from "./requests.ts";

const STATELESS = ["CIPHER", "HASH", "MAC", "AEAD"].map((name) => `${name}_STATELESS_MODE`);

/** Features that make a mode possible. */
export const ACCEPT: Readonly<Record<Mode, readonly string[]>> = {
  "not-MUX": [],
  "MUX": ["MUX_MODE"],
  "stateless": ["MUX_MODE", ...STATELESS],
};

const CTRL_BODY_LEN = 56;
const DATA_BODY_LEN = 48;
// What stands in bytes that a device is to ignore: any value, but not a lucky 0.
const JUNK = 0xa5;

/** The answer to a session's creation. */
export interface Created {
  readonly status: number;
  readonly sessionId: number;
  readonly usedLen: number;
}

/** The answer to a data request. */
export interface Answer {
  /** The last byte of W. */
  readonly status: number;
  readonly usedLen: number;
  /** The rest of W. */
  readonly result: Uint8Array;
}

/** What is unusual about one data request. */
export interface Tweak {
  readonly flag?: number;
  readonly sessionId?: number;
  readonly opcode?: number;
  readonly queue?: number;
  /** Bytes that R lacks at its end. */
  readonly cutReadable?: number;
  /** Bytes behind the last field of R. */
  readonly more?: Uint8Array;
  /** Bytes that W lacks. */
  readonly cutWritable?: number;
  /** Descriptors: lengths of the first ones of R and W. */
  readonly cuts?: readonly number[];
  /** Body as long as its structure, whatever the mode. */
  readonly unpadded?: boolean;
}

/** See the module's comment. */
export class Driver {
  readonly mode: Mode;
  readonly rig: Rig;

  constructor(mode: Mode, options: RigOptions = {}) {
    this.mode = mode;
    // A fault of the device is answered with ERR, which must not pass for a check that works.
    const onFault = (fault: unknown): never => {
      throw fault;
    };
    this.rig = new Rig({ accept: ACCEPT[mode], onFault, ...options });
  }

  /** Asks for a session. */
  create({ opcode, structure, keys }: CreateForm): Created {
    const header = words(opcode, 0, JUNK, 0);
    const readable = join(header, this.#padded(structure, CTRL_BODY_LEN), keys);
    const { usedLen, writable } = this.rig.submit(this.rig.control, readable, 16);
    const view = new DataView(writable.buffer);
    assert.equal(view.getUint32(4, true), 0, "upper half of the session's id");
    return { status: view.getUint32(8, true), sessionId: view.getUint32(0, true), usedLen };
  }

  /** Opens a session that must come to be. */
  open<Job>(kind: Kind<Job>, job: Job): number {
    const { status, sessionId, usedLen } = this.create(kind.create(job));
    assert.deepEqual({ status, usedLen }, { status: OK, usedLen: 16 });
    return sessionId;
  }

  /** Destroys a session and returns the status. */
  destroy(opcode: number, sessionId: number): number {
    const body = this.#padded(words(sessionId, 0), CTRL_BODY_LEN);
    const header = words(opcode, 0, JUNK, 0);
    const { usedLen, writable } = this.rig.submit(this.rig.control, join(header, body), 8);
    assert.equal(usedLen, 8);
    return new DataView(writable.buffer).getUint32(0, true);
  }

  /** Runs a job in this driver's mode, in a session of its own unless one is named. */
  run<Job>(kind: Kind<Job>, job: Job, tweak: Tweak = {}): Answer {
    if (this.mode === "stateless") return this.send(kind.stateless(job), 0, JUNK, tweak);
    const sessionId = tweak.sessionId ?? this.open(kind, job);
    return this.send(kind.data(job), this.mode === "MUX" ? 1 : 0, sessionId, tweak);
  }

  /** Sends one data request with this flag and session, unless the tweak has others. */
  send(form: DataForm, flag: number, sessionId: number, tweak: Tweak = {}): Answer {
    const { opcode, structure, variable, resultLen } = form;
    const header = words(
      ...[tweak.opcode ?? opcode, 0, tweak.sessionId ?? sessionId, 0, tweak.flag ?? flag, 0],
    );
    const body = tweak.unpadded ? structure : this.#padded(structure, DATA_BODY_LEN);
    const whole = join(header, body, variable, tweak.more ?? new Uint8Array(0));
    const readable = whole.subarray(0, whole.length - (tweak.cutReadable ?? 0));
    const writableLen = resultLen + 1 - (tweak.cutWritable ?? 0);
    const placement = { readableCuts: tweak.cuts, writableCuts: tweak.cuts };
    const outcome = this.rig.submit(tweak.queue ?? 0, readable, writableLen, placement);
    return {
      status: outcome.writable[writableLen - 1],
      usedLen: outcome.usedLen,
      result: outcome.writable.subarray(0, writableLen - 1),
    };
  }

  #padded(structure: Uint8Array, len: number): Uint8Array {
    if (this.mode !== "not-MUX") return structure;
    return join(structure, new Uint8Array(len - structure.length).fill(JUNK));
  }
}

/** OK, with exactly this result in front of the status. */
export function assertResult(answer: Answer, expected: Uint8Array): void {
  assert.equal(answer.status, OK, "status");
  assert.deepEqual(answer.result, expected);
  assert.equal(answer.usedLen, expected.length + 1, "used.len");
}

/** This status, and no other byte written. */
export function assertRefused(answer: Answer, status: number, why = ""): void {
  assert.equal(answer.status, status, `status ${why}`);
  assert.equal(answer.usedLen, 1, `used.len ${why}`);
  assert.ok(answer.result.every((byte) => byte === UNWRITTEN), `result bytes written ${why}`);
}
