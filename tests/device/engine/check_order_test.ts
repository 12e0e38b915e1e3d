/**
 * The order of checks of wire.md, section 3: a request with two flaws gets the status of the one that
 * is checked first.
 */

import { strict as assert } from "node:assert";
import { Status } from "../../../device/mod.ts";
import { build } from "../../../device/wire/requests.ts";
import { CREATE, EngineRig } from "../../support/engine_rig.ts";
import { BODY, type Sample, SAMPLES, SESSIONS } from "../../support/samples.ts";

const { ERR, BADMSG, NOTSUPP, INVSESS, NOSPC } = Status;

/** One thing that is wrong with a request. */
interface Flaw {
  readonly what: string;
  /** Number of the check that finds it. */
  readonly check: number;
  readonly status: number;
  readonly spoil?: (view: DataView) => void;
  /** Bytes that are left of R. */
  readonly cut?: number;
}

function set(offset: number, value: number): (view: DataView) => void {
  return (view) => view.setUint32(offset, value, true);
}

function dataFlaws({ name, service, stateless, lens }: Sample): Flaw[] {
  const isSym = service === 0;
  const opType = BODY + (stateless ? 72 : 40);
  const bodySize = stateless ? [80, 16, 16, 32][service] : [48, 8, 8, 24][service];
  const isChain = lens.lenToHash !== undefined;
  const isOpen = name.includes("open");
  const flaws: Flaw[] = [
    { what: "no whole header", check: 1, status: ERR, cut: 23 },
    { what: "a control opcode", check: 2, status: NOTSUPP, spoil: set(0, service << 8 | 2) },
    { what: "an unknown service", check: 2, status: NOTSUPP, spoil: set(0, 0x400) },
    { what: "flag 2", check: 3, status: ERR, spoil: set(16, 2) },
    { what: "no whole body", check: 5, status: ERR, cut: BODY + bodySize - 1 },
    { what: "src longer than R", check: 9, status: ERR, spoil: set(BODY + lens.srcDataLen, 1e6) },
  ];
  const add = (flaw: Flaw | false) => flaw !== false && flaws.push(flaw);
  add(
    !stateless && {
      what: "an unknown session",
      check: 4,
      status: INVSESS,
      spoil: set(8, 77),
    },
  );
  add(isSym && { what: "op_type 0", check: 6, status: NOTSUPP, spoil: set(opType, 0) });
  add(isSym && { what: "op_type 3", check: 6, status: NOTSUPP, spoil: set(opType, 3) });
  add(
    isSym && !stateless &&
      { what: "the other op_type", check: 6, status: ERR, spoil: set(opType, isChain ? 1 : 2) },
  );
  add(
    (isSym || service === 3) &&
      {
        what: "the other direction",
        check: 8,
        status: ERR,
        spoil: (view) => view.setUint8(0, isOpen ? 0 : 1),
      },
  );
  const algo = isChain ? [8, 20] : [0];
  for (const at of stateless ? algo : []) {
    add({ what: `no algorithm at ${at}`, check: 7, status: NOTSUPP, spoil: set(BODY + at, 31) });
  }
  if (stateless && isChain) {
    add({ what: "chain order 3", check: 7, status: NOTSUPP, spoil: set(BODY, 3) });
    add({ what: "hash mode 4", check: 7, status: NOTSUPP, spoil: set(BODY + 28, 4) });
  }
  const op = isChain ? 16 : 8;
  add(
    stateless && (isSym || service === 3) &&
      { what: "op 3", check: 8, status: ERR, spoil: set(BODY + op, 3) },
  );
  add(
    lens.dstDataLen !== undefined &&
      { what: "dst longer than W", check: 9, status: ERR, spoil: set(BODY + lens.dstDataLen, 1e6) },
  );
  add(
    lens.ivLen !== undefined &&
      { what: "an iv of 15", check: 10, status: ERR, spoil: set(BODY + lens.ivLen, 15) },
  );
  add(
    lens.hashResultLen !== undefined &&
      { what: "a result of 0", check: 10, status: ERR, spoil: set(BODY + lens.hashResultLen, 0) },
  );
  add(
    isOpen && {
      what: "a wrong tag",
      check: 12,
      status: BADMSG,
      // The tag stands in front of the 13 bytes of aad.
      spoil: (view) => view.setUint8(view.byteLength - 14, view.getUint8(view.byteLength - 14) ^ 1),
    },
  );
  return flaws;
}

