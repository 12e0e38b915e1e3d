/** Short operations that are computed in a row: as those that are computed at once, whatever happens. */

import { strict as assert } from "node:assert";
import {
  AlgorithmSet,
  Direction,
  openLibcrypto,
  Service,
  Status,
  withLibcrypto,
} from "../../device/mod.ts";
import type { AeadContext, CipherContext } from "../../device/accelerators/contexts.ts";
import {
  aeadData,
  build,
  cipherData,
  cipherStateless,
  destroySession,
  parseSessionInput,
  type WireMode,
} from "../../device/wire/requests.ts";
import { CREATE } from "../support/engine_rig.ts";
import { fakeAlgorithms, FakeLog } from "../support/fakes.ts";
import { Rig } from "../support/rig.ts";
import { IV, NONCE, SESSIONS } from "../support/samples.ts";
import { counting } from "../support/random.ts";
import { aesEcb, cbc, gcm } from "../support/oracle.ts";

const MODE = { mux: false, layout: "v19" } as const;
const ENCRYPT = Direction.ENCRYPT;
// More than are computed in one row.
const NUM = 50;

// Longest operation that is left in a row, and some around it.
const LONG = [16368, 16384, 16400, 1024, 1040, 64];

// Fakes that say that they are faster in a row.
function inRow(log: FakeLog): AlgorithmSet {
  return new AlgorithmSet(
    fakeAlgorithms(log).map((row) => {
      if (row.service === Service.CIPHER) {
        const [{ accelerator, open }] = row.implementations;
        const opener = (key: Uint8Array, decrypt: boolean): CipherContext => ({
          ...open(key, decrypt),
          inRow: true,
        });
        return { ...row, implementations: [{ accelerator, open: opener }] };
      }
      if (row.service === Service.AEAD) {
        const [{ accelerator, open }] = row.implementations;
        const opener = (key: Uint8Array): AeadContext => ({ ...open(key), inRow: true });
        return { ...row, implementations: [{ accelerator, open: opener }] };
      }
      return row;
    }),
  );
}

function libcrypto(): AlgorithmSet {
  const { library } = openLibcrypto();
  assert.ok(library !== null, "The tests need libcrypto");
  const names = ["AES_CBC", "GCM"];
  return new AlgorithmSet(
    withLibcrypto(fakeAlgorithms(new FakeLog()), library).filter(({ name }) =>
      names.includes(name)
    ),
  );
}

function create(rig: Rig, kind: "cipher" | "aead", mode: WireMode = MODE): number {
  const { readable } = kind === "cipher"
    ? build(CREATE.cipher, SESSIONS.cipher, mode)
    : build(CREATE.aead, SESSIONS.aead, mode);
  const { status, sessionId } = parseSessionInput(rig.submit(rig.control, readable, 16).writable);
  assert.equal(status, Status.OK);
  return sessionId;
}

function sourceOf(i: number): Uint8Array<ArrayBuffer> {
  return counting(16 * (1 + i % 4), i);
}

Deno.test("a batch of short requests gives what each gives alone, whatever their services and lengths", () => {
  const rig = new Rig({ algorithms: libcrypto(), queueSize: 256 });
  const ciphers = create(rig, "cipher");
  const aeads = create(rig, "aead");

  const finish = Array.from({ length: NUM }, (_, i) => {
    const src = sourceOf(i);
    const aad = counting(i % 3 * 4, 100 + i);
    const { readable, writableLen } = i % 2 === 0
      ? build(cipherData, { sessionId: ciphers, op: ENCRYPT, iv: IV, src }, MODE)
      : build(aeadData, { sessionId: aeads, op: ENCRYPT, iv: NONCE, src, aad, tagLen: 16 }, MODE);
    // Some in pieces, which no row takes.
    const at = i % 5 === 0 ? { readableCuts: [30], writableCuts: [3] } : {};
    return rig.begin(0, readable, writableLen, at);
  });
  rig.kick(0);

  finish.forEach((fetch, i) => {
    const { usedLen, writable } = fetch();
    const aad = counting(i % 3 * 4, 100 + i);
    const expected = i % 2 === 0
      ? cbc(aesEcb, SESSIONS.cipher.key, IV, sourceOf(i))
      : gcm(SESSIONS.aead.key, NONCE, aad, sourceOf(i), 16);
    assert.deepEqual(writable.subarray(0, -1), expected, `request ${i}`);
    assert.deepEqual([usedLen, writable.at(-1)], [expected.length + 1, Status.OK]);
  });
});

