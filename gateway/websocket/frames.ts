/**
 * WebSocket framing (RFC 6455, section 5), for both ends of a connection.
 *
 * Needs nothing of a runtime, so that the gateway and the client share it. Only binary messages
 * exist here: the protocol carries no text.
 *
 * @module
 */

import {
  applyMask,
  checkStart,
  CloseCode,
  FrameError,
  FrameOpcode,
  freeWhole,
  MAX_CONTROL_PAYLOAD,
  parseClose,
  readLongLen,
  type Role,
} from "./frame_format.ts";

export {
  applyMask,
  CloseCode,
  encodeClose,
  encodeFrame,
  FrameError,
  frameInPlace,
  FrameOpcode,
  isCloseCode,
  MAX_CONTROL_PAYLOAD,
  MAX_UNMASKED_HEADER,
  type Role,
} from "./frame_format.ts";

/** Longest frame header in bytes: 2, the 8-byte length, the masking key. */
const MAX_HEADER_SIZE = 14;
/** First allocation for a message that does not lie whole in one chunk, in bytes. */
const MIN_ASSEMBLY_SIZE = 4096;
/**
 * Longest assembly buffer kept behind a message that did not need it, in bytes. A longer one is kept while one
 * long message follows the other: to touch 16 MiB of fresh pages takes 30 ms.
 */
const MAX_KEPT_SIZE = 1024 * 1024;
/**
 * Continuation frames without payload allowed in one message. RFC 6455 permits any number, but
 * they move nothing forward: more than a few are an attempt to keep the receiver busy.
 */
const MAX_EMPTY_FRAGMENTS = 16;

const EMPTY = new Uint8Array(0);

/** What a {@link FrameParser} needs to know. */
export interface FrameParserOptions {
  /** This end: a server requires masked frames, a client requires unmasked ones. */
  readonly role: Role;
  /** Longest message in bytes, all its fragments together. */
  readonly maxPayload: number;
  /**
   * Reuse the memory in which long messages are put together, and free chunks as soon as they are
   * walked over. A payload is then valid only until the next call of `next` or `release`. Without
   * it a payload stays valid, and its memory is the garbage collector's affair. Default false.
   */
  readonly freeMemory?: boolean;
}

/**
 * Cuts a byte stream into messages and control frames.
 *
 * Chunks go in with {@link FrameParser.push}; {@link FrameParser.next} then moves from one message
 * or control frame to the next until it returns false, which asks for another chunk. The caller may
 * stop between two calls of `next` for as long as it likes: nothing is read ahead.
 *
 * A message that lies whole in one chunk is a view on that chunk, unmasked in place. Memory for
 * other messages grows with the bytes that have come, never by what a header declares.
 *
 * @example
 * ```ts
 * import { encodeFrame, FrameOpcode, FrameParser } from "./frames.ts";
 * const parser = new FrameParser({ role: "client", maxPayload: 1024 });
 * parser.push(encodeFrame(FrameOpcode.BINARY, Uint8Array.of(1, 2, 3), "server"));
 * while (parser.next()) parser.payload; // 1, 2, 3
 * ```
 */
export class FrameParser {
  readonly #masked: boolean;
  readonly #maxPayload: number;
  readonly #freeMemory: boolean;
  readonly #header = new Uint8Array(MAX_HEADER_SIZE);
  readonly #control = new Uint8Array(MAX_CONTROL_PAYLOAD);
  #headerLen = 0;
  #chunk: Uint8Array = EMPTY;
  #chunkOffset = 0;
  /** The current frame; its header has been read while `#inPayload`. */
  #inPayload = false;
  #final = false;
  #frameOpcode = 0;
  #maskKey = 0;
  #payloadLen = 0;
  #payloadDone = 0;
  /** The message being put together from fragments or chunks. */
  #inMessage = false;
  #messageLen = 0;
  #numEmptyFragments = 0;
  #assembly: Uint8Array<ArrayBuffer> = EMPTY;
  /** Bytes of the last message that was put together there; 0 once another did without. */
  #lastAssembled = 0;
  /** `CLOSE`, `PING`, `PONG` or `BINARY`, after `next` returned true. */
  opcode = 0;
  /** Payload of the message or control frame; valid until the next call of `next`. */
  payload: Uint8Array = EMPTY;
  /** Code of a CLOSE, {@link CloseCode.NO_STATUS} when it carried none. */
  closeCode: number = CloseCode.NO_STATUS;
  /** Reason of a CLOSE. */
  closeReason = "";

