/** Sessions that are not there, not theirs, too many, or used in ways they were not made for. */

import { strict as assert } from "node:assert";
import { AeadAlgo, CipherAlgo, Direction, HashAlgo, Service, Status } from "../../device/mod.ts";
import {
  aeadData,
  build,
  cipherData,
  createAeadSession,
  createCipherSession,
  createHashSession,
  createMacSession,
  destroySession,
  hashData,
  macData,
  parseSessionInput,
} from "../../device/wire/requests.ts";
import { aesEcb, cbc } from "../support/oracle.ts";
import { counting } from "../support/random.ts";
import { IV, KEY, SESSIONS, SRC } from "../support/samples.ts";
import { assertFailed, assertResult, destroyAll, everywhere, fails, onRings } from "./cases.ts";
import { createSession, type Lane, type Sent } from "./lanes.ts";

const { ENCRYPT, DECRYPT } = Direction;
const SERVICES = [Service.CIPHER, Service.HASH, Service.MAC, Service.AEAD] as const;

// A destroy of any 64-bit number, with room for one byte of status.
function destroy(lane: Lane, service: number, sessionId: bigint): Sent {
  const { readable } = build(destroySession, { service, sessionId: 0 }, lane.mode);
  new DataView(readable.buffer).setBigUint64(16, sessionId, true);
  return { readable, writableLen: 1, queue: lane.control };
}

// A data request of each service in a session of any number.
function dataOf(lane: Lane, sessionId: bigint): Sent[] {
  const { mode } = lane;
  const id = { sessionId: 0 };
  const requests = [
    build(cipherData, { ...id, op: ENCRYPT, iv: IV, src: SRC }, mode),
    build(hashData, { ...id, src: SRC, hashResultLen: 32 }, mode),
    build(macData, { ...id, src: SRC, hashResultLen: 32 }, mode),
    build(aeadData, { ...id, op: ENCRYPT, iv: counting(12), src: SRC, tagLen: 16 }, mode),
  ];
  for (const { readable } of requests) {
    new DataView(readable.buffer).setBigUint64(8, sessionId, true);
  }
  return requests;
}

// One session of each service, in their order.
async function oneOfEach(lane: Lane): Promise<number[]> {
  return [
    await createSession(lane, createCipherSession, SESSIONS.cipher),
    await createSession(lane, createHashSession, SESSIONS.hash),
    await createSession(lane, createMacSession, SESSIONS.mac),
    await createSession(lane, createAeadSession, SESSIONS.aead),
  ];
}

async function destroyEach(lane: Lane, ids: readonly number[]): Promise<void> {
  for (const service of SERVICES) await destroyAll(lane, service, [ids[service]]);
}

const STRANGE = [0n, 5n, 1024n, 1025n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 53n, 2n ** 53n + 1n];

everywhere("a session that was never issued is ERR to destroy and INVSESS to use", async (lane) => {
  const ids = await oneOfEach(lane);
  const none = STRANGE.filter((id) => !ids.includes(Number(id)));

  await fails(lane, none.flatMap((id) => SERVICES.map((service) => destroy(lane, service, id))));
  await fails(lane, none.flatMap((id) => dataOf(lane, id)), Status.INVSESS);

  await destroyEach(lane, ids);
});

everywhere("session 2^64 - 1 is ERR to destroy and INVSESS to use", async (lane) => {
  const last = 2n ** 64n - 1n;

  await fails(lane, SERVICES.map((service) => destroy(lane, service, last)));
  await fails(lane, dataOf(lane, last), Status.INVSESS);
});

everywhere(
  "a session destroyed twice is ERR the second time, and not again found in its slot",
  async (lane) => {
    const ids = await oneOfEach(lane);
    await destroyEach(lane, ids);

    const again = SERVICES.map((service) => destroy(lane, service, BigInt(ids[service])));
    await fails(lane, again);
    const others = await oneOfEach(lane);
    await fails(lane, again);

    assert.equal(others.filter((id) => ids.includes(id)).length, 0, "An id was given out again");
    await destroyEach(lane, others);
  },
);

everywhere("a session of another service is ERR to destroy, and stays", async (lane) => {
  const ids = await oneOfEach(lane);
  const { sessions } = lane.levels();
  const wrong = SERVICES.flatMap((service) =>
    ids.filter((_, owner) => owner !== service).map((id) => destroy(lane, service, BigInt(id)))
  );

  await fails(lane, wrong);

  assert.equal(lane.levels().sessions, sessions);
  await destroyEach(lane, ids);
});

