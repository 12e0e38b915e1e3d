/** The register file of virtio-mmio: each register, each of its two directions. */

import { strict as assert } from "node:assert";
import { Register } from "../../../device/mod.ts";
import { VirtioRig } from "../../support/virtio_rig.ts";

// From virtio-core.md and remote-protocol.md: offset, and whether it can be read and written.
const REGISTERS: readonly (readonly [keyof typeof Register, number, "r" | "w" | "rw" | "-"])[] = [
  ["MagicValue", 0x000, "r"],
  ["Version", 0x004, "r"],
  ["DeviceID", 0x008, "r"],
  ["VendorID", 0x00c, "r"],
  ["DeviceFeatures", 0x010, "r"],
  ["DeviceFeaturesSel", 0x014, "w"],
  ["DriverFeatures", 0x020, "w"],
  ["DriverFeaturesSel", 0x024, "w"],
  ["QueueSel", 0x030, "w"],
  ["QueueNumMax", 0x034, "r"],
  ["QueueNum", 0x038, "w"],
  ["QueueReady", 0x044, "rw"],
  ["QueueNotify", 0x050, "w"],
  ["InterruptStatus", 0x060, "r"],
  ["InterruptACK", 0x064, "w"],
  ["Status", 0x070, "rw"],
  ["QueueDescLow", 0x080, "w"],
  ["QueueDescHigh", 0x084, "w"],
  ["QueueDriverLow", 0x090, "w"],
  ["QueueDriverHigh", 0x094, "w"],
  ["QueueDeviceLow", 0x0a0, "w"],
  ["QueueDeviceHigh", 0x0a4, "w"],
  ["SHMSel", 0x0ac, "w"],
  ["QueueReset", 0x0c0, "rw"],
  ["ConfigGeneration", 0x0fc, "r"],
];

Deno.test("registers lie where virtio-mmio has them", () => {
  const offsets = Object.fromEntries(REGISTERS.map(([name, offset]) => [name, offset]));

  assert.deepEqual({ ...Register }, { ...offsets, Config: 0x100 });
});

Deno.test("identification registers name a crypto device of version 2", () => {
  const rig = new VirtioRig();

  assert.equal(rig.read(Register.MagicValue), 0x74726976);
  assert.equal(rig.read(Register.Version), 2);
  assert.equal(rig.read(Register.DeviceID), 20);
  assert.notEqual(rig.read(Register.VendorID), 0);
});

for (const [name, offset, access] of REGISTERS) {
  if (access === "w") {
    Deno.test(`${name} is write-only: it reads 0, whatever was written`, () => {
      const rig = new VirtioRig();
      rig.write(offset, 1);

      assert.equal(rig.read(offset), 0);
    });
  } else if (access === "r") {
    Deno.test(`${name} is read-only: a write does nothing`, () => {
      const rig = new VirtioRig();
      const before = REGISTERS.map(([, offset]) => rig.read(offset));

      for (const value of [0, 1, 0xffffffff]) rig.write(offset, value);

      assert.deepEqual(REGISTERS.map(([, offset]) => rig.read(offset)), before);
      assert.deepEqual(rig.events, []);
    });
  }
}

Deno.test("there is no register between the registers, nor at an odd offset", () => {
  const rig = new VirtioRig();
  const known = new Set(REGISTERS.map(([, offset]) => offset));
  for (let offset = 0; offset < 0x140; offset++) {
    if (known.has(offset)) continue;

    assert.equal(rig.device.readRegister(offset), undefined, `0x${offset.toString(16)}`);
    assert.equal(rig.device.writeRegister(offset, 1), false);
  }
});

Deno.test("QueueNumMax is 1024 for a queue that exists, else 0", () => {
  const rig = new VirtioRig();
  const read = [0, 1, 2, 3, 64, 0xffffffff].map((queue) => {
    rig.write(Register.QueueSel, queue);
    return rig.read(Register.QueueNumMax);
  });

  assert.deepEqual(read, [1024, 1024, 1024, 0, 0, 0]);
});

Deno.test("registers of a queue that does not exist do nothing", () => {
  const rig = new VirtioRig();
  rig.startUp(15);
  for (const queue of [3, 0x80000000, 0xffffffff]) {
    rig.setUpQueue(queue & 3);
    rig.write(Register.QueueSel, queue);
    rig.write(Register.QueueNum, 8);
    rig.write(Register.QueueReady, 1);
    assert.equal(rig.read(Register.QueueReady), 0);
    rig.write(Register.QueueReset, 1);
    assert.equal(rig.read(Register.QueueReset), 0);
  }
});

Deno.test("InterruptACK takes back the bits it names and no others", () => {
  const rig = new VirtioRig();
  rig.device.raise(1);
  rig.device.raise(2);
  assert.equal(rig.read(Register.InterruptStatus), 3);

  rig.write(Register.InterruptACK, 1);
  assert.equal(rig.read(Register.InterruptStatus), 2);
  rig.write(Register.InterruptACK, 0xffffffff);

  assert.equal(rig.read(Register.InterruptStatus), 0);
  assert.deepEqual(rig.interrupts, [1, 2]);
});

Deno.test("a changed configuration has a new generation and raises the configuration interrupt", () => {
  const rig = new VirtioRig();
  const before = rig.read(Register.ConfigGeneration);

  rig.device.setConfig(new Uint8Array(56).fill(9));

  assert.equal(rig.read(Register.ConfigGeneration), before + 1);
  assert.deepEqual(rig.interrupts, [2]);
  assert.deepEqual(rig.device.readConfig(50, 6), new Uint8Array(6).fill(9));
});

Deno.test("the configuration is read in any range inside its 56 bytes, and in no other", () => {
  const rig = new VirtioRig();
  for (let offset = -1; offset <= 58; offset++) {
    for (const len of [0, 1, 2, 4, 8, 55, 56, 57, 2 ** 32 - 1]) {
      const bytes = rig.device.readConfig(offset, len);

      if (offset < 0 || offset + len > 56) assert.equal(bytes, undefined, `${offset} ${len}`);
      else assert.deepEqual(bytes, rig.config.slice(offset, offset + len));
    }
  }
});

Deno.test("what is read of the configuration is a copy", () => {
  const rig = new VirtioRig();

  rig.device.readConfig(0, 56)?.fill(0xff);

  assert.deepEqual(rig.device.readConfig(0, 2), Uint8Array.of(0, 1));
});
