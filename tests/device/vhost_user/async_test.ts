import { strict as assert } from "node:assert";
import {
  acceptAsync,
  DescriptorChain,
  FeatureSet,
  type MakeBackend,
  serveAsync,
  type VhostBackend,
  type VhostHost,
  VhostListener,
  type VhostQueue,
  VirtioFeature,
} from "../../../device/mod.ts";
import { requireLibc } from "../../../device/vhost_user/libc.ts";
import { CONFIG_CHANGE_MSG, CryptoSession72 } from "../../../device/vhost_user/protocol.ts";
import { FrontEnd, pair } from "../../kernel/front_end/front_end.ts";
import { memTable, rowOf } from "../../kernel/front_end/memory.ts";
import { held, until, vhostTest } from "./support.ts";

interface Taken {
  readonly queue: VhostQueue;
  readonly chain: DescriptorChain;
}

// A backend that keeps requests until it is told to answer them.
class SlowBackend implements VhostBackend {
  readonly features = FeatureSet.of([VirtioFeature.VERSION_1, VirtioFeature.RING_EVENT_IDX]);
  readonly numQueues = 3;
  readonly host: VhostHost;
  readonly taken: Taken[] = [];
  isClosed = false;
  /** Requests taken in one turn. */
  perTurn = Infinity;
  /** Set while a control request waits. */
  answerControl: ((written: Uint8Array) => void) | null = null;
  /** Stops that wait. */
  readonly stops: (() => void)[] = [];
  readonly #stopsAtOnce: boolean;

  constructor(host: VhostHost, stopsAtOnce: boolean) {
    this.host = host;
    this.#stopsAtOnce = stopsAtOnce;
  }

  readConfig(_: number, len: number): Uint8Array {
    return new Uint8Array(len);
  }

  negotiated(): void {}

  kicked(queue: VhostQueue): boolean {
    for (let num = 0; num < this.perTurn; num++) {
      const chain = new DescriptorChain();
      if (queue.ring.pop(chain)) this.taken.push({ queue, chain });
      else if (!queue.ring.enableNotification()) return false;
    }
    return true;
  }

  /** Answers what has been taken, the last first, each with its own first byte. */
  answer(): void {
    for (const { queue, chain } of this.taken.splice(0).reverse()) {
      if (!queue.isRunning) continue;
      const first = chain.readable.view(0, 1)?.[0] ?? 0;
      chain.writable.setByte(0, first);
      queue.ring.push(chain.head, 1);
      chain.release();
      queue.publish();
    }
  }

  stop(_: VhostQueue, stopped: () => void): void {
    const stop = () => {
      this.answer();
      stopped();
    };
    if (this.#stopsAtOnce) stop();
    else this.stops.push(stop);
  }

  control(_: Uint8Array, __: number, answer: (written: Uint8Array) => void): void {
    this.answerControl = answer;
  }

  reset(): void {}

  close(): void {
    this.isClosed = true;
    for (const { chain } of this.taken.splice(0)) chain.release();
  }
}

interface Served {
  readonly frontEnd: FrontEnd;
  readonly backend: SlowBackend;
  readonly reason: Promise<string>;
  readonly abort: AbortController;
}

async function served(run: (served: Served) => Promise<void>, stopsAtOnce = true): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "ringway-" });
  const libc = requireLibc();
  const before = await held();
  const listener = new VhostListener(libc, `${directory}/a`);
  const abort = new AbortController();
  const accepted = acceptAsync(libc, listener.fd, abort.signal);
  const frontEnd = FrontEnd.connect(listener.path);
  const fd = await accepted;
  assert.ok(fd !== null);
  let backend: SlowBackend | undefined;
  const makeBackend: MakeBackend = (host) => backend = new SlowBackend(host, stopsAtOnce);
  const reason = serveAsync({ libc, fd, makeBackend }, abort.signal);
  try {
    await frontEnd.startUp();
    assert.ok(backend !== undefined);
    await run({ frontEnd, backend, reason, abort });
  } finally {
    abort.abort();
    await reason;
    frontEnd.close();
    listener.close();
    await Deno.remove(directory, { recursive: true });
  }
  assert.ok(backend.isClosed);
  assert.deepEqual(await held(), before);
}

function begin({ frontEnd }: Served, ...bytes: number[]): Promise<number>[] {
  const outcomes = bytes.map((byte) => frontEnd.begin(0, Uint8Array.of(byte), 1));
  frontEnd.rings[0].queue.publish();
  frontEnd.kick(0);
  void frontEnd.pump();
  return outcomes.map((outcome) => outcome.then(({ writable }) => writable[0]));
}

