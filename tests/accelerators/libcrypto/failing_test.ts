/** libcrypto failing at each of its calls in turn: an error is thrown, no context stays, the next is right. */

import { strict as assert } from "node:assert";
import {
  type Algorithm,
  ALGORITHMS,
  maxKeyLen,
  openLibcrypto,
  Service,
  withLibcrypto,
} from "../../../device/mod.ts";
import { Libcrypto } from "../../../device/accelerators/libcrypto/library.ts";
import { counting } from "../../support/random.ts";

const result = openLibcrypto();
if (result.library === null) throw new Error(`The tests need libcrypto: ${result.reason}`);
const { library } = result;

// Which call fails, counted from 0; none when it is negative.
let failAt = -1;
let numCalls = 0;
let numContexts = 0;

type Foreign = (...values: unknown[]) => unknown;

function failing(name: string, call: Foreign): Foreign {
  const makes = /_CTX_new$/.test(name);
  const frees = /_CTX_free$/.test(name);
  if (frees || /^(ERR_|CRYPTO_|OPENSSL_)/.test(name)) {
    return (...values) => {
      if (frees) numContexts--;
      return call(...values);
    };
  }
  return (...values) => {
    if (numCalls++ === failAt) return makes ? null : 0;
    const result = call(...values);
    if (makes && result !== null) numContexts++;
    return result;
  };
}

const symbols = Object.fromEntries(
  Object.entries(library.symbols).map(([name, call]) => [name, failing(name, call as Foreign)]),
) as unknown as Libcrypto["symbols"];

function rowsOf(broken: Libcrypto): Algorithm[] {
  return withLibcrypto(ALGORITHMS, broken).filter(({ implementations }) =>
    implementations.some(({ accelerator }) => accelerator === "libcrypto")
  );
}

const { path, version } = library;
const CASES: [string, Algorithm][] = [
  ...rowsOf(new Libcrypto(path, version, symbols)).map((row) =>
    [row.name, row] as [string, Algorithm]
  ),
  // Where there are methods for these, the provider's cipher is called otherwise.
  ...rowsOf(new Libcrypto(path, version, symbols, { method: null }))
    .filter(({ name }) => name === "GCM" || name === "GMAC_AES")
    .map((row) => [`${row.name} without a method`, row] as [string, Algorithm]),
];

// One operation from the opening of a context to its end; what it gave.
function runOnce(row: Algorithm): string {
  const src = counting(48);
  const dst = new Uint8Array(48);
  const tag = new Uint8Array(16);
  const key = "keyLens" in row ? counting(Math.min(64, maxKeyLen(row.keyLens)), 9) : tag;
  const by = <Open>(list: readonly { accelerator: string; open: Open }[]): Open =>
    list.find(({ accelerator }) => accelerator === "libcrypto")?.open ?? assert.fail(row.name);
  switch (row.service) {
    case Service.CIPHER: {
      const context = by(row.implementations)(key, false);
      return closing(context, () => context.process(counting(row.ivLen), src, dst), dst);
    }
    case Service.HASH: {
      const context = by(row.implementations)();
      const out = dst.subarray(0, Math.min(48, row.maxResultLen));
      return closing(context, () => context.digest(src, src, out), out);
    }
    case Service.MAC: {
      const context = by(row.implementations)(key);
      const out = dst.subarray(0, Math.min(48, row.maxResultLen));
      return closing(context, () => context.compute(counting(row.ivLen), src, src, out), out);
    }
    case Service.AEAD: {
      const context = by(row.implementations)(key);
      const iv = counting(12);
      const opened = new Uint8Array(48);
      return closing(context, () => {
        // The second message's iv may be set in another way than the first's.
        context.seal(iv, src, src, dst, tag);
        context.seal(iv, src, src, dst, tag);
        // A tag that could not be looked at has not verified.
        if (!context.open(iv, src, dst, tag, opened)) {
          throw new Error("Cannot verify with libcrypto");
        }
      }, opened);
    }
  }
}

function closing(context: { close(): void }, run: () => void, out: Uint8Array): string {
  try {
    run();
    return out.toHex();
  } finally {
    context.close();
  }
}

for (const [title, row] of CASES) {
  Deno.test(`${title}: a call of libcrypto that fails is an error that leaves no context, whichever it is`, () => {
    const right = runOnce(row);
    const before = numContexts;
    let numFailed = 0;
    for (let at = 0;; at++) {
      numCalls = 0;
      failAt = at;
      try {
        const result = runOnce(row);
        assert.equal(result, right, `A wrong result behind call ${at}`);
        if (numCalls <= at) break;
      } catch (error) {
        assert.ok(error instanceof Error);
        assert.match(error.message, /^Cannot .* with libcrypto/);
        numFailed++;
      } finally {
        failAt = -1;
      }
      assert.equal(numContexts, before, `A context is left behind call ${at}`);
      assert.equal(runOnce(row), right);
    }
    assert.ok(numFailed > 0);
  });
}
