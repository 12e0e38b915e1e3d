/** Keys and ivs whose lengths are not those of their algorithm. */

import { strict as assert } from "node:assert";
import {
  acceptsKeyLen,
  type AeadAlgorithm,
  type Algorithm,
  ALGORITHMS,
  type CipherAlgorithm,
  Direction,
  type MacAlgorithm,
  maxKeyLen,
  Service,
  Status,
} from "../../device/mod.ts";
import {
  aeadData,
  aeadStateless,
  build,
  cipherData,
  cipherStateless,
  createAeadSession,
  createCipherSession,
  createMacSession,
  macStateless,
  parseSessionInput,
  type Request,
} from "../../device/wire/requests.ts";
import { counting } from "../support/random.ts";
import { SRC } from "../support/samples.ts";
import { destroyAll, everywhere, fails } from "./cases.ts";
import { createSession, type Lane, type Sent } from "./lanes.ts";

const HUGE = 0xffffffff;
const { ENCRYPT } = Direction;
type Keyed = CipherAlgorithm | MacAlgorithm | AeadAlgorithm;
const KEYED = ALGORITHMS.filter((row): row is Keyed => "keyLens" in row);
const WITH_IV = ALGORITHMS.filter((row): row is CipherAlgorithm | AeadAlgorithm =>
  row.service === Service.CIPHER || row.service === Service.AEAD
);

// Key lengths that an algorithm does not have; with the key's bytes there while they are few.
function wrongKeyLens({ keyLens }: Keyed): number[] {
  const max = maxKeyLen(keyLens);
  return [0, 1, 7, 15, 17, 33, max - 1, max + 1, max + 16, 0x10000, 0x80000000, HUGE]
    .filter((len) => !acceptsKeyLen(keyLens, len));
}

const bytesOf = (len: number) => new Uint8Array(len <= 0x10000 ? len : 40);

// A stateless request whose key length says `declared`, and its creation.
function keyed(lane: Lane, row: Keyed, declared: number): { data: Request; create: Request } {
  const { mode } = lane;
  const key = bytesOf(declared);
  const { id: algo } = row;
  const request = (data: Request, keyAt: number, create: Request, createAt: number) => {
    new DataView(data.readable.buffer).setUint32(keyAt, declared, true);
    new DataView(create.readable.buffer).setUint32(createAt, declared, true);
    return { data, create };
  };
  if (row.service === Service.CIPHER) {
    const options = { algo, op: ENCRYPT, key };
    const iv = new Uint8Array(row.ivLen);
    return request(
      build(cipherStateless, { ...options, iv, src: SRC }, mode),
      24 + 4,
      build(createCipherSession, options, mode),
      16 + 4,
    );
  }
  if (row.service === Service.MAC) {
    const options = { algo, authKey: key, hashResultLen: 4 };
    return request(
      build(macStateless, { ...options, src: SRC }, mode),
      24 + 4,
      build(createMacSession, options, mode),
      16 + 8,
    );
  }
  const tagLen = 16;
  const iv = new Uint8Array(12);
  return request(
    build(aeadStateless, { algo, op: ENCRYPT, key, iv, src: SRC, tagLen }, mode),
    24 + 4,
    build(createAeadSession, { algo, op: ENCRYPT, key, tagLen }, mode),
    16 + 4,
  );
}

everywhere(
  "a key of length 0, over the maximum, or wrong for its algorithm is ERR (CVE-2020-10724)",
  async (lane) => {
    const requests = KEYED.flatMap((row) =>
      wrongKeyLens(row).map((len) => ({
        what: `${row.name} key of ${len}`,
        ...keyed(lane, row, len),
      }))
    );
    assert.ok(requests.length > 33 * 5);

    await fails(lane, requests.map(({ what, data }) => ({ ...data, what })));
    const creations = requests.map(({ create }) => ({ ...create, queue: lane.control }));
    (await lane.run(creations)).forEach(({ written }, i) => {
      const none = { status: Status.ERR, sessionId: 0 };
      assert.deepEqual(parseSessionInput(written), none, requests[i].what);
    });
  },
);

const IV_LENS = [0, 1, 15, 17, 33, 0x80000000];

function ivLensOf(row: CipherAlgorithm | AeadAlgorithm): readonly number[] {
  return row.service === Service.CIPHER ? [row.ivLen] : row.ivLens;
}

// A key that the algorithm takes: no two halves of it are equal.
function keyOf({ keyLens }: Keyed): Uint8Array {
  return counting(maxKeyLen(keyLens), 3);
}

everywhere(
  "iv_len 0, 1, 15, 17, 33 and 2^31 is ERR for every algorithm that has another (CVE-2020-14376)",
  async (lane) => {
    const { mode } = lane;
    const requests: (Sent & { what: string })[] = [];
    for (const row of WITH_IV) {
      for (const ivLen of IV_LENS.filter((len) => !ivLensOf(row).includes(len))) {
        const options = {
          algo: row.id,
          op: ENCRYPT,
          key: keyOf(row),
          iv: bytesOf(ivLen),
          src: SRC,
        };
        const request = row.service === Service.CIPHER
          ? build(cipherStateless, options, mode)
          : build(aeadStateless, { ...options, tagLen: 16 }, mode);
        new DataView(request.readable.buffer).setUint32(24 + 12, ivLen, true);
        requests.push({ ...request, what: `${row.name} iv of ${ivLen}` });
      }
    }

    await fails(lane, requests);
  },
);

everywhere(
  "iv_len 0, 1, 15, 17, 33 and 2^31 is ERR in a session of every algorithm, too (CVE-2020-14376)",
  async (lane) => {
    const { mode } = lane;
    for (const row of WITH_IV) {
      const { service } = row;
      const session = { algo: row.id, op: ENCRYPT, key: keyOf(row), tagLen: 16 };
      const sessionId = service === Service.CIPHER
        ? await createSession(lane, createCipherSession, session)
        : await createSession(lane, createAeadSession, session);
      const wrong = IV_LENS.filter((len) => !ivLensOf(row).includes(len)).map((ivLen) => {
        const options = { sessionId, op: ENCRYPT, iv: bytesOf(ivLen), src: SRC, tagLen: 16 };
        const request = service === Service.CIPHER
          ? build(cipherData, options, mode)
          : build(aeadData, options, mode);
        new DataView(request.readable.buffer).setUint32(24, ivLen, true);
        return { ...request, what: `${row.name} iv of ${ivLen}` };
      });
      await fails(lane, wrong);
      await destroyAll(lane, service, [sessionId]);
    }
  },
);

everywhere(
  "data shorter than the iv that a MAC finds in front of them are ERR (CVE-2020-14376)",
  async (lane) => {
    const macs = ALGORITHMS.filter((row: Algorithm): row is MacAlgorithm =>
      row.service === Service.MAC && row.ivLen > 0
    );
    assert.equal(macs.length, 4);
    const requests = macs.flatMap((row) =>
      Array.from({ length: row.ivLen }, (_, len) => {
        const options = { algo: row.id, authKey: keyOf(row), hashResultLen: 4 };
        const request = build(macStateless, { ...options, src: new Uint8Array(len) }, lane.mode);
        return { ...request, what: `${row.name} data of ${len}` };
      })
    );

    await fails(lane, requests);
  },
);
