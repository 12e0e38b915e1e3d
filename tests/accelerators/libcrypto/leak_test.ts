import { strict as assert } from "node:assert";
import { numLiveContexts } from "../../../device/accelerators/libcrypto/contexts.ts";
import { AeadAlgo, CipherAlgo, Direction, MacAlgo, Service, Status } from "../../../device/mod.ts";
import {
  aeadStateless,
  build,
  createAeadSession,
  createChainSession,
  createCipherSession,
  createMacSession,
  type Request,
} from "../../../device/wire/requests.ts";
import { IMPLEMENTED } from "../../support/implementations.ts";
import { EngineRig } from "../../support/engine_rig.ts";
import { SESSIONS } from "../../support/samples.ts";

const NUM_SESSIONS = 50_000;
const MODE = { mux: true, layout: "v19" } as const;
const op = Direction.ENCRYPT;
const key = new Uint8Array(16).fill(1);

const CREATIONS: readonly { readonly service: Service; readonly request: Request }[] = [
  {
    service: Service.CIPHER,
    request: build(createCipherSession, { algo: CipherAlgo.AES_CTR, op, key }, MODE),
  },
  {
    service: Service.CIPHER,
    request: build(createCipherSession, {
      algo: CipherAlgo.AES_XTS,
      op,
      key: new Uint8Array(32).map((_, i) => i),
    }, MODE),
  },
  { service: Service.CIPHER, request: build(createChainSession, SESSIONS.chain, MODE) },
  {
    service: Service.MAC,
    request: build(createMacSession, {
      algo: MacAlgo.HMAC_SHA_512,
      hashResultLen: 64,
      authKey: new Uint8Array(200),
    }, MODE),
  },
  {
    service: Service.MAC,
    request: build(createMacSession, {
      algo: MacAlgo.CMAC_AES,
      hashResultLen: 16,
      authKey: key,
    }, MODE),
  },
  {
    service: Service.AEAD,
    request: build(createAeadSession, { algo: AeadAlgo.GCM, op, key, tagLen: 16 }, MODE),
  },
  {
    service: Service.AEAD,
    request: build(createAeadSession, { algo: AeadAlgo.CCM, op, key, tagLen: 8 }, MODE),
  },
];

function newRig(maxSessions: number): EngineRig {
  return new EngineRig({ algorithms: IMPLEMENTED, maxSessions });
}

function sessionIdOf(writable: Uint8Array): number {
  return new DataView(writable.buffer).getUint32(0, true);
}

Deno.test("Fifty thousand sessions leave no native context and no memory behind", () => {
  const rig = newRig(16);
  const round = (num: number) => {
    for (let i = 0; i < num; i++) {
      const { service, request } = CREATIONS[i % CREATIONS.length];
      const sessionId = sessionIdOf(rig.control(request.readable, 16).writable);
      assert.ok(numLiveContexts() > 0);
      assert.equal(rig.destroy(service, sessionId), Status.OK);
      assert.equal(numLiveContexts(), 0);
    }
  };
  round(NUM_SESSIONS / 10);
  const before = Deno.memoryUsage().rss;

  round(NUM_SESSIONS);

  // Left behind, contexts of 500 bytes and more would come to twice the bound.
  const grown = Deno.memoryUsage().rss - before;
  assert.ok(grown < 16 << 20, `${grown} bytes`);
  assert.deepEqual(rig.faults, []);
});

Deno.test("A reset frees the contexts of all sessions that are open", () => {
  const rig = newRig(1024);
  for (let i = 0; i < 700; i++) {
    rig.control(CREATIONS[i % CREATIONS.length].request.readable, 16);
  }
  assert.ok(numLiveContexts() >= 700);

  rig.engine.reset();

  assert.equal(numLiveContexts(), 0);
});

Deno.test("A session that finds no room leaves no context behind", () => {
  const rig = newRig(1);
  const [{ request }] = CREATIONS;
  rig.control(request.readable, 16);
  const before = numLiveContexts();

  for (const each of CREATIONS) rig.control(each.request.readable, 16);

  assert.equal(numLiveContexts(), before);
  rig.engine.reset();
  assert.equal(numLiveContexts(), 0);
});

Deno.test("Stateless requests leave no context behind, be they good, bad or forged", () => {
  const rig = newRig(1);
  for (let i = 0; i < 200; i++) {
    const sealed = rig.run(aeadStateless, {
      algo: AeadAlgo.GCM,
      key,
      op: i % 2 === 0 ? Direction.ENCRYPT : Direction.DECRYPT,
      iv: new Uint8Array(i % 3 === 0 ? 16 : 12),
      src: new Uint8Array(i),
      tagLen: 16,
      dstDataLen: i % 2 === 0 ? i + 16 : Math.max(0, i - 16),
    });
    assert.ok([Status.OK, Status.ERR, Status.BADMSG].some((status) => status === sealed.status));
    assert.equal(numLiveContexts(), 0);
  }
});

Deno.test("A key that libcrypto refuses leaves no context behind", () => {
  const xts = IMPLEMENTED.find(({ name }) => name === "AES_XTS");
  assert.ok(xts?.service === Service.CIPHER);
  const open = xts.implementations.find(({ accelerator }) => accelerator === "libcrypto")?.open;

  // Equal halves; the row refuses them before libcrypto does.
  assert.throws(() => open?.(new Uint8Array(32), false), /Cannot set a key with libcrypto/);

  assert.equal(numLiveContexts(), 0);
});
