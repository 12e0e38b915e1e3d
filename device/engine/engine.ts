/**
 * The one door to the device's purpose: a request goes in as readable and writable bytes, and comes
 * out as the number of bytes written. Nothing in here knows of rings.
 *
 * The order of checks is wire.md's, section 3: the first that fails decides the answer.
 *
 * @module
 */

import type { AlgorithmSet } from "../algorithms/selection.ts";
import { SegmentList } from "../memory/segment_list.ts";
import { Staging } from "../memory/staging.ts";
import {
  CREATE_BODY_SIZE,
  CREATE_SESSION,
  RUN_STATELESS,
  STATELESS_BODY_SIZE,
} from "../services/mod.ts";
import { Request } from "../services/request.ts";
import { Row } from "../services/row.ts";
import type { Session } from "../services/session.ts";
import { Flag, Service, Status } from "../wire/constants.ts";
import {
  CTRL_BODY_SIZE,
  CtrlHeader,
  DATA_BODY_SIZE,
  DestroySessionReq,
  OpHeader,
  SessionInput,
  SymDataReqStateless11,
} from "../wire/structs.ts";
import { readU32, sessionCost, statelessCost } from "./costs.ts";
import { CREATE_OPCODES, DATA_BODY_SIZES, DATA_OPCODES, DESTROY_OPCODES } from "./opcodes.ts";
import type { SessionJournal } from "./session_journal.ts";
import { recordOf } from "./session_record.ts";
import { SessionTable } from "./session_table.ts";

/** Which form of the stateless CIPHER body the device reads. */
export type WireLayout = "v19" | "1.1";

/** Where data requests find their sessions. */
export interface SessionFinder {
  /** The open session of that number, or undefined. */
  find(number: number): Session | undefined;
}

/** What an engine is made of. */
export interface EngineOptions {
  readonly algorithms: AlgorithmSet;
  /** Bound on the sum of a request's declared lengths, in bytes. */
  readonly maxSize: number;
  readonly maxSessions: number;
  readonly layout: WireLayout;
  /** Told of a fault of ours: its request was answered with ERR. */
  readonly onFault: (fault: unknown) => void;
  /** Whose sessions data requests run in; those created here by default. */
  readonly sessions?: SessionFinder;
  /** Makes the journal in which sessions are noted for engines of other threads. */
  readonly newJournal?: () => SessionJournal;
}

/** What a driver has negotiated, as far as requests depend on it. */
export interface NegotiatedModes {
  readonly mux: boolean;
  /** By service number: whether its stateless bit is negotiated. */
  readonly stateless: readonly boolean[];
}

// One for all engines of a thread: requests run one after the other.
const staging = new Staging();
const row = new Row();
const NO_BYTES = new SegmentList();
// Microseconds of a request without its bytes: of a device thread's time, checks included (2.1 us
// measured at 16 B of AES_CTR on noble, 1.0 us on libcrypto).
const REQUEST_COST = 2;

/**
 * Sessions, dispatch and limits of one device.
 *
 * @example
 * ```ts
 * import { ALGORITHMS } from "../algorithms/list.ts";
 * import { AlgorithmSet } from "../algorithms/selection.ts";
 * import { Engine } from "./engine.ts";
 * const engine = new Engine({
 *   algorithms: new AlgorithmSet(ALGORITHMS),
 *   maxSize: 4 << 20,
 *   maxSessions: 1024,
 *   layout: "v19",
 *   onFault: () => {},
 * });
 * engine.numSessions; // 0
 * ```
 */
export class Engine {
  readonly #algorithms: AlgorithmSet;
  readonly #onFault: (fault: unknown) => void;
  readonly #sessions: SessionTable;
  readonly #finder: SessionFinder;
  readonly #newJournal: (() => SessionJournal) | undefined;
  // Made with the first session: an idle device has none.
  #journal: SessionJournal | null = null;
  readonly #request: Request;
  #failed: number[] = [];
  readonly #rowFailed: (fault: unknown, ticket: number) => void;
  readonly #answer: Uint8Array = new Uint8Array(SessionInput.SIZE);
  readonly #answerView: DataView = new DataView(this.#answer.buffer);
  readonly #statelessBodySizes: readonly number[];
  #modes: NegotiatedModes = { mux: false, stateless: [] };

