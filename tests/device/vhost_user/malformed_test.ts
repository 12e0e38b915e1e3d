import { strict as assert } from "node:assert";
import { CryptoFeature } from "../../../device/mod.ts";
import { openLibc, requireLibc } from "../../../device/vhost_user/libc.ts";
import { Header, MAX_PAYLOAD } from "../../../device/vhost_user/protocol.ts";
import { FrontEnd, pair, u64 } from "../../kernel/front_end/front_end.ts";
import { endSending, memfd, messageBytes, pipe, sendBytes } from "../../kernel/front_end/libc.ts";
import { memTable, type Row, rowOf, SharedMemory } from "../../kernel/front_end/memory.ts";
import { encrypts, openSession } from "./requests.ts";
import { held, serveVhost, type TestServer, vhostTest } from "./support.ts";

interface Misbehaviour {
  readonly name: string;
  /** What the log says of it. */
  readonly reason: RegExp;
  /** Done by a front-end whose device runs. */
  run(frontEnd: FrontEnd): Promise<void> | void;
}

function bytes(len: number): Uint8Array {
  return new Uint8Array(len);
}

function withFds(num: number, send: (fds: number[]) => void): void {
  const libc = requireLibc();
  const fds = Array.from({ length: num }, () => libc.eventfd());
  send(fds);
  for (const fd of fds) libc.close(fd);
}

function memoryOf(change: Partial<Row>): (frontEnd: FrontEnd) => void {
  return (frontEnd) => {
    const { memory } = frontEnd;
    frontEnd.send("SET_MEM_TABLE", memTable([{ ...rowOf(memory), ...change }]), [memory.fd]);
  };
}

