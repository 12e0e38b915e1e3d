/** Lengths that lie: of fields, of keys, of what they say lies where. */

import { strict as assert } from "node:assert";
import {
  AeadAlgo,
  CipherAlgo,
  Direction,
  HashAlgo,
  MacAlgo,
  Service,
  Status,
} from "../../device/mod.ts";
import { Staging } from "../../device/memory/staging.ts";
import {
  aeadData,
  aeadStateless,
  build,
  chainData,
  cipherData,
  cipherStateless,
  createAeadSession,
  createChainSession,
  createCipherSession,
  createHashSession,
  createMacSession,
  hashData,
  hashStateless,
  macData,
  macStateless,
  parseSessionInput,
  type Request,
} from "../../device/wire/requests.ts";
import { concat, counting } from "../support/random.ts";
import { AAD, AUTH_KEY, IV, KEY, NONCE, SESSIONS, SRC } from "../support/samples.ts";
import {
  assertResult,
  destroyAll,
  everywhere,
  fails,
  forget,
  onRings,
  prepareAll,
  type Prepared,
  spoil,
} from "./cases.ts";
import { createSession, type Lane, type Sent } from "./lanes.ts";

const HUGE = 0xffffffff;
const { ENCRYPT } = Direction;

// Runs a body with all samples made.
async function withSamples(
  lane: Lane,
  body: (prepared: readonly Prepared[]) => Promise<void>,
): Promise<void> {
  const prepared = await prepareAll(lane);
  await body(prepared);
  await forget(lane, prepared);
}

// Every sample, spoilt in each of the ways its length fields allow.
function eachWay(
  prepared: readonly Prepared[],
  ways: (fields: readonly string[]) => readonly Readonly<Record<string, number>>[],
): (Sent & { what: string })[] {
  return prepared.flatMap((each) =>
    ways(Object.keys(each.sample.lens)).map((changes) => ({
      ...spoil(each, changes),
      what: `${each.sample.name} ${JSON.stringify(changes)}`,
    }))
  );
}

for (const mux of [true, false]) {
  const form = mux ? "MUX" : "not MUX";
  everywhere(
    `every length field of a data request is 0xFFFFFFFF in turn: ERR (${form})`,
    (lane) =>
      withSamples(lane, async (prepared) => {
        const ways = (fields: readonly string[]) => fields.map((name) => ({ [name]: HUGE }));
        await fails(lane, eachWay(prepared, ways));
      }),
    { mux },
  );
}

everywhere(
  "pairs of lengths that sum to 2^32, and would be 0 in 32 bits, are ERR",
  (lane) =>
    withSamples(lane, async (prepared) => {
      const ways = (fields: readonly string[]) =>
        fields.flatMap((a) =>
          fields.filter((b) => b !== a).flatMap((b) =>
            [1, 16, 0x80000000, HUGE].map((len) => ({ [a]: len, [b]: -len }))
          )
        );
      await fails(lane, eachWay(prepared, ways));
    }),
);

everywhere(
  "all lengths at once as large as they get are ERR: their sum does not wrap (CVE-2017-5931)",
  (lane) =>
    withSamples(lane, async (prepared) => {
      const all = (len: number) => (fields: readonly string[]) => [
        Object.fromEntries(fields.map((name) => [name, len])),
      ];
      for (const len of [HUGE, 0x80000000, 0x20000000]) {
        await fails(lane, eachWay(prepared, all(len)));
      }
    }),
);

everywhere(
  "a key as long as 2^32 - 1 bytes, alone or with another, makes no session (CVE-2017-5931)",
  async (lane) => {
    const creations = [
      build(createCipherSession, SESSIONS.cipher, lane.mode),
      build(createChainSession, SESSIONS.chain, lane.mode),
      build(createMacSession, SESSIONS.mac, lane.mode),
      build(createAeadSession, SESSIONS.aead, lane.mode),
    ];
    // Offsets of the key lengths in R, in the order of the creations.
    const keyLens = [[16 + 4], [16 + 12, 16 + 32], [16 + 8], [16 + 4]];
    const spoilt = creations.flatMap(({ readable, writableLen }, i) => {
      const changes = [...keyLens[i].map((at) => [at]), keyLens[i]];
      return changes.flatMap((ats) =>
        [HUGE, 0x80000000, 0xfffffff0].map((len) => {
          const bytes = readable.slice();
          for (const at of ats) new DataView(bytes.buffer).setUint32(at, len, true);
          return { readable: bytes, writableLen, queue: lane.control };
        })
      );
    });

    for (const { written } of await lane.run(spoilt)) {
      assert.deepEqual(parseSessionInput(written), { status: Status.ERR, sessionId: 0 });
    }
  },
);

const MAX_SIZE = 528;

const CTR = { algo: CipherAlgo.AES_CTR, op: ENCRYPT, key: KEY };
const DIGEST = { algo: MacAlgo.HMAC_SHA_256, hashResultLen: 32 };

