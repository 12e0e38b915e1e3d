/**
 * What a rejected promise carries: the device's status, the gateway's refusal, or the transport's
 * failure, never mixed.
 *
 * @module
 */

import { statusName } from "../../device/wire/constants.ts";
import { RefusedReason } from "../records.ts";

/** The device answered a request with a status other than OK. */
export class CryptoError extends Error {
  /** `VIRTIO_CRYPTO_*` status ({@link Status}). */
  readonly status: number;
  /** Its name, such as `"BADMSG"`. */
  readonly statusName: ReturnType<typeof statusName>;

  constructor(status: number) {
    super(`Device answered ${statusName(status)} (${status})`);
    this.name = "CryptoError";
    this.status = status;
    this.statusName = statusName(status);
  }
}

/** The gateway refused a record: the request never reached the device. */
export class RefusedError extends Error {
  /** One of {@link RefusedReason}. */
  readonly reason: number;
  /** Its name, such as `"NO_QUEUE"`. */
  readonly reasonName: string;

  constructor(reason: number, text: string) {
    const name = Object.entries(RefusedReason).find(([, value]) => value === reason)?.[0];
    super(`Gateway refused the request: ${text === "" ? name ?? reason : text}`);
    this.name = "RefusedError";
    this.reason = reason;
    this.reasonName = name ?? "UNKNOWN";
  }
}

/** There is no connection, it ended, or the other end does not speak the protocol. */
export class ConnectionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConnectionError";
  }
}

/**
 * The device is not running: it is broken (DEVICE_NEEDS_RESET) or was reset meanwhile. The request
 * was not, or not wholly, executed; `reset` starts the device anew.
 */
export class NeedsResetError extends Error {
  /** @param why what the gateway or the driver says of it */
  constructor(why: string) {
    super(`Device does not run: ${why}`);
    this.name = "NeedsResetError";
  }
}

/** An algorithm's name, service or key length is wrong. Nothing was sent. */
export class AlgorithmError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "AlgorithmError";
  }
}

/** A feature is needed that the device does not offer or this driver did not accept. */
export class FeatureError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FeatureError";
  }
}
