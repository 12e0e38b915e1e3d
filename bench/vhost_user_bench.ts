/**
 * AES-CBC requests over vhost-user, 64 in flight, beside a bare loop of the same libcrypto calls.
 *
 * Run with `deno bench -A bench/vhost_user_bench.ts`; one iteration is one batch of requests. Behind the
 * table stand the requests per second of the best batch of each, and the ratio of the two.
 */

import { strict as assert } from "node:assert";
import { ALGORITHMS, AlgorithmSet, openLibcrypto, withLibcrypto } from "../device/mod.ts";
import { HAS_VHOST_USER } from "../tests/kernel/front_end/libc.ts";
import { iterations, label } from "./support/layers.ts";
import { DEPTH, VhostLane } from "./support/vhost_lane.ts";

const key = new Uint8Array(16).fill(0x2b);
const iv = new Uint8Array(16).fill(0xf0);

const opened = openLibcrypto();
assert.ok(opened.library !== null, "reason" in opened ? opened.reason : "");
const { library } = opened;
const algorithms = new AlgorithmSet(withLibcrypto(ALGORITHMS, library));

// The best batch of one contender: the others had less of the processors.
class Tally {
  perSecond = 0;

  count(num: number, run: () => void): void {
    const start = performance.now();
    run();
    const perSecond = Math.round(num / (performance.now() - start) * 1000);
    this.perSecond = Math.max(this.perSecond, perSecond);
  }
}

interface Bare {
  readonly run: (num: number) => void;
  readonly result: () => Uint8Array;
}

function bareLoop(src: Uint8Array): Bare {
  const { symbols, outLenAt } = library;
  // Apart by no multiple of a page, as the guest's buffers are: at the same place in two pages, stores
  // hold up the loads behind them, and 64 KiB take twice as long.
  const memory = new Uint8Array(2 * src.length + 1024);
  const from = memory.subarray(0, src.length);
  const to = memory.subarray(src.length + 320, 2 * src.length + 320);
  from.set(src);
  const context = symbols.EVP_CIPHER_CTX_new();
  const cipher = library.fetchCipher("AES-128-CBC");
  assert.equal(symbols.EVP_CipherInit_ex(context, cipher, null, key, null, 1), 1);
  symbols.EVP_CIPHER_CTX_set_padding(context, 0);
  return {
    run(num) {
      for (let i = 0; i < num; i++) {
        symbols.setIv(context, null, null, null, iv, -1);
        symbols.EVP_CipherUpdate(context, to, outLenAt, from, from.length);
      }
    },
    result: () => to,
  };
}

async function compare(len: number, num: number): Promise<void> {
  const src = new Uint8Array(len).map((_, i) => i * 31);
  const lane = await VhostLane.start(algorithms, key, iv, src);
  const bare = bareLoop(src);
  const tallies = { vhost: new Tally(), bare: new Tally() };
  lane.run(num);
  bare.run(num);
  // Contenders that compute different things are not to be compared.
  assert.deepEqual(lane.result(), bare.result());
  const group = `AES-CBC, ${num} x ${label(len)}`;
  Deno.bench({ name: `${group}, vhost-user, ${DEPTH} in flight`, group, ...iterations() }, () => {
    tallies.vhost.count(num, () => lane.run(num));
  });
  const calls = `${group}, the two calls of libcrypto`;
  Deno.bench({ name: calls, group, baseline: true, ...iterations() }, () => {
    tallies.bare.count(num, () => bare.run(num));
  });
  addEventListener("unload", () => {
    const { vhost, bare: { perSecond } } = tallies;
    const ratio = (vhost.perSecond / perSecond).toFixed(2);
    const text = `${label(len)}: ${vhost.perSecond} requests/s over vhost-user, ` +
      `${perSecond} bare, ratio ${ratio}\n`;
    Deno.stdout.writeSync(new TextEncoder().encode(text));
    lane.close();
  });
}

if (HAS_VHOST_USER) {
  await compare(16, 16384);
  await compare(65536, 128);
}
