/**
 * The memory that a device, its driver and a racing thread share, and what lies where in it.
 *
 * Every place a descriptor may name for writing lies at the end, so that whatever length it has runs out
 * of memory before it runs into something else. What nothing names, and what lies around the memory, holds
 * canaries.
 */

import { strict as assert } from "node:assert";

/** Bytes around the memory that the device is given. */
const GUARD = 64 * 1024;
/** Where rings, requests, what nobody names, and results start, and where it all ends. */
export const RINGS = 0;
export const REQUESTS = 0x8000;
export const NOBODYS = 0x18000;
export const RESULTS = 0x20000;
export const END = 0x40000;
/** Bytes of one request's place, and of one result's. */
export const SLOT = 512;
export const NUM_SLOTS = 64;
/** From this slot on there are indirect tables; descriptors of the same number refer to them. */
export const FIRST_TABLE = 62;
/** Entries of the racing queue. */
export const RING_SIZE = 64;
const CANARY = 0xc5;

/** Words that the test and the racing thread share. */
export const Word = { STOP: 0, MODE: 1, ROUNDS: 2 } as const;

/** What a racing thread rewrites, as bits of {@link Word.MODE}. */
export const Race = {
  /** Header and fixed part. */
  FIXED: 1,
  /** Keys, ivs, aad, source. */
  DATA: 2,
  DESCRIPTORS: 4,
  /** Indices and heads of the available ring. */
  RING: 8,
  /** Swaps bytes of sealed data with forged ones and back. */
  FORGERY: 16,
} as const;

/** One byte that is swapped. */
export interface Swap {
  readonly at: number;
  readonly a: number;
  readonly b: number;
}

/** What the racing thread starts with. */
export interface RaceStart {
  readonly memory: SharedArrayBuffer;
  readonly words: SharedArrayBuffer;
  readonly seed: number;
  /** Addresses of the racing queue's descriptors and available ring. */
  readonly desc: number;
  readonly driver: number;
  readonly swaps: readonly Swap[];
}

/** New memory, canaries everywhere nobody writes. */
export function newGround(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(GUARD + END + GUARD);
  const bytes = new Uint8Array(memory);
  bytes.fill(CANARY);
  bytes.fill(0, GUARD, GUARD + NOBODYS);
  bytes.fill(0, GUARD + RESULTS, GUARD + END);
  return memory;
}

/** What the device is given of it. */
export function deviceMemory(memory: SharedArrayBuffer): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(memory, GUARD, END);
}

/** Holds that nothing was written where nobody may. */
export function assertUntouched(memory: SharedArrayBuffer): void {
  const zones = [
    ["in front of the memory", 0, GUARD],
    ["where no descriptor points", GUARD + NOBODYS, GUARD + RESULTS],
    ["behind the memory", GUARD + END, GUARD + END + GUARD],
  ] as const;
  for (const [where, start, end] of zones) {
    const at = new Uint8Array(memory, start, end - start).findIndex((byte) => byte !== CANARY);
    assert.equal(at, -1, `Written ${where}, at ${at}`);
  }
}
