/**
 * Our own algorithms beside the AES-CTR of @noble/ciphers, in requests of 16 KiB.
 *
 * Run with `deno bench bench/algorithms_bench.ts`; times are per request, the baseline's first.
 */

import assert from "node:assert/strict";
import { ctr } from "@noble/ciphers/aes.js";
import type { CipherAlgorithm, KeyLens, MacAlgorithm } from "../device/algorithms/algorithm.ts";
import { ARC4 } from "../device/algorithms/arc4.ts";
import { AES_F8 } from "../device/algorithms/aes_f8.ts";
import { AES_XTS } from "../device/algorithms/aes_xts.ts";
import { CBCMAC_AES } from "../device/algorithms/cbcmac_aes.ts";
import { CMACS } from "../device/algorithms/cmac.ts";
import { DES } from "../device/algorithms/des.ts";
import { GMACS } from "../device/algorithms/gmac.ts";
import { KASUMI } from "../device/algorithms/kasumi.ts";
import { SNOW3G } from "../device/algorithms/snow3g.ts";
import { XCBC_AES } from "../device/algorithms/xcbc_aes.ts";
import { ZUC } from "../device/algorithms/zuc.ts";
import { Service } from "../device/wire/constants.ts";

const GROUP = "16 KiB";
const SIZE = 16 * 1024;
const NONE = new Uint8Array(0);
const src = new Uint8Array(SIZE).map((_, i) => i * 31);
const dst = new Uint8Array(SIZE);

function counted(len: number): Uint8Array {
  return Uint8Array.from({ length: len }, (_, i) => i + 1);
}

function shortestKey(keyLens: KeyLens): Uint8Array {
  return counted("min" in keyLens ? 16 : keyLens[0]);
}

function benchCipher(row: CipherAlgorithm): void {
  const key = shortestKey(row.keyLens), iv = counted(row.ivLen), back = new Uint8Array(SIZE);
  const context = row.implementations[0].open(key, false);
  context.process(iv, src, dst);
  row.implementations[0].open(key, true).process(iv, dst, back);
  assert.deepEqual(back, src, `${row.name} does not decrypt what it encrypts`);
  Deno.bench(row.name, { group: GROUP }, () => context.process(iv, src, dst));
}

function benchMac(row: MacAlgorithm): void {
  const iv = counted(row.ivLen), tag = new Uint8Array(row.maxResultLen), again = tag.slice();
  const context = row.implementations[0].open(shortestKey(row.keyLens));
  context.compute(iv, src, NONE, tag);
  context.compute(iv, src.subarray(0, 5), src.subarray(5), again);
  assert.deepEqual(again, tag, `${row.name} sees where its input is cut`);
  Deno.bench(row.name, { group: GROUP }, () => context.compute(iv, src, NONE, tag));
}

const baselineKey = counted(16), baselineIv = counted(16);
Deno.bench("noble AES-CTR", { group: GROUP, baseline: true }, () => {
  ctr(baselineKey, baselineIv).encrypt(src, dst);
});

const rows = [
  ...ARC4,
  ...DES,
  ...KASUMI,
  ...SNOW3G,
  ...AES_F8,
  ...AES_XTS,
  ...ZUC,
  ...CMACS,
  ...GMACS,
  ...CBCMAC_AES,
  ...XCBC_AES,
];
for (const row of rows) {
  if (row.service === Service.CIPHER) benchCipher(row);
  else benchMac(row);
}
