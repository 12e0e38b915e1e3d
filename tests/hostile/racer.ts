/** The racing thread: a driver that rewrites what the device is just reading. */

import { Random } from "../support/random.ts";
import {
  deviceMemory,
  END,
  FIRST_TABLE,
  NUM_SLOTS,
  Race,
  type RaceStart,
  REQUESTS,
  RESULTS,
  RING_SIZE,
  SLOT,
  Word,
} from "./race_ground.ts";

const BURST = 64;
const LENS = [0, 1, 2, 4, 15, 16, 24, 40, 48, 64, 80, 200, 256, 512, END, 0x80000000, 0xffffffff];
const VALUES = [0, 1, 2, 3, 4, 12, 13, 15, 16, 17, 32, 48, 64, 0x100, 0x7fffffff, 0xffffffff];
const FLAGS = [0, 1, 1, 1, 2, 2, 3, 0xfff8, 0xfff9, 0xfffa];
// Of the descriptors that refer to tables: they stay unwritable, for what is written over a table would be
// addresses.
const TABLE_LENS = [0, 15, 16, 17, 32, 496, 512, 1024, 0xfffffff0];
const TABLE_FLAGS = [4, 4, 4, 4, 5, 0, 1];
// Lengths in LENS that may be those of a request's buffer.
const NUM_SHORT = LENS.indexOf(END);

type Write = (random: Random, view: DataView, start: RaceStart) => void;

function pick(random: Random, values: readonly number[]): number {
  return random.below(8) === 0 ? random.next() : values[random.below(values.length)];
}

// Header and fixed part of a request: mostly a field, sometimes a byte of one.
const rewriteFixed: Write = (random, view) => {
  const at = REQUESTS + random.below(FIRST_TABLE) * SLOT;
  if (random.below(4) === 0) view.setUint8(at + random.below(104), random.next());
  else view.setUint32(at + 4 * random.below(26), pick(random, VALUES), true);
};

const rewriteData: Write = (random, view) => {
  view.setUint8(
    REQUESTS + random.below(FIRST_TABLE) * SLOT + 24 + random.below(300),
    random.next(),
  );
};

// Lengths and flags are anything. Addresses to be read lie among the requests, so that a descriptor which
// is made writable stays in front of what nobody names; the others run out of memory.
function rewriteEntry(random: Random, view: DataView, at: number): void {
  switch (random.below(4)) {
    case 0: {
      const isRequest = random.below(2) === 0;
      const address = isRequest
        ? REQUESTS + random.below((FIRST_TABLE - 1) * SLOT)
        : RESULTS + random.below(END - RESULTS + 64);
      // Its length first: a long one shall not stay with an address among the requests.
      if (isRequest) view.setUint32(at + 8, LENS[random.below(NUM_SHORT)], true);
      view.setUint32(at, address, true);
      view.setUint32(at + 4, random.below(64) === 0 ? random.next() : 0, true);
      break;
    }
    case 1: {
      const isRequest = view.getUint32(at, true) < RESULTS;
      view.setUint32(at + 8, LENS[random.below(isRequest ? NUM_SHORT : LENS.length)], true);
      break;
    }
    case 2:
      view.setUint16(at + 12, FLAGS[random.below(FLAGS.length)], true);
      break;
    default:
      view.setUint16(at + 14, random.below(RING_SIZE + 2), true);
  }
}

const rewriteDescriptor: Write = (random, view, { desc }) => {
  const index = random.below(RING_SIZE);
  if (random.below(4) === 0) {
    const table = REQUESTS + FIRST_TABLE * SLOT;
    rewriteEntry(random, view, table + 16 * random.below((NUM_SLOTS - FIRST_TABLE) * SLOT / 16));
  } else if (index < FIRST_TABLE) {
    rewriteEntry(random, view, desc + 16 * index);
  } else if (random.below(2) === 0) {
    view.setUint32(desc + 16 * index + 8, TABLE_LENS[random.below(TABLE_LENS.length)], true);
  } else {
    view.setUint16(desc + 16 * index + 12, TABLE_FLAGS[random.below(TABLE_FLAGS.length)], true);
  }
};

const rewriteRing: Write = (random, view, { driver }) => {
  if (random.below(4) > 0) {
    const entry = driver + 4 + 2 * random.below(RING_SIZE);
    view.setUint16(entry, random.below(RING_SIZE + 1), true);
    return;
  }
  const idx = view.getUint16(driver + 2, true);
  const step = random.below(16) === 0 ? random.below(200) - 100 : random.below(9) - 4;
  view.setUint16(driver + 2, idx + step, true);
};

const swap: Write = (random, view, { swaps }) => {
  const { at, a, b } = swaps[random.below(swaps.length)];
  view.setUint8(at, random.below(2) === 0 ? a : b);
};

const WRITES: readonly (readonly [number, Write])[] = [
  [Race.FIXED, rewriteFixed],
  [Race.DATA, rewriteData],
  [Race.DESCRIPTORS, rewriteDescriptor],
  [Race.RING, rewriteRing],
  [Race.FORGERY, swap],
];

function race(start: RaceStart): void {
  const words = new Int32Array(start.words);
  const bytes = deviceMemory(start.memory);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const random = new Random(start.seed);
  while (Atomics.load(words, Word.STOP) === 0) {
    const mode = Atomics.load(words, Word.MODE);
    const writes = WRITES.filter(([bit]) => (mode & bit) !== 0);
    if (writes.length > 0) {
      for (let i = 0; i < BURST; i++) writes[random.below(writes.length)][1](random, view, start);
    }
    Atomics.add(words, Word.ROUNDS, 1);
  }
  Atomics.store(words, Word.STOP, 2);
}

globalThis.addEventListener("message", (event) => {
  race((event as MessageEvent<RaceStart>).data);
  globalThis.close();
});