  constructor(options: EngineOptions) {
    this.#algorithms = options.algorithms;
    this.#onFault = options.onFault;
    this.#rowFailed = (fault, ticket) => {
      this.#failed.push(ticket);
      this.#onFault(fault);
    };
    this.#sessions = new SessionTable(options.maxSessions);
    this.#finder = options.sessions ?? this.#sessions;
    this.#newJournal = options.newJournal;
    this.#request = new Request(staging, options.maxSize, NO_BYTES);
    const sizes = [...STATELESS_BODY_SIZE];
    if (options.layout === "1.1") sizes[Service.CIPHER] = SymDataReqStateless11.SIZE;
    this.#statelessBodySizes = sizes;
  }

  /** Open sessions. */
  get numSessions(): number {
    return this.#sessions.size;
  }

  /** What the open sessions were made of; null while there have been none, and without need of it. */
  get journal(): SessionJournal | null {
    return this.#journal;
  }

  /**
   * What a data request will cost, in microseconds, guessed from its header and length. It decides
   * nothing but where the request runs.
   *
   * @param readable the request's first bytes, its fixed part at least
   * @param len the larger of its readable and its writable bytes
   */
  cost(readable: Uint8Array, len: number): number {
    if (readable.length < OpHeader.SIZE) return 0;
    const isStateless = this.#modes.mux &&
      readU32(readable, OpHeader.flag) === Flag.STATELESS_MODE;
    const nsPerByte = isStateless ? statelessCost(readable, this.#algorithms) : this.#sessions.cost(
      readU32(readable, OpHeader.sessionId) +
        readU32(readable, OpHeader.sessionId + 4) * 2 ** 32,
    );
    return REQUEST_COST + len * nsPerByte / 1000;
  }

  /** What has been negotiated. */
  get modes(): NegotiatedModes {
    return this.#modes;
  }

  /** Takes over what has been negotiated. */
  negotiate(modes: NegotiatedModes): void {
    this.#sessions.forgetPlans();
    this.#modes = modes;
  }

  /** Ends all sessions: their keys are overwritten. */
  reset(): void {
    this.#sessions.clear(this.#onFault);
    this.#journal?.clear();
    this.#journal = null;
    this.#modes = { mux: false, stateless: [] };
  }

  /**
   * Runs one request of a data queue.
   *
   * @returns `used.len`: the result and its status, 1 on failure, 0 where nothing can be written
   */
  data(readable: SegmentList, writable: SegmentList): number {
    if (writable.length === 0) return 0;
    return this.#data(this.#begin(readable, writable), writable, 0);
  }

  /**
   * Like data(), but a short operation may be left for {@link Engine.finish}, which is to be called before the
   * request is given back. R and W stay where they are until then. For an engine with sessions of its own.
   *
   * @param ticket what finish() calls the request if it fails after all
   */
  begin(readable: SegmentList, writable: SegmentList, ticket: number): number {
    if (writable.length === 0) return 0;
    if (row.isFull) this.#compute();
    if (readable.length >= OpHeader.SIZE && row.takes(readable, writable)) {
      const { view } = readable.firstMemory;
      // A guess: what decides is whether the whole request is like the plan's.
      const plan = this.#sessions.plan(
        readSessionId(view, readable.firstStart + OpHeader.sessionId),
      );
      if (plan !== undefined && plan.operation !== null && plan.isLike(readable, writable)) {
        row.repeat(plan.operation, readable, writable, ticket);
        return plan.usedLen;
      }
    }
    const request = this.#begin(readable, writable);
    request.row = row;
    const usedLen = this.#data(request, writable, ticket);
    request.row = null;
    return usedLen;
  }

  /**
   * Computes what has been left.
   *
   * @returns tickets of requests whose `used.len` is 1, whatever begin() said
   */
  finish(): readonly number[] {
    if (row.num > 0) this.#compute();
    const failed = this.#failed;
    if (failed.length > 0) this.#failed = [];
    return failed;
  }

  /**
   * Runs one request of the control queue.
   *
   * @returns `used.len`: bytes of the answer that was written
   */
  control(readable: SegmentList, writable: SegmentList): number {
    if (writable.length === 0) return 0;
    // Nothing of a session that may end is left behind.
    if (row.num > 0) this.#compute();
    const request = this.#begin(readable, writable);
    const headerLen = Math.min(readable.length, CtrlHeader.SIZE);
    readable.copyTo(0, request.fixed, 0, headerLen);
    const code = headerLen >= 4 ? request.view.getUint32(CtrlHeader.opcode, true) : -1;
    const hasHeader = headerLen === CtrlHeader.SIZE;
    let usedLen: number;
    if (DESTROY_OPCODES.has(code)) {
      usedLen = this.#answerDestroy(
        writable,
        hasHeader ? this.#destroy(request, code) : Status.ERR,
      );
    } else if (writable.length < SessionInput.SIZE) {
      // No room to tell the session's number: no session comes to be.
      usedLen = 0;
    } else {
      const created = hasHeader ? this.#create(request, code) : Status.ERR;
      usedLen = this.#answerCreate(request, writable, created);
    }
    this.#end(request);
    return usedLen;
  }

  /** To be called when a batch of requests has been run: overwrites what is left of them in private memory. */
  rest(): void {
    row.release();
    // Of requests that nobody gives back any more.
    if (this.#failed.length > 0) this.#failed = [];
    this.#request.staging.rest();
  }

  #compute(): void {
    row.compute(this.#rowFailed);
  }

  #data(request: Request, writable: SegmentList, ticket: number): number {
    let status: Status;
    try {
      status = this.#runData(request);
    } catch (fault) {
      // What the accelerator may have written of this request's result is taken back.
      if (request.isWritten || request.resultLen > 0) writable.wipe(0, writable.length - 1);
      this.#onFault(fault);
      status = Status.ERR;
    }
    const usedLen = status === Status.OK ? request.resultLen + 1 : 1;
    if (request.isInRow) {
      row.answers(ticket);
      const number = readSessionId(request.view, OpHeader.sessionId);
      this.#sessions.planFor(number).note(request, row.last, usedLen);
    } else {
      writable.setByte(writable.length - 1, status);
    }
    this.#end(request);
    return usedLen;
  }

  #begin(readable: SegmentList, writable: SegmentList): Request {
    const request = this.#request;
    request.readable = readable;
    request.writable = writable;
    request.resultLen = 0;
    request.keysLen = 0;
    request.isWritten = false;
    request.isInRow = false;
    return request;
  }

  #end(request: Request): void {
    request.staging.wipe();
    // The header may hold nothing secret, but the next request shall not see it either.
    request.readable = NO_BYTES;
    request.writable = NO_BYTES;
  }

  // Checks 1 to 5; the service goes on from check 6.
  #runData(request: Request): Status {
    const { readable, view } = request;
    if (readable.length < OpHeader.SIZE) return Status.ERR;
    readable.copyTo(0, request.fixed, 0, OpHeader.SIZE);
    const operation = DATA_OPCODES[view.getUint32(OpHeader.opcode, true)];
    if (operation === undefined) return Status.NOTSUPP;
    const { service } = operation;
    if (!this.#algorithms.offers(service)) return Status.NOTSUPP;
    const { mux, stateless } = this.#modes;
    if (mux) {
      const flag = view.getUint32(OpHeader.flag, true);
      if (flag === Flag.STATELESS_MODE) {
        if (!stateless[service]) return Status.NOTSUPP;
        request.decrypt = operation.decrypt;
        if (!readBody(request, OpHeader.SIZE, this.#statelessBodySizes[service])) return Status.ERR;
        // Its key goes with it: there is no later.
        request.row = null;
        return RUN_STATELESS[service](request, this.#algorithms);
      }
      if (flag !== Flag.SESSION_MODE) return Status.ERR;
    }
    const session = this.#finder.find(readSessionId(view, OpHeader.sessionId));
    if (session === undefined || session.service !== service) return Status.INVSESS;
    request.decrypt = operation.decrypt;
    const bodySize = mux ? DATA_BODY_SIZES[service] : DATA_BODY_SIZE;
    if (!readBody(request, OpHeader.SIZE, bodySize)) return Status.ERR;
    return session.run(request);
  }

  // A session that is not in the table yet, or why there is none.
  #create(request: Request, code: number): Session | Status {
    const service = code >> 8;
    if (!CREATE_OPCODES.has(code) || !this.#algorithms.offers(service)) return Status.NOTSUPP;
    const bodySize = this.#modes.mux ? CREATE_BODY_SIZE[service] : CTRL_BODY_SIZE;
    if (!readBody(request, CtrlHeader.SIZE, bodySize)) return Status.ERR;
    try {
      const created = CREATE_SESSION[service](request, this.#algorithms);
      if (typeof created === "number" || this.#sessions.hasRoom) return created;
      created.close();
      return this.#modes.mux ? Status.NOSPC : Status.ERR;
    } catch (fault) {
      this.#onFault(fault);
      return Status.ERR;
    }
  }

  // Gives a session its number, by which other threads know it from now on; 0 when they cannot.
  #keep(request: Request, session: Session): number {
    const { service } = session;
    const number = this.#sessions.add(session, sessionCost(request, service, this.#algorithms));
    if (this.#newJournal === undefined) return number;
    try {
      this.#journal ??= this.#newJournal();
      const record = recordOf(service, request);
      this.#journal.add(number, record);
      record.fill(0);
      return number;
    } catch (fault) {
      this.#sessions.remove(number);
      this.#onFault(fault);
      return 0;
    }
  }

  #answerCreate(request: Request, writable: SegmentList, created: Session | Status): number {
    const isSession = typeof created !== "number";
    const number = isSession ? this.#keep(request, created) : 0;
    const status = !isSession ? created : number > 0 ? Status.OK : Status.ERR;
    const view = this.#answerView;
    view.setUint32(SessionInput.sessionId, number >>> 0, true);
    view.setUint32(SessionInput.sessionId + 4, Math.floor(number / 2 ** 32), true);
    view.setUint32(SessionInput.status, status, true);
    view.setUint32(SessionInput.padding, 0, true);
    writable.copyFrom(0, this.#answer);
    return SessionInput.SIZE;
  }

  #destroy(request: Request, code: number): Status {
    const service = code >> 8;
    if (!this.#algorithms.offers(service)) return Status.ERR;
    const bodySize = this.#modes.mux ? DestroySessionReq.SIZE : CTRL_BODY_SIZE;
    if (!readBody(request, CtrlHeader.SIZE, bodySize)) return Status.ERR;
    const number = readSessionId(request.view, CtrlHeader.SIZE + DestroySessionReq.sessionId);
    if (this.#sessions.find(number)?.service !== service) return Status.ERR;
    this.#journal?.remove(number);
    try {
      this.#sessions.remove(number);
      return Status.OK;
    } catch (fault) {
      this.#onFault(fault);
      return Status.ERR;
    }
  }

  // A status of 32 bits and padding where there is room; shipping drivers offer a single byte.
  #answerDestroy(writable: SegmentList, status: Status): number {
    const len = writable.length >= 8 ? 8 : writable.length >= 4 ? 4 : 1;
    const view = this.#answerView;
    view.setUint32(0, status, true);
    view.setUint32(4, 0, true);
    writable.copyFrom(0, this.#answer.subarray(0, len));
    return len;
  }
}

// Check 5: R holds the body. Copies it behind the header.
function readBody(request: Request, headerSize: number, bodySize: number): boolean {
  const { readable } = request;
  if (readable.length < headerSize + bodySize) return false;
  readable.copyTo(headerSize, request.fixed, headerSize, bodySize);
  request.body = headerSize;
  request.variable = headerSize + bodySize;
  return true;
}

// Numbers given out stay below 2^53; one beyond loses bits here and is not found all the same.
function readSessionId(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}