const MESSAGES: readonly Misbehaviour[] = [
  {
    name: "An unknown request",
    reason: /^Unknown request 99$/,
    run: ({ socketFd }) => sendBytes(socketFd, messageBytes(99, bytes(0))),
  },
  {
    name: "A request of a feature that is not offered",
    reason: /^Unknown request 6$/,
    run: ({ socketFd }) => sendBytes(socketFd, messageBytes(6, bytes(16))),
  },
  {
    name: "A message of another version",
    reason: /^Message of version 3, want 1$/,
    run: ({ socketFd }) => sendBytes(socketFd, messageBytes(3, bytes(0), 2)),
  },
  {
    name: "A payload longer than any",
    reason: /^Request 5 of 4294967295 bytes/,
    run: ({ socketFd }) => sendBytes(socketFd, messageBytes(5, bytes(0), 0, 0xffff_ffff)),
  },
  {
    name: "A payload one byte longer than any",
    reason: new RegExp(`^Request 5 of ${MAX_PAYLOAD + 1} bytes`),
    run: ({ socketFd }) => sendBytes(socketFd, messageBytes(5, bytes(MAX_PAYLOAD + 1))),
  },
  {
    name: "A payload that is too short",
    reason: /^SET_VRING_NUM of 4 bytes$/,
    run: (frontEnd) => frontEnd.send("SET_VRING_NUM", bytes(4)),
  },
  {
    name: "A payload that is too long",
    reason: /^SET_VRING_ADDR of 48 bytes$/,
    run: (frontEnd) => frontEnd.send("SET_VRING_ADDR", bytes(48)),
  },
  {
    name: "A session of a size between the two layouts",
    reason: /^CREATE_CRYPTO_SESSION of 1000 bytes$/,
    run: (frontEnd) => frontEnd.send("CREATE_CRYPTO_SESSION", bytes(1000)),
  },
  {
    name: "A header that breaks off",
    reason: /^Connection closed after 5 bytes of a message$/,
    run: ({ socketFd }) => sendBytes(socketFd, bytes(5)),
  },
  {
    name: "A payload that breaks off",
    reason: /^Connection closed after 14 bytes of a message$/,
    run: ({ socketFd }) =>
      sendBytes(socketFd, messageBytes(10, bytes(8)).subarray(0, Header.SIZE + 2)),
  },
  {
    name: "A file descriptor with a request that takes none",
    reason: /^SET_OWNER with 1 file descriptors$/,
    run: (frontEnd) => withFds(1, (fds) => frontEnd.send("SET_OWNER", bytes(0), fds)),
  },
  {
    name: "Nine file descriptors",
    reason: /^More than 8 file descriptors in a message$/,
    run: (frontEnd) => withFds(9, (fds) => frontEnd.send("SET_MEM_TABLE", bytes(8 + 8 * 32), fds)),
  },
  {
    name: "Two hundred file descriptors",
    reason: /^More than 8 file descriptors in a message$/,
    run: (frontEnd) =>
      withFds(200, (fds) => frontEnd.send("SET_MEM_TABLE", bytes(8 + 8 * 32), fds)),
  },
  {
    name: "A kick without its file descriptor",
    reason: /^0 file descriptors for ring 0$/,
    run: (frontEnd) => frontEnd.send("SET_VRING_KICK", u64(0)),
  },
  {
    name: "A ring that is to be polled",
    reason: /^Ring 0 without a kick: rings are not polled$/,
    run: (frontEnd) => frontEnd.send("SET_VRING_KICK", u64(0x100)),
  },
  {
    name: "A call that says it has no file descriptor, with one",
    reason: /^1 file descriptors for ring 256$/,
    run: (frontEnd) => withFds(1, (fds) => frontEnd.send("SET_VRING_CALL", u64(0x100), fds)),
  },
  {
    name: "A ring that the device does not have",
    reason: /^Ring 3 of a device with 3$/,
    run: (frontEnd) => frontEnd.send("SET_VRING_NUM", pair(3, 64)),
  },
  {
    name: "A ring's number beyond what a message can name",
    reason: /^1 file descriptors for ring 4294967296/,
    run: (frontEnd) => withFds(1, (fds) => frontEnd.send("SET_VRING_CALL", u64(0, 1), fds)),
  },
  {
    name: "A kick that is at its end",
    reason: /^The kick of ring 0 has come to its end$/,
    run: (frontEnd) => {
      const [from, to] = pipe();
      frontEnd.send("SET_VRING_KICK", u64(0), [from]);
      frontEnd.libc.close(from);
      frontEnd.libc.close(to);
    },
  },
  {
    name: "A change of a running ring's size",
    reason: /^New size of ring 0, which runs$/,
    run: (frontEnd) => frontEnd.send("SET_VRING_NUM", pair(0, 32)),
  },
  {
    name: "A size that is no power of 2",
    reason: /^Size 100 of ring 0$/,
    run: async (frontEnd) => {
      await frontEnd.ask("GET_VRING_BASE", pair(0, 0));
      frontEnd.send("SET_VRING_NUM", pair(0, 100));
    },
  },
  {
    name: "Features that are not offered",
    reason: /^Features 0, 2 .* no legal selection$/,
    run: (frontEnd) => frontEnd.send("SET_FEATURES", u64(0, 2)),
  },
  {
    name: "A feature without the one it requires",
    reason: /CIPHER_STATELESS_MODE.* no legal selection$/,
    run: (frontEnd) => frontEnd.send("SET_FEATURES", u64(1 << CryptoFeature.CIPHER_STATELESS_MODE)),
  },
  {
    name: "Protocol features that are not offered",
    reason: /^Protocol features 2, which are not offered$/,
    run: (frontEnd) => frontEnd.send("SET_PROTOCOL_FEATURES", u64(2)),
  },
  {
    name: "A configuration's size that is not the message's",
    reason: /^Configuration of 56 bytes in a message of 32$/,
    run: (frontEnd) => {
      const payload = bytes(32);
      new DataView(payload.buffer as ArrayBuffer).setUint32(4, 56, true);
      frontEnd.send("GET_CONFIG", payload);
    },
  },
];

