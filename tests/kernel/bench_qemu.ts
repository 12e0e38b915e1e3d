/**
 * `deno task bench:kernel`: AES-CBC inside one guest of QEMU, on a device that Ringway serves and on the
 * one that QEMU has itself (cryptodev-backend-builtin), in turn.
 *
 * Both devices are in the same guest, below the same driver, on the same kind of interrupts; all
 * processes share the processors that are named. What is printed is what a program of the guest gets.
 */

import { strict as assert } from "node:assert";
import { join } from "node:path";
import { withDirectory } from "../cli/ringway.ts";
import { sharedCpu } from "./support/child.ts";
import { missing } from "./support/needs.ts";
import { AES_CBC_DRIVER } from "./support/proc_crypto.ts";
import { bootQemu, builtinDevice, makeImage, QEMU_NEEDS, vhostUserDevice } from "./support/qemu.ts";
import { startServe } from "./support/serving.ts";

/** Requests of a round: some 40 ms, so that what else runs on the machine meets both alike. */
const RUNS = ["encrypt", "decrypt"].flatMap((op) => [
  { op, len: 4096, num: 300 },
  { op, len: 65536, num: 60 },
]);
const ROUNDS = 41;

const COMMANDS = [
  "echo '== before'; grep virtio /proc/interrupts",
  `af_alg compare ${AES_CBC_DRIVER} 'cbc(aes-generic)'`,
  ...RUNS.map(({ op, len, num }) => `af_alg bench ${AES_CBC_DRIVER} ${op} ${len} ${num} ${ROUNDS}`),
  "echo '== after'; grep virtio /proc/interrupts",
];

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

async function print(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(line + "\n"));
}

/** Interrupts of a device, as the guest counted them behind a mark. */
function interruptsOf(output: string, mark: string, device: string): number {
  const lines = output.split(`== ${mark}\n`)[1] ?? "";
  return Number(new RegExp(`^ *\\d+: *(\\d+).* ${device}$`, "m").exec(lines)?.[1]);
}

async function report(output: string, cpus: string): Promise<void> {
  for (const { op, len, num } of RUNS) {
    const rounds = [...output.matchAll(new RegExp(`^bench ${op} ${len} (\\S+) (\\S+)$`, "gm"))]
      .map(([, ours, builtin]) => ({ ours: Number(ours), builtin: Number(builtin) }));
    assert.equal(rounds.length, ROUNDS, output);
    const ours = median(rounds.map(({ ours }) => ours));
    const builtin = median(rounds.map(({ builtin }) => builtin));
    const ratios = rounds.map(({ ours, builtin }) => ours / builtin).toSorted((a, b) => a - b);
    const range = `${ratios[0].toFixed(2)} to ${ratios[ratios.length - 1].toFixed(2)}`;
    await print(
      `CPUs ${cpus}  ${op} ${String(len).padStart(5)} B  ringway ${ours.toFixed(1)} MB/s  ` +
        `builtin ${builtin.toFixed(1)} MB/s  ratio ${median(ratios).toFixed(2)} (${range}; ` +
        `${ROUNDS} rounds of ${num})`,
    );
  }
}

async function measure(cpus: string): Promise<void> {
  await withDirectory(async (scratch) => {
    const socket = join(scratch, "device");
    const image = await makeImage(scratch, COMMANDS);
    await using _serving = await startServe(["--log", "none", "--vhost-user", socket], { cpus });
    const devices = [...vhostUserDevice("ours", socket), ...builtinDevice("theirs")];
    await using guest = bootQemu(image, devices, { limit: 300, cpus });

    assert.equal(await guest.ended, 0, guest.output);

    const { output } = guest;
    assert.match(output, /^af_alg: \d+ lengths are the same$/m, output);
    for (const device of ["virtio0", "virtio1"]) {
      const before = interruptsOf(output, "before", device);
      const after = interruptsOf(output, "after", device);
      assert.ok(after - before >= ROUNDS * RUNS[0].num, `${device} did not take part: ${output}`);
    }
    await report(output, cpus);
  });
}

const absent = missing(QEMU_NEEDS);
if (absent.length > 0) {
  await print(`Cannot run QEMU's guest: ${absent.map(({ advice }) => advice).join("; ")}`);
  Deno.exit(1);
}
for (const cpus of Deno.args.length > 0 ? Deno.args : [sharedCpu(), "0-1"]) await measure(cpus);
