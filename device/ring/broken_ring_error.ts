/**
 * A ring that a driver has broken: the one exception of the device's core.
 *
 * It is thrown where the ring is read and caught in one place, which sets DEVICE_NEEDS_RESET. A bad
 * request is never this; it has a status.
 */
export class BrokenRingError extends Error {
  constructor(what: string) {
    super(`Cannot go on with the ring: ${what}`);
    this.name = "BrokenRingError";
  }
}
