import { strict as assert } from "node:assert";
import { Status, VirtioFeature } from "../../../device/mod.ts";
import { ConfigHeader, ProtocolFeature } from "../../../device/vhost_user/protocol.ts";
import { Config } from "../../../device/wire/structs.ts";
import { FrontEnd, pair, u64, USUAL_PROTOCOL } from "../../kernel/front_end/front_end.ts";
import { memTable, rowOf, SharedMemory } from "../../kernel/front_end/memory.ts";
import { ciphertext, CREATE, encryption, encrypts, openSession, plaintext } from "./requests.ts";
import { held, serveVhost, until, vhostTest } from "./support.ts";

const EVENT_IDX = [VirtioFeature.RING_EVENT_IDX];

function configRequest(offset: number, size: number): Uint8Array {
  const payload = new Uint8Array(ConfigHeader.SIZE + size);
  const view = new DataView(payload.buffer);
  view.setUint32(ConfigHeader.offset, offset, true);
  view.setUint32(ConfigHeader.size, size, true);
  return payload;
}

vhostTest(
  "A socket can be reached by its owner alone, and is gone when the server is",
  async () => {
    const host = await serveVhost();
    const { mode } = await Deno.lstat(host.path);
    await host.server.close();

    await assert.rejects(Deno.lstat(host.path), Deno.errors.NotFound);
    assert.equal((mode ?? 0) & 0o777, 0o600);
    await Deno.remove(host.directory, { recursive: true });
  },
);

vhostTest("Two hundred front-ends in turn leave no file descriptor and no mapping", async () => {
  await using host = await serveVhost();
  const unharmed = await FrontEnd.start(host.otherPath, { accept: EVENT_IDX });
  const sessionId = await openSession(unharmed);
  const turn = async () => {
    const frontEnd = await FrontEnd.start(host.path, { accept: EVENT_IDX });
    await encrypts(frontEnd, await openSession(frontEnd));
    frontEnd.close();
    await encrypts(unharmed, sessionId);
  };
  await turn();
  await host.reasons(1);
  const before = await held();

  for (let num = 0; num < 200; num++) await turn();

  const reasons = await host.reasons(201);
  const after = await held();
  unharmed.close();
  assert.deepEqual(after, before);
  assert.deepEqual([...new Set(reasons)], ["closed by the front-end"]);
});

vhostTest("A front-end that vanishes amid its requests ends its connection alone", async () => {
  await using host = await serveVhost();
  const unharmed = await FrontEnd.start(host.otherPath);
  const sessionId = await openSession(unharmed);
  const before = await held();
  for (let num = 0; num < 20; num++) {
    const frontEnd = await FrontEnd.start(host.path);
    const id = await openSession(frontEnd);
    const { readable, writableLen } = encryption(id, plaintext(65536));
    for (let i = 0; i < 16; i++) void frontEnd.begin(0, readable, writableLen);
    frontEnd.rings[0].queue.publish();
    frontEnd.kick(0);
    // Sometimes before the first request is done, sometimes amid them.
    if (num % 2 === 1) await new Promise((resolve) => setTimeout(resolve, num / 8));
    frontEnd.close();
    await encrypts(unharmed, sessionId);
  }

  const reasons = await host.reasons(20);
  const after = await held();
  unharmed.close();

  assert.deepEqual([...new Set(reasons)], ["closed by the front-end"]);
  assert.deepEqual(after, before);
});

vhostTest("Memory comes and goes while queues run, which go on where they were", async () => {
  await using host = await serveVhost();
  const frontEnd = await FrontEnd.start(host.path, { accept: EVENT_IDX });
  const { memory } = frontEnd;
  const id = await openSession(frontEnd);
  for (let num = 0; num < 5; num++) await encrypts(frontEnd, id);
  const before = await held();
  const extra = new SharedMemory({ guestAddr: 0x8000_0000, userAddr: 0x7d00_0000_0000 });
  const src = plaintext(4096);
  const { readable, writableLen } = encryption(id, src);
  const inExtra = () => {
    const outcome = frontEnd.begin(0, readable, writableLen, extra);
    frontEnd.rings[0].queue.publish();
    frontEnd.kick(0);
    return outcome;
  };

  const larger = memTable([rowOf(memory), rowOf(extra)]);
  await frontEnd.acknowledged("SET_MEM_TABLE", larger, [memory.fd, extra.fd]);
  const outcome = inExtra();
  await frontEnd.pump();
  await encrypts(frontEnd, id);
  await frontEnd.acknowledged("SET_MEM_TABLE", memTable([rowOf(memory)]), [memory.fd]);
  await encrypts(frontEnd, id, 4096);
  const { writable } = await outcome;
  void inExtra();
  await frontEnd.ended();
  extra.close();
  const [reason] = await host.reasons(1);
  frontEnd.close();
  const after = await held();

  assert.deepEqual(writable.subarray(0, 4096), ciphertext(src));
  assert.match(reason, /^Cannot go on with the ring: address \d+ outside memory$/);
  // Both sides are in this process: of two sockets and nine eventfds, and the guest's file.
  assert.deepEqual({ fds: before.fds - after.fds, maps: before.maps - after.maps }, {
    fds: 2 * (2 + 9) + 1,
    maps: 2,
  });
});

