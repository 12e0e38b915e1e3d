/**
 * Debian's kernel for QEMU's guests, out of its package: nothing of it has to be installed.
 *
 * `tests/kernel/fetch_debian_kernel.sh` puts what is wanted of the package into a folder of the
 * user's cache; a kernel that is installed does as well.
 */

import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Need } from "./needs.ts";

const CACHE = join(
  Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/root", ".cache"),
  "ringway/debian-kernel",
);
const FROM_ENV = Deno.env.get("RINGWAY_QEMU_KERNEL");

/** A kernel and its modules. */
export interface DebianKernel {
  /** The compressed image. */
  readonly image: string;
  /** Files of its modules, by name with underscores. */
  readonly modules: ReadonlyMap<string, string>;
}

/** The modules in a folder and those below it. */
function modulesBelow(folder: string, found: Map<string, string>): Map<string, string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) modulesBelow(path, found);
    const name = /^(.+)\.ko(\.xz|\.zst)?$/.exec(entry.name)?.[1];
    if (name !== undefined) found.set(name.replaceAll("-", "_"), path);
  }
  return found;
}

function kernelIn(root: string): DebianKernel | undefined {
  const boot = join(root, "boot");
  if (!existsSync(boot)) return undefined;
  for (const file of readdirSync(boot).filter((name) => name.startsWith("vmlinuz-")).toSorted()) {
    const release = file.slice("vmlinuz-".length);
    const folder = [join(root, "lib/modules", release), join(root, "usr/lib/modules", release)]
      .find((path) => existsSync(path));
    if (folder === undefined) continue;
    const modules = modulesBelow(folder, new Map());
    if (modules.has("virtio_crypto")) return { image: join(boot, file), modules };
  }
  return undefined;
}

/** The kernel that was found, in RINGWAY_QEMU_KERNEL, the cache or this system. */
export const DEBIAN_KERNEL: DebianKernel | undefined = FROM_ENV === undefined
  ? kernelIn(CACHE) ?? kernelIn("/")
  : kernelIn(FROM_ENV);

/** The kernel as a need of tests. */
export const DEBIAN_KERNEL_NEED: Need = {
  isThere: DEBIAN_KERNEL !== undefined,
  advice: "sh tests/kernel/fetch_debian_kernel.sh or apt-get install linux-image-amd64",
  isOptional: false,
};

/** Programs that undo a compression, by the first bytes of its result. */
const DECOMPRESSORS: readonly (readonly [readonly number[], string])[] = [
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "xz"],
  [[0x28, 0xb5, 0x2f, 0xfd], "zstd"],
  [[0x1f, 0x8b], "gzip"],
];

/** Bytes as they were before they were compressed; those that were not, as they are. */
async function decompressed(bytes: Uint8Array): Promise<Uint8Array> {
  const program = DECOMPRESSORS.find(([magic]) => magic.every((byte, i) => bytes[i] === byte))?.[1];
  if (program === undefined) return bytes;
  const child = new Deno.Command(program, { args: ["-dc"], stdin: "piped", stdout: "piped" })
    .spawn();
  const input = child.stdin.getWriter();
  const written = input.write(bytes).then(() => input.close());
  const [{ success, stdout }] = await Promise.all([child.output(), written]);
  if (!success) throw new Error(`Cannot decompress ${bytes.length} bytes with ${program}`);
  return stdout;
}

/**
 * The kernel proper out of a bzImage. QEMU boots it by PVH, which spares an emulated processor the
 * decompression.
 *
 * Offsets are those of the setup header (Linux, Documentation/arch/x86/boot.rst).
 */
export async function extractVmlinux({ image }: DebianKernel): Promise<Uint8Array> {
  const bytes = await readFile(image);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 0x250 || view.getUint32(0x202) !== 0x48647253) {
    throw new Error(`Cannot find a kernel in ${image}`);
  }
  const numSetupSectors = bytes[0x1f1] === 0 ? 4 : bytes[0x1f1];
  const start = (numSetupSectors + 1) * 512 + view.getUint32(0x248, true);
  const len = view.getUint32(0x24c, true);
  const payload = bytes.subarray(start, start + len);
  // gzip ends with the length by itself; behind other formats the build appends it.
  const vmlinux = await decompressed(payload[0] === 0x1f ? payload : payload.subarray(0, -4));
  if (vmlinux[0] !== 0x7f) throw new Error(`Cannot extract the kernel of ${image}`);
  return vmlinux;
}

/** A module's file as the guest loads it. */
export interface Module {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Names that a module's file gives as those it needs. */
function dependencies(bytes: Uint8Array): string[] {
  const text = new TextDecoder("latin1").decode(bytes);
  const list = /(?:^|\0)depends=([^\0]*)\0/.exec(text)?.[1] ?? "";
  return list.split(",").filter((name) => name !== "");
}

/** Modules in the order in which they are loaded: what one needs comes before it. */
export async function modulesFor(
  { image, modules }: DebianKernel,
  wanted: readonly string[],
): Promise<Module[]> {
  const loaded = new Map<string, Module>();
  const add = async (name: string): Promise<void> => {
    const path = modules.get(name.replaceAll("-", "_"));
    if (path === undefined) throw new Error(`Cannot find module ${name} of ${basename(image)}`);
    const bytes = await decompressed(await readFile(path));
    for (const needed of dependencies(bytes)) if (!loaded.has(needed)) await add(needed);
    loaded.set(name, { name, bytes });
  };
  for (const name of wanted) if (!loaded.has(name)) await add(name);
  return [...loaded.values()];
}
