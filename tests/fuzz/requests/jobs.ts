/**
 * Draws what requests are to ask for: algorithms, keys, lengths, and data that goes with them.
 *
 * @module
 */

import type { Random } from "../random.ts";
import type { Computer } from "./computer.ts";
import { AEADS, CIPHERS, HASHES, MACS, numbersOf, XTS } from "./layouts.ts";
import { AEAD, AUTH, CIPHER, HASH, MAC, NESTED, Operation, PLAIN, Setting } from "./operation.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const NONE: Bytes = new Uint8Array(0);
const CIPHER_IDS = numbersOf(CIPHERS);
const HASH_IDS = numbersOf(HASHES);
const MAC_IDS = numbersOf(MACS);
const AEAD_IDS = numbersOf(AEADS);
const DIRECTIONS = [false, true];

/** See the module's comment. */
export class Jobs {
  readonly #maxSize: number;
  readonly #computer: Computer;
  /** Keys that have been drawn, the last of them. */
  readonly keys: Bytes[] = [];

  /** @param computer seals what is then to be opened */
  constructor(maxSize: number, computer: Computer) {
    this.#maxSize = maxSize;
    this.#computer = computer;
  }

  /** What a stateless request asks for that is not a chain. */
  job(random: Random, service: number): Operation {
    return this.operation(random, this.setting(random, service, false));
  }

  /** A setting of any algorithm of the service. */
  setting(random: Random, service: number, mayChain = true): Setting {
    const setting = new Setting();
    setting.service = service;
    setting.decrypt = random.pick(DIRECTIONS);
    if (service === CIPHER) {
      setting.algo = random.pick(CIPHER_IDS);
      setting.isChain = mayChain && random.oneIn(3);
      setting.key = this.#key(random, CIPHERS[setting.algo].keys);
      if (setting.algo === XTS && random.oneIn(8)) {
        setting.key.copyWithin(0, setting.key.length / 2);
      }
      if (setting.isChain) this.#chainSetting(random, setting);
    } else if (service === HASH) {
      setting.algo = random.pick(HASH_IDS);
      setting.resultLimit = HASHES[setting.algo].len;
    } else if (service === MAC) {
      setting.algo = random.pick(MAC_IDS);
      setting.key = this.#key(random, MACS[setting.algo].keys);
      setting.resultLimit = MACS[setting.algo].len;
    } else {
      setting.algo = random.pick(AEAD_IDS);
      setting.key = this.#key(random, AEADS[setting.algo].keys);
      setting.tagLen = random.pick(AEADS[setting.algo].tags);
    }
    return setting;
  }

  #chainSetting(random: Random, setting: Setting): void {
    setting.order = random.between(1, 2);
    setting.hashMode = random.pick([PLAIN, AUTH, AUTH, NESTED]);
    const isAuth = setting.hashMode === AUTH;
    setting.hashAlgo = random.pick(isAuth ? MAC_IDS : HASH_IDS);
    if (isAuth) setting.authKey = this.#key(random, MACS[setting.hashAlgo].keys);
    setting.resultLimit = (isAuth ? MACS : HASHES)[setting.hashAlgo].len;
  }

  #key(random: Random, lens: readonly number[]): Bytes {
    const len = lens.length > 10 && !random.oneIn(6) ? random.between(1, 40) : random.pick(lens);
    const key = random.bytes(len);
    if (len >= 16) this.keys.push(key);
    if (this.keys.length > 16) this.keys.shift();
    return key;
  }

  /** A request that a setting can serve. */
  operation(random: Random, setting: Setting): Operation {
    const operation = new Operation(setting, false);
    const most = Math.floor(this.#maxSize / 3);
    const { service, algo } = setting;
    if (service === AEAD) {
      this.#aead(random, operation, most);
      return operation;
    }
    if (service === HASH || service === MAC) {
      const ivLen = service === MAC ? MACS[algo].iv : 0;
      operation.src = random.bytes(ivLen + random.len(most));
      operation.resultLen = resultLen(random, setting);
      return operation;
    }
    const { iv, block, min } = CIPHERS[algo];
    operation.iv = random.bytes(iv);
    const len = random.len(most);
    operation.cipherLen = Math.max(min, len - len % block);
    let srcLen = operation.cipherLen;
    if (setting.isChain) srcLen = this.#chain(random, operation);
    operation.src = random.bytes(srcLen);
    operation.dstLen = srcLen + (random.oneIn(4) ? random.below(20) : 0);
    return operation;
  }

  #chain(random: Random, operation: Operation): number {
    const { setting } = operation;
    operation.cipherStart = random.oneIn(2) ? 0 : random.below(20);
    const srcLen = operation.cipherStart + operation.cipherLen +
      (random.oneIn(2) ? 0 : random.below(20));
    operation.hashStart = random.oneIn(2) ? 0 : random.below(srcLen + 1);
    operation.hashLen = random.oneIn(2)
      ? srcLen - operation.hashStart
      : random.below(srcLen - operation.hashStart + 1);
    const digestIv = setting.hashMode === AUTH ? MACS[setting.hashAlgo].iv : 0;
    operation.aad = random.bytes(digestIv + (random.oneIn(2) ? 0 : random.below(30)));
    operation.resultLen = resultLen(random, setting);
    return srcLen;
  }

  // To decrypt, something that has been encrypted, its tag forged at times.
  #aead(random: Random, operation: Operation, most: number): void {
    const { setting } = operation;
    const { tagLen, decrypt } = setting;
    operation.tagLen = tagLen;
    operation.iv = random.bytes(random.pick(AEADS[setting.algo].ivs));
    operation.aad = random.oneIn(3) ? NONE : random.bytes(random.len(60));
    const text = random.bytes(random.len(most));
    const more = random.oneIn(4) ? random.below(20) : 0;
    operation.src = text;
    operation.dstLen = text.length + tagLen;
    if (!decrypt) {
      operation.dstLen += more;
      return;
    }
    const sealing = Object.assign(new Setting(), setting, { decrypt: false });
    const sealed = this.#computer.run(Object.assign(new Operation(sealing, false), {
      iv: operation.iv,
      src: text,
      aad: operation.aad,
      dstLen: operation.dstLen,
      tagLen,
    }));
    operation.src = sealed ?? NONE;
    operation.dstLen = text.length + more;
    if (random.oneIn(3)) operation.src[random.below(operation.src.length)] ^= 1 << random.below(8);
  }

  /** An AEAD's iv, at times in a field of 16 bytes. */
  ivField(random: Random, setting: Setting, iv: Bytes): Bytes {
    if (setting.service !== AEAD || iv.length === 16 || !random.oneIn(3)) return iv;
    const field = random.bytes(16);
    field.set(iv, AEADS[setting.algo].nonceAt);
    return field;
  }
}

function resultLen(random: Random, { resultLimit }: Setting): number {
  if (!random.oneIn(3)) return Math.min(resultLimit, resultLimit > 64 ? 40 : resultLimit);
  return random.between(1, Math.min(resultLimit, random.oneIn(20) ? 2000 : 64));
}