vhostTest("A queue that was stopped tells where it stands and goes on from there", async () => {
  await using host = await serveVhost();
  const frontEnd = await FrontEnd.start(host.path, { accept: EVENT_IDX });
  const id = await openSession(frontEnd);
  for (let num = 0; num < 3; num++) await encrypts(frontEnd, id);

  const base = await frontEnd.ask("GET_VRING_BASE", pair(0, 0));
  frontEnd.send("SET_VRING_CALL", u64(0), [frontEnd.rings[0].callFd]);
  frontEnd.send("SET_VRING_BASE", base);
  // A request that comes while the queue stands still, its kick lost.
  const { readable, writableLen } = encryption(id, plaintext(32));
  const outcome = frontEnd.begin(0, readable, writableLen);
  frontEnd.rings[0].queue.publish();
  frontEnd.send("SET_VRING_KICK", u64(0), [frontEnd.rings[0].kickFd]);
  void frontEnd.pump();

  assert.deepEqual(base, pair(0, 3));
  assert.equal((await outcome).usedLen, 33);
  await encrypts(frontEnd, id);
  frontEnd.close();
});

vhostTest("A queue that is disabled takes nothing until it is enabled", async () => {
  await using host = await serveVhost();
  const frontEnd = await FrontEnd.start(host.path);
  const id = await openSession(frontEnd);
  await frontEnd.acknowledged("SET_VRING_ENABLE", pair(0, 0));
  const { readable, writableLen } = encryption(id, plaintext(32));
  const outcome = frontEnd.begin(0, readable, writableLen);
  frontEnd.rings[0].queue.publish();
  frontEnd.kick(0);
  await encrypts(frontEnd, id, 64, 1);
  const wasWaiting = frontEnd.rings[0].queue.popUsed();

  frontEnd.send("SET_VRING_ENABLE", pair(0, 1));
  await frontEnd.pump();

  assert.equal(wasWaiting, -1);
  assert.equal((await outcome).usedLen, 33);
  frontEnd.close();
});

vhostTest("The configuration space is read in parts, and not beyond its end", async () => {
  await using host = await serveVhost();
  const frontEnd = await FrontEnd.start(host.path);

  const queues = await frontEnd.ask("GET_CONFIG", configRequest(Config.maxDataqueues, 4));
  const all = await frontEnd.ask("GET_CONFIG", configRequest(0, Config.SIZE));
  const beyond = await frontEnd.ask("GET_CONFIG", configRequest(4, Config.SIZE));
  await frontEnd.acknowledged("SET_CONFIG", configRequest(0, 4));

  frontEnd.close();
  assert.deepEqual(queues.subarray(ConfigHeader.SIZE), Uint8Array.of(2, 0, 0, 0));
  assert.equal(all.length, ConfigHeader.SIZE + Config.SIZE);
  assert.equal(all[ConfigHeader.SIZE], 1);
  assert.equal(beyond.length, 0);
});

vhostTest("A reset of the device ends its sessions", async () => {
  await using host = await serveVhost();
  const protocol = [...USUAL_PROTOCOL, ProtocolFeature.RESET_DEVICE];
  const frontEnd = await FrontEnd.start(host.path, { protocol });
  const id = await openSession(frontEnd);

  await frontEnd.acknowledged("RESET_DEVICE");
  for (let i = 0; i <= frontEnd.controlQueue; i++) frontEnd.setUpRing(i);
  const { readable, writableLen } = encryption(id, plaintext(32));
  const { usedLen, writable } = await frontEnd.submit(0, readable, writableLen);
  const again = await openSession(frontEnd);

  frontEnd.close();
  assert.equal(usedLen, 1);
  assert.equal(writable[writableLen - 1], Status.INVSESS);
  assert.equal(again, 1);
});

vhostTest("A stopped server ends its connections and gives all back", async () => {
  const before = await held();
  const host = await serveVhost();
  const frontEnd = await FrontEnd.start(host.path);
  await encrypts(frontEnd, await openSession(frontEnd));

  await host.server.close();
  await frontEnd.ended();
  frontEnd.close();
  await host[Symbol.asyncDispose]();

  assert.deepEqual(await host.reasons(1), ["stopped"]);
  // The runtime closes what a thread has had when it gets to it.
  await until(
    () => [...Deno.readDirSync("/proc/self/fd")].length <= before.fds,
    "its threads' end",
  );
});

vhostTest("A device behind a socket has no more sessions than it may", async () => {
  await using host = await serveVhost({ maxSessions: 2 });
  const frontEnd = await FrontEnd.start(host.path);
  await openSession(frontEnd);
  await openSession(frontEnd);
  const { readable, writableLen } = CREATE;
  const answer = await frontEnd.exchange(frontEnd.controlQueue, readable, writableLen);
  frontEnd.close();

  assert.equal(answer[8], Status.ERR);
});
