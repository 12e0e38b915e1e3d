/**
 * Makes valid requests of every opcode, algorithm, service and mode.
 *
 * @module
 */

import type { Random } from "../random.ts";
import type { Computer } from "./computer.ts";
import { Jobs } from "./jobs.ts";
import {
  CREATE_AEAD,
  CREATE_CHAIN,
  CREATE_CIPHER,
  CREATE_HASH,
  CREATE_MAC,
  CTRL_BODY,
  CTRL_HEADER,
  DATA_AEAD,
  DATA_BODY,
  DATA_CHAIN,
  DATA_CIPHER,
  DATA_DIGEST,
  DATA_HEADER,
  LESS_AEAD,
  LESS_CHAIN,
  LESS_CIPHER,
  LESS_HASH,
  LESS_MAC,
  MUX_CREATE_BODY,
  MUX_DATA_BODY,
  OP_TYPE,
  STATELESS_BODY,
  STATELESS_CIPHER_BODY_11,
} from "./layouts.ts";
import { AEAD, CIPHER, HASH, MAC, type Operation, type Setting } from "./operation.ts";
import type { Terms } from "./reference.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A request as bytes, before anybody spoils it. */
export interface Made {
  readonly readable: Bytes;
  readonly writableLen: number;
  /** Bytes of header and body. */
  readonly fixedLen: number;
}

/** See the module's comment. */
export class Maker {
  readonly #terms: Terms;
  readonly #jobs: Jobs;

  /** @param computer seals what is then to be opened */
  constructor(terms: Terms, computer: Computer) {
    this.#terms = terms;
    this.#jobs = new Jobs(terms.maxSize, computer);
  }

  /** Keys of the requests made, the last of them. */
  get keys(): readonly Uint8Array[] {
    return this.#jobs.keys;
  }

  /** What a stateless request asks for that is not a chain. */
  job(random: Random, service: number): Operation {
    return this.#jobs.job(random, service);
  }

  /** A session's creation. */
  create(random: Random): Made {
    const setting = this.#jobs.setting(random, random.below(4));
    const { service, key, authKey, algo } = setting;
    const size = this.#terms.mux ? MUX_CREATE_BODY[service] : CTRL_BODY;
    const made = start(CTRL_HEADER, size, [key, authKey], 16);
    const body = new Body(made.readable, CTRL_HEADER);
    body.header(0, service << 8 | 2, random.oneIn(2) ? algo : 0);
    const op = setting.decrypt ? 2 : 1;
    const named = random.oneIn(2) ? 0 : random.between(1, Math.min(setting.resultLimit, 100));
    if (setting.isChain) {
      body.put(CREATE_CHAIN, {
        order: setting.order,
        hashMode: setting.hashMode,
        algo,
        keyLen: key.length,
        op,
        hashAlgo: setting.hashAlgo,
        resultLen: named,
        authKeyLen: authKey.length,
        aadLen: random.below(40),
      });
    } else if (service === CIPHER) body.put(CREATE_CIPHER, { algo, keyLen: key.length, op });
    else if (service === HASH) body.put(CREATE_HASH, { algo, resultLen: named });
    else if (service === MAC) {
      body.put(CREATE_MAC, { algo, resultLen: named, authKeyLen: key.length });
    } else {
      const { tagLen } = setting;
      body.put(CREATE_AEAD, { algo, keyLen: key.length, tagLen, aadLen: random.below(40), op });
    }
    if (service === CIPHER) body.set(OP_TYPE.create, setting.isChain ? 2 : 1);
    return made;
  }

  /** The end of the session of that number. */
  destroy(random: Random, service: number, id: number): Made {
    const size = this.#terms.mux ? 8 : CTRL_BODY;
    const made = start(CTRL_HEADER, size, [], random.pick([1, 1, 4, 8, 8, 16]));
    const body = new Body(made.readable, CTRL_HEADER);
    body.header(0, service << 8 | 3, 0);
    body.setId(0, id);
    return made;
  }

