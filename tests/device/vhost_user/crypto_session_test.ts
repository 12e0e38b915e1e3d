import { strict as assert } from "node:assert";
import {
  ChainOrder,
  CipherAlgo,
  Direction,
  HashMode,
  MacAlgo,
  Status,
} from "../../../device/mod.ts";
import {
  CryptoSession,
  CryptoSession72,
  MESSAGE_LAYOUTS,
  ProtocolFeature,
  SymSession,
} from "../../../device/vhost_user/protocol.ts";
import { FrontEnd, u64 } from "../../kernel/front_end/front_end.ts";
import { encryption, encrypts, KEY, plaintext } from "./requests.ts";
import { serveVhost, vhostTest } from "./support.ts";

const CIPHER_CREATE_SESSION = 2n;
const AKCIPHER_CREATE_SESSION = 0x0404n;

interface Sym {
  readonly cipher: number;
  readonly key: Uint8Array;
  readonly chain?: { readonly hash: number; readonly len: number; readonly authKey: Uint8Array };
}

// As QEMU fills it in.
function writeSym(payload: Uint8Array, at: number, { cipher, key, chain }: Sym): void {
  const view = new DataView(payload.buffer);
  view.setUint32(at + SymSession.cipherAlg, cipher, true);
  view.setUint32(at + SymSession.keyLen, key.length, true);
  view.setUint8(at + SymSession.direction, Direction.ENCRYPT);
  view.setUint8(at + SymSession.opType, chain === undefined ? 1 : 2);
  view.setBigUint64(at + SymSession.cipherKeyPointer, 0x7fff_1234_5678n, true);
  payload.set(key, at + SymSession.cipherKey);
  if (chain === undefined) return;
  view.setUint8(at + SymSession.hashMode, HashMode.AUTH);
  view.setUint8(at + SymSession.algChainOrder, ChainOrder.CIPHER_THEN_HASH);
  view.setUint32(at + SymSession.hashAlg, chain.hash, true);
  view.setUint32(at + SymSession.hashResultLen, chain.len, true);
  view.setUint32(at + SymSession.authKeyLen, chain.authKey.length, true);
  payload.set(chain.authKey, at + SymSession.authKey);
}

function oldLayout(sym: Sym): Uint8Array {
  const payload = new Uint8Array(CryptoSession72.SIZE);
  writeSym(payload, CryptoSession72.sym, sym);
  return payload;
}

function newLayout(sym: Sym, opCode = CIPHER_CREATE_SESSION): Uint8Array {
  const payload = new Uint8Array(CryptoSession.SIZE);
  new DataView(payload.buffer).setBigUint64(CryptoSession.opCode, opCode, true);
  writeSym(payload, CryptoSession.sym, sym);
  return payload;
}

function idOf(answer: Uint8Array): bigint {
  const at = answer.length === CryptoSession.SIZE
    ? CryptoSession.sessionId
    : CryptoSession72.sessionId;
  return new DataView(answer.buffer, answer.byteOffset).getBigInt64(at, true);
}

// QEMU 7.2 accepts no feature of the device's, and no CONFIG; it enables no ring.
const LIKE_QEMU = {
  queues: 1,
  protocol: [ProtocolFeature.MQ, ProtocolFeature.REPLY_ACK, ProtocolFeature.CRYPTO_SESSION],
};
const AES: Sym = { cipher: CipherAlgo.AES_CBC, key: KEY };

