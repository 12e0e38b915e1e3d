/** Deno's node:crypto called directly. Arguments: kind, bytes, requests between two looks at the clock. */

import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";
import { inputOf, IV, KEY, type KindName, NONCE } from "../../support/kinds.ts";
import { hostLane, lane } from "../lane.ts";

const [kind, size, num] = Deno.args;
const src = inputOf(kind as KindName, Number(size));
const tag = src.subarray(-16);
const secret = src.subarray(0, -16);

function seal(): Uint8Array {
  const cipher = createCipheriv("aes-128-gcm", KEY, NONCE);
  return Buffer.concat([cipher.update(src), cipher.final(), cipher.getAuthTag()]);
}

function open(): Uint8Array {
  const decipher = createDecipheriv("aes-128-gcm", KEY, NONCE).setAuthTag(tag);
  const plain = decipher.update(secret);
  decipher.final();
  return plain;
}

const CALLS: Readonly<Record<KindName, () => Uint8Array>> = {
  "aes-128-ctr": () => createCipheriv("aes-128-ctr", KEY, IV).update(src),
  "aes-128-cbc": () => createCipheriv("aes-128-cbc", KEY, IV).update(src),
  "aes-128-gcm": seal,
  "aes-128-gcm-decrypt": open,
  "sha-256": () => createHash("sha256").update(src).digest(),
  "hmac-sha-256": () => createHmac("sha256", KEY).update(src).digest(),
};
const call = CALLS[kind as KindName];
await hostLane(lane(Number(num), () => {
  for (let i = 0; i < Number(num); i++) call();
}, call));
