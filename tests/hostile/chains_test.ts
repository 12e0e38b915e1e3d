/** The regions of chained requests. */

import { strict as assert } from "node:assert";
import { Direction, Service, Status } from "../../device/mod.ts";
import {
  build,
  chainData,
  type ChainDataOptions,
  createChainSession,
} from "../../device/wire/requests.ts";
import { aesEcb, cbc, hmac } from "../support/oracle.ts";
import { concat } from "../support/random.ts";
import { AAD, AUTH_KEY, IV, KEY, SESSIONS, SRC } from "../support/samples.ts";
import { assertResult, destroyAll, everywhere, fails } from "./cases.ts";
import { createSession, type Lane } from "./lanes.ts";

const HUGE = 0xffffffff;
const { ENCRYPT } = Direction;

const CHAIN: ChainDataOptions = { op: ENCRYPT, iv: IV, src: SRC, aad: AAD, hashResultLen: 32 };
const REGIONS: readonly {
  readonly what: string;
  readonly cipher: readonly [number, number];
  readonly hash: readonly [number, number];
}[] = [
  { what: "overlap", cipher: [0, 32], hash: [16, 32] },
  { what: "are the same", cipher: [16, 16], hash: [16, 16] },
  { what: "lie apart", cipher: [0, 16], hash: [40, 8] },
  { what: "touch the end", cipher: [32, 16], hash: [47, 1] },
  { what: "are empty", cipher: [0, 0], hash: [0, 0] },
  { what: "are empty at the very end", cipher: [48, 0], hash: [48, 0] },
];

async function withChain(
  lane: Lane,
  body: (sessionId: number) => Promise<void>,
): Promise<void> {
  const sessionId = await createSession(lane, createChainSession, SESSIONS.chain);
  await body(sessionId);
  await destroyAll(lane, Service.CIPHER, [sessionId]);
}

everywhere(
  "a chain's regions may overlap, touch and be empty; what lies outside is copied, not zeroed",
  (lane) =>
    withChain(lane, async (sessionId) => {
      const requests = REGIONS.map(({ cipher, hash }) =>
        build(chainData, {
          ...CHAIN,
          sessionId,
          cipherStartSrcOffset: cipher[0],
          lenToCipher: cipher[1],
          hashStartSrcOffset: hash[0],
          lenToHash: hash[1],
        }, lane.mode)
      );

      const came = await lane.run(requests);

      REGIONS.forEach(({ cipher: [start, len], hash: [from, num], what }, i) => {
        const ciphered = cbc(aesEcb, KEY, IV, SRC.subarray(start, start + len));
        const dst = concat(SRC.subarray(0, start), ciphered, SRC.subarray(start + len));
        const tag = hmac("sha256", AUTH_KEY, concat(AAD, dst.subarray(from, from + num)));
        assert.equal(came[i].written.at(-1), Status.OK, what);
        assertResult(came[i], concat(dst, tag));
      });
    }),
);

everywhere(
  "a chain's offsets that wrap or exceed src are ERR",
  (lane) =>
    withChain(lane, async (sessionId) => {
      const pairs: readonly (readonly [number, number])[] = [
        [0, 64],
        [16, 48],
        [48, 16],
        [64, 0],
        [49, 0],
        [HUGE, 0],
        [HUGE - 15, 16],
        [HUGE, 1],
        [0x80000000, 0x80000000],
        [16, 0xfffffff0],
        [0, HUGE - 15],
      ];
      const requests = pairs.flatMap(([start, len]) => [
        { cipherStartSrcOffset: start, lenToCipher: len },
        { hashStartSrcOffset: start, lenToHash: len },
      ]).map((region) => ({
        ...build(chainData, { ...CHAIN, ...region, sessionId }, lane.mode),
        what: JSON.stringify(region),
      }));

      await fails(lane, requests);
    }),
);
