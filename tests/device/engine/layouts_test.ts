/** The two forms of the stateless CIPHER body, byte by byte. */

import { strict as assert } from "node:assert";
import { Status } from "../../../device/mod.ts";
import { EngineRig } from "../../support/engine_rig.ts";
import { aesEcb, cbc, hmac } from "../../support/oracle.ts";
import { concat } from "../../support/random.ts";
import { AAD, AUTH_KEY, IV, KEY, SRC } from "../../support/samples.ts";

function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(4 * i, value, true));
  return bytes;
}

// The draft has queue_id behind op_type, virtio 1.1 has not; both start with u[72].
const QUEUE_ID = { v19: words(99), "1.1": words() };

function cipherBody(layout: "v19" | "1.1"): Uint8Array {
  const u = new Uint8Array(72);
  u.set(words(3, 16, 1, 16, 48, 48));
  return concat(u, words(1), QUEUE_ID[layout]);
}

function chainBody(layout: "v19" | "1.1"): Uint8Array {
  // order, aad_len (a hint); cipher algo, keylen, op; hash algo, auth_key_len, mode; the data.
  const u = words(1, 0xffff, 3, 16, 1, 4, 20, 2, 16, 48, 48, 0, 48, 8, 24, 13, 32, 0);
  return concat(u, words(2), QUEUE_ID[layout]);
}

const HEADER = words(0, 0, 0, 0, 0, 0);
const CIPHERTEXT = cbc(aesEcb, KEY, IV, SRC);

for (const layout of ["v19", "1.1"] as const) {
  const other = layout === "v19" ? "1.1" : "v19";

  Deno.test(`a device of layout ${layout} reads a stateless cipher body of ${layout}`, () => {
    const rig = new EngineRig({ layout });
    const readable = concat(HEADER, cipherBody(layout), KEY, IV, SRC);

    const answer = rig.data(readable, 49);

    assert.deepEqual([answer.status, answer.result], [Status.OK, CIPHERTEXT]);
  });

  Deno.test(`a device of layout ${layout} reads a stateless chain body of ${layout}`, () => {
    const rig = new EngineRig({ layout });
    // cipher_key, auth_key, iv, aad, src.
    const readable = concat(HEADER, chainBody(layout), KEY, AUTH_KEY, IV, AAD, SRC);

    const answer = rig.data(readable, 48 + 32 + 1);

    const tag = hmac("sha256", AUTH_KEY, concat(AAD, SRC.subarray(8, 32)));
    assert.deepEqual([answer.status, answer.result], [Status.OK, concat(CIPHERTEXT, tag)]);
  });

  Deno.test(`a device of layout ${layout} does not read the body of ${other}`, () => {
    const rig = new EngineRig({ layout });
    const readable = concat(HEADER, cipherBody(other), KEY, IV, SRC);

    const answer = rig.data(readable, 49);

    assert.notDeepEqual(answer.result, CIPHERTEXT);
  });

  Deno.test(`a body of layout ${layout} that ends a byte early is ERR`, () => {
    const rig = new EngineRig({ layout });
    const whole = concat(HEADER, cipherBody(layout));

    assert.equal(rig.data(whole.subarray(0, -1), 49).status, Status.ERR);
  });

  for (
    const [service, body, rest, resultLen] of [
      [1, words(4, 48, 32, 77), SRC, 32],
      [2, words(4, 20, 48, 32), concat(AUTH_KEY, SRC), 32],
      [3, words(1, 16, 1, 16, 16, 13, 48, 64), concat(KEY, IV, SRC, AAD), 64],
    ] as const
  ) {
    Deno.test(`service ${service} has one stateless form, in layout ${layout} too`, () => {
      const rig = new EngineRig({ layout });
      const header = words(service << 8, 0, 0, 0, 0, 0);

      assert.equal(rig.data(concat(header, body, rest), resultLen + 1).status, Status.OK);
    });
  }
}

Deno.test("without MUX every data body has 48 bytes and every control body 56", () => {
  const rig = new EngineRig({ mux: false });
  const pad = (bytes: Uint8Array, len: number) =>
    concat(bytes, new Uint8Array(len - bytes.length).fill(9));
  const session = concat(words(0x102, 4, 0, 0), pad(words(4, 32), 56));
  assert.equal(rig.control(session, 16).writable[8], Status.OK);
  const header = words(0x100, 0, 1, 0, 0, 0);

  const answer = rig.data(concat(header, pad(words(48, 32), 48), SRC), 33);
  const short = rig.data(concat(header, words(48, 32), SRC).subarray(0, 24 + 47), 33);

  assert.deepEqual([answer.status, short.status], [Status.OK, Status.ERR]);
});

Deno.test("under MUX a body is exactly its structure, in session mode too", () => {
  const rig = new EngineRig();
  assert.equal(rig.control(concat(words(0x102, 4, 0, 0), words(4, 32)), 16).writable[8], 0);

  const answer = rig.data(concat(words(0x100, 0, 1, 0, 1, 0), words(48, 32), SRC), 33);

  assert.equal(answer.status, Status.OK);
});