// Applies flaws so that one which writes where another did leaves the earlier check's standing.
function spoiled(readable: Uint8Array, flaws: readonly Flaw[]): Uint8Array {
  const bytes = readable.slice();
  const view = new DataView(bytes.buffer);
  for (const { spoil } of flaws.toSorted((a, b) => b.check - a.check)) spoil?.(view);
  return bytes.subarray(0, Math.min(...flaws.map(({ cut }) => cut ?? bytes.length)));
}

function everyPair(flaws: readonly Flaw[], run: (pair: readonly Flaw[]) => number): void {
  for (const a of flaws) {
    for (const b of flaws) {
      // Two flaws of one check may come in any order.
      if (a !== b && a.check >= b.check) continue;
      const title = a === b ? a.what : `${a.what} (${a.check}) and ${b.what} (${b.check})`;

      assert.equal(run(a === b ? [a] : [a, b]), a.status, title);
    }
  }
}

for (const sample of SAMPLES) {
  Deno.test(`${sample.name} with two flaws is answered for the first one`, () => {
    const rig = new EngineRig();
    const { readable, writableLen } = sample.make(rig);

    everyPair(
      dataFlaws(sample),
      (pair) => rig.data(spoiled(readable, pair), writableLen).status,
    );

    assert.equal(rig.data(readable, writableLen).status, Status.OK);
  });

  if (!sample.stateless) continue;
  Deno.test(`${sample.name} whose mode is not negotiated is NOTSUPP before all else is looked at`, () => {
    const rig = new EngineRig({ stateless: [0, 1, 2, 3].filter((s) => s !== sample.service) });
    const { readable, writableLen } = sample.make(rig);
    for (const flaw of dataFlaws(sample).filter(({ check }) => check >= 3)) {
      if (flaw.what === "flag 2") continue;

      const answer = rig.data(spoiled(readable, [flaw]), writableLen);

      assert.equal(answer.status, NOTSUPP, flaw.what);
    }
  });
}

Deno.test("without MUX the flag is not looked at", () => {
  const rig = new EngineRig({ mux: false });
  for (const sample of SAMPLES.filter(({ stateless }) => !stateless)) {
    const { readable, writableLen } = sample.make(rig);
    for (const flag of [0, 1, 2, 0xffffffff]) {
      const bytes = readable.slice();
      new DataView(bytes.buffer).setUint32(16, flag, true);

      assert.equal(rig.data(bytes, writableLen).status, Status.OK, `${sample.name} ${flag}`);
    }
  }
});

Deno.test("the algo of either header and the hints are not looked at", () => {
  const rig = new EngineRig();
  for (const sample of SAMPLES) {
    const { readable, writableLen } = sample.make(rig);
    const view = new DataView(readable.buffer);
    view.setUint32(4, 0xffffffff, true);
    view.setUint32(20, 0xffffffff, true);

    assert.equal(rig.data(readable, writableLen).status, Status.OK, sample.name);
  }
  const { readable } = build(CREATE.cipher, SESSIONS.cipher, rig.mode);
  readable.fill(0xff, 4, 16);
  assert.equal(new DataView(rig.control(readable, 16).writable.buffer).getUint32(8, true), 0);
});

const CREATE_OP_TYPE = 16 + 48;

interface CreateCase {
  readonly kind: keyof typeof CREATE;
  readonly make: (rig: EngineRig) => Uint8Array;
  readonly flaws: readonly Flaw[];
}

