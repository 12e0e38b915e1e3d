/**
 * The driver's side of the structures: builds what the device reads, takes apart what it wrote.
 *
 * Every kind of request is a {@link RequestFormat}, handed to {@link build} with its options.
 *
 * @example
 * ```ts
 * import { build, cipherStateless } from "./requests.ts";
 * import { CipherAlgo, Direction } from "./constants.ts";
 * const request = build(cipherStateless, {
 *   algo: CipherAlgo.AES_CBC,
 *   op: Direction.ENCRYPT,
 *   key: new Uint8Array(16),
 *   iv: new Uint8Array(16),
 *   src: new Uint8Array(32),
 * }, { mux: true, layout: "v19" });
 * request.readable.length; // 24 + 80 + 16 + 16 + 32
 * request.writableLen; // 32 + 1
 * ```
 *
 * @module
 */

import { Status } from "./constants.ts";
import { readU64 } from "./request_format.ts";
import { SessionInput } from "./structs.ts";

export {
  build,
  type Request,
  type RequestFormat,
  type RequestTarget,
  type WireLayout,
  type WireMode,
} from "./request_format.ts";
export * from "./requests_control.ts";
export {
  aeadData,
  type AeadDataOptions,
  chainData,
  type ChainDataOptions,
  cipherData,
  type CipherDataOptions,
  hashData,
  type HashDataOptions,
  macData,
  type MacDataOptions,
  type SessionRequest,
} from "./requests_data.ts";
export * from "./requests_stateless.ts";

/** `struct virtio_crypto_session_input`, read. */
export interface CreatedSession {
  /** {@link Status}. */
  readonly status: number;
  /** 0 unless the status is OK. */
  readonly sessionId: number;
}

/**
 * Reads the answer to a session's creation.
 *
 * @param written what the device wrote: `used.len` bytes. Fewer than 16 hold no answer, which is
 * reported as status ERR
 */
export function parseSessionInput(written: Uint8Array): CreatedSession {
  if (written.length < SessionInput.SIZE) return { status: Status.ERR, sessionId: 0 };
  const view = new DataView(written.buffer, written.byteOffset, written.length);
  return {
    status: view.getUint32(SessionInput.status, true),
    sessionId: readU64(view, SessionInput.sessionId),
  };
}

/**
 * Reads the status of a session's destruction: an `le32` where four bytes were written, else one
 * byte. Nothing written is status ERR.
 */
export function parseDestroyStatus(written: Uint8Array): number {
  if (written.length === 0) return Status.ERR;
  if (written.length < 4) return written[0];
  return new DataView(written.buffer, written.byteOffset, written.length).getUint32(0, true);
}

/**
 * Reads the status of a data request: the last byte written. Nothing written is status ERR.
 */
export function parseDataStatus(written: Uint8Array): number {
  return written.length === 0 ? Status.ERR : written[written.length - 1];
}