  constructor(options: FrameParserOptions) {
    this.#masked = options.role === "server";
    this.#maxPayload = options.maxPayload;
    this.#freeMemory = options.freeMemory ?? false;
  }

  /** Bytes of memory held for a message that is not complete yet, or kept for the next. */
  get heldBytes(): number {
    return this.#assembly.length;
  }

  /**
   * Gives back memory kept for the next message, unless one is being put together. The last payload
   * must not be in use any more.
   */
  release(): void {
    if (!this.#inMessage && !this.#inPayload) this.#free();
  }

  /** Gives back all memory. Nothing can be parsed after it. */
  discard(): void {
    this.#free();
    this.#dropChunk();
  }

  #dropChunk(): void {
    if (this.#freeMemory) freeWhole(this.#chunk);
    this.#chunk = EMPTY;
    this.#chunkOffset = 0;
  }

  /**
   * Takes the next bytes of the stream. The chunk is the parser's from now on: it unmasks in place.
   *
   * @throws Error when the chunk before has not been walked over to its end
   */
  push(chunk: Uint8Array): void {
    if (this.#chunkOffset < this.#chunk.length) {
      throw new Error("Cannot take a chunk while the one before is unread");
    }
    this.#chunk = chunk;
    this.#chunkOffset = 0;
  }

  /**
   * Moves to the next whole message or control frame.
   *
   * @returns false when another chunk is needed
   * @throws FrameError when the peer broke the rules; nothing can be parsed after it
   */
  next(): boolean {
    if (this.#assembly.length > MAX_KEPT_SIZE && this.#lastAssembled <= MAX_KEPT_SIZE) {
      this.release();
    }
    if (this.#advance()) return true;
    this.#dropChunk();
    return false;
  }

  #advance(): boolean {
    while (this.#inPayload || this.#readHeader()) {
      if (this.#frameOpcode >= FrameOpcode.CLOSE) return this.#readControl();
      if (!this.#readData()) return false;
      if (this.#final) return true;
    }
    return false;
  }

  /** Reads a header, or gathers its bytes; true once it is whole and has been checked. */
  #readHeader(): boolean {
    const chunk = this.#chunk;
    const at = this.#chunkOffset;
    if (this.#headerLen === 0 && at < chunk.length - MAX_HEADER_SIZE) {
      checkStart(chunk[at], chunk[at + 1], this.#masked, this.#inMessage);
      this.#chunkOffset += this.#takeHeader(chunk, at);
      return true;
    }
    const header = this.#header;
    if (!this.#gatherHeader(2)) return false;
    // What is wrong already is not waited for the rest of.
    if (this.#headerLen === 2) checkStart(header[0], header[1], this.#masked, this.#inMessage);
    if (!this.#gatherHeader(this.#headerSize(header[1]))) return false;
    this.#headerLen = 0;
    this.#takeHeader(header, 0);
    return true;
  }

  #headerSize(second: number): number {
    const shortLen = second & 0x7f;
    return 2 + (shortLen === 127 ? 8 : shortLen === 126 ? 2 : 0) + (this.#masked ? 4 : 0);
  }

  /** Begins a frame whose whole header stands in `bytes`, its start checked; the header's length. */
  #takeHeader(bytes: Uint8Array, at: number): number {
    const first = bytes[at];
    const second = bytes[at + 1];
    const shortLen = second & 0x7f;
    const size = this.#headerSize(second);
    this.#payloadLen = shortLen < 126 ? shortLen : readLongLen(bytes, at + 2, shortLen === 127);
    if (this.#masked) {
      const key = at + size - 4;
      this.#maskKey = bytes[key] | bytes[key + 1] << 8 | bytes[key + 2] << 16 |
        bytes[key + 3] << 24;
    }
    this.#final = (first & 0x80) !== 0;
    this.#frameOpcode = first & 0x0f;
    this.#payloadDone = 0;
    this.#inPayload = true;
    if (this.#frameOpcode < FrameOpcode.CLOSE) this.#startData();
    return size;
  }

  #gatherHeader(wanted: number): boolean {
    while (this.#headerLen < wanted) {
      if (this.#chunkOffset === this.#chunk.length) return false;
      this.#header[this.#headerLen++] = this.#chunk[this.#chunkOffset++];
    }
    return true;
  }

  #startData(): void {
    if (this.#payloadLen > this.#maxPayload - this.#messageLen) {
      throw new FrameError(
        CloseCode.MESSAGE_TOO_BIG,
        `Message over ${this.#maxPayload} bytes`,
      );
    }
    if (this.#payloadLen === 0 && this.#inMessage && !this.#final) {
      if (++this.#numEmptyFragments > MAX_EMPTY_FRAGMENTS) {
        throw new FrameError(
          CloseCode.POLICY_VIOLATION,
          `More than ${MAX_EMPTY_FRAGMENTS} empty fragments in a message`,
        );
      }
    }
  }

  /** Moves on in a data frame's payload; true once the frame is whole. */
  #readData(): boolean {
    const available = this.#chunk.length - this.#chunkOffset;
    const missing = this.#payloadLen - this.#payloadDone;
    const len = Math.min(available, missing);
    const { buffer, byteOffset } = this.#chunk;
    // Node's subarray() takes longer.
    const part = new Uint8Array(buffer, byteOffset + this.#chunkOffset, len);
    this.#chunkOffset += len;
    const isWholeMessage = !this.#inMessage && this.#final && len === this.#payloadLen;
    if (isWholeMessage) {
      if (this.#masked) applyMask(part, this.#maskKey, 0);
      this.#inPayload = false;
      this.#lastAssembled = 0;
      return this.#deliver(part);
    }
    this.#append(part);
    if (len < missing) return false;
    this.#inPayload = false;
    this.#inMessage = true;
    if (!this.#final) return true;
    this.#lastAssembled = this.#messageLen;
    return this.#deliver(this.#assembly.subarray(0, this.#messageLen));
  }

  #append(part: Uint8Array): void {
    const end = this.#messageLen + part.length;
    if (end > this.#assembly.length) {
      // The last fragment's length is known; an unfinished message may reach the limit.
      const rest = this.#payloadLen - this.#payloadDone;
      this.#grow(end, this.#final ? this.#messageLen + rest : this.#maxPayload);
    }
    this.#assembly.set(part, this.#messageLen);
    if (this.#masked) {
      applyMask(this.#assembly.subarray(this.#messageLen, end), this.#maskKey, this.#payloadDone);
    }
    this.#payloadDone += part.length;
    this.#messageLen = end;
  }

  /** Grows in quarters of the final size, so that old and new memory are at most 1.25 times it. */
  #grow(needed: number, target: number): void {
    let size = target;
    while (size > MIN_ASSEMBLY_SIZE && Math.ceil(size / 4) >= needed) size = Math.ceil(size / 4);
    const grown = new Uint8Array(size);
    grown.set(this.#assembly.subarray(0, this.#messageLen));
    this.#free();
    this.#assembly = grown;
  }

  #free(): void {
    freeWhole(this.#assembly);
    this.#assembly = EMPTY;
  }

  #deliver(message: Uint8Array): true {
    this.opcode = FrameOpcode.BINARY;
    this.payload = message;
    this.#inMessage = false;
    this.#messageLen = 0;
    this.#numEmptyFragments = 0;
    if (!this.#freeMemory) this.#assembly = EMPTY;
    return true;
  }

  /** Moves on in a control frame's payload; true once the frame is whole. */
  #readControl(): boolean {
    while (this.#payloadDone < this.#payloadLen) {
      if (this.#chunkOffset === this.#chunk.length) return false;
      this.#control[this.#payloadDone++] = this.#chunk[this.#chunkOffset++];
    }
    this.#inPayload = false;
    this.opcode = this.#frameOpcode;
    this.payload = this.#control.subarray(0, this.#payloadLen);
    if (this.#masked) applyMask(this.payload, this.#maskKey, 0);
    if (this.opcode === FrameOpcode.CLOSE) {
      const { code, reason } = parseClose(this.payload);
      this.closeCode = code;
      this.closeReason = reason;
    }
    return true;
  }
}
