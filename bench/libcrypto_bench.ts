/**
 * The device in this process on libcrypto and on noble, beside the bare calls of libcrypto that a
 * request comes down to.
 *
 * Run with `deno bench -A bench/libcrypto_bench.ts`; one iteration is one batch of requests.
 */

import { strict as assert } from "node:assert";
import { ALGORITHMS, AlgorithmSet, openLibcrypto, withLibcrypto } from "../device/mod.ts";
import { inputOf, IV, KEY, type KindName, KINDS } from "./support/kinds.ts";
import { iterations, label } from "./support/layers.ts";
import { SessionLane } from "./support/session_lane.ts";

const opened = openLibcrypto();
assert.ok(opened.library !== null, "reason" in opened ? opened.reason : "");
const { library } = opened;
const libcrypto = new AlgorithmSet(withLibcrypto(ALGORITHMS, library));
const noble = new AlgorithmSet(ALGORITHMS);

function laneOf(name: KindName, on: AlgorithmSet, src: Uint8Array, num: number): SessionLane {
  const { create, dataOf, srcAt } = KINDS[name];
  const lane = new SessionLane(on, create, (sessionId) => dataOf(sessionId, src), num, srcAt);
  lane.run();
  return lane;
}

for (const [len, num] of [[64, 256], [16384, 8]]) {
  for (const kind of Object.keys(KINDS) as KindName[]) {
    const src = inputOf(kind, len);
    const group = `${kind}, ${num} x ${label(len)}`;
    const lanes = {
      libcrypto: laneOf(kind, libcrypto, src, num),
      noble: laneOf(kind, noble, src, num),
    };
    // All contenders give the same bytes.
    assert.deepEqual(lanes.libcrypto.result(), lanes.noble.result());
    for (const [name, lane] of Object.entries(lanes)) {
      const baseline = name === "libcrypto";
      Deno.bench({ name: `${group}, device on ${name}`, group, baseline, ...iterations() }, () => {
        lane.run();
      });
    }
    if (kind === "aes-128-ctr") benchBareCalls(group, src, num);
  }
}

// The iv, then the data: what the device's request comes down to.
function benchBareCalls(group: string, src: Uint8Array, num: number): void {
  const { symbols, outLenAt } = library;
  const memory = new Uint8Array(new SharedArrayBuffer(2 * src.length));
  const from = memory.subarray(0, src.length);
  const to = memory.subarray(src.length);
  from.set(src);
  const cipher = library.fetchCipher("AES-128-CTR");
  const context = symbols.EVP_CIPHER_CTX_new();
  assert.equal(symbols.EVP_CipherInit_ex(context, cipher, null, KEY, null, 1), 1);
  Deno.bench({ name: `${group}, the two calls of libcrypto`, group, ...iterations() }, () => {
    for (let i = 0; i < num; i++) {
      symbols.setIv(context, null, null, null, IV, -1);
      symbols.EVP_CipherUpdate(context, to, outLenAt, from, from.length);
    }
  });
}
