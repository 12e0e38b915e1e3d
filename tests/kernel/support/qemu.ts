/** Guests of QEMU under TCG: Debian's kernel, whose driver finds the device on PCI. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Child } from "./child.ts";
import { DEBIAN_KERNEL, DEBIAN_KERNEL_NEED, extractVmlinux, modulesFor } from "./debian_kernel.ts";
import { GUEST_NEEDS, makeRoot, mustRun } from "./guest_files.ts";
import { type Need, program } from "./needs.ts";

/** What a guest of QEMU needs. */
export const QEMU_NEEDS: readonly Need[] = [
  ...GUEST_NEEDS,
  program("qemu-system-x86_64", "qemu-system-x86"),
  program("xz", "xz-utils"),
  DEBIAN_KERNEL_NEED,
];

// What they need themselves is loaded before them.
const MODULES = ["virtio_pci", "virtio_crypto", "algif_skcipher"];

/** A kernel and an initial file system, in files. */
export interface QemuImage {
  readonly vmlinux: string;
  readonly initrd: string;
}

/**
 * Makes what QEMU boots.
 *
 * @param scratch a folder that exists
 * @param commands of the guest's shell, run when the driver has been loaded
 */
export async function makeImage(
  scratch: string,
  commands: readonly string[],
  name = "guest",
): Promise<QemuImage> {
  if (DEBIAN_KERNEL === undefined) throw new Error(`Missing: ${DEBIAN_KERNEL_NEED.advice}`);
  const root = join(scratch, `${name}-root`);
  const modules = await modulesFor(DEBIAN_KERNEL, MODULES);
  const inserts = modules.map(({ name }) => `insmod /${name}.ko`);
  await mkdir(root);
  await makeRoot(
    root,
    ["mount -t devtmpfs dev /dev", ...inserts, ...commands],
    modules.map(({ name, bytes }) => ({ path: `${name}.ko`, bytes })),
  );
  const vmlinux = join(scratch, `${name}-vmlinux`);
  const initrd = join(scratch, `${name}-initrd`);
  await writeFile(vmlinux, await extractVmlinux(DEBIAN_KERNEL));
  const pack = 'cd "$0" && find . | busybox cpio -o -H newc';
  await writeFile(initrd, await mustRun("sh", ["-c", pack, root]));
  return { vmlinux, initrd };
}

/** QEMU's words for a device that Ringway serves on a socket. */
export function vhostUserDevice(id: string, socket: string, queues = 1): string[] {
  return [
    ...["-chardev", `socket,id=${id}-socket,path=${socket}`],
    ...["-object", `cryptodev-vhost-user,id=${id},chardev=${id}-socket,queues=${queues}`],
    // With MSI-X QEMU 7.2 under TCG crashes when the driver starts such a device.
    ...["-device", `virtio-crypto-pci,cryptodev=${id},vectors=0`],
  ];
}

/** QEMU's words for the device that it has itself, on the same kind of interrupts. */
export function builtinDevice(id: string): string[] {
  return [
    ...["-object", `cryptodev-backend-builtin,id=${id}`],
    ...["-device", `virtio-crypto-pci,cryptodev=${id},vectors=0`],
  ];
}

/** Boots a guest, whose serial console is the child's input and output. */
export function bootQemu(
  image: QemuImage,
  devices: readonly string[],
  options: { readonly limit?: number; readonly cpus?: string } = {},
): Child {
  return new Child({
    program: "qemu-system-x86_64",
    args: [
      ...["-machine", "q35,accel=tcg,memory-backend=memory", "-cpu", "max", "-m", "256M"],
      ...["-object", "memory-backend-memfd,id=memory,size=256M,share=on"],
      ...["-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot"],
      ...["-kernel", image.vmlinux, "-initrd", image.initrd],
      ...["-append", "console=ttyS0 quiet panic=-1 rdinit=/init"],
      ...devices,
    ],
    limit: options.limit ?? 120,
    cpus: options.cpus,
  });
}
