/**
 * What two listeners say to each other about one call.
 *
 * @module
 */

import type { ChunkMessage, TakenMessage } from "./chunks.ts";

/** A call that has passed the checks of the listener it came to. */
export interface ForwardedCall {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Name of the token that made the call. */
  readonly owner: string;
  /** Those that matter for a body. */
  readonly headers: readonly (readonly [string, string])[];
  readonly hasBody: boolean;
  /** The body comes without being asked for. */
  readonly isSmall: boolean;
}

/** From the listener that was called to the one that has the device. */
export type CallerMessage =
  | { readonly kind: "call"; readonly id: number; readonly call: ForwardedCall }
  /** Nobody wants the rest of the answer. */
  | { readonly kind: "cancel"; readonly id: number }
  | ChunkMessage
  | TakenMessage;

/** From the listener that has the device to the one that was called. */
export type CalleeMessage =
  | {
    readonly kind: "head";
    readonly id: number;
    readonly status: number;
    readonly headers: readonly (readonly [string, string])[];
    readonly hasBody: boolean;
  }
  | ChunkMessage
  | TakenMessage;
