/**
 * A driver that rewrites what the device is just reading, from a thread of its own (CVE-2020-14375).
 *
 * RINGWAY_RACE_SECONDS makes each race last as long; without it a race has a number of rounds.
 */

import { strict as assert } from "node:assert";
import {
  AeadAlgo,
  AlgorithmSet,
  DeviceThreads,
  Direction,
  parseAcceleratorChoice,
  Status,
} from "../../device/mod.ts";
import { aeadStateless, build } from "../../device/wire/requests.ts";
import { IMPLEMENTED } from "../support/implementations.ts";
import { contains, Random } from "../support/random.ts";
import { Rig } from "../support/rig.ts";
import { Race, REQUESTS, RESULTS, type Swap } from "./race_ground.ts";
import { RaceRig } from "./race_rig.ts";

const SECONDS = Number(Deno.env.get("RINGWAY_RACE_SECONDS") ?? "0");
const ROUNDS = 240;
const UNWRITTEN = 0xee;
const MODE = { mux: true, layout: "v19" } as const;

const ACCELERATORS = ["libcrypto", "noble,typescript"] as const;
const SETS = ACCELERATORS.map((choice) => ({
  choice,
  algorithms: new AlgorithmSet(IMPLEMENTED, parseAcceleratorChoice(IMPLEMENTED, choice)),
}));

