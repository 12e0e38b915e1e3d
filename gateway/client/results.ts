/**
 * From what the device wrote to what a caller gets.
 *
 * @module
 */

import { Status } from "../../device/wire/constants.ts";
import {
  type ChainDataOptions,
  parseDataStatus,
  parseDestroyStatus,
  parseSessionInput,
} from "../../device/wire/requests.ts";
import { ConnectionError, CryptoError } from "./errors.ts";

/** What a chain yields. */
export interface ChainResult {
  /** The ciphered copy of `src`. */
  readonly dst: Uint8Array;
  /** The digest or tag. The device compares it with nothing. */
  readonly hashResult: Uint8Array;
}

/** What `submit` yields. */
export interface SubmitResult {
  /** Bytes the device wrote. */
  readonly usedLen: number;
  /** Those bytes, the status among them. */
  readonly bytes: Uint8Array;
}

/**
 * Bytes of a message, as the caller's own. A copy, so that a short result does not keep a long
 * message in memory; a result that is most of its message is a view on it.
 */
function own(written: Uint8Array, start: number, end: number): Uint8Array {
  const isMost = (end - start) * 2 >= written.buffer.byteLength;
  return isMost ? written.subarray(start, end) : written.slice(start, end);
}

function check(status: number): void {
  if (status !== Status.OK) throw new CryptoError(status);
}

/** Result bytes of a data request, without its status. */
export function readResult(written: Uint8Array): Uint8Array {
  check(parseDataStatus(written));
  return own(written, 0, written.length - 1);
}

/** Result and digest of a chain request. */
export function readChainResult(written: Uint8Array, options: ChainDataOptions): ChainResult {
  check(parseDataStatus(written));
  const dstLen = written.length - 1 - options.hashResultLen;
  if (dstLen < 0) {
    throw new ConnectionError(`Chain's answer of ${written.length} bytes is too short`);
  }
  return { dst: own(written, 0, dstLen), hashResult: own(written, dstLen, written.length - 1) };
}

/** Id of a session created. */
export function readSessionId(written: Uint8Array): number {
  const { status, sessionId } = parseSessionInput(written);
  check(status);
  return sessionId;
}

/** Checks that a session is destroyed. */
export function readDestroyed(written: Uint8Array): void {
  check(parseDestroyStatus(written));
}

/** Everything the device wrote. */
export function readWritten(written: Uint8Array): SubmitResult {
  return { usedLen: written.length, bytes: own(written, 0, written.length) };
}
