import { strict as assert } from "node:assert";
import { createLog } from "../../gateway/log.ts";
import { OptionError } from "../../gateway/options.ts";
import { startServer } from "../../gateway/server.ts";
import { FrontEnd } from "../kernel/front_end/front_end.ts";
import { encrypts, openSession } from "../device/vhost_user/requests.ts";
import { until, vhostTest } from "../device/vhost_user/support.ts";

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "ringway-" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

vhostTest(
  "A gateway serves virtual machines beside its clients, and says so in its log",
  async () => {
    await inDirectory(async (directory) => {
      const lines: string[] = [];
      const log = createLog((line) => lines.push(line.replace(/^\S+ /, "")), "plain");
      const path = `${directory}/vm`;
      const server = await startServer({ port: 0, queues: 2, vhostUser: [path] }, log);

      const frontEnd = await FrontEnd.start(path);
      await encrypts(frontEnd, await openSession(frontEnd));
      const health = await fetch(new URL("/healthz", server.url));
      await health.body?.cancel();
      frontEnd.close();
      await until(() => lines.some((line) => line.includes("closed path")), "the log line");
      await server.close();

      assert.equal(health.status, 200);
      assert.deepEqual(lines.filter((line) => line.includes("vhost-user")), [
        `info vhost-user listening path=${path}`,
        `info vhost-user open path=${path}`,
        `info vhost-user closed path=${path} reason="closed by the front-end" requests=2`,
      ]);
      await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
    });
  },
);

vhostTest("A gateway whose socket is taken does not start, and leaves no listener", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/vm`;
    const first = await startServer({ port: 0, vhostUser: [path] });

    await assert.rejects(
      startServer({ port: 0, vhostUser: [path] }),
      new OptionError("vhostUser", `Cannot listen on ${path}: another process does`),
    );

    await first.close();
  });
});
