/**
 * Requests of the control queue, as far as a relay has to understand them, and the answers it gives by
 * itself (VIRTIO, "Control Virtqueue").
 *
 * @module
 */

import { Op, SERVICES, Status } from "../../device/wire/constants.ts";
import { ctrlBodyLen, readU64, type WireMode, writeU64 } from "../../device/wire/request_format.ts";
import { CtrlHeader, DestroySessionReq, SessionInput } from "../../device/wire/structs.ts";

/** What a control request asks for. */
export const ControlKind = { CREATE: 0, DESTROY: 1, OTHER: 2 } as const;
/** One of {@link ControlKind}. */
export type ControlKind = (typeof ControlKind)[keyof typeof ControlKind];

/** Where the id of the session to be destroyed stands in R. */
export const DESTROYED_ID: number = CtrlHeader.SIZE + DestroySessionReq.sessionId;

/** Most bytes that a device writes for a control request. */
export const MAX_ANSWER_LEN: number = SessionInput.SIZE;

/** What R asks for; OTHER when its opcode is unknown or not whole. */
export function controlKind(readable: Uint8Array): ControlKind {
  if (readable.length < 4 || readable[2] !== 0 || readable[3] !== 0) return ControlKind.OTHER;
  if (!SERVICES.some((service) => service === readable[1])) return ControlKind.OTHER;
  if (readable[0] === Op.CREATE_SESSION) return ControlKind.CREATE;
  return readable[0] === Op.DESTROY_SESSION ? ControlKind.DESTROY : ControlKind.OTHER;
}

/** Number of the service that R is for. */
export function controlService(readable: Uint8Array): number {
  return readable[1];
}

/** Whether R, which destroys a session, holds the whole of its body. */
export function hasDestroyBody(readable: Uint8Array, mode: WireMode): boolean {
  return readable.length >= CtrlHeader.SIZE + ctrlBodyLen(DestroySessionReq.SIZE, mode);
}

/** The guest's id in an R that destroys a session. */
export function destroyedId(readable: Uint8Array): number {
  return readU64(viewOf(readable), DESTROYED_ID);
}

/** The status in what a device wrote for a control request; ERR when it makes no sense. */
export function answerStatus(kind: ControlKind, written: Uint8Array): number {
  if (kind !== ControlKind.DESTROY) {
    if (written.length !== SessionInput.SIZE) return Status.ERR;
    return known(viewOf(written).getUint32(SessionInput.status, true));
  }
  if (written.length >= 4) return known(viewOf(written).getUint32(0, true));
  return written.length > 0 ? known(written[0]) : Status.ERR;
}

/**
 * What a device writes for a creation: nothing when there is no room for all of it.
 *
 * @param sessionId 0 unless the status is OK
 */
export function createAnswer(status: number, writableLen: number, sessionId = 0): Uint8Array {
  if (writableLen < SessionInput.SIZE) return new Uint8Array(0);
  const bytes = new Uint8Array(SessionInput.SIZE);
  const view = viewOf(bytes);
  writeU64(view, SessionInput.sessionId, sessionId);
  view.setUint32(SessionInput.status, status, true);
  return bytes;
}

/** What a device writes for a destruction: the status in 32 bits and padding where there is room. */
export function destroyAnswer(status: number, writableLen: number): Uint8Array {
  const bytes = new Uint8Array(
    writableLen >= 8 ? 8 : writableLen >= 4 ? 4 : Math.min(1, writableLen),
  );
  if (bytes.length > 0) bytes[0] = status;
  return bytes;
}

/** A view on all of `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function known(status: number): number {
  return status <= Status.NOSPC ? status : Status.ERR;
}
