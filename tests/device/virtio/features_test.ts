import { strict as assert } from "node:assert";
import fc from "fast-check";
import {
  ALL_FEATURES,
  featureByName,
  FEATURES,
  FeatureSet,
  isLegalSelection,
  Register,
} from "../../../device/mod.ts";
import { OFFERED, VirtioRig } from "../../support/virtio_rig.ts";

const MUX = 0;
const STATELESS = [1, 2, 3, 4];
const VERSION_1 = 32;

const bits = fc.uniqueArray(
  fc.constantFrom<number[]>(0, 1, 2, 3, 4, 5, 28, 29, 31, 32, 33, 34, 40, 63),
);

Deno.test("the device offers what issue and specification name, and nothing else", () => {
  const expected = {
    MUX_MODE: 0,
    CIPHER_STATELESS_MODE: 1,
    HASH_STATELESS_MODE: 2,
    MAC_STATELESS_MODE: 3,
    AEAD_STATELESS_MODE: 4,
    RING_INDIRECT_DESC: 28,
    RING_EVENT_IDX: 29,
    VERSION_1: 32,
    RING_RESET: 40,
  };

  assert.deepEqual(Object.fromEntries(FEATURES.map(({ name, bit }) => [name, bit])), expected);
  assert.deepEqual(ALL_FEATURES.names(), Object.keys(expected));
  assert.equal(featureByName("RING_PACKED"), undefined);
  assert.equal(featureByName("RING_RESET")?.bit, 40);
});

Deno.test("a set holds the bits it was made of, in its two words", () => {
  fc.assert(fc.property(bits, bits, (a, b) => {
    const set = FeatureSet.of(a);
    const other = FeatureSet.of(b);
    const mask = (numbers: number[]) => numbers.reduce((m, bit) => m | (1n << BigInt(bit)), 0n);

    for (let bit = 0; bit < 64; bit++) assert.equal(set.has(bit), a.includes(bit));
    assert.equal(BigInt(set.low) | (BigInt(set.high) << 32n), mask(a));
    assert.equal(set.includes(other), (mask(b) & ~mask(a)) === 0n);
    assert.deepEqual([0, 1, 2, 77].map((i) => set.word(i)), [set.low, set.high, 0, 0]);
  }));
});

Deno.test("a selection is legal when offered, with VERSION_1, and with MUX_MODE under stateless bits", () => {
  fc.assert(fc.property(bits, bits, (offered, accepted) => {
    const isLegal = accepted.every((bit) => offered.includes(bit)) &&
      accepted.includes(VERSION_1) &&
      (accepted.includes(MUX) || !STATELESS.some((bit) => accepted.includes(bit)));

    assert.equal(isLegalSelection(FeatureSet.of(offered), FeatureSet.of(accepted)), isLegal);
  }));
});

Deno.test("every stateless bit without MUX_MODE is refused, each with it is taken", () => {
  for (const bit of STATELESS) {
    for (const mux of [[], [MUX]]) {
      const rig = new VirtioRig(ALL_FEATURES);
      rig.accept(FeatureSet.of([VERSION_1, bit, ...mux]));
      rig.write(Register.Status, 1, 3, 11);

      assert.equal(rig.read(Register.Status), mux.length > 0 ? 11 : 3, `bit ${bit}`);
    }
  }
});

Deno.test("a driver without VERSION_1 is refused", () => {
  const rig = new VirtioRig();
  rig.write(Register.Status, 1, 3, 11);

  assert.equal(rig.read(Register.Status), 3);
});

Deno.test("both words of the offer are read through the selector, others are 0", () => {
  const rig = new VirtioRig();
  const words = [0, 1, 2, 0xffffffff].map((selector) => {
    rig.write(Register.DeviceFeaturesSel, selector);
    return rig.read(Register.DeviceFeatures);
  });

  assert.deepEqual(words, [OFFERED.low, OFFERED.high, 0, 0]);
});

Deno.test("the two words of a selection do not disturb each other", () => {
  const rig = new VirtioRig();
  rig.write(Register.DriverFeaturesSel, 1);
  rig.write(Register.DriverFeatures, 0xa5);
  rig.write(Register.DriverFeaturesSel, 0);
  rig.write(Register.DriverFeatures, 0x80000001);

  assert.deepEqual([rig.device.features.low, rig.device.features.high], [0x80000001, 0xa5]);
  rig.write(Register.DriverFeatures, 0);
  assert.deepEqual([rig.device.features.low, rig.device.features.high], [0, 0xa5]);
});

Deno.test("features are frozen by FEATURES_OK, until the reset", () => {
  const rig = new VirtioRig();
  rig.startUp(11, FeatureSet.of([VERSION_1, MUX]));
  rig.accept(FeatureSet.of([VERSION_1]));
  rig.write(Register.Status, 15);
  rig.accept(FeatureSet.of([]));
  assert.deepEqual(rig.device.features.names(), ["MUX_MODE", "VERSION_1"]);

  rig.write(Register.Status, 0);

  assert.deepEqual(rig.device.features.names(), []);
  rig.startUp(11);
  assert.deepEqual(rig.device.features.names(), ["VERSION_1"]);
});

Deno.test("FEATURES_OK is negotiated once, however often it is written", () => {
  const rig = new VirtioRig();
  rig.startUp(15);
  rig.write(Register.Status, 15, 15);

  assert.deepEqual(rig.events, ["negotiated VERSION_1"]);
});

Deno.test("a bit beyond the 64 that are offered makes a selection illegal until it is taken back", () => {
  for (const selector of [2, 3]) {
    const rig = new VirtioRig();
    rig.accept(FeatureSet.of([VERSION_1]));
    rig.write(Register.DriverFeaturesSel, selector);
    rig.write(Register.DriverFeatures, 4);
    rig.write(Register.Status, 1, 3, 11);
    assert.equal(rig.read(Register.Status), 3, `word ${selector}`);

    rig.write(Register.DriverFeatures, 0);
    rig.write(Register.Status, 11);

    assert.equal(rig.read(Register.Status), 11);
  }
});

Deno.test("a reset forgets bits beyond 63, and words that are no features are ignored", () => {
  const rig = new VirtioRig();
  rig.write(Register.DriverFeaturesSel, 2);
  rig.write(Register.DriverFeatures, 1);
  rig.write(Register.Status, 0);
  rig.write(Register.DriverFeaturesSel, 77);
  rig.write(Register.DriverFeatures, 1);

  rig.startUp(11);

  assert.equal(rig.read(Register.Status), 11);
});