vhostTest("A backend may answer later, and in another order", async () => {
  await served(async (all) => {
    const outcomes = begin(all, 1, 2, 3);
    await until(() => all.backend.taken.length === 3, "requests taken");
    all.backend.answer();

    assert.deepEqual(await Promise.all(outcomes), [1, 2, 3]);
  });
});

vhostTest("A backend that leaves off is called again without a kick", async () => {
  await served(async (all) => {
    all.backend.perTurn = 1;
    const outcomes = begin(all, 1, 2, 3, 4, 5);
    await until(() => all.backend.taken.length === 5, "requests taken");
    all.backend.answer();

    assert.deepEqual(await Promise.all(outcomes), [1, 2, 3, 4, 5]);
  });
});

vhostTest("A backend that resumes a queue is called for it", async () => {
  await served(async (all) => {
    const { backend } = all;
    const [first] = begin(all, 1);
    await until(() => backend.taken.length === 1, "the request");
    const { queue } = backend.taken[0];
    all.frontEnd.begin(0, Uint8Array.of(2), 1);
    all.frontEnd.rings[0].queue.publish();
    backend.host.resume(queue);
    await until(() => backend.taken.length === 2, "the request without a kick");
    backend.answer();

    assert.equal(await first, 1);
  });
});

vhostTest("A queue is stopped when its backend says so, and messages wait for it", async () => {
  await served(async (all) => {
    const { frontEnd, backend } = all;
    const outcomes = begin(all, 7, 8);
    await until(() => backend.taken.length === 2, "requests taken");
    const queue = backend.taken[0].queue;
    const base = frontEnd.ask("GET_VRING_BASE", pair(0, 0));
    await until(() => backend.stops.length === 1, "the stop");
    const wasRunning = queue.isRunning;
    backend.stops[0]();

    assert.deepEqual(await base, pair(0, 2));
    assert.deepEqual(await Promise.all(outcomes), [7, 8]);
    assert.deepEqual([wasRunning, queue.isRunning], [true, false]);
  }, false);
});

vhostTest("Memory is replaced only when every queue stands still", async () => {
  await served(async (all) => {
    const { frontEnd, backend } = all;
    const outcomes = begin(all, 9);
    await until(() => backend.taken.length === 1, "the request");
    const { memory } = frontEnd;
    const done = frontEnd.acknowledged("SET_MEM_TABLE", memTable([rowOf(memory)]), [memory.fd]);
    await until(() => backend.stops.length === 3, "the stops");
    for (const stop of backend.stops) stop();
    await done;
    const [again] = begin(all, 10);
    await until(() => backend.taken.length === 1, "the request after");
    backend.answer();

    assert.deepEqual([await outcomes[0], await again], [9, 10]);
  }, false);
});

vhostTest("A changed configuration is announced to the front-end", async () => {
  await served(async ({ frontEnd, backend }) => {
    assert.ok(backend.host.configChanged());
    assert.ok(frontEnd.backendSocket !== null);
    const message = await frontEnd.receive(frontEnd.backendSocket);

    assert.ok(message !== "end");
    assert.equal(message.request, CONFIG_CHANGE_MSG);
    assert.equal(message.body.byteLength, 0);
  });
});

vhostTest("A session by message may be answered later", async () => {
  await served(async ({ frontEnd, backend }) => {
    const payload = new Uint8Array(CryptoSession72.SIZE);
    const answer = frontEnd.ask("CREATE_CRYPTO_SESSION", payload);
    await until(() => backend.answerControl !== null, "the request");
    const written = new Uint8Array(16);
    written[0] = 42;
    backend.answerControl?.(written);

    const view = new DataView((await answer).buffer);
    assert.equal(view.getBigInt64(0, true), 42n);
  });
});

vhostTest("A backend that fails ends its connection with its reason", async () => {
  await served(async (all) => {
    begin(all, 1);
    await until(() => all.backend.taken.length === 1, "the request");
    all.backend.host.fail("the gateway has gone");
    await all.frontEnd.ended();

    assert.equal(await all.reason, "the gateway has gone");
    assert.ok(all.backend.isClosed);
  });
});

vhostTest("What a backend does after its connection has ended touches nothing", async () => {
  await served(async (all) => {
    const { backend } = all;
    begin(all, 1);
    await until(() => backend.taken.length === 1, "the request");
    const [{ queue, chain }] = backend.taken;
    const byte = chain.writable.view(0, 1);
    all.abort.abort();
    const reason = await all.reason;
    queue.publish();
    backend.host.resume(queue);
    backend.host.fail("late");

    assert.equal(reason, "stopped");
    assert.equal(byte?.length, 0);
    assert.equal(backend.host.configChanged(), false);
  });
});
