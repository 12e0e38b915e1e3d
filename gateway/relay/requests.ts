/**
 * Requests on their way to a gateway and back.
 *
 * @module
 */

import { DescriptorChain, Flag, MemoryBytes } from "../../device/mod.ts";
import type { RequestFormat, RequestTarget, WireMode } from "../../device/wire/request_format.ts";
import { OpHeader } from "../../device/wire/structs.ts";
import { Answer } from "../client/answers.ts";
import { RecordKind } from "../records.ts";
import { ControlKind, controlKind, DESTROYED_ID } from "./control_format.ts";
import type { SessionMap } from "./session_map.ts";

/** Who is told what has become of a data request. */
export interface DataOwner {
  /** The sessions that the request may name. */
  readonly sessions: SessionMap;
  /** The gateway has answered. `written` is a view on its message, `usedLen` what it says. */
  answered(request: DataRequest, written: Uint8Array, usedLen: number): void;
  /** The gateway has not, and never will. */
  failed(request: DataRequest): void;
}

/** A request of a data queue. The object is reused from request to request. */
export class DataRequest extends Answer {
  /** The guest's chain; R is of no use any more once the request has been posted. */
  readonly chain: DescriptorChain = new DescriptorChain();
  override cost = 0;
  /** Bytes of W that the gateway is told of. */
  writableLen = 0;
  /** Where it stands among its owner's. */
  at = 0;
  /** Null when nobody waits for it any more. */
  owner: DataOwner | null = null;

  constructor() {
    super(RecordKind.COMPLETE, 0, 0);
  }

  override resolve(payload: Uint8Array, usedLen: number): void {
    this.owner?.answered(this, payload, usedLen);
  }

  override reject(): void {
    this.owner?.failed(this);
  }
}

/** How data requests go into messages: R as it is, but for the id of its session. */
export class DataFormat implements RequestFormat<DataRequest> {
  // The message that is being written, as lists of segments want it.
  #message: MemoryBytes = new MemoryBytes(new Uint8Array(0));

  readableLen({ chain }: DataRequest): number {
    return chain.readable.length;
  }

  writableLen({ writableLen }: DataRequest): number {
    return writableLen;
  }

  write(target: RequestTarget, at: number, request: DataRequest, { mux }: WireMode): void {
    const { bytes, view } = target;
    const { readable } = request.chain;
    if (this.#message.bytes !== bytes) this.#message = new MemoryBytes(bytes);
    readable.copyTo(0, this.#message, at, readable.length);
    if (readable.length < OpHeader.SIZE) return;
    // The copy decides: the guest may write to its own meanwhile.
    if (mux && view.getUint32(at + OpHeader.flag, true) === Flag.STATELESS_MODE) return;
    request.owner?.sessions.translate(view, at + OpHeader.sessionId);
  }
}

/** How control requests go into messages: R as it is, but for the id of a session to be destroyed. */
export class ControlFormat implements RequestFormat<ControlRequest> {
  readonly #sessions: SessionMap;

  constructor(sessions: SessionMap) {
    this.#sessions = sessions;
  }

  readableLen({ readable }: ControlRequest): number {
    return readable.length;
  }

  writableLen({ writableLen }: ControlRequest): number {
    return writableLen;
  }

  write({ bytes, view }: RequestTarget, at: number, { readable, what }: ControlRequest): void {
    bytes.set(readable, at);
    if (what !== ControlKind.DESTROY || readable.length < DESTROYED_ID + 8) return;
    this.#sessions.translate(view, at + DESTROYED_ID);
  }
}

/** A request of the control queue. */
export class ControlRequest extends Answer {
  /** What it asks for. */
  readonly what: ControlKind;
  /** Private copy of R. */
  readonly readable: Uint8Array<ArrayBuffer>;
  /** Bytes of W. */
  readonly writableLen: number;
  readonly #settled: (written: Uint8Array | null) => void;

  /** @param settled takes what the gateway says was written, or null when it has not answered */
  constructor(
    readable: Uint8Array<ArrayBuffer>,
    writableLen: number,
    settled: (written: Uint8Array | null) => void,
  ) {
    super(RecordKind.COMPLETE, readable.length + writableLen, writableLen);
    this.what = controlKind(readable);
    this.readable = readable;
    this.writableLen = writableLen;
    this.#settled = settled;
  }

  override resolve(payload: Uint8Array, usedLen: number): void {
    const isSound = usedLen === payload.length && usedLen <= this.writableLen;
    this.#settled(isSound ? payload : null);
  }

  override reject(): void {
    this.#settled(null);
  }
}