// One round after the other, for as long as the race lasts.
async function* rounds(num: number): AsyncGenerator<number> {
  const end = performance.now() + SECONDS * 1000;
  for (let round = 0; round < num || performance.now() < end; round++) {
    yield round;
    // Others of this thread, and the racing thread where there is one CPU, have their turn.
    if (round % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

async function raceFor(rig: RaceRig, modes: readonly number[], inThreads: boolean): Promise<void> {
  await rig.race();
  try {
    for await (const round of rounds(ROUNDS)) {
      rig.mode = modes[round % modes.length];
      rig.restore();
      rig.offer();
      await rig.run(inThreads);
      if (round % 8 === 0) {
        rig.changeSessions();
        rig.check();
      }
    }
  } finally {
    await rig.end();
  }
  rig.check();
  rig.serves();
}

const RACES: readonly { readonly what: string; readonly modes: readonly number[] }[] = [
  { what: "headers, lengths, keys and source data", modes: [Race.FIXED, Race.DATA, 3] },
  { what: "descriptors and indirect tables", modes: [Race.DESCRIPTORS] },
  { what: "indices and heads of the available ring", modes: [Race.RING] },
  { what: "everything at once", modes: [15, 15, 7, 11] },
];

for (const { choice, algorithms } of SETS) {
  for (const { what, modes } of RACES) {
    Deno.test(`${what} rewritten while the device works with ${choice}: nothing is written where it may not be, and the device lives`, async () => {
      const rig = new RaceRig({ algorithms, seed: 7 });
      try {
        await raceFor(rig, modes, false);
      } finally {
        rig.device.close();
      }
    });
  }
}

// Runs a body with two threads that run whatever there is.
async function withThreads(
  algorithms: AlgorithmSet,
  body: (threads: DeviceThreads) => Promise<void>,
): Promise<void> {
  const deaths: string[] = [];
  const onDeath = (reason: string) => void deaths.push(reason);
  const threads = new DeviceThreads({ num: 2, algorithms, localWork: 0, onDeath });
  try {
    await body(threads);
  } finally {
    await threads.close();
  }
  assert.deepEqual(deaths, []);
}

for (const { what, modes } of RACES) {
  Deno.test(`${what} rewritten while device threads work: nothing is written where it may not be, and no thread dies`, () =>
    withThreads(SETS[0].algorithms, async (threads) => {
      const rig = new RaceRig({ algorithms: SETS[0].algorithms, threads, seed: 11 });
      try {
        await raceFor(rig, modes, true);
      } finally {
        rig.device.close();
      }
    }));
}

const KEY = new Random(5).bytes(32);
const PLAINTEXT = new Random(6).bytes(8000);
const AAD = new Random(7).bytes(64);
const SEALS = [
  { name: "GCM", algo: AeadAlgo.GCM, keyLen: 16 },
  { name: "CCM", algo: AeadAlgo.CCM, keyLen: 32 },
  { name: "ChaCha20-Poly1305", algo: AeadAlgo.CHACHA20_POLY1305, keyLen: 32 },
] as const;

// A request to open what has been sealed right, and the bytes to be swapped in it.
function forgery(algo: number, keyLen: number, algorithms: AlgorithmSet) {
  const key = KEY.subarray(0, keyLen);
  const iv = new Random(8).bytes(12);
  const common = { algo, key, iv, aad: AAD, tagLen: 16 };
  const seal = build(aeadStateless, { ...common, op: Direction.ENCRYPT, src: PLAINTEXT }, MODE);
  const sealer = new Rig({ algorithms, accept: ["MUX_MODE", "AEAD_STATELESS_MODE"] });
  const { writable } = sealer.submit(0, seal.readable, seal.writableLen);
  assert.equal(writable.at(-1), Status.OK);
  sealer.device.close();
  const src = writable.slice(0, -1);
  const open = build(aeadStateless, { ...common, op: Direction.DECRYPT, src }, MODE);
  const parts = [
    24 + 32, // key
    24 + 32 + keyLen, // iv
    24 + 32 + keyLen + 12, // the first byte of src
    24 + 32 + keyLen + 12 + 4000,
    24 + 32 + keyLen + 12 + PLAINTEXT.length - 1,
    24 + 32 + keyLen + 12 + PLAINTEXT.length, // tag
    open.readable.length - 1, // aad
  ];
  const swaps = parts.map((at): Swap => {
    const a = open.readable[at];
    return { at: REQUESTS + at, a, b: a ^ 0x40 };
  });
  return { ...open, swaps, srcAt: 24 + 32 + keyLen + 12 };
}

for (const { name, algo, keyLen } of SEALS) {
  for (const { choice, algorithms } of SETS) {
    for (const inThreads of [false, true]) {
      const where = inThreads ? "in device threads" : "in the main thread";
      Deno.test(`sealed data forged while ${name} of ${choice} opens them ${where}: what verified comes out, or nothing`, () =>
        withThreads(
          algorithms,
          (threads) => raceForgery(algo, keyLen, algorithms, threads, inThreads),
        ));
    }
  }
}

// What verified is there, to the byte, or nothing is.
function checkResult(result: Uint8Array, status: number): number {
  if (status === Status.OK) assert.deepEqual(result, PLAINTEXT);
  else assert.ok(result.every((byte) => byte === UNWRITTEN), "Bytes were written");
  return status;
}

// The racing thread has gone on swapping bytes of it: it is the plaintext but for those, or none of it.
function checkInPlace(result: Uint8Array): void {
  const numSame = result.filter((byte, i) => byte === PLAINTEXT[i]).length;
  const isPlaintext = numSame >= PLAINTEXT.length - 4;
  assert.ok(isPlaintext || numSame < 200, `${numSame} bytes of plaintext, not all`);
}

async function raceForgery(
  algo: number,
  keyLen: number,
  algorithms: AlgorithmSet,
  threads: DeviceThreads,
  inThreads: boolean,
): Promise<void> {
  const { readable, writableLen, swaps, srcAt } = forgery(algo, keyLen, algorithms);
  const rig = new RaceRig({ algorithms, threads: inThreads ? threads : undefined, swaps });
  const { bytes } = rig.region;
  const random = new Random(algo);
  const statuses = [0, 0, 0, 0, 0];
  await rig.race();
  try {
    for await (const round of rounds(80)) {
      // The first rounds are run without a race: right, then forged.
      rig.mode = round < 2 ? 0 : Race.FORGERY;
      bytes.set(readable, REQUESTS);
      if (round === 1) bytes[swaps[2].at] = swaps[2].b;
      const isInPlace = round > 1 && random.below(3) === 0;
      const address = isInPlace ? REQUESTS + srcAt : RESULTS;
      bytes.fill(UNWRITTEN, RESULTS, RESULTS + writableLen);

      await rig.runAt(
        { address: REQUESTS, len: readable.length },
        { address, len: writableLen },
        inThreads,
      );

      const result = bytes.slice(address, address + writableLen - 1);
      // In place the status lies where the tag was, and is overwritten with it.
      if (isInPlace) checkInPlace(result);
      else statuses[checkResult(result, bytes[address + writableLen - 1])]++;
      if (!contains(result, PLAINTEXT.subarray(100, 116))) {
        assert.ok(!contains(bytes, PLAINTEXT.subarray(5000, 5016)), "Plaintext elsewhere");
      }
    }
  } finally {
    await rig.end();
    rig.device.close();
  }
  rig.check();
  const [ok, err, badmsg] = statuses;
  assert.ok(ok > 0 && badmsg > 0, `Statuses: ${statuses}`);
  assert.equal(err, 0, "A length was read from what was rewritten");
}
