/**
 * Structures as tables of offsets.
 *
 * A structure of the specification is written once, in the order of its C declaration, and read or
 * written with a `DataView` at a base offset. Nothing is allocated per request, and the code that
 * reads a field looks like the field's name.
 *
 * @module
 */

/** Size of a `u8` field in bytes. */
export const U8 = 1;
/** Size of an `le16` field in bytes. */
export const U16 = 2;
/** Size of an `le32` field in bytes. */
export const U32 = 4;
/** Size of an `le64` field in bytes. */
export const U64 = 8;

/** Byte offsets of a structure's fields, and its `SIZE` in bytes. */
export type Layout<Field extends string> = { readonly [F in Field]: number } & {
  readonly SIZE: number;
};

/**
 * Turns field sizes, in declaration order, into byte offsets.
 *
 * The structures of virtio-crypto have no implicit padding, so offsets are plain running sums.
 *
 * @example
 * ```ts
 * import { layout, U32, U64 } from "./layout.ts";
 * const HEADER = layout({ opcode: U32, algo: U32, sessionId: U64 });
 * HEADER.sessionId; // 8
 * HEADER.SIZE; // 16
 * ```
 */
export function layout<Field extends string>(sizes: Record<Field, number>): Layout<Field> {
  const offsets: Record<string, number> = {};
  let offset = 0;
  for (const [field, size] of Object.entries<number>(sizes)) {
    offsets[field] = offset;
    offset += size;
  }
  offsets.SIZE = offset;
  return Object.freeze(offsets) as Layout<Field>;
}
