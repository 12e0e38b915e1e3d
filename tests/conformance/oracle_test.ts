/** The oracle itself is held against the official answers before it judges anybody. */
import assert from "node:assert/strict";
import { concat, pattern } from "./bytes.ts";
import { aeadJob } from "./jobs.ts";
import { expected } from "./oracle.ts";
import { VECTORS } from "./vectors.ts";
import { Aead, Op } from "./wire.ts";

for (const { source, job, result } of VECTORS) {
  Deno.test(`oracle gives the answer of ${source} for ${job.service} ${job.algo}, ${result.length} B`, () => {
    const computed = expected(job);

    assert.equal(computed?.toHex(), result.toHex());
  });
}

for (const [name, algo] of Object.entries(Aead)) {
  Deno.test(`oracle opens what it sealed and refuses another tag for ${name}`, () => {
    const key = pattern(32, 2);
    const iv = pattern(12, 3);
    const aad = pattern(20, 4);
    const src = pattern(50, 5);

    const sealed = expected(aeadJob({ algo, key, iv, aad, src }));
    assert.ok(sealed !== null);
    const opened = expected(aeadJob({ algo, op: Op.DECRYPT, key, iv, aad, src: sealed }));
    const other = concat(sealed.slice(0, -1), new Uint8Array([sealed[sealed.length - 1] ^ 1]));
    const refused = expected(aeadJob({ algo, op: Op.DECRYPT, key, iv, aad, src: other }));

    assert.equal(opened?.toHex(), src.toHex());
    assert.equal(refused, null);
  });
}
