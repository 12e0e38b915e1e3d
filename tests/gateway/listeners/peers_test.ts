import assert from "node:assert/strict";
import type { ForwardedCall } from "../../../gateway/listeners/call_messages.ts";
import { PeerGoneError } from "../../../gateway/listeners/caller.ts";
import { connectPeers, Peers } from "../../../gateway/listeners/peers.ts";
import { until } from "../helpers.ts";

const RANDOM = "00112233445566778899aabbccddeeff";
const CALL: ForwardedCall = {
  method: "POST",
  path: "/v1/devices/x/records?a=b",
  owner: "alice",
  headers: [["content-type", "text/plain"]],
  hasBody: false,
  isSmall: false,
};

/** Two listeners that are connected, for as long as a test needs them. */
async function withPeers(run: (first: Peers, second: Peers) => Promise<void>): Promise<void> {
  const first = new Peers(0, 2);
  const second = new Peers(1, 2);
  const [one, other] = connectPeers();
  first.connect(1, one);
  second.connect(0, other);
  try {
    await run(first, second);
  } finally {
    first.close();
    second.close();
  }
}

function call(
  from: Peers,
  init: Partial<ForwardedCall> = {},
  body: ReadableStream<Uint8Array> | null = null,
): Promise<Response> {
  const caller = from.ownerOf(`${RANDOM}01`);
  assert.ok(caller);
  return caller.call({ ...CALL, hasBody: body !== null, ...init }, body, true);
}

/** A body of `num` chunks that counts those asked for. */
function chunks(
  num: number,
  len: number,
): { body: ReadableStream<Uint8Array>; asked: () => number } {
  let asked = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (asked === num) controller.close();
      else controller.enqueue(new Uint8Array(len).fill(asked++));
    },
  }, { highWaterMark: 0 });
  return { body, asked: () => asked };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 30));

Deno.test("an id tells its listener: here, another, or one that is not there", async () => {
  await withPeers((first, second) => {
    assert.equal(first.idSuffix, "00");
    assert.equal(second.idSuffix, "01");
    assert.equal(first.ownerOf(`${RANDOM}00`), null);
    assert.ok(first.ownerOf(`${RANDOM}01`));
    // Ids that no listener makes are for the registry here to refuse.
    for (
      const id of [RANDOM, `${RANDOM}02`, `${RANDOM}ff`, `${RANDOM}0x`, `${RANDOM}-1`, "", "01"]
    ) {
      assert.equal(first.ownerOf(id), null, id);
    }
    second.lose(0);
    assert.equal(second.ownerOf(`${RANDOM}00`), undefined);
    return Promise.resolve();
  });
  assert.equal(new Peers(0, 1).idSuffix, "");
  assert.equal(new Peers(0, 1).ownerOf(`${RANDOM}01`), null);
});

Deno.test("a call is answered with the other's status, headers and body", async () => {
  await withPeers(async (first, second) => {
    second.serve = async (request, owner) => {
      const { method, url, headers } = request;
      const text = `${method} ${new URL(url).search} ${owner} ${headers.get("content-type")}`;
      return new Response(`${text} ${await request.text()}`, { status: 201, headers: { a: "b" } });
    };
    const { body } = chunks(3, 2);

    const response = await call(first, {}, body);

    assert.equal(response.status, 201);
    assert.equal(response.headers.get("a"), "b");
    const expected = "POST ?a=b alice text/plain \u0000\u0000\u0001\u0001\u0002\u0002";
    assert.equal(await response.text(), expected);
    assert.equal(first.numCalls + second.numCalls, 0);
  });
});