  /** A request of a session. */
  data(random: Random, setting: Setting): Made {
    const { service } = setting;
    const size = this.#terms.mux ? MUX_DATA_BODY[service] : DATA_BODY;
    const operation = this.#jobs.operation(random, setting);
    const { iv, src, aad, dstLen, resultLen, tagLen } = operation;
    const rest = [this.#jobs.ivField(random, setting, iv), src, aad];
    const made = start(DATA_HEADER, size, rest, dstLen + resultLen + 1);
    const body = new Body(made.readable, DATA_HEADER);
    body.header(0, opcodeOf(setting), random.oneIn(4) ? random.next() : 0);
    body.setId(8 - DATA_HEADER, setting.id);
    body.set(16 - DATA_HEADER, this.#terms.mux ? 1 : random.below(3));
    const lens = { ivLen: iv.length, srcLen: src.length, dstLen };
    if (setting.isChain) body.put(DATA_CHAIN, { ...chainFields(operation), ...lens });
    else if (service === CIPHER) body.put(DATA_CIPHER, lens);
    else if (service === AEAD) {
      const told = random.oneIn(3) ? 0 : tagLen;
      body.put(DATA_AEAD, { ...lens, aadLen: aad.length, tagLen: told });
    } else body.put(DATA_DIGEST, { srcLen: src.length, resultLen });
    if (service === CIPHER) body.set(OP_TYPE.data, setting.isChain ? 2 : 1);
    return made;
  }

  /** A stateless request. */
  stateless(random: Random, service: number): Made {
    const setting = this.#jobs.setting(random, service);
    const is11 = service === CIPHER && this.#terms.layout === "1.1";
    const size = is11 ? STATELESS_CIPHER_BODY_11 : STATELESS_BODY[service];
    const operation = this.#jobs.operation(random, setting);
    const { iv, src, aad, dstLen, resultLen, tagLen } = operation;
    const { key, authKey, algo } = setting;
    const ivField = this.#jobs.ivField(random, setting, iv);
    const data = setting.isChain ? [aad, src] : [src, aad];
    const made = start(
      DATA_HEADER,
      size,
      [key, authKey, ivField, ...data],
      dstLen + resultLen + 1,
    );
    const body = new Body(made.readable, DATA_HEADER);
    body.header(0, opcodeOf(setting), random.oneIn(4) ? random.next() : 0);
    const op = setting.decrypt ? 2 : 1;
    const lens = { ivLen: iv.length, srcLen: src.length, dstLen };
    if (setting.isChain) {
      const { order, hashMode, hashAlgo } = setting;
      const keys = { algo, keyLen: key.length, op, hashAlgo, authKeyLen: authKey.length };
      const hint = { sessionAadLen: random.below(99) };
      const all = { ...chainFields(operation), ...lens, ...keys, ...hint, order, hashMode };
      body.put(LESS_CHAIN, all);
    } else if (service === CIPHER) {
      body.put(LESS_CIPHER, { algo, keyLen: key.length, op, ...lens });
    } else if (service === HASH) body.put(LESS_HASH, { algo, srcLen: src.length, resultLen });
    else if (service === MAC) {
      body.put(LESS_MAC, { algo, authKeyLen: key.length, srcLen: src.length, resultLen });
    } else {
      body.put(LESS_AEAD, { algo, keyLen: key.length, op, tagLen, aadLen: aad.length, ...lens });
    }
    if (service === CIPHER) body.set(OP_TYPE.stateless, setting.isChain ? 2 : 1);
    return made;
  }
}

function opcodeOf({ service, decrypt }: Setting): number {
  const hasDirection = service === CIPHER || service === AEAD;
  return service << 8 | (hasDirection && decrypt ? 1 : 0);
}

function chainFields(operation: Operation): Record<string, number> {
  const { cipherStart, cipherLen, hashStart, hashLen, aad, resultLen } = operation;
  return { cipherStart, cipherLen, hashStart, hashLen, aadLen: aad.length, resultLen };
}

// The bytes of a request, all but its header and body filled in.
function start(
  header: number,
  body: number,
  rest: readonly Bytes[],
  writableLen: number,
): Made {
  const fixedLen = header + body;
  const readable = new Uint8Array(rest.reduce((sum, part) => sum + part.length, fixedLen));
  let at = fixedLen;
  for (const part of rest) {
    readable.set(part, at);
    at += part.length;
  }
  return { readable, writableLen, fixedLen };
}

// Fields of a header and body, whose offsets count from the body.
class Body {
  readonly #view: DataView;
  readonly #at: number;

  constructor(bytes: Bytes, at: number) {
    this.#view = new DataView(bytes.buffer);
    this.#at = at;
  }

  header(at: number, opcode: number, algo: number): void {
    this.#view.setUint32(at, opcode, true);
    this.#view.setUint32(at + 4, algo, true);
  }

  set(offset: number, value: number): void {
    this.#view.setUint32(this.#at + offset, value, true);
  }

  setId(offset: number, id: number): void {
    this.set(offset, id >>> 0);
    this.set(offset + 4, Math.floor(id / 2 ** 32));
  }

  put(at: Readonly<Record<string, number>>, values: Readonly<Record<string, number>>): void {
    for (const name in values) {
      if (at[name] !== undefined) this.set(at[name], values[name]);
    }
  }
}
