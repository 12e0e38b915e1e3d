/**
 * What RFC 6455 forbids in a frame.
 *
 * @module
 */

import {
  CloseCode,
  FrameError,
  FrameOpcode,
  isCloseCode,
  MAX_CONTROL_PAYLOAD,
} from "./frame_format.ts";

/**
 * Checks what the first two bytes of a frame say (RFC 6455, sections 5.2, 5.4 and 5.5).
 *
 * @param masked whether the peer has to mask
 * @param inMessage whether a message has begun and not ended
 * @throws FrameError
 */
export function checkStart(
  first: number,
  second: number,
  masked: boolean,
  inMessage: boolean,
): void {
  if ((first & 0x70) !== 0) protocolError("Reserved bits are set in a frame");
  const opcode = first & 0x0f;
  if (opcode === FrameOpcode.TEXT) {
    throw new FrameError(CloseCode.UNSUPPORTED_DATA, "Text message, only binary ones are taken");
  }
  const isControl = opcode >= FrameOpcode.CLOSE;
  if ((opcode > FrameOpcode.BINARY && !isControl) || opcode > FrameOpcode.PONG) {
    protocolError(`Reserved opcode ${opcode}`);
  }
  if (((second & 0x80) !== 0) !== masked) {
    protocolError(masked ? "Frame is not masked" : "Frame is masked");
  }
  if (isControl) {
    if ((first & 0x80) === 0) protocolError("Control frame is fragmented");
    if ((second & 0x7f) > MAX_CONTROL_PAYLOAD) protocolError("Control frame over 125 bytes");
  } else if ((opcode === FrameOpcode.CONTINUATION) !== inMessage) {
    protocolError(inMessage ? "Message starts inside another" : "Nothing to continue");
  }
}

/**
 * Reads the extended payload length (RFC 6455, section 5.2).
 *
 * @param header the frame's header
 * @param lenSize bytes of it: 2 or 8
 * @throws FrameError when it is not in the shortest form, or negative
 */
export function readLongLen(header: DataView, lenSize: number): number {
  if (lenSize === 2) {
    const len = header.getUint16(2);
    if (len < 126) protocolError("Length is not written in its shortest form");
    return len;
  }
  const high = header.getUint32(2);
  const low = header.getUint32(6);
  if (high >= 0x80000000) protocolError("Length has its highest bit set");
  if (high === 0 && low < 0x10000) protocolError("Length is not written in its shortest form");
  return high * 0x100000000 + low;
}

/**
 * Reads the payload of a close frame (RFC 6455, sections 5.5.1 and 7.4).
 *
 * @throws FrameError
 */
export function parseClose(payload: Uint8Array): { code: number; reason: string } {
  if (payload.length === 0) return { code: CloseCode.NO_STATUS, reason: "" };
  if (payload.length === 1) protocolError("Close frame of 1 byte");
  const code = (payload[0] << 8) | payload[1];
  if (!isCloseCode(code)) protocolError(`Close code ${code} is not for the wire`);
  try {
    return { code, reason: new TextDecoder("utf-8", { fatal: true }).decode(payload.subarray(2)) };
  } catch {
    throw new FrameError(CloseCode.INVALID_PAYLOAD, "Close reason is not UTF-8");
  }
}

function protocolError(message: string): never {
  throw new FrameError(CloseCode.PROTOCOL_ERROR, message);
}
