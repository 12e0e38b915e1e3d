/**
 * A request somebody else has already laid out.
 *
 * @module
 */

import type { Request, RequestFormat } from "../../device/wire/requests.ts";

/** Bytes to be put on a queue as they are. */
export const rawRequest: RequestFormat<
  { readonly readable: Uint8Array } & Omit<Request, "readable">
> = {
  readableLen: (o) => o.readable.length,
  writableLen: (o) => o.writableLen,
  write: ({ bytes }, at, o) => bytes.set(o.readable, at),
};
