/**
 * The bytes of one request, and the fields in them.
 *
 * @module
 */

/** See the module's comment. Offsets of fields count from the body's start. */
export class Fields {
  readonly maxSize: number;
  readonly #readable: Uint8Array<ArrayBuffer>;
  readonly #writableLen: number;
  readonly #view: DataView;
  #body = 0;
  #rest = 0;

  constructor(readable: Uint8Array<ArrayBuffer>, writableLen: number, maxSize: number) {
    this.maxSize = maxSize;
    this.#readable = readable;
    this.#writableLen = writableLen;
    this.#view = new DataView(readable.buffer, readable.byteOffset, readable.length);
  }

  /** Bytes of R behind the body. */
  get restLen(): number {
    return this.#readable.length - this.#rest;
  }

  /** The word at an offset of R. */
  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  /** The word at an offset of the body. */
  field(offset: number): number {
    return this.u32(this.#body + offset);
  }

  /** Whether a body of `size` bytes stands behind the header. */
  hasBody(header: number, size: number): boolean {
    this.#body = header;
    this.#rest = header + size;
    return this.#readable.length >= header + size;
  }

  /** A private copy of bytes of the variable part. */
  bytes(offset: number, len: number): Uint8Array<ArrayBuffer> {
    return this.#readable.slice(this.#rest + offset, this.#rest + offset + len);
  }

  /** Declared lengths against R, W and max_size: sums that double precision holds exactly. */
  fits(readableLen: number, resultLen: number): boolean {
    return readableLen <= this.restLen && resultLen + 1 <= this.#writableLen &&
      readableLen + resultLen + 1 <= this.maxSize;
  }
}
