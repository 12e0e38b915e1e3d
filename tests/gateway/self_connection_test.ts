import { strict as assert } from "node:assert";
import { setTimeout as delay } from "node:timers/promises";
import { SelfConnection } from "../../gateway/self_connection.ts";
import { startServer } from "../../gateway/server.ts";
import { threadTurns } from "../../gateway/thread_turns.ts";

async function opened(): Promise<SelfConnection> {
  const connection = await SelfConnection.open();
  assert.ok(connection !== null);
  return connection;
}

Deno.test("A look ends when the loop has seen what other sockets brought before", async () => {
  const connection = await opened();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using near = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using far = await listener.accept();
  for (let i = 0; i < 50; i++) {
    let hasCome = false;
    const read = near.read(new Uint8Array(1)).then(() => hasCome = true);
    await far.write(Uint8Array.of(i));

    await connection.look();

    assert.ok(hasCome, `Round ${i}`);
    await read;
  }
  await connection.close();
});

Deno.test("A look on a closed connection rejects, and so does one that is under way when it closes", async () => {
  const connection = await opened();
  const under = assert.rejects(connection.look(), /closed/);
  await connection.close();
  await under;

  await assert.rejects(connection.look(), /closed/);
  await connection.close();
});

Deno.test("Pauses of a thread end with and without a server that connects to itself", async () => {
  const isDue = async () => {
    const start = performance.now();
    while (performance.now() - start < 40);
    threadTurns.worked(start);
    const { pause } = threadTurns;
    await pause;
    return pause !== undefined;
  };
  assert.ok(await isDue());

  const [first, second] = await Promise.all([
    startServer({ port: 0, selfConnection: true }),
    startServer({ port: 0, selfConnection: true }),
  ]);
  assert.ok(await isDue());
  await first.close();
  assert.ok(await isDue());
  await second.close();
  assert.ok(await isDue());
});

Deno.test("With a server the thread is looked at while work goes on, and need not stop for it", async () => {
  const server = await startServer({ port: 0, selfConnection: true });
  // Whether the thread has to stop behind two works of 12 ms, which together are too much; undefined where the
  // machine was busy elsewhere and either took longer.
  const hasToStop = async () => {
    await delay(100);
    await threadTurns.pause;
    for (let i = 0; i < 2; i++) {
      const start = performance.now();
      while (performance.now() - start < 12);
      threadTurns.worked(start);
      const hasToStop = threadTurns.pause !== undefined;
      if (performance.now() - start > 14) return undefined;
      if (hasToStop) return true;
      await delay(3);
    }
    return false;
  };

  let result: boolean | undefined;
  for (let tries = 0; result === undefined && tries < 100; tries++) result = await hasToStop();

  assert.equal(result, false);
  await server.close();
});

for (
  const [permissions, asks] of [
    ["--allow-net=127.0.0.1:0", "only for its own port"],
    ["--allow-net", "for all"],
  ]
) {
  Deno.test(`A gateway with network permission ${asks} starts, and nobody is asked`, async () => {
    const main = new URL("../../main.ts", import.meta.url).pathname;
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-read", "--allow-env", permissions, main, "serve", "--port", "0"],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();

    const { value } = await reader.read();

    assert.match(value ?? "", /Ringway listening on/);
    process.kill("SIGTERM");
    const [{ code }, text] = await Promise.all([
      process.status,
      new Response(process.stderr).text(),
    ]);
    await reader.cancel();
    assert.equal(code, 0, text);
  });
}
