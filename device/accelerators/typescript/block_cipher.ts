/**
 * What modes of operation ask of a block cipher.
 *
 * @module
 */

/** A block cipher with its key. */
export interface BlockCipher {
  /** Bytes of a block: 8 or 16. */
  readonly blockLen: number;
  /** Encrypts the block at `src[srcPos]` to `dst[dstPos]`; both may be the same memory. */
  encryptBlock(src: Uint8Array, srcPos: number, dst: Uint8Array, dstPos: number): void;
  /** Overwrites the key schedule. The object must not be used afterwards. */
  close(): void;
}
