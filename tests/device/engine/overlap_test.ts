/** R and W in the same memory: in place, and overlapping in every other way. */

import { strict as assert } from "node:assert";
import { MemoryBytes } from "../../../device/memory/memory_bytes.ts";
import { SegmentList } from "../../../device/memory/segment_list.ts";
import { CREATE, EngineRig } from "../../support/engine_rig.ts";
import { type Sample, SAMPLES, SESSIONS, SRC } from "../../support/samples.ts";
import { build, chainData } from "../../../device/wire/requests.ts";
import { aesEcb, cbc, hmac } from "../../support/oracle.ts";
import { AAD, AUTH_KEY, IV } from "../../support/samples.ts";
import { concat } from "../../support/random.ts";

const R_AT = 256;
const MEMORY_LEN = 1024;

function segments(bytes: Uint8Array, start: number, len: number, cut: number): SegmentList {
  const list = new SegmentList();
  const memory = new MemoryBytes(bytes);
  list.push(memory, start, Math.min(cut, len));
  list.push(memory, start + Math.min(cut, len), len - Math.min(cut, len));
  return list;
}

function offsetOf(readable: Uint8Array, part: Uint8Array): number {
  for (let at = 0; at + part.length <= readable.length; at++) {
    if (part.every((byte, i) => readable[at + i] === byte)) return at;
  }
  return assert.fail("The request does not hold its source");
}

// Runs a request whose W starts at `writableAt` of the memory that R lies in at R_AT.
function runOverlapped(
  rig: EngineRig,
  readable: Uint8Array,
  writableLen: number,
  writableAt: number,
  cuts: readonly [number, number],
): { usedLen: number; writable: Uint8Array } {
  const bytes = new Uint8Array(new SharedArrayBuffer(MEMORY_LEN));
  bytes.set(readable, R_AT);
  const input = segments(bytes, R_AT, readable.length, cuts[0]);
  const output = segments(bytes, writableAt, writableLen, cuts[1]);
  const usedLen = rig.engine.data(input, output);
  return {
    usedLen,
    writable: Uint8Array.from(bytes.subarray(writableAt, writableAt + writableLen)),
  };
}

function check(rig: EngineRig, sample: Sample, writableAt: number, cuts: [number, number]): void {
  const { readable, writableLen } = sample.make(rig);
  const where = `W at ${writableAt - R_AT}, cut ${cuts}`;

  const { usedLen, writable } = runOverlapped(rig, readable, writableLen, writableAt, cuts);

  assert.deepEqual(writable.subarray(0, -1), sample.result, where);
  assert.deepEqual([usedLen, writable.at(-1)], [writableLen, 0], where);
}

for (const sample of SAMPLES) {
  Deno.test(`${sample.name} may be worked on in place`, () => {
    const rig = new EngineRig();
    const { readable } = sample.make(rig);
    const src = sample.name.includes("open") ? undefined : SRC;
    const at = src === undefined ? readable.length - 13 - 64 : offsetOf(readable, src);

    for (const cuts of [[1000, 1000], [24, 1000], [1000, 20], [at + 7, 7], [at + 7, 9]] as const) {
      check(rig, sample, R_AT + at, [...cuts]);
    }
  });

  Deno.test(`${sample.name} is right wherever W overlaps R`, () => {
    const rig = new EngineRig({ maxSessions: 10_000 });
    const { readable, writableLen } = sample.make(rig);
    for (let at = R_AT - writableLen - 1; at <= R_AT + readable.length + 1; at++) {
      check(rig, sample, at, [1000, 1000]);
      check(rig, sample, at, [readable.length - 30, 1000]);
      check(rig, sample, at, [1000, 23]);
    }
  });
}

Deno.test("a chain may be worked on in place in both orders with regions that differ", () => {
  const ciphered = concat(
    SRC.subarray(0, 8),
    cbc(aesEcb, SESSIONS.chain.cipher.key, IV, SRC.subarray(8, 40)),
    SRC.subarray(40),
  );
  for (const algChainOrder of [1, 2]) {
    const rig = new EngineRig();
    const sessionId = rig.create(CREATE.chain, { ...SESSIONS.chain, algChainOrder });
    const { readable, writableLen } = build(chainData, {
      sessionId,
      op: 1,
      iv: IV,
      src: SRC,
      aad: AAD,
      cipherStartSrcOffset: 8,
      lenToCipher: 32,
      hashStartSrcOffset: 3,
      lenToHash: 41,
      hashResultLen: 32,
    }, rig.mode);
    const hashed = (algChainOrder === 1 ? SRC : ciphered).subarray(3, 44);
    const expected = concat(ciphered, hmac("sha256", AUTH_KEY, concat(AAD, hashed)));
    const srcAt = offsetOf(readable, SRC);
    for (let at = R_AT + srcAt - 60; at < R_AT + srcAt + 60; at++) {
      const { writable } = runOverlapped(rig, readable, writableLen, at, [1000, 1000]);

      assert.deepEqual(
        writable.subarray(0, -1),
        expected,
        `${algChainOrder}, ${at - srcAt - R_AT}`,
      );
    }
  }
});