// A request of each kind whose declared lengths sum up to `sum`, the status byte counted.
function requestsOf(
  { mode }: Lane,
  [cipherId, chainId, macId, aeadId]: readonly number[],
  sum: number,
): (Request & { what: string })[] {
  const cipher = { op: ENCRYPT, iv: IV, src: SRC };
  const chain = { ...cipher, hashResultLen: 32, aad: AAD, sessionId: chainId };
  const seal = { op: ENCRYPT, iv: NONCE, aad: AAD, src: SRC, tagLen: 16 };
  // What is left of the sum for dst, or for src.
  const rest = (others: number) => sum - 1 - others;
  const dst = (others: number) => ({ dstDataLen: rest(others + SRC.length) });
  const src = (others: number) => ({ src: new Uint8Array(rest(others)), hashResultLen: 32 });
  const requests = {
    "session's cipher": build(cipherData, { ...cipher, ...dst(16), sessionId: cipherId }, mode),
    "session's chain": build(chainData, { ...chain, ...dst(16 + 13 + 32) }, mode),
    "session's mac": build(macData, { ...src(32), sessionId: macId }, mode),
    "session's aead": build(aeadData, { ...seal, ...dst(12 + 13), sessionId: aeadId }, mode),
    "stateless cipher": build(cipherStateless, { ...cipher, ...CTR, ...dst(16 + 16) }, mode),
    "stateless hash": build(hashStateless, { ...src(32), algo: HashAlgo.SHA_256 }, mode),
    "stateless mac": build(
      macStateless,
      { ...DIGEST, ...src(32 + AUTH_KEY.length), authKey: AUTH_KEY },
      mode,
    ),
    "stateless aead": build(
      aeadStateless,
      { ...seal, ...dst(16 + 12 + 13), algo: AeadAlgo.GCM, key: KEY },
      mode,
    ),
  };
  return Object.entries(requests).map(([what, request]) => ({ what, ...request }));
}

everywhere(
  "lengths that sum to max_size are served, one byte over is ERR (CVE-2025-14876)",
  async (lane) => {
    const ids = [
      await createSession(lane, createCipherSession, CTR),
      await createSession(lane, createChainSession, { ...SESSIONS.chain, cipher: CTR }),
      await createSession(lane, createMacSession, SESSIONS.mac),
      await createSession(lane, createAeadSession, SESSIONS.aead),
    ];
    const at = requestsOf(lane, ids, MAX_SIZE);

    const served = await lane.run(at);
    await fails(lane, requestsOf(lane, ids, MAX_SIZE + 1));

    served.forEach(({ written, usedLen }, i) => {
      assert.equal(written.at(-1), Status.OK, at[i].what);
      assert.equal(usedLen, at[i].writableLen);
    });
    await destroyAll(lane, Service.CIPHER, ids.slice(0, 2));
    await destroyAll(lane, Service.MAC, [ids[2]]);
    await destroyAll(lane, Service.AEAD, [ids[3]]);
  },
  { maxSize: MAX_SIZE },
);

everywhere(
  "keys that sum to max_size with their answer make a session, one byte over makes none (CVE-2025-14876)",
  async (lane) => {
    const creation = (authKeyLen: number) => {
      const cipher = { algo: CipherAlgo.AES_CTR, op: ENCRYPT, key: counting(32) };
      const hash = { ...SESSIONS.chain.hash, authKey: counting(authKeyLen) };
      const options = { ...SESSIONS.chain, cipher, hash };
      return { ...build(createChainSession, options, lane.mode), queue: lane.control };
    };
    const [fits, over] = await lane.run([creation(480), creation(481)]);

    const { status, sessionId } = parseSessionInput(fits.written);
    assert.equal(status, Status.OK);
    assert.deepEqual(parseSessionInput(over.written), { status: Status.ERR, sessionId: 0 });
    await destroyAll(lane, Service.CIPHER, [sessionId]);
  },
  { maxSize: MAX_SIZE },
);

everywhere(
  "dst shorter than src is ERR, longer is filled with zeros (CVE-2023-3180)",
  (lane) =>
    withSamples(lane, async (prepared) => {
      const withDst = prepared.filter(({ sample }) => "dstDataLen" in sample.lens);
      const isChain = ({ sample }: Prepared) => "hashResultLen" in sample.lens;
      const dstLenOf = (each: Prepared) => each.writableLen - 1 - (isChain(each) ? 32 : 0);
      const shorter = withDst.flatMap((each) =>
        [0, 1, dstLenOf(each) - 1].map((dstDataLen) => ({
          ...spoil(each, { dstDataLen }),
          what: `${each.sample.name} with dst of ${dstDataLen}`,
        }))
      );
      await fails(lane, shorter);

      for (const more of [1, 15, 1000]) {
        const longer = withDst.map((each) => ({
          ...spoil(each, { dstDataLen: dstLenOf(each) + more }),
          writableLen: each.writableLen + more,
        }));
        (await lane.run(longer)).forEach((came, i) => {
          const { result } = withDst[i].sample;
          const end = dstLenOf(withDst[i]);
          const zeros = new Uint8Array(more);
          assertResult(came, concat(result.subarray(0, end), zeros, result.subarray(end)));
        });
      }
    }),
);