const MEMORY: readonly Misbehaviour[] = [
  {
    name: "A memory table without regions",
    reason: /^Memory table of 0 regions$/,
    run: (frontEnd) => frontEnd.send("SET_MEM_TABLE", memTable([], 1)),
  },
  {
    name: "A memory table of more regions than it holds",
    reason: /^Memory table of 2 regions in 40 bytes$/,
    run: (frontEnd) => {
      const row = rowOf(frontEnd.memory);
      frontEnd.send("SET_MEM_TABLE", memTable([row, row], 1), [frontEnd.memory.fd]);
    },
  },
  {
    name: "A memory table of fewer file descriptors than regions",
    reason: /^0 file descriptors for 1 regions of memory$/,
    run: (frontEnd) => frontEnd.send("SET_MEM_TABLE", memTable([rowOf(frontEnd.memory)])),
  },
  {
    name: "Memory beyond the end of its file",
    reason: /^Memory up to 16777216 in a file of 8400896 bytes$/,
    run: memoryOf({ mmapOffset: 8 << 20 }),
  },
  {
    name: "Memory whose size overflows",
    reason: /^Memory of 1844674407370\d+ bytes, over 1 TiB$/,
    run: memoryOf({ size: 2 ** 64 - 2048 }),
  },
  {
    name: "Memory of more addresses than a guest may have",
    reason: /^Memory of 1099511640064 bytes, over 1 TiB$/,
    run: memoryOf({ size: 2 ** 40 }),
  },
  {
    name: "Memory whose end overflows",
    reason: /^Memory of 8388608 bytes at 18446744073709\d+/,
    run: memoryOf({ guestAddr: 2 ** 64 - 4096 }),
  },
  {
    name: "Memory of no bytes",
    reason: /^Memory of 0 bytes/,
    run: memoryOf({ size: 0 }),
  },
  {
    name: "Memory that is not aligned",
    reason: /^Memory of \d+ bytes at 1073741825/,
    run: memoryOf({ guestAddr: 0x4000_0001 }),
  },
  {
    name: "Memory that overlaps",
    reason: /^Cannot map a region at \d+: it overlaps that at \d+$/,
    run: (frontEnd) => {
      const row = rowOf(frontEnd.memory);
      const { fd } = frontEnd.memory;
      frontEnd.send("SET_MEM_TABLE", memTable([row, row]), [fd, fd]);
    },
  },
  {
    name: "Memory that can be truncated",
    reason: /^Memory that could be truncated: it has no F_SEAL_SHRINK$/,
    run: (frontEnd) => {
      const fd = memfd(9 << 20, false);
      frontEnd.send("SET_MEM_TABLE", memTable([rowOf(frontEnd.memory)]), [fd]);
      frontEnd.libc.close(fd);
    },
  },
  {
    name: "Memory that is no memory",
    reason: /^Memory that could be truncated/,
    run: (frontEnd) =>
      withFds(1, (fds) => frontEnd.send("SET_MEM_TABLE", memTable([rowOf(frontEnd.memory)]), fds)),
  },
  {
    name: "A ring outside the memory table",
    reason: /^Ring at \d+ outside the memory table$/,
    run: (frontEnd) => {
      const elsewhere = { ...rowOf(frontEnd.memory), userAddr: 0x1000_0000 };
      frontEnd.send("SET_MEM_TABLE", memTable([elsewhere]), [frontEnd.memory.fd]);
    },
  },
  {
    name: "A ring that runs out of the memory table",
    reason: /used ring at \d+ outside memory$/,
    run: (frontEnd) => {
      const payload = frontEnd.ringAddresses(0);
      const { region, userAddr } = frontEnd.memory;
      const last = userAddr + region.bytes.length - 64;
      new DataView(payload.buffer as ArrayBuffer).setBigUint64(16, BigInt(last), true);
      frontEnd.send("SET_VRING_ADDR", payload);
    },
  },
];

async function reasonOfEnd(host: TestServer, { name, run }: Misbehaviour): Promise<string> {
  const frontEnd = await FrontEnd.start(host.path);
  try {
    await run(frontEnd);
    // What has broken off is noticed when the socket closes.
    if (name.includes("breaks off")) endSending(frontEnd.socketFd);
    await frontEnd.ended();
  } finally {
    frontEnd.close();
  }
  return await host.nextReason();
}

vhostTest(
  "Whatever a front-end does wrong ends its connection, and nothing else",
  async (context) => {
    await using host = await serveVhost();
    const unharmed = await FrontEnd.start(host.otherPath);
    const sessionId = await openSession(unharmed);
    await encrypts(unharmed, sessionId);
    const before = await held();
    for (const misbehaviour of [...MESSAGES, ...MEMORY]) {
      await context.step(misbehaviour.name, async () => {
        const reason = await reasonOfEnd(host, misbehaviour);
        const after = await held();
        await encrypts(unharmed, sessionId);
        const next = await FrontEnd.start(host.path);
        await encrypts(next, await openSession(next));
        next.close();

        assert.match(reason, misbehaviour.reason);
        assert.deepEqual(after, before);
        assert.equal(await host.nextReason(), "closed by the front-end");
      });
    }
    unharmed.close();
  },
);

vhostTest("A memory table padded as User-Mode Linux pads it is taken", async () => {
  await using host = await serveVhost();
  const frontEnd = FrontEnd.connect(host.path);
  const memory = new SharedMemory();
  frontEnd.send("SET_MEM_TABLE", memTable([rowOf(memory)], 2), [memory.fd]);

  const answer = await frontEnd.ask("GET_QUEUE_NUM");

  frontEnd.close();
  memory.close();
  assert.deepEqual(answer, u64(3));
});

vhostTest("The C library is opened, or a reason is given", () => {
  assert.ok(openLibc().libc !== null);
});
