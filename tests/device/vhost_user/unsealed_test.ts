import { strict as assert } from "node:assert";
import { VirtioFeature } from "../../../device/mod.ts";
import { FrontEnd } from "../../kernel/front_end/front_end.ts";
import { truncate } from "../../kernel/front_end/libc.ts";
import { encryption, encrypts, openSession, plaintext } from "./requests.ts";
import { held, serveVhost, until, vhostTest } from "./support.ts";

const UNSEALED = { memory: { sealed: false }, accept: [VirtioFeature.RING_EVENT_IDX] };

vhostTest("Truncated memory ends the process that serves it, and nothing else", async () => {
  await using host = await serveVhost({ hasUnsealed: true });
  const unharmed = await FrontEnd.start(host.unsealedPath, UNSEALED);
  const sessionId = await openSession(unharmed);
  const frontEnd = await FrontEnd.start(host.unsealedPath, UNSEALED);
  const { readable, writableLen } = encryption(await openSession(frontEnd), plaintext(64));

  void frontEnd.begin(0, readable, writableLen);
  frontEnd.rings[0].queue.publish();
  truncate(frontEnd.memory.fd, 0);
  frontEnd.kick(0);
  await frontEnd.ended();
  const died = () => host.events.filter(([, { kind }]) => kind === "died");
  await until(() => died().length > 0, "the process's end");
  await encrypts(unharmed, sessionId);
  const next = await FrontEnd.start(host.unsealedPath, UNSEALED);
  await encrypts(next, await openSession(next));

  for (const each of [next, unharmed, frontEnd]) each.close();
  assert.deepEqual(died(), [[host.unsealedPath, { kind: "died", reason: "SIGBUS" }]]);
  assert.deepEqual(await host.reasons(2), ["closed by the front-end", "closed by the front-end"]);
});

vhostTest(
  "An unsealed socket serves front-ends side by side and leaves nothing behind",
  async () => {
    const before = await held();
    {
      await using host = await serveVhost({ hasUnsealed: true });
      const all = [];
      for (let num = 0; num < 3; num++) {
        const frontEnd = await FrontEnd.start(host.unsealedPath, UNSEALED);
        all.push({ frontEnd, id: await openSession(frontEnd) });
      }
      await Promise.all(all.map(({ frontEnd, id }) => encrypts(frontEnd, id, 4096)));
      for (const { frontEnd } of all) frontEnd.close();
      await host.reasons(3);
    }

    await until(() => [...Deno.readDirSync("/proc/self/fd")].length <= before.fds, "pipes closed");
    assert.equal((await held()).maps, before.maps);
  },
);
