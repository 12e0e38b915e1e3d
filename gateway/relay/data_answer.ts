/**
 * The answer to a data request, on its way into the guest's memory.
 *
 * @module
 */

import { type SegmentList, Status } from "../../device/mod.ts";

/**
 * Writes what a gateway says a device wrote. A length that cannot be, or none, is ERR: a driver may not
 * have initialised the status byte, and would read silence as success.
 *
 * @param writable W of the guest, not empty
 * @param written result bytes and status
 * @param usedLen bytes written, as the gateway says
 * @param room bytes of W that the gateway was told of
 * @returns `used.len`: result and status, 1 on failure
 */
export function writeAnswer(
  writable: SegmentList,
  written: Uint8Array,
  usedLen: number,
  room: number,
): number {
  const isSound = usedLen === written.length && usedLen > 0 && usedLen <= room;
  const status = isSound ? written[usedLen - 1] : Status.ERR;
  if (status !== Status.OK) {
    return writeFailure(writable, status <= Status.NOSPC ? status : Status.ERR);
  }
  if (usedLen === writable.length) {
    writable.copyFrom(0, written);
    return usedLen;
  }
  // The status is the last byte of W, however long the result is.
  writable.copyFrom(0, written.subarray(0, usedLen - 1));
  writable.setByte(writable.length - 1, Status.OK);
  return usedLen;
}

/** Writes a status other than OK, and no result. Returns `used.len`, 0 where W is empty. */
export function writeFailure(writable: SegmentList, status: number): number {
  if (writable.length === 0) return 0;
  writable.setByte(writable.length - 1, status);
  return 1;
}