for (const [name, layout] of [["QEMU 7.2", oldLayout], ["newer QEMUs", newLayout]] as const) {
  vhostTest(`A session made by a message of ${name} serves the rings`, async () => {
    await using host = await serveVhost();
    const frontEnd = await FrontEnd.start(host.path, LIKE_QEMU);

    const answer = await frontEnd.ask("CREATE_CRYPTO_SESSION", layout(AES));
    await encrypts(frontEnd, Number(idOf(answer)));
    await frontEnd.acknowledged("CLOSE_CRYPTO_SESSION", u64(Number(idOf(answer))));
    const { readable, writableLen } = encryption(Number(idOf(answer)), plaintext(32));
    const closed = await frontEnd.submit(0, readable, writableLen);

    frontEnd.close();
    assert.equal(idOf(answer), 1n);
    assert.equal(answer.length, layout(AES).length);
    assert.ok(!answer.some((byte) => byte === KEY[0]), "The key comes back");
    assert.equal(closed.writable[writableLen - 1], Status.INVSESS);
  });

  vhostTest(`A chain made by a message of ${name} is a session too`, async () => {
    await using host = await serveVhost();
    const frontEnd = await FrontEnd.start(host.path, LIKE_QEMU);
    const authKey = new Uint8Array(20).fill(0x0b);

    const chain = { hash: MacAlgo.HMAC_SHA1, len: 20, authKey };
    const answer = await frontEnd.ask("CREATE_CRYPTO_SESSION", layout({ ...AES, chain }));

    frontEnd.close();
    assert.equal(idOf(answer), 1n);
  });

  vhostTest(`A session of an unknown cipher is refused in the layout of ${name}`, async () => {
    await using host = await serveVhost();
    const frontEnd = await FrontEnd.start(host.path, LIKE_QEMU);

    const unknown = await frontEnd.ask("CREATE_CRYPTO_SESSION", layout({ ...AES, cipher: 99 }));
    const badKey = await frontEnd.ask(
      "CREATE_CRYPTO_SESSION",
      layout({ ...AES, key: KEY.subarray(0, 7) }),
    );

    frontEnd.close();
    assert.deepEqual([idOf(unknown), idOf(badKey)], [-1n, -1n]);
  });

  vhostTest(`A key longer than its room in the layout of ${name} ends the connection`, async () => {
    await using host = await serveVhost();
    const frontEnd = await FrontEnd.start(host.path, LIKE_QEMU);
    const payload = layout(AES);
    const at = payload.length === CryptoSession.SIZE ? CryptoSession.sym : CryptoSession72.sym;
    new DataView(payload.buffer).setUint32(at + SymSession.keyLen, 65, true);

    frontEnd.send("CREATE_CRYPTO_SESSION", payload);
    await frontEnd.ended();

    frontEnd.close();
    assert.deepEqual(await host.reasons(1), ["Key of 65 bytes, room for 64"]);
  });
}

vhostTest("An asymmetric session is refused, and the connection goes on", async () => {
  await using host = await serveVhost();
  const frontEnd = await FrontEnd.start(host.path, LIKE_QEMU);

  const refused = await frontEnd.ask(
    "CREATE_CRYPTO_SESSION",
    newLayout(AES, AKCIPHER_CREATE_SESSION),
  );
  const taken = await frontEnd.ask("CREATE_CRYPTO_SESSION", newLayout(AES));

  frontEnd.close();
  assert.equal(idOf(refused), -1n);
  assert.equal(idOf(taken), 1n);
});

vhostTest("The end of a session that is none is told to those who ask", async () => {
  await using host = await serveVhost();
  const frontEnd = await FrontEnd.start(host.path, LIKE_QEMU);

  const answer = await frontEnd.ask("CLOSE_CRYPTO_SESSION", u64(77), [], 8);

  frontEnd.close();
  assert.deepEqual(answer, u64(1));
});

vhostTest("Messages have the sizes of their C structures", () => {
  const sizes = Object.fromEntries(
    Object.entries(MESSAGE_LAYOUTS).map(([name, { SIZE }]) => [name, SIZE]),
  );

  assert.deepEqual(sizes, {
    Header: 12,
    VringState: 8,
    VringAddr: 40,
    MemTable: 8,
    MemRegion: 32,
    ConfigHeader: 12,
    SymSession: 624,
    CryptoSession72: 632,
    CryptoSession: 1072,
  });
});

vhostTest("A front-end that keeps the control queue to itself has no ring for it", async () => {
  await using host = await serveVhost();
  const frontEnd = await FrontEnd.start(host.path, LIKE_QEMU);

  const num = await frontEnd.ask("GET_QUEUE_NUM");
  frontEnd.send("SET_VRING_NUM", u64(2));
  const reason = await host.nextReason();

  frontEnd.close();
  // Two data queues, of which the control queue is the one behind.
  assert.deepEqual(num, u64(2));
  assert.equal(reason, "Ring 2 of a device with 2");
});
