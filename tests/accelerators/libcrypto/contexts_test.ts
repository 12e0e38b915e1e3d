import { Buffer } from "node:buffer";
import { strict as assert } from "node:assert";
import { numLiveContexts } from "../../../device/accelerators/libcrypto/contexts.ts";
import { type Algorithm, Service } from "../../../device/mod.ts";
import { IMPLEMENTED } from "../../support/implementations.ts";
import { Random } from "../../support/random.ts";

type Row<S extends Service> = Extract<Algorithm, { readonly service: S }>;

function rowOf<S extends Service>(service: S, name: string): Row<S> {
  const row = IMPLEMENTED.find((each) => each.name === name);
  assert.ok(row !== undefined && row.service === service);
  return row as Row<S>;
}

const NOTHING = new Uint8Array(0);

Deno.test("XTS agrees with our own on data units longer than libcrypto takes", () => {
  const MIB = 1 << 20;
  const { implementations } = rowOf(Service.CIPHER, "AES_XTS");
  const random = new Random(1);
  const iv = random.bytes(16);
  const unit = random.bytes(65537);
  for (
    const [keyLen, len, decrypt] of [
      [32, 16 * MIB, false],
      [32, 16 * MIB + 5, false],
      [64, 16 * MIB + 16, true],
      [32, 32 * MIB + 31, true],
    ] as const
  ) {
    const key = random.bytes(keyLen);
    const src = new Uint8Array(len);
    for (let at = 0; at < len; at += unit.length) src.set(unit.subarray(0, len - at), at);

    const [first, second] = implementations.map(({ open }) => {
      const dst = new Uint8Array(len);
      const context = open(key, decrypt);
      context.process(iv, src, dst);
      context.close();
      return dst;
    });

    assert.equal(Buffer.compare(first, second), 0, `${len} bytes`);
  }
});

Deno.test("GCM from J0 agrees with noble where the counter wraps, and beside ivs of 12 bytes", () => {
  const { implementations } = rowOf(Service.AEAD, "GCM");
  const random = new Random(2);
  for (const keyLen of [16, 24, 32]) {
    const key = random.bytes(keyLen);
    const contexts = implementations.map(({ open }) => open(key));
    for (let i = 0; i < 60; i++) {
      const iv = random.bytes(i % 5 === 4 ? 12 : 16);
      if (i % 2 === 0) iv.fill(0xff, 12).fill(0x100 - random.below(9), iv.length - 1);
      const src = random.bytes(random.below(400)), aad = random.bytes(random.below(40));
      const tagLen = [4, 8, 12, 13, 14, 15, 16][i % 7];

      const sealed = contexts.map((context) => {
        const dst = new Uint8Array(src.length), tag = new Uint8Array(tagLen);
        context.seal(iv, aad, src, dst, tag);
        return { text: dst, tag };
      });
      assert.deepEqual(sealed[0], sealed[1]);

      for (const context of contexts) {
        const [{ text, tag }] = sealed;
        const back = new Uint8Array(src.length);
        assert.ok(context.open(iv, aad, text, tag, back));
        assert.deepEqual(back, src);
        const forged = new Uint8Array(src.length);
        assert.ok(!context.open(iv, aad, text, tag.map((byte) => byte ^ 1), forged));
        assert.ok(forged.every((byte) => byte === 0), "Plaintext was left");
      }
    }
    for (const context of contexts) context.close();
  }
});

Deno.test("Arrays that are too short or too long are refused before libcrypto sees them", () => {
  const cipher = rowOf(Service.CIPHER, "AES_CTR");
  const aead = rowOf(Service.AEAD, "GCM");
  const mac = rowOf(Service.MAC, "CMAC_AES");
  const key = new Uint8Array(16), iv = new Uint8Array(16), long = new Uint8Array(64);
  const [ctr] = cipher.implementations.slice(-1).map(({ open }) => open(key, false));
  const [cbc] = rowOf(Service.CIPHER, "AES_CBC").implementations.slice(-1)
    .map(({ open }) => open(key, false));
  const [gcm] = aead.implementations.slice(-1).map(({ open }) => open(key));
  const [cmac] = mac.implementations.slice(-1).map(({ open }) => open(key));

  assert.throws(() => ctr.process(iv, long, long.subarray(1)), RangeError);
  assert.throws(() => ctr.process(iv.subarray(1), long, long), RangeError);
  assert.throws(() => cbc.process(iv, long.subarray(3), long), RangeError);
  assert.throws(() => gcm.seal(iv, NOTHING, long, key, iv), RangeError);
  assert.throws(() => gcm.seal(iv.subarray(3), NOTHING, long, long, iv), RangeError);
  assert.throws(() => gcm.seal(iv, NOTHING, long, long, long), RangeError);
  assert.throws(() => cmac.compute(NOTHING, long, NOTHING, long), RangeError);
  assert.throws(() => cipher.implementations.slice(-1)[0].open(long, false), RangeError);

  for (const context of [ctr, cbc, gcm, cmac]) context.close();
});

Deno.test("A context that was closed says so, and closing it again does nothing", () => {
  const key = new Uint8Array(16), iv = new Uint8Array(16), src = new Uint8Array(32);
  for (const name of ["AES_CBC", "ARC4"]) {
    const { implementations } = rowOf(Service.CIPHER, name);
    const context = implementations[implementations.length - 1].open(key, false);
    context.close();
    context.close();
    assert.throws(() => context.process(iv, src, src), /after its end/);
  }
  for (const name of ["GCM", "CCM"]) {
    const { implementations } = rowOf(Service.AEAD, name);
    const context = implementations[implementations.length - 1].open(key);
    context.close();
    context.close();
    assert.throws(() => context.seal(iv.subarray(4), src, src, src, iv), /after its end/);
  }
  for (const name of ["HMAC_SHA_256", "CMAC_AES", "GMAC_AES", "XCBC_AES"]) {
    const { implementations } = rowOf(Service.MAC, name);
    const context = implementations[implementations.length - 1].open(key);
    context.close();
    context.close();
    assert.throws(() => context.compute(iv.subarray(4), src, src, iv), /after its end/);
  }
  assert.equal(numLiveContexts(), 0);
});
