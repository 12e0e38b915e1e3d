/**
 * What carries messages between this driver and a device. Adapters: WebSocket (of the platform, or
 * framed by ourselves on a socket), HTTP, and a device in the same process.
 *
 * @module
 */

/** Who is told of what arrives. */
export interface TransportEvents {
  /**
   * A message came. It is the receiver's from now on; it is never called again after `onClose`.
   */
  onMessage(message: Uint8Array): void;
  /** The connection ended, called once: with an error unless `close` was called. */
  onClose(error: Error | undefined): void;
}

/**
 * A connection over which messages go both ways, whole and in order.
 *
 * There is no backpressure here: the driver bounds what it has unanswered, and with it what a
 * transport can come to hold.
 */
export interface Transport {
  /** Names who is told. Called once, before the first `send`. */
  start(events: TransportEvents): void;
  /** Sends one message, which is the transport's from now on. Does nothing after the end. */
  send(message: Uint8Array<ArrayBuffer>): void;
  /** Ends the connection. Resolves when the other end has been told, or cannot be. */
  close(): Promise<void>;
}
