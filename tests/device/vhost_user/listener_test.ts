import { strict as assert } from "node:assert";
import { VhostListener } from "../../../device/mod.ts";
import { requireLibc } from "../../../device/vhost_user/libc.ts";
import { vhostTest } from "./support.ts";

async function inDirectory(run: (directory: string) => Promise<void> | void): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "ringway-" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

vhostTest("A socket that a dead process has left behind is replaced", async () => {
  await inDirectory((directory) => {
    const libc = requireLibc();
    const dead = new VhostListener(libc, `${directory}/a`);
    libc.close(dead.fd);

    const listener = new VhostListener(libc, `${directory}/a`);
    const probe = libc.socket();
    const errno = libc.connect(probe, listener.path);

    libc.close(probe);
    listener.close();
    assert.equal(errno, 0);
  });
});

vhostTest("A socket that is being listened on is refused and left alone", async () => {
  await inDirectory((directory) => {
    const libc = requireLibc();
    const path = `${directory}/a`;
    const listener = new VhostListener(libc, path);

    assert.throws(() => new VhostListener(libc, path), {
      message: `Cannot listen on ${path}: another process does`,
    });
    assert.ok(libc.statusOf(path)?.isSocket);
    listener.close();
    assert.equal(libc.statusOf(path), null);
  });
});

vhostTest("A file that is no socket is refused and left alone", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/a`;
    await Deno.writeTextFile(path, "precious");

    assert.throws(() => new VhostListener(requireLibc(), path), {
      message: `Cannot listen on ${path}: there is a file of that name`,
    });
    assert.equal(await Deno.readTextFile(path), "precious");
  });
});

vhostTest("A listener's end leaves a socket that has taken its place", async () => {
  await inDirectory(async (directory) => {
    const libc = requireLibc();
    const path = `${directory}/a`;
    const first = new VhostListener(libc, path);
    await Deno.rename(path, `${path}.old`);
    const second = new VhostListener(libc, path);

    first.close();

    assert.ok(libc.statusOf(path)?.isSocket);
    second.close();
  });
});

vhostTest("A path longer than a socket's may be is refused with its length", () => {
  const path = `/tmp/${"x".repeat(110)}`;

  assert.throws(() => new VhostListener(requireLibc(), path), {
    message: `Cannot use a socket's path of 115 bytes: ${path}`,
  });
});

vhostTest("A path of a directory that is not there is refused with the system's reason", () => {
  assert.throws(() => new VhostListener(requireLibc(), "/nowhere/a"), {
    message: "Cannot bind /nowhere/a: ENOENT",
  });
});
