/**
 * JSON bodies of the HTTP API: good ones with their answers, and spoilt ones.
 *
 * @module
 */

import { nameOf } from "../../../device/wire/names.ts";
import type { Service } from "../../../device/mod.ts";
import type { Random } from "../random.ts";
import type { Computer } from "../requests/computer.ts";
import { MACS } from "../requests/layouts.ts";
import type { Maker } from "../requests/maker.ts";
import { AEAD, CIPHER, HASH, MAC } from "../requests/operation.ts";

/** A value of JSON. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** An answer, or one of a batch. */
export interface Answer {
  readonly status: string;
  readonly output?: string;
}

/** A body, and what has to be answered. */
export interface Body {
  readonly path: string;
  readonly json: { [name: string]: Json };
  readonly answers: readonly Answer[];
}

const PATHS = ["/v1/cipher", "/v1/hash", "/v1/mac", "/v1/aead"] as const;

type Encode = (bytes: Uint8Array) => string;

/** A good body and its answer. */
export function goodBody(random: Random, maker: Maker, computer: Computer): Body {
  const service = random.below(4);
  const isHex = random.oneIn(2);
  const encode: Encode = (bytes) => isHex ? bytes.toHex() : bytes.toBase64();
  const num = random.oneIn(4) ? random.below(6) : 1;
  const items = Array.from({ length: num }, () => item(random, service, maker, computer, encode));
  const encoding: { [name: string]: Json } = isHex
    ? { encoding: "hex" }
    : random.oneIn(2)
    ? { encoding: "base64" }
    : {};
  const answers = items.map(({ answer }) => answer);
  const isBatch = num !== 1 || random.oneIn(8);
  const json = isBatch ? { batch: items.map(({ json }) => json) } : items[0].json;
  return { path: PATHS[service], json: { ...json, ...encoding }, answers };
}

function item(
  random: Random,
  service: number,
  maker: Maker,
  computer: Computer,
  encode: Encode,
): { json: { [name: string]: Json }; answer: Answer } {
  const operation = maker.job(random, service);
  const { setting, iv, src, aad, tagLen, resultLen } = operation;
  const { key, decrypt, algo } = setting;
  const algorithm = nameOf(service as Service, algo, key.length) ?? "";
  const json: { [name: string]: Json } = { algorithm };
  const textLen = decrypt ? src.length - tagLen : src.length + tagLen;
  operation.dstLen = service === AEAD ? textLen : src.length;
  if (service !== HASH) json.key = encode(key);
  if (service === CIPHER || service === AEAD) {
    json.iv = encode(iv);
    json.op = decrypt ? "decrypt" : "encrypt";
  } else {
    json.outLen = resultLen;
  }
  const ivLen = service === MAC ? MACS[algo].iv : 0;
  if (ivLen > 0) json.iv = encode(src.subarray(0, ivLen));
  json.data = encode(src.subarray(ivLen));
  if (service === AEAD) {
    json.aad = encode(aad);
    json.tagLen = tagLen;
  }
  const isRefused = service === CIPHER && hasEqualHalves(algo, key);
  const output = isRefused ? null : computer.run(operation);
  if (output !== null) return { json, answer: { status: "OK", output: encode(output) } };
  return { json, answer: { status: isRefused ? "ERR" : "BADMSG" } };
}

// What AES_XTS refuses.
function hasEqualHalves(algo: number, key: Uint8Array): boolean {
  const half = key.length / 2;
  return algo === 13 && key.subarray(0, half).toHex() === key.subarray(half).toHex();
}

/** Something else than what belongs there. */
function otherValue(random: Random, old: Json): Json {
  switch (random.below(12)) {
    case 0:
      return null;
    case 1:
      return random.number();
    case 2:
      return -random.number() / 3;
    case 3:
      return [old];
    case 4:
      return { [random.pick(["__proto__", "constructor", "length", ""])]: old };
    case 5:
      return "";
    case 6:
      return "=".repeat(random.below(9));
    case 7:
      return random.bytes(random.below(40)).toHex();
    case 8:
      return random.bytes(random.below(600)).toBase64();
    case 9:
      return random.oneIn(2);
    case 10:
      return random.pick(["aes-128-cbc", "sha-256", "gcm", "rot13", "__proto__", "toString"]);
    default:
      return String.fromCharCode(...random.bytes(random.below(30)));
  }
}

/** A spoilt copy of a body, as text. */
export function spoil(random: Random, json: { [name: string]: Json }): string {
  const copy = structuredClone(json);
  const inner = Array.isArray(copy.batch) && copy.batch.length > 0 && !random.oneIn(4)
    ? random.pick(copy.batch) as { [name: string]: Json }
    : copy;
  for (let left = random.between(1, 2); left > 0; left--) {
    const names = Object.keys(inner);
    const name = names.length > 0 ? random.pick(names) : "data";
    switch (random.below(5)) {
      case 0:
        delete inner[name];
        break;
      case 1:
        inner[random.pick(["batch", "op", "iv", "aad", "tagLen", "outLen", "key", "x"])] =
          otherValue(random, inner[name] ?? null);
        break;
      default:
        inner[name] = otherValue(random, inner[name] ?? null);
    }
  }
  return random.oneIn(4) ? spoilText(random, JSON.stringify(copy)) : JSON.stringify(copy);
}

function spoilText(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + String.fromCharCode(random.below(0x300)) + text.slice(at + 1);
    case 2:
      return random.pick(["[", '{"a":', '{"batch":['] as const).repeat(random.below(3000));
    case 3:
      return text.slice(0, at) + random.pick(["\u0000", "\ud800", "1e999", ",", '"']) +
        text.slice(at);
    default:
      return text + text;
  }
}
