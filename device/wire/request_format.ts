/**
 * What the builders of requests share: where they write, and in which of the negotiated forms.
 *
 * @module
 */

import { Flag } from "./constants.ts";
import { CTRL_BODY_SIZE, CtrlHeader, DATA_BODY_SIZE, OpHeader } from "./structs.ts";

/** Which form of the stateless CIPHER body is spoken: the draft's, or virtio 1.1's. */
export type WireLayout = "v19" | "1.1";

/** What decides the form of a request. */
export interface WireMode {
  /** Whether MUX_MODE is negotiated: bodies are then exactly as long as their structure. */
  readonly mux: boolean;
  /** Form of the stateless CIPHER body. */
  readonly layout: WireLayout;
}

/** Memory a request is written into. */
export interface RequestTarget {
  /** The memory, zero wherever a request is to be written. */
  readonly bytes: Uint8Array;
  /** A view on exactly the same memory. */
  readonly view: DataView;
}

/**
 * How one kind of request is written.
 *
 * `readableLen` and `writableLen` come first, then `write` fills exactly `readableLen` bytes: a
 * caller can so put many requests into one message without a buffer for each.
 */
export interface RequestFormat<Options> {
  /** Bytes of `R`, the device-readable part. */
  readableLen(options: Options, mode: WireMode): number;
  /** Bytes of `W`, the device-writable part. */
  writableLen(options: Options): number;
  /** Writes `R` at `at`. */
  write(to: RequestTarget, at: number, options: Options, mode: WireMode): void;
}

/** One request, as a driver puts it on a queue. */
export interface Request {
  /** `R`: the bytes the device reads. */
  readonly readable: Uint8Array<ArrayBuffer>;
  /** Bytes of `W`: room the device needs for its answer. */
  readonly writableLen: number;
}

/** No bytes: what stands for an iv, aad or key that is not there. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/**
 * Builds one request in memory of its own.
 *
 * @example
 * ```ts
 * import { build } from "./request_format.ts";
 * import { hashData } from "./requests_data.ts";
 * const src = new TextEncoder().encode("abc");
 * const mode = { mux: true, layout: "v19" } as const;
 * const request = build(hashData, { sessionId: 1, src, hashResultLen: 32 }, mode);
 * request.readable.length; // 24 + 8 + 3
 * request.writableLen; // 32 + 1
 * ```
 */
export function build<Options>(
  format: RequestFormat<Options>,
  options: Options,
  mode: WireMode,
): Request {
  const readable = new Uint8Array(format.readableLen(options, mode));
  const view = new DataView(readable.buffer);
  format.write({ bytes: readable, view }, 0, options, mode);
  return { readable, writableLen: format.writableLen(options) };
}

/** Bytes of a control body whose structure has `size` bytes. */
export function ctrlBodyLen(size: number, mode: WireMode): number {
  return mode.mux ? size : CTRL_BODY_SIZE;
}

/** Bytes of a data body whose structure has `size` bytes. */
export function dataBodyLen(size: number, mode: WireMode): number {
  return mode.mux ? size : DATA_BODY_SIZE;
}

/** Writes `struct virtio_crypto_ctrl_header`. Returns where the body starts. */
export function writeCtrlHeader(
  view: DataView,
  at: number,
  opcode: number,
  algo: number,
): number {
  view.setUint32(at + CtrlHeader.opcode, opcode, true);
  view.setUint32(at + CtrlHeader.algo, algo, true);
  return at + CtrlHeader.SIZE;
}

/** Writes `struct virtio_crypto_op_header` of a session's request. Returns where the body starts. */
export function writeSessionHeader(
  view: DataView,
  at: number,
  opcode: number,
  sessionId: number,
  mode: WireMode,
): number {
  view.setUint32(at + OpHeader.opcode, opcode, true);
  writeU64(view, at + OpHeader.sessionId, sessionId);
  if (mode.mux) view.setUint32(at + OpHeader.flag, Flag.SESSION_MODE, true);
  return at + OpHeader.SIZE;
}

/** Writes `struct virtio_crypto_op_header` of a stateless request. Returns where the body starts. */
export function writeStatelessHeader(view: DataView, at: number, opcode: number): number {
  view.setUint32(at + OpHeader.opcode, opcode, true);
  view.setUint32(at + OpHeader.flag, Flag.STATELESS_MODE, true);
  return at + OpHeader.SIZE;
}

/** Writes a number below 2^53 as an `le64`. */
export function writeU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

/** Reads an `le64`; above 2^53 the result is rounded. */
export function readU64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/** Copies one variable part. Returns where the next one starts. */
export function put(bytes: Uint8Array, at: number, part: Uint8Array): number {
  if (part.length > 0) bytes.set(part, at);
  return at + part.length;
}
