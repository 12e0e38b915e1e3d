/**
 * AES-XCBC-MAC (RFC 3566).
 *
 * The AES underneath is table-driven, hence not constant time.
 *
 * @module
 */

import type { MacContext } from "../contexts.ts";
import { AES_BLOCK_LEN, AesBlock } from "../noble/aes_block.ts";
import { CbcChain } from "./cbc_chain.ts";

/** AES-XCBC-MAC under one 16-byte key; the tag is 16 bytes. */
export class XcbcMac implements MacContext {
  readonly #cipher: AesBlock;
  readonly #chain: CbcChain;
  readonly #k2: Uint8Array;
  readonly #k3: Uint8Array;

  /** @param key 16 bytes; not kept */
  constructor(key: Uint8Array) {
    // Section 4, step 1: K1, K2 and K3 are blocks of 0x01, 0x02 and 0x03, encrypted with K.
    const master = new AesBlock(key);
    const k1 = deriveKey(master, 1);
    this.#k2 = deriveKey(master, 2);
    this.#k3 = deriveKey(master, 3);
    this.#cipher = new AesBlock(k1);
    this.#chain = new CbcChain(this.#cipher);
    k1.fill(0);
    master.close();
  }

  /** {@inheritDoc MacContext.compute} */
  compute(_iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    const chain = this.#chain;
    chain.reset();
    chain.update(first);
    chain.update(second);
    // Section 4, step 4: an empty message counts as an incomplete block.
    if (chain.filled === AES_BLOCK_LEN) {
      chain.addKey(this.#k2);
    } else {
      chain.padWithOne();
      chain.addKey(this.#k3);
    }
    chain.finish(out);
  }

  /** {@inheritDoc MacContext.close} */
  close(): void {
    this.#cipher.close();
    this.#chain.reset();
    this.#k2.fill(0);
    this.#k3.fill(0);
  }
}

function deriveKey(master: AesBlock, byte: number): Uint8Array {
  const key = new Uint8Array(AES_BLOCK_LEN).fill(byte);
  master.encryptBlock(key, 0, key, 0);
  return key;
}