everywhere(
  "key, iv, aad and src shorter than declared, by any number of bytes, are ERR",
  (lane) =>
    withSamples(lane, async (prepared) => {
      for (const { sample, readable, writableLen } of prepared) {
        const cut = Array.from({ length: readable.length }, (_, len) => ({
          readable: readable.subarray(0, len),
          writableLen,
          what: `${sample.name} cut to ${len} bytes`,
        }));
        await fails(lane, cut);
      }
    }),
);

everywhere(
  "dst_data_len and hash_result_len beyond W are ERR, one byte or 4 GiB (CVE-2020-14377)",
  (lane) =>
    withSamples(lane, async (prepared) => {
      const short = prepared.flatMap(({ readable, writableLen, sample }) =>
        [1, 2, writableLen >> 1, writableLen - 1].map((len) => ({
          readable,
          writableLen: len,
          what: `${sample.name} with W of ${len}`,
        }))
      );
      await fails(lane, short);
      const ways = (fields: readonly string[]) =>
        fields.filter((name) => name === "dstDataLen" || name === "hashResultLen")
          .flatMap((name) => [1000, 0x7fffffff, HUGE].map((len) => ({ [name]: len })));
      await fails(lane, eachWay(prepared, ways));
    }),
);

everywhere(
  "room far beyond the declared lengths, for reading or writing, changes nothing (CVE-2020-14374)",
  (lane) =>
    withSamples(lane, async (prepared) => {
      const isAead = ({ sample }: Prepared) => sample.service === Service.AEAD;
      for (const more of [1, 4096, 100_000]) {
        const wide = prepared.map(({ readable, writableLen }) => ({
          readable,
          writableLen: writableLen + more,
        }));
        (await lane.run(wide)).forEach((came, i) => assertResult(came, prepared[i].sample.result));
        const long = prepared.map(({ readable, writableLen }) => ({
          readable: concat(readable, new Uint8Array(more).fill(0xdd)),
          writableLen,
        }));
        const came = await lane.run(long);
        came.forEach((each, i) => {
          // AEAD alone says how long R has to be.
          if (isAead(prepared[i])) assert.deepEqual([...each.written], [Status.ERR]);
          else assertResult(each, prepared[i].sample.result);
        });
      }
    }),
);

onRings(
  "descriptors much larger and much smaller than what they carry change nothing (CVE-2020-14374)",
  async (lane) => {
    const prepared = await prepareAll(lane);
    const cuts = [
      { readableCuts: [1, 1, 200_000], writableCuts: [200_000] },
      { readableCuts: new Array(20).fill(7), writableCuts: new Array(20).fill(1) },
    ];
    for (const at of cuts) {
      for (const each of prepared) {
        const [came] = await lane.run([{ ...each, writableLen: each.writableLen + 5000, at }]);
        assertResult(came, each.sample.result);
      }
    }
    await forget(lane, prepared);
  },
);

everywhere(
  "no memory is taken for bytes that have not come, whatever is declared",
  (lane) =>
    withSamples(lane, async (prepared) => {
      const taken: number[] = [];
      const { take } = Staging.prototype;
      Staging.prototype.take = function (len) {
        taken.push(len);
        return take.call(this, len);
      };
      try {
        const lens = [100_000, 1 << 20, 0x7fffffff, HUGE];
        const ways = (fields: readonly string[]) =>
          fields.flatMap((name) => lens.map((len) => ({ [name]: len })));
        await fails(lane, eachWay(prepared, ways));
      } finally {
        Staging.prototype.take = take;
      }
      assert.ok(Math.max(0, ...taken) <= 1024, `${Math.max(...taken)} bytes were taken`);
    }),
);

everywhere("a hash longer than its algorithm's, of 0 bytes or of 4 GiB is ERR", async (lane) => {
  const sessionId = await createSession(lane, createHashSession, { algo: 4, hashResultLen: 0 });
  const lens = [0, 33, 64, 65536, 0x7fffffff, HUGE];
  const requests = lens.map((hashResultLen) => {
    const { readable } = build(hashData, { sessionId, src: SRC, hashResultLen: 1 }, lane.mode);
    new DataView(readable.buffer).setUint32(28, hashResultLen, true);
    return { readable, writableLen: 70_000, what: `hash_result_len ${hashResultLen}` };
  });

  await fails(lane, requests);
  await destroyAll(lane, Service.HASH, [sessionId]);
});
