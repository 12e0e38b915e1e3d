/**
 * What an operation gives, computed beside the device: with contexts of the accelerators, on plain
 * private arrays, put together as wire.md says. At times node:crypto is asked as well.
 *
 * @module
 */

import type {
  AeadContext,
  CipherContext,
  HashContext,
  MacContext,
} from "../../../device/accelerators/contexts.ts";
import {
  type AcceleratorName,
  type AeadAlgorithm,
  type CipherAlgorithm,
  type HashAlgorithm,
  type Implementation,
  type MacAlgorithm,
  Service,
} from "../../../device/mod.ts";
import { implementedRows } from "../../support/implementations.ts";
import { expected } from "../../conformance/oracle.ts";
import type { Job } from "../../conformance/jobs.ts";
import { HASHES, MACS } from "./layouts.ts";
import {
  AEAD,
  AUTH,
  CIPHER,
  HASH,
  HASH_THEN_CIPHER,
  MAC,
  NESTED,
  type Operation,
  type Setting,
} from "./operation.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const NONE: Bytes = new Uint8Array(0);

function byId<A extends { readonly id: number }>(rows: readonly A[]): ReadonlyMap<number, A> {
  return new Map(rows.map((row) => [row.id, row]));
}

const CIPHER_ROWS = byId(implementedRows<CipherAlgorithm>(Service.CIPHER));
const HASH_ROWS = byId(implementedRows<HashAlgorithm>(Service.HASH));
const MAC_ROWS = byId(implementedRows<MacAlgorithm>(Service.MAC));
const AEAD_ROWS = byId(implementedRows<AeadAlgorithm>(Service.AEAD));

// What a setting is computed with; those it does not need are null.
class Contexts {
  cipher: CipherContext | null = null;
  hash: HashContext | null = null;
  mac: MacContext | null = null;
  aead: AeadContext | null = null;

  close(): void {
    this.cipher?.close();
    this.hash?.close();
    this.mac?.close();
    this.aead?.close();
  }
}

/** Computes operations with one accelerator where it can, and the first other where not. */
export class Computer {
  readonly #prefer: AcceleratorName;
  readonly #kept = new Map<Setting, Contexts>();

  constructor(prefer: AcceleratorName) {
    this.#prefer = prefer;
  }

  /** The result bytes, zeros behind a short dst included; null when a tag does not verify. */
  run(operation: Operation): Bytes | null {
    const { setting } = operation;
    const contexts = this.#kept.get(setting) ?? this.#open(setting);
    if (operation.isSession) this.#kept.set(setting, contexts);
    try {
      return this.#run(operation, contexts);
    } finally {
      if (!operation.isSession) contexts.close();
    }
  }

  /** Lets go what has been kept for a session. */
  forget(setting: Setting): void {
    this.#kept.get(setting)?.close();
    this.#kept.delete(setting);
  }

  /** Lets everything go. */
  close(): void {
    for (const contexts of this.#kept.values()) contexts.close();
    this.#kept.clear();
  }

  #best<Open>(implementations: readonly Implementation<Open>[] | undefined): Open {
    const all = implementations ?? [];
    const best = all.find(({ accelerator }) => accelerator === this.#prefer) ?? all[0];
    return best.open;
  }

  #open(setting: Setting): Contexts {
    const contexts = new Contexts();
    const { service, algo, key, decrypt, hashMode, hashAlgo, authKey, isChain } = setting;
    if (service === CIPHER) {
      contexts.cipher = this.#best(CIPHER_ROWS.get(algo)?.implementations)(key, decrypt);
    }
    if (service === AEAD) contexts.aead = this.#best(AEAD_ROWS.get(algo)?.implementations)(key);
    const isMac = service === MAC || (isChain && hashMode === AUTH);
    const isHash = service === HASH || (isChain && hashMode !== AUTH);
    const digest = isChain ? hashAlgo : algo;
    const macKey = isChain ? authKey : key;
    if (isMac) contexts.mac = this.#best(MAC_ROWS.get(digest)?.implementations)(macKey);
    if (isHash) contexts.hash = this.#best(HASH_ROWS.get(digest)?.implementations)();
    return contexts;
  }