const B = 16;
const CREATES: readonly CreateCase[] = [
  {
    kind: "cipher",
    make: (rig) => build(CREATE.cipher, SESSIONS.cipher, rig.mode).readable,
    flaws: [
      { what: "op_type 0", check: 6, status: NOTSUPP, spoil: set(CREATE_OP_TYPE, 0) },
      { what: "algo 31", check: 7, status: NOTSUPP, spoil: set(B, 31) },
      { what: "algo 0", check: 7, status: NOTSUPP, spoil: set(B, 0) },
      { what: "op 0", check: 8, status: ERR, spoil: set(B + 8, 0) },
      { what: "op 3", check: 8, status: ERR, spoil: set(B + 8, 3) },
      { what: "a key longer than R", check: 9, status: ERR, spoil: set(B + 4, 17) },
      { what: "a key of 15", check: 10, status: ERR, spoil: set(B + 4, 15) },
    ],
  },
  {
    kind: "chain",
    make: (rig) => build(CREATE.chain, SESSIONS.chain, rig.mode).readable,
    flaws: [
      { what: "op_type 3", check: 6, status: NOTSUPP, spoil: set(CREATE_OP_TYPE, 3) },
      { what: "order 0", check: 7, status: NOTSUPP, spoil: set(B, 0) },
      { what: "hash mode 0", check: 7, status: NOTSUPP, spoil: set(B + 4, 0) },
      { what: "cipher 31", check: 7, status: NOTSUPP, spoil: set(B + 8, 31) },
      { what: "mac 31", check: 7, status: NOTSUPP, spoil: set(B + 24, 31) },
      { what: "op 3", check: 8, status: ERR, spoil: set(B + 16, 3) },
      { what: "an auth key longer than R", check: 9, status: ERR, spoil: set(B + 32, 21) },
      { what: "a result of 33", check: 10, status: ERR, spoil: set(B + 28, 33) },
      { what: "a cipher key of 15", check: 10, status: ERR, spoil: set(B + 12, 15) },
    ],
  },
  {
    kind: "hash",
    make: (rig) => build(CREATE.hash, SESSIONS.hash, rig.mode).readable,
    flaws: [
      { what: "hash 31", check: 7, status: NOTSUPP, spoil: set(B, 31) },
      { what: "a result of 33", check: 10, status: ERR, spoil: set(B + 4, 33) },
    ],
  },
  {
    kind: "mac",
    make: (rig) => build(CREATE.mac, SESSIONS.mac, rig.mode).readable,
    flaws: [
      { what: "mac 63", check: 7, status: NOTSUPP, spoil: set(B, 63) },
      { what: "a key longer than R", check: 9, status: ERR, spoil: set(B + 8, 21) },
      { what: "no key", check: 10, status: ERR, spoil: set(B + 8, 0) },
      { what: "a result of 33", check: 10, status: ERR, spoil: set(B + 4, 33) },
    ],
  },
  {
    kind: "aead",
    make: (rig) => build(CREATE.aead, SESSIONS.aead, rig.mode).readable,
    flaws: [
      { what: "aead 4", check: 7, status: NOTSUPP, spoil: set(B, 4) },
      { what: "op 3", check: 8, status: ERR, spoil: set(B + 16, 3) },
      { what: "a key longer than R", check: 9, status: ERR, spoil: set(B + 4, 17) },
      { what: "a key of 15", check: 10, status: ERR, spoil: set(B + 4, 15) },
      { what: "a tag of 17", check: 10, status: ERR, spoil: set(B + 8, 17) },
      { what: "a tag of 0", check: 10, status: ERR, spoil: set(B + 8, 0) },
    ],
  },
];

for (const { kind, make, flaws } of CREATES) {
  const bodySize = { cipher: 56, chain: 56, hash: 8, mac: 16, aead: 24 }[kind];
  const all: Flaw[] = [
    ...flaws,
    { what: "no whole header", check: 1, status: ERR, cut: 15 },
    { what: "a data opcode", check: 2, status: NOTSUPP, spoil: (view) => view.setUint8(0, 0) },
    { what: "no whole body", check: 5, status: ERR, cut: B + bodySize - 1 },
  ];

  Deno.test(`a ${kind} session's creation with two flaws is answered for the first one`, () => {
    const rig = new EngineRig();
    everyPair(all, (pair) => {
      const { writable } = rig.control(spoiled(make(rig), pair), 16);
      return new DataView(writable.buffer).getUint32(8, true);
    });
    assert.equal(rig.engine.numSessions, 0);
  });

  for (const mux of [true, false]) {
    const full = mux ? NOSPC : ERR;
    Deno.test(`a ${kind} session ${mux ? "under" : "without"} MUX that finds no room has its flaws told first`, () => {
      const rig = new EngineRig({ mux, maxSessions: 1 });
      rig.create(CREATE.hash, SESSIONS.hash);
      const status = (readable: Uint8Array) =>
        new DataView(rig.control(readable, 16).writable.buffer).getUint32(8, true);

      assert.equal(status(make(rig)), full);
      for (const flaw of all) {
        if (flaw.cut !== undefined && !mux) continue;
        assert.equal(status(spoiled(make(rig), [flaw])), flaw.status, flaw.what);
      }
    });
  }
}

Deno.test("a disabled service is NOTSUPP for data and create, ERR for destroy", () => {
  const full = new EngineRig();
  const hashOnly = new EngineRig({ algorithms: [] });
  for (const { make } of CREATES) {
    const { writable } = hashOnly.control(make(full), 16);
    assert.equal(new DataView(writable.buffer).getUint32(8, true), NOTSUPP);
  }
  for (const sample of SAMPLES) {
    const { readable, writableLen } = sample.make(full);
    assert.equal(hashOnly.data(readable, writableLen).status, NOTSUPP);
  }
  for (const service of [0, 1, 2, 3]) assert.equal(hashOnly.destroy(service, 1), ERR);
});
