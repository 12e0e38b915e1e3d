/**
 * What becomes of a guest's control requests: its sessions are made at the gateway, and made there again
 * when it has been away.
 *
 * @module
 */

import { Status } from "../../device/mod.ts";
import { build, type WireMode } from "../../device/wire/request_format.ts";
import { destroySession } from "../../device/wire/requests_control.ts";
import { rawRequest } from "../client/raw_request.ts";
import {
  answerStatus,
  ControlKind,
  controlService,
  createAnswer,
  destroyAnswer,
  DESTROYED_ID,
  destroyedId,
  hasDestroyBody,
  MAX_ANSWER_LEN,
  viewOf,
} from "./control_format.ts";
import { ControlFormat, ControlRequest } from "./requests.ts";
import { RelaySession, SessionMap } from "./session_map.ts";
import type { Uplink } from "./uplink.ts";

/** A control request as its guest has made it. */
export interface GuestControl {
  /** Private copy of R, which is overwritten unless it is kept to create its session again. */
  readonly readable: Uint8Array<ArrayBuffer>;
  /** Bytes of W. */
  readonly writableLen: number;
  /** Whether nobody waits for the answer any more. */
  readonly isAbandoned: boolean;
  /** Takes what is to be written to W, all of it or less. */
  answer(written: Uint8Array): void;
}

/** The sessions of one guest. */
export class GuestSessions {
  readonly map: SessionMap = new SessionMap();
  readonly #maxSessions: number;
  readonly #format: ControlFormat = new ControlFormat(this.map);
  #numCreating = 0;

  /** @param maxSessions open at a time */
  constructor(maxSessions: number) {
    this.#maxSessions = maxSessions;
  }

  /**
   * Lets the gateway run a control request.
   *
   * @param settled called when it has been answered
   */
  run(control: GuestControl, uplink: Uplink, settled: () => void): void {
    const { readable } = control;
    const writableLen = Math.min(control.writableLen, MAX_ANSWER_LEN);
    const request = new ControlRequest(readable, writableLen, (written) => {
      if (request.what === ControlKind.DESTROY) this.#destroyed(control, written, uplink.mode);
      else this.#created(control, request.what, written, uplink);
      settled();
    });
    if (request.what === ControlKind.DESTROY) {
      // One that the gateway did not take again exists here alone.
      if (hasDestroyBody(readable, uplink.mode) && this.map.find(destroyedId(readable))?.isLost) {
        request.reject();
      } else uplink.post(uplink.controlQueue, this.#format, request, request);
      return;
    }
    if (this.map.size + this.#numCreating >= this.#maxSessions) {
      readable.fill(0);
      const status = uplink.mode.mux ? Status.NOSPC : Status.ERR;
      control.answer(createAnswer(status, control.writableLen));
      settled();
      return;
    }
    this.#numCreating++;
    uplink.post(uplink.controlQueue, this.#format, request, request);
  }

  /**
   * Answers a control request without a gateway. There is nothing to create a session with; one that is to
   * be destroyed exists here alone.
   */
  runHere(control: GuestControl, mode: WireMode): void {
    const { readable, writableLen } = control;
    const request = new ControlRequest(readable, writableLen, () => {});
    if (request.what === ControlKind.DESTROY) this.#destroyed(control, null, mode);
    else {
      readable.fill(0);
      control.answer(createAnswer(Status.ERR, writableLen));
    }
  }

  /**
   * Creates all sessions again, at a gateway that knows none of them.
   *
   * @returns how many it did not take: requests of these are INVSESS from now on
   */
  async restore(uplink: Uplink): Promise<number> {
    let numLost = 0;
    const restored = Array.from(this.map.values(), (session) => {
      session.lost();
      // Its R has the form of other features.
      if (session.mux !== uplink.mode.mux) {
        numLost++;
        return undefined;
      }
      return new Promise<void>((resolve) => {
        const request = new ControlRequest(session.create, MAX_ANSWER_LEN, (written) => {
          if (!this.#restored(session, written, uplink)) numLost++;
          resolve();
        });
        uplink.post(uplink.controlQueue, this.#format, request, request);
      });
    });
    await Promise.all(restored);
    return numLost;
  }

  #created(
    control: GuestControl,
    what: ControlKind,
    written: Uint8Array | null,
    uplink: Uplink,
  ): void {
    const { readable, writableLen } = control;
    this.#numCreating--;
    let status: number = written === null ? Status.ERR : answerStatus(what, written);
    let id = 0;
    if (status === Status.OK && written !== null) {
      const session = new RelaySession(controlService(readable), readable, uplink.mode.mux);
      session.found(viewOf(written), 0);
      if (what === ControlKind.CREATE && !control.isAbandoned) id = this.map.add(session);
      else {
        this.#forget(session, uplink);
        status = Status.ERR;
      }
    }
    if (id === 0) readable.fill(0);
    control.answer(createAnswer(status, writableLen, id));
  }

  #destroyed(control: GuestControl, written: Uint8Array | null, mode: WireMode): void {
    const { readable, writableLen } = control;
    let status: number = written === null ? Status.ERR : answerStatus(ControlKind.DESTROY, written);
    if (hasDestroyBody(readable, mode)) {
      const id = destroyedId(readable);
      // With the connection the gateway's session has ended too.
      if (written === null && this.map.find(id)?.service === controlService(readable)) {
        status = Status.OK;
      }
      if (status === Status.OK) this.map.remove(id);
    }
    control.answer(destroyAnswer(status, writableLen));
  }

  #restored(session: RelaySession, written: Uint8Array | null, uplink: Uplink): boolean {
    const isThere = written !== null && answerStatus(ControlKind.CREATE, written) === Status.OK;
    if (!isThere) return session.isClosed;
    session.found(viewOf(written), 0);
    // Destroyed by the guest meanwhile.
    if (session.isClosed) this.#forget(session, uplink);
    return true;
  }

  // Ends a session at the gateway that no guest knows.
  #forget(session: RelaySession, uplink: Uplink): void {
    const { service } = session;
    const { readable, writableLen } = build(destroySession, { service, sessionId: 0 }, uplink.mode);
    session.write(viewOf(readable), DESTROYED_ID);
    session.lost();
    const request = new ControlRequest(readable, writableLen, () => {});
    uplink.post(uplink.controlQueue, rawRequest, request, request);
  }
}