  #run(operation: Operation, contexts: Contexts): Bytes | null {
    const { setting, iv, src, dstLen, resultLen } = operation;
    if (setting.service === AEAD) return this.#aead(operation, contexts);
    if (setting.isChain) return this.#chain(operation, contexts);
    if (setting.service === CIPHER) {
      const dst = new Uint8Array(dstLen);
      contexts.cipher?.process(iv, src, dst.subarray(0, src.length));
      return dst;
    }
    return digest(setting.service === MAC, setting.algo, contexts, src, NONE, resultLen);
  }

  #aead({ setting, iv, aad, src, dstLen, tagLen }: Operation, { aead }: Contexts): Bytes | null {
    const dst = new Uint8Array(dstLen);
    if (setting.decrypt) {
      const len = src.length - tagLen;
      const isGood = aead?.open(iv, aad, src.slice(0, len), src.slice(len), dst.subarray(0, len));
      return isGood === true ? dst : null;
    }
    const tag = new Uint8Array(tagLen);
    aead?.seal(iv, aad, src, dst.subarray(0, src.length), tag);
    dst.set(tag, src.length);
    return dst;
  }

  #chain(operation: Operation, contexts: Contexts): Bytes {
    const { setting, iv, src, aad, dstLen, resultLen } = operation;
    const { cipherStart, cipherLen, hashStart, hashLen } = operation;
    const out = new Uint8Array(dstLen + resultLen);
    out.set(src);
    const region = src.slice(cipherStart, cipherStart + cipherLen);
    contexts.cipher?.process(iv, region, out.subarray(cipherStart, cipherStart + cipherLen));
    const hashed = setting.order === HASH_THEN_CIPHER ? src : out;
    const input = hashed.slice(hashStart, hashStart + hashLen);
    const { hashMode, hashAlgo } = setting;
    const inner = hashMode === NESTED
      ? digest(false, hashAlgo, contexts, aad, input, HASHES[hashAlgo].inner)
      : aad;
    const rest = hashMode === NESTED ? NONE : input;
    out.set(digest(hashMode === AUTH, hashAlgo, contexts, inner, rest, resultLen), dstLen);
    return out;
  }
}

// A MAC's iv are the first bytes of what is digested.
function digest(
  isMac: boolean,
  algo: number,
  { hash, mac }: Contexts,
  first: Bytes,
  second: Bytes,
  len: number,
): Bytes {
  const out = new Uint8Array(len);
  if (isMac) {
    const ivLen = MACS[algo].iv;
    mac?.compute(first.slice(0, ivLen), first.slice(ivLen), second, out);
  } else {
    hash?.digest(first, second, out);
  }
  return out;
}

const ORACLE_CIPHERS: ReadonlySet<number> = new Set([2, 3, 4]);
const ORACLE_MACS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 26]);

/** The same by node:crypto; undefined for what it does not have. */
export function byNodeCrypto(operation: Operation): Uint8Array | null | undefined {
  const { setting, iv, src, aad, dstLen, resultLen, tagLen } = operation;
  const { service, algo, hashAlgo, hashMode, decrypt, key, isChain } = setting;
  if (service === CIPHER && !ORACLE_CIPHERS.has(algo)) return undefined;
  if (service === MAC && !ORACLE_MACS.has(algo)) return undefined;
  if (isChain && hashMode === AUTH && !ORACLE_MACS.has(hashAlgo)) return undefined;
  const op = decrypt ? 2 : 1;
  let job: Job;
  if (isChain) {
    const { cipherStart, cipherLen: lenToCipher, hashStart, hashLen: lenToHash } = operation;
    const { order, authKey } = setting;
    const regions = { cipherStart, lenToCipher, hashStart, lenToHash };
    const hash = { order, hashMode, hashAlgo, authKey, resultLen };
    job = { service: "chain", algo, op, key, iv, src, aad, dstLen, ...regions, ...hash };
  } else if (service === CIPHER) {
    job = { service: "cipher", algo, op, key, iv, src, dstLen };
  } else if (service === HASH) {
    job = { service: "hash", algo, src, resultLen };
  } else if (service === MAC) {
    job = { service: "mac", algo, key, src, resultLen };
  } else {
    job = { service: "aead", algo, op, key, iv, ivField: null, aad, src, tagLen, dstLen };
  }
  return expected(job);
}
