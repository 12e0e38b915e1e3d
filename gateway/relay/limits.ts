/**
 * What a relay holds for one guest at most, and how long it waits.
 *
 * @module
 */

/** See the module's comment. */
export interface RelayLimits {
  /** Data requests at the gateway; further ones wait on their rings. */
  readonly maxRequests: number;
  /** Bytes that these read and write; one request more than that may be on its way. */
  readonly maxBytes: number;
  /** Sessions a guest may have open. */
  readonly maxSessions: number;
  /** Milliseconds in which a gateway has to answer something. */
  readonly timeout: number;
  /**
   * Milliseconds that a front-end, which stands still meanwhile, waits for answers at most: when a queue is
   * to stop, and for a session it creates by message.
   */
  readonly grace: number;
}

/** The limits of a relay that is told of none. */
export const DEFAULT_LIMITS: RelayLimits = {
  // A fourth of what a gateway takes unanswered by default, in number and in bytes.
  maxRequests: 1024,
  maxBytes: 16 * 1024 * 1024,
  maxSessions: 65_536,
  timeout: 30_000,
  grace: 2_000,
};