Deno.test("a large body is not read before it is wanted, and a small one is", async () => {
  await withPeers(async (first, second) => {
    const turn = Promise.withResolvers<void>();
    let numCalls = 0;
    second.serve = async (request) => {
      numCalls++;
      await turn.promise;
      return new Response(String((await request.arrayBuffer()).byteLength));
    };
    const large = chunks(10, 1000);
    const small = chunks(1, 1000);

    const answers = [call(first, {}, large.body), call(first, { isSmall: true }, small.body)];
    await until(() => numCalls === 2 && small.asked() === 1);
    await settle();
    assert.equal(large.asked(), 0);
    turn.resolve();

    const texts = await Promise.all(answers.map(async (answer) => await (await answer).text()));
    assert.deepEqual(texts, ["10000", "1000"]);
  });
});

Deno.test("a body is read ahead of its taker by a quarter of a mebibyte and no more, either way", async () => {
  await withPeers(async (first, second) => {
    const answer = chunks(100, 64 * 1024);
    const taking = Promise.withResolvers<ReadableStreamDefaultReader<Uint8Array>>();
    second.serve = (request) => {
      if (request.body !== null) taking.resolve(request.body.getReader());
      return new Promise(() => {});
    };
    const asked = chunks(100, 64 * 1024);
    call(first, {}, asked.body).catch(() => {});
    const reader = await taking.promise;
    await reader.read();
    await until(() => asked.asked() >= 5);
    await settle();
    assert.ok(asked.asked() <= 6, String(asked.asked()));

    second.serve = () => new Response(answer.body as ReadableStream<Uint8Array<ArrayBuffer>>);
    const response = await call(first);
    await until(() => answer.asked() >= 4);
    await settle();
    assert.ok(answer.asked() <= 5, String(answer.asked()));

    assert.equal((await response.arrayBuffer()).byteLength, 100 * 64 * 1024);
  });
});

Deno.test("when nobody wants an answer any more its source is told, and the call is over", async () => {
  await withPeers(async (first, second) => {
    let isCancelled = false;
    second.serve = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
          cancel: () => void (isCancelled = true),
        }),
      );

    const response = await call(first);
    await response.body?.cancel();

    await until(() => isCancelled && first.numCalls + second.numCalls === 0);
  });
});

Deno.test("a body that breaks off breaks off on the other side, either way", async () => {
  await withPeers(async (first, second) => {
    const broken = () =>
      new ReadableStream<Uint8Array<ArrayBuffer>>({
        start: (controller) => controller.enqueue(Uint8Array.of(1)),
        pull: () => Promise.reject(new Error("Broken")),
      });
    second.serve = (request) =>
      request.arrayBuffer().then(() => new Response("whole"), () => new Response("broken"));

    assert.equal(await (await call(first, {}, broken())).text(), "broken");

    second.serve = () => new Response(broken());
    await assert.rejects((await call(first)).arrayBuffer());
    await until(() => first.numCalls + second.numCalls === 0);
  });
});

Deno.test("an early answer leaves the rest of the body where it came in", async () => {
  await withPeers(async (first, second) => {
    second.serve = () => new Response(null, { status: 404 });
    const { body } = chunks(3, 10);

    const response = await call(first, {}, body);

    assert.equal(response.status, 404);
    assert.equal(response.body, null);
    assert.ok(!body.locked);
    assert.equal(
      (await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())
        .byteLength,
      30,
    );
  });
});

Deno.test("when the other listener goes, calls end: those unanswered and those being answered", async () => {
  await withPeers(async (first, second) => {
    second.serve = () => new Promise(() => {});
    const unanswered = call(first);
    await until(() => second.numCalls === 1);
    second.serve = () =>
      new Response(chunks(100, 64 * 1024).body as ReadableStream<Uint8Array<ArrayBuffer>>);
    const answered = await call(first);

    first.lose(1);
    second.lose(0);

    await assert.rejects(unanswered, PeerGoneError);
    await assert.rejects(answered.arrayBuffer());
    assert.equal(first.numCalls + second.numCalls, 0);
  });
});

Deno.test("a listener whose app fails answers 500", async () => {
  await withPeers(async (first, second) => {
    second.serve = () => Promise.reject(new Error("Broken"));

    assert.equal((await call(first)).status, 500);
  });
});