everywhere(
  "a session of another tenant is ERR to destroy and INVSESS to use; its owner's stays",
  async (lane) => {
    const neighbour = await lane.neighbour();
    try {
      const ids = await oneOfEach(neighbour);

      await fails(lane, ids.map((id, service) => destroy(lane, service, BigInt(id))));
      await fails(
        lane,
        ids.map((id, service) => dataOf(lane, BigInt(id))[service]),
        Status.INVSESS,
      );

      assert.equal(neighbour.levels().sessions, 4);
      const request = build(
        cipherData,
        { sessionId: ids[0], op: ENCRYPT, iv: IV, src: SRC },
        lane.mode,
      );
      assertResult((await neighbour.run([request]))[0], cbc(aesEcb, KEY, IV, SRC));
    } finally {
      await neighbour.close();
    }
  },
);

everywhere("a session is INVSESS to use once it is destroyed, from every queue", async (lane) => {
  const ids = await oneOfEach(lane);
  await destroyEach(lane, ids);

  const uses = ids.flatMap((id, service) =>
    Array.from({ length: lane.numDataQueues }, (_, queue) => ({
      ...dataOf(lane, BigInt(id))[service],
      queue,
    }))
  );

  await fails(lane, uses, Status.INVSESS);
});

everywhere(
  "a request of another service than its session's is INVSESS, of another direction ERR",
  async (lane) => {
    const ids = await oneOfEach(lane);
    const decrypt = { op: DECRYPT, iv: IV, src: SRC };
    const sealed = { op: DECRYPT, iv: counting(12), src: SRC, tagLen: 16 };

    const foreign = ids.flatMap((id, owner) =>
      dataOf(lane, BigInt(id)).filter((_, service) => service !== owner)
    );
    await fails(lane, foreign, Status.INVSESS);
    await fails(lane, [
      build(cipherData, { ...decrypt, sessionId: ids[Service.CIPHER] }, lane.mode),
      build(aeadData, { ...sealed, sessionId: ids[Service.AEAD] }, lane.mode),
    ]);

    await destroyEach(lane, ids);
  },
);

everywhere(
  "many operations in flight on one session, on all queues, do not disturb each other",
  async (lane) => {
    const sessionId = await createSession(lane, createCipherSession, SESSIONS.cipher);
    const ivs = Array.from({ length: 64 }, (_, i) => counting(16, i));
    const requests = ivs.map((iv, i) => ({
      ...build(cipherData, { sessionId, op: ENCRYPT, iv, src: SRC }, lane.mode),
      queue: i % lane.numDataQueues,
    }));

    const came = await lane.run(requests);

    came.forEach((each, i) => assertResult(each, cbc(aesEcb, KEY, ivs[i], SRC)));
    await destroyAll(lane, Service.CIPHER, [sessionId]);
  },
);

for (const mux of [true, false]) {
  const [name, status] = mux ? ["NOSPC", Status.NOSPC] : ["ERR", Status.ERR];
  everywhere(
    `a full table of sessions is told as ${name}, and room comes back session by session`,
    async (lane) => {
      const creation = {
        ...build(createHashSession, SESSIONS.hash, lane.mode),
        queue: lane.control,
      };
      const answers = (await lane.run(Array.from({ length: 30 }, () => creation)))
        .map(({ written }) => parseSessionInput(written));

      const ids = answers.filter((each) => each.status === Status.OK).map((each) => each.sessionId);
      assert.equal(ids.length, 20);
      assert.deepEqual(answers.slice(20), new Array(10).fill({ status, sessionId: 0 }));
      for (const id of ids.splice(0, 10)) {
        await destroyAll(lane, Service.HASH, [id]);
        ids.push(await createSession(lane, createHashSession, SESSIONS.hash));
      }
      await destroyAll(lane, Service.HASH, ids);
    },
    { mux, maxSessions: 20 },
  );
}

