/** What lies in a guest's root directory: busybox, an init, a program for AF_ALG. */

import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Need, program, programPath } from "./needs.ts";

const AF_ALG_SOURCE = fileURLToPath(new URL("../guest/af_alg.c", import.meta.url));
const APPLETS = [
  "cat",
  "echo",
  "grep",
  "head",
  "insmod",
  "kill",
  "mount",
  "poweroff",
  "sh",
  "sleep",
];

/** What every guest needs of the machine. */
export const GUEST_NEEDS: readonly Need[] = [
  program("busybox", "busybox-static"),
  program("gcc", "gcc", "libc6-dev"),
  program("taskset", "util-linux"),
  program("setpriv", "util-linux"),
  program("timeout", "coreutils"),
];

/** A file of a guest's root directory that is not in every guest. */
export interface ExtraFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Runs a program that has to succeed. */
export async function mustRun(program: string, args: readonly string[]): Promise<Uint8Array> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  if (success) return stdout;
  throw new Error(`${program} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
}

/**
 * Makes a guest's root directory. Its init mounts what a guest wants, runs the commands and turns the
 * machine off.
 *
 * @param root the directory, which must not exist
 * @param commands of the guest's shell
 */
export async function makeRoot(
  root: string,
  commands: readonly string[],
  extra: readonly ExtraFile[] = [],
): Promise<void> {
  for (const folder of ["bin", "proc", "sys", "dev"]) {
    await mkdir(join(root, folder), { recursive: true });
  }
  const busybox = programPath("busybox");
  if (busybox === undefined) throw new Error("Cannot make a root directory, busybox is missing");
  await copyFile(busybox, join(root, "bin/busybox"));
  for (const applet of APPLETS) await symlink("busybox", join(root, "bin", applet));
  await mustRun("gcc", ["-O2", "-static", "-o", join(root, "bin/af_alg"), AF_ALG_SOURCE]);
  for (const { path, bytes } of extra) await writeFile(join(root, path), bytes);
  const init = [
    "#!/bin/sh",
    "export PATH=/bin",
    "mount -t proc proc /proc",
    "mount -t sysfs sys /sys",
    ...commands,
    "poweroff -f",
    "",
  ];
  await writeFile(join(root, "init"), init.join("\n"), { mode: 0o755 });
}
