/**
 * The configuration space as a guest sees it: the gateway's, less what a relay does not carry.
 *
 * @module
 */

import { S_HW_READY, SERVICES } from "../../device/mod.ts";
import { Config } from "../../device/wire/structs.ts";

/** Longest keys that are believed, cipher and MAC each: far beyond any algorithm's. */
const MAX_KEY_LEN = 16 * 1024;
/** Header and body of a control request, at most. */
const CONTROL_LEN = 128;

/** See the module's comment. */
export class GuestConfig {
  readonly #bytes = new Uint8Array(Config.SIZE);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #numDataQueues: number;
  #isReady = true;

  /** @param numDataQueues of the guest, which stay the same whatever gateways come and go */
  constructor(numDataQueues: number, config: Uint8Array) {
    this.#numDataQueues = numDataQueues;
    this.update(config, true);
  }

  /** Whether VIRTIO_CRYPTO_S_HW_READY is set. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Most bytes of a control request that mean anything: what stands behind the keys does not. */
  get maxControlLen(): number {
    const cipher = this.#view.getUint32(Config.maxCipherKeyLen, true);
    const auth = this.#view.getUint32(Config.maxAuthKeyLen, true);
    return CONTROL_LEN + Math.min(cipher, MAX_KEY_LEN) + Math.min(auth, MAX_KEY_LEN);
  }

  /**
   * Takes over what a gateway says.
   *
   * @param config its configuration space
   * @returns whether anything has changed for the guest
   */
  update(config: Uint8Array, isReady: boolean): boolean {
    const before = this.#bytes.slice();
    const view = this.#view;
    this.#bytes.set(config.subarray(0, Config.SIZE));
    const services = view.getUint32(Config.cryptoServices, true);
    // Services of later versions have requests that nobody here could tell sessions in.
    view.setUint32(Config.cryptoServices, services & ((1 << SERVICES.length) - 1), true);
    view.setUint32(Config.reserved, 0, true);
    view.setUint32(Config.maxDataqueues, this.#numDataQueues, true);
    const status = isReady ? view.getUint32(Config.status, true) & S_HW_READY : 0;
    view.setUint32(Config.status, status, true);
    this.#isReady = status !== 0;
    return before.some((byte, i) => byte !== this.#bytes[i]);
  }

  /** There is no gateway, for the time being. Returns whether that is news. */
  clearReady(): boolean {
    const wasReady = this.#isReady;
    this.#isReady = false;
    this.#view.setUint32(Config.status, 0, true);
    return wasReady;
  }

  /** Part of the configuration space; undefined outside it. */
  read(offset: number, len: number): Uint8Array | undefined {
    if (offset < 0 || len < 0 || offset + len > Config.SIZE) return undefined;
    return this.#bytes.slice(offset, offset + len);
  }
}