everywhere(
  "a create whose reply does not fit leaves no session and takes no room",
  async (lane) => {
    const { sessions } = lane.levels();
    const { readable } = build(createCipherSession, SESSIONS.cipher, lane.mode);
    const narrow = Array.from({ length: 16 }, (_, writableLen) => ({
      readable,
      writableLen,
      queue: lane.control,
    }));

    const came = await lane.run(narrow);

    for (const each of came) assert.deepEqual({ ...each, written: [] }, NOTHING);
    assert.equal(lane.levels().sessions, sessions);
  },
  { maxSessions: 8 },
);

const NOTHING = { refused: 0, usedLen: 0, written: [] };

everywhere(
  "work without end is taken in no faster than it is done (CVE-2016-5403)",
  async (lane) => {
    const sessionId = await createSession(lane, createHashSession, SESSIONS.hash);
    const request = build(hashData, { sessionId, src: SRC, hashResultLen: 32 }, lane.mode);
    // Room for 80 MB of results, each allowed; what is in flight has a bound.
    const requests = Array.from({ length: 5000 }, (_, i) => ({
      ...request,
      writableLen: 16 * 1024,
      queue: i % lane.numDataQueues,
    }));
    let isDone = false;
    let most = 0;
    const watch = async () => {
      while (!isDone) {
        const { requests, bytes, memory } = lane.levels();
        assert.ok(requests <= 4096 && bytes <= 64 << 20 && memory <= lane.memoryLimit);
        most = Math.max(most, memory);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const watching = watch();

    const came = await lane.run(requests);

    isDone = true;
    await watching;
    assert.ok(most > 0);
    assert.ok(came.every(({ written }) => written.at(-1) === Status.OK));
    await destroyAll(lane, Service.HASH, [sessionId]);
  },
);

everywhere(
  "opcodes, services and algorithms that are none are NOTSUPP, and make no session",
  async (lane) => {
    const { readable } = build(createCipherSession, SESSIONS.cipher, lane.mode);
    const opcodes = [0x000, 0x001, 0x004, 0x0ff, 0x402, 0x502, 0x202 << 8, 0xffffffff];
    const creations = [
      ...opcodes.map((opcode) => [0, opcode] as const),
      ...[0, 15, 31, 32, 63, 64, 0xffffffff].map((algo) => [16, algo] as const),
    ].map(([at, value]) => {
      const bytes = readable.slice();
      new DataView(bytes.buffer).setUint32(at, value, true);
      return { readable: bytes, writableLen: 16, queue: lane.control };
    });

    for (const { written } of await lane.run(creations)) {
      assert.deepEqual(parseSessionInput(written), { status: Status.NOTSUPP, sessionId: 0 });
    }
  },
);

onRings(
  "a session's key is not to be found in the device's answers or in memory it writes",
  async (lane) => {
    const key = counting(16, 0xa1);
    const cipher = { algo: CipherAlgo.AES_CBC, op: ENCRYPT, key };
    const sessionId = await createSession(lane, createCipherSession, cipher);
    const aead = { algo: AeadAlgo.GCM, op: ENCRYPT, key, tagLen: 16 };
    const other = await createSession(lane, createAeadSession, aead);
    const { region } = lane.rig;
    // Where the driver itself has put it.
    for (let at = find(region.bytes, key); at >= 0; at = find(region.bytes, key)) {
      region.bytes.fill(0, at, at + key.length);
    }
    const data = build(cipherData, { sessionId, op: ENCRYPT, iv: IV, src: SRC }, lane.mode);

    await lane.run([data, { ...data, writableLen: 1 }, { ...data, readable: new Uint8Array(30) }]);

    assert.equal(find(region.bytes, key), -1);
    await destroyAll(lane, Service.CIPHER, [sessionId]);
    await destroyAll(lane, Service.AEAD, [other]);
    assert.equal(find(region.bytes, key), -1);
  },
);

function find(bytes: Uint8Array, needle: Uint8Array): number {
  for (let at = bytes.indexOf(needle[0]); at >= 0; at = bytes.indexOf(needle[0], at + 1)) {
    if (needle.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

everywhere("a hash session cannot be asked for another algorithm's work", async (lane) => {
  const sessionId = await createSession(lane, createHashSession, {
    algo: HashAlgo.SHA_256,
    hashResultLen: 16,
  });
  const longer = build(hashData, { sessionId, src: SRC, hashResultLen: 32 }, lane.mode);

  assertFailed(await lane.run([longer]), Status.ERR);

  await destroyAll(lane, Service.HASH, [sessionId]);
});
