/** The noble libraries called directly. Arguments: kind, bytes, requests between two looks at the clock. */

import { cbc, ctr, gcm } from "@noble/ciphers/aes.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { inputOf, IV, KEY, type KindName, NONCE } from "../../support/kinds.ts";
import { hostLane, lane } from "../lane.ts";

const [kind, size, num] = Deno.args;
const src = inputOf(kind as KindName, Number(size));
const dst = new Uint8Array(Number(size));

const CALLS: Readonly<Record<KindName, () => Uint8Array>> = {
  "aes-128-ctr": () => ctr(KEY, IV).encrypt(src, dst),
  "aes-128-cbc": () => cbc(KEY, IV, { disablePadding: true }).encrypt(src, dst),
  "aes-128-gcm": () => gcm(KEY, NONCE).encrypt(src),
  "aes-128-gcm-decrypt": () => gcm(KEY, NONCE).decrypt(src),
  "sha-256": () => sha256(src),
  "hmac-sha-256": () => hmac(sha256, KEY, src),
};
const call = CALLS[kind as KindName];
await hostLane(lane(Number(num), () => {
  for (let i = 0; i < Number(num); i++) call();
}, call));