Deno.test("a batch of requests up to and beyond what a row takes gives what each gives alone", () => {
  const rig = new Rig({ algorithms: libcrypto(), queueSize: 256 });
  const ciphers = create(rig, "cipher");
  const aeads = create(rig, "aead");
  const aad = new Uint8Array(0);

  const finish = Array.from({ length: NUM }, (_, i) => {
    const src = counting(LONG[i % LONG.length], i);
    const { readable, writableLen } = i % 2 === 0
      ? build(cipherData, { sessionId: ciphers, op: ENCRYPT, iv: IV, src }, MODE)
      : build(aeadData, { sessionId: aeads, op: ENCRYPT, iv: NONCE, src, aad, tagLen: 16 }, MODE);
    return rig.begin(0, readable, writableLen);
  });
  rig.kick(0);

  finish.forEach((fetch, i) => {
    const { writable } = fetch();
    const src = counting(LONG[i % LONG.length], i);
    const expected = i % 2 === 0
      ? cbc(aesEcb, SESSIONS.cipher.key, IV, src)
      : gcm(SESSIONS.aead.key, NONCE, aad, src, 16);
    assert.equal(writable.at(-1), Status.OK);
    assert.deepEqual(writable.subarray(0, -1), expected, `request ${i}`);
  });
});

Deno.test("those that fail in a row are ERR with used.len 1 and nothing of a result, the others are right", () => {
  const log = new FakeLog();
  const faults: unknown[] = [];
  const rig = new Rig({
    algorithms: inRow(log),
    queueSize: 256,
    onFault: (fault) => faults.push(fault),
  });
  const sessionId = create(rig, "cipher");
  const bad = new Set([0, 7, 31, 32, 49]);
  let num = 0;
  const run = log.run.bind(log);
  log.run = (isDigest, ...outputs) => {
    log.failAt = bad.has(num++) ? "run" : null;
    run(isDigest, ...outputs);
  };

  const finish = Array.from({ length: NUM }, (_, i) => {
    const request = build(cipherData, { sessionId, op: ENCRYPT, iv: IV, src: sourceOf(i) }, MODE);
    return rig.begin(0, request.readable, request.writableLen);
  });
  rig.kick(0);

  finish.forEach((fetch, i) => {
    const { usedLen, writable } = fetch();
    const result = writable.subarray(0, -1);
    if (bad.has(i)) {
      assert.deepEqual([usedLen, writable.at(-1)], [1, Status.ERR], `request ${i}`);
      assert.ok(result.every((byte) => byte === 0), `request ${i} shows something`);
    } else {
      const shift = SESSIONS.cipher.key[0];
      assert.deepEqual(result, sourceOf(i).map((byte) => byte + shift), `request ${i}`);
      assert.deepEqual([usedLen, writable.at(-1)], [writable.length, Status.OK]);
    }
  });
  assert.equal(num, NUM);
  assert.deepEqual([faults.length, rig.device.counters.faults], [bad.size, bad.size]);
});

Deno.test("what is in front of a broken chain is computed before the device needs its reset", () => {
  const log = new FakeLog();
  const rig = new Rig({ algorithms: inRow(log) });
  const sessionId = create(rig, "aead");
  const src = sourceOf(1);
  const options = { sessionId, op: ENCRYPT, iv: NONCE, src, aad: new Uint8Array(0), tagLen: 16 };
  const { readable, writableLen } = build(aeadData, options, MODE);
  const finish = [rig.begin(0, readable, writableLen), rig.begin(0, readable, writableLen)];
  // Beyond all memory.
  rig.queues[0].addPair(2 ** 40, 24, 2 ** 41, 1);
  rig.kick(0);

  for (const fetch of finish) {
    const { usedLen, writable } = fetch();
    assert.deepEqual([usedLen, writable.at(-1)], [writableLen, Status.OK]);
    assert.deepEqual(writable.subarray(src.length, -1), new Uint8Array(16).fill(0x5a));
  }
  assert.equal(rig.device.counters.brokenRings, 1);
});

Deno.test("stateless requests are computed at once: their keys go with them", () => {
  const log = new FakeLog();
  const rig = new Rig({
    algorithms: inRow(log),
    accept: ["MUX_MODE", "CIPHER_STATELESS_MODE"],
  });
  const mode = { mux: true, layout: "v19" } as const;
  const { algo, key } = SESSIONS.cipher;
  const options = { algo, key, op: ENCRYPT, iv: IV, src: sourceOf(3) };
  const { readable, writableLen } = build(cipherStateless, options, mode);
  const finish = Array.from({ length: 3 }, () => rig.begin(0, readable, writableLen));
  rig.kick(0);

  for (const fetch of finish) {
    assert.deepEqual(fetch().writable.subarray(0, -1), sourceOf(3).map((byte) => byte + key[0]));
  }
  assert.equal(log.isOpen, 0);
});

// What a device says to each request, one batch after the other.
function answersOf(rig: Rig, batches: readonly (readonly Uint8Array[])[], len: number): string[] {
  return batches.flatMap((batch) => {
    const finish = batch.map((readable) => rig.begin(0, readable, len));
    rig.kick(0);
    return finish.map((fetch) => {
      const { usedLen, writable } = fetch();
      return `${usedLen} ${writable.toHex()}`;
    });
  });
}

for (const kind of ["cipher", "aead"] as const) {
  for (const mux of [false, true]) {
    const mode: WireMode = { mux, layout: "v19" };
    const accept = mux ? ["MUX_MODE"] : [];

    Deno.test(`${kind} requests behind many of the same kind are answered as by a device that has seen no other, ${mux ? "with" : "without"} MUX_MODE`, () => {
      const algorithms = libcrypto();
      const newRig = (): [Rig, number] => {
        const rig = new Rig({ algorithms, accept, queueSize: 256 });
        return [rig, create(rig, kind, mode)];
      };
      const [rig, sessionId] = newRig();
      const src = sourceOf(2), aad = counting(12, 5);
      const { readable, writableLen } = kind === "cipher"
        ? build(cipherData, { sessionId, op: ENCRYPT, iv: IV, src }, mode)
        : build(aeadData, { sessionId, op: ENCRYPT, iv: NONCE, src, aad, tagLen: 16 }, mode);
      const fixedLen = readable.length - src.length - (kind === "cipher" ? 16 : 12 + 12);
      const fresh = (request: Uint8Array) => {
        const [other] = newRig();
        const [answer] = answersOf(other, [[request]], writableLen);
        other.device.close();
        return answer;
      };

      const right = fresh(readable);
      let numOthers = 0;
      for (let at = 0; at < fixedLen; at++) {
        const other = readable.slice();
        other[at] ^= at % 3 === 0 ? 4 : 1;
        const data = readable.slice();
        data[fixedLen + at % (data.length - fixedLen)] ^= 1;
        const expected = fresh(other);
        if (expected !== right) numOthers++;
        // In one batch, whose operations are computed when all of it has been looked at.
        const batch = [readable, readable, readable, other, readable, other, other, other, data];
        assert.deepEqual(
          answersOf(rig, [batch], writableLen),
          [right, right, right, expected, right, expected, expected, expected, fresh(data)],
          `byte ${at}`,
        );
      }
      assert.ok(numOthers > 12, `${numOthers} differ`);
      rig.device.close();
    });

    Deno.test(`a session that has ended is not found by ${kind} requests like those it had, ${mux ? "with" : "without"} MUX_MODE`, () => {
      const rig = new Rig({ algorithms: libcrypto(), accept });
      const sessionId = create(rig, kind, mode);
      const src = sourceOf(2);
      const { readable, writableLen } = kind === "cipher"
        ? build(cipherData, { sessionId, op: ENCRYPT, iv: IV, src }, mode)
        : build(
          aeadData,
          { sessionId, op: ENCRYPT, iv: NONCE, src, aad: new Uint8Array(0), tagLen: 16 },
          mode,
        );
      const four = Array.from({ length: 4 }, () => readable);
      for (const answer of answersOf(rig, [four, four], writableLen)) {
        assert.match(answer, /00$/);
      }

      const service = kind === "cipher" ? Service.CIPHER : Service.AEAD;
      const destroy = build(destroySession, { service, sessionId }, mode);
      assert.equal(rig.submit(rig.control, destroy.readable, 1).writable[0], Status.OK);

      for (const answer of answersOf(rig, [four], writableLen)) {
        assert.match(answer, new RegExp(`^1 .*0${Status.INVSESS}$`));
      }
      rig.device.close();
    });
  }
}
