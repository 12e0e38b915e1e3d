/**
 * MUSTs that the specification states for each of the four services in the same words.
 *
 * @module
 */

import { strict as assert } from "node:assert";
import { ALGORITHMS, AlgorithmSet } from "../../device/mod.ts";
import { ALL_MODES, type Mode, must } from "./cases.ts";
import { ACCEPT, assertRefused, assertResult, Driver } from "./driver.ts";
import { ERR, hash, INVSESS, type Kind, mac, NOTSUPP, pattern } from "./requests.ts";

/** A service, and a job that goes well. */
export interface Sample<Job> {
  /** What the job is, for the names of tests: `a hash`. */
  readonly what: string;
  readonly service: number;
  /** Feature that makes the service stateless. */
  readonly stateless: string;
  readonly kind: Kind<Job>;
  readonly job: Job;
  readonly expected: Uint8Array;
}

/** `struct virtio_crypto_op_data_req_mux` under MUX_MODE: as long as the structure it holds. */
export function muxBodyCase<Job>(id: string, { what, kind, job, expected }: Sample<Job>): void {
  must(id, ["MUX", "stateless"], `data of ${what} follow the structure at once`, (mode) => {
    const driver = new Driver(mode);
    const { variable } = mode === "MUX" ? kind.data(job) : kind.stateless(job);

    const whole = driver.run(kind, job);
    const cut = driver.run(kind, job, { cutReadable: variable.length + 1 });

    assertResult(whole, expected);
    assertRefused(cut, ERR, "of a body that lacks a byte");
  });
}

/** `struct virtio_crypto_op_data_req` without MUX_MODE: always of one size. */
export function fixedBodyCase<Job>(id: string, { what, kind, job, expected }: Sample<Job>): void {
  must(
    id,
    ["not-MUX"],
    `data of ${what} follow a union of 48 bytes whose rest is ignored`,
    (mode) => {
      const driver = new Driver(mode);

      assertResult(driver.run(kind, job), expected);

      if (kind.data(job).structure.length === 48) return;
      assertRefused(driver.run(kind, job, { unpadded: true }), ERR, "of a request as MUX has it");
    },
  );
}

/** `flag` decides between session and stateless mode where the latter is negotiated. */
export function flagCase<Job>(id: string, sample: Sample<Job>): void {
  const { what } = sample;
  const check = { "not-MUX": ignoresFlag, "MUX": readsSessionFlag, "stateless": readsBothFlags };
  const outcomes: Record<Mode, string> = {
    "not-MUX": `flag of ${what} is ignored where nothing is multiplexed`,
    "MUX": `flag 1 selects the session of ${what}`,
    "stateless": `flag 0 selects the own parameters of ${what}, flag 1 its session`,
  };
  for (const mode of ALL_MODES) must(id, [mode], outcomes[mode], () => check[mode](sample));
}

function ignoresFlag<Job>({ kind, job, expected }: Sample<Job>): void {
  const driver = new Driver("not-MUX");
  for (const flag of [0, 1, 7]) assertResult(driver.run(kind, job, { flag }), expected);
}

function readsSessionFlag<Job>({ kind, job, expected, stateless }: Sample<Job>): void {
  const able = new Driver("MUX", { accept: ACCEPT.stateless });
  const others = ACCEPT.stateless.filter((name) => name !== stateless);
  const unable = new Driver("MUX", { accept: others });

  assertResult(able.run(kind, job, { flag: 1 }), expected);
  assertRefused(able.run(kind, job, { flag: 2 }), ERR, "of a flag that is none");
  assertRefused(unable.run(kind, job, { flag: 0 }), NOTSUPP, "of an unnegotiated mode");
}

function readsBothFlags<Job>({ kind, job, expected }: Sample<Job>): void {
  const driver = new Driver("stateless");
  const sessionId = driver.open(kind, job);

  assertResult(driver.send(kind.stateless(job), 0, sessionId), expected);
  assertResult(driver.send(kind.data(job), 1, sessionId), expected);
  assertRefused(driver.send(kind.stateless(job), 2, sessionId), ERR, "of a flag that is none");
}

/**
 * The values of `status` that all services share. `bad` are jobs that a session of the good one
 * refuses with ERR, `unsupported` those that a stateless request refuses with NOTSUPP.
 */
export function statusCase<Job>(
  id: string,
  sample: Sample<Job>,
  bad: readonly Job[],
  unsupported: readonly Job[],
): void {
  const { what, kind, job, expected } = sample;
  must(id, ALL_MODES, `status of ${what} tells success and every kind of failure`, (mode) => {
    const driver = new Driver(mode);

    assertResult(driver.run(kind, job), expected);
    assertUnsupported(driver, sample, unsupported);
    assertSessions(driver, sample);
    const sessionId = mode === "stateless" ? 0 : driver.open(kind, job);
    bad.forEach((wrong, i) => {
      assertRefused(driver.run(kind, wrong, { sessionId }), ERR, `of bad job ${i}`);
    });
    assertRefused(driver.run(kind, job, { cutReadable: 1 }), ERR, "of data missing in R");
    assertRefused(driver.run(kind, job, { cutWritable: 1 }), ERR, "of too short a W");
    assertResult(driver.run(kind, job), expected);
  });
}

function assertUnsupported<Job>(
  driver: Driver,
  { service, kind, job }: Sample<Job>,
  unsupported: readonly Job[],
): void {
  const { mode } = driver;
  const opcode = service << 8 | 9;
  assertRefused(driver.run(kind, job, { opcode }), NOTSUPP, "of an unknown opcode");
  const rest = ALGORITHMS.filter((algorithm) => algorithm.service !== service);
  const without = new Driver(mode, { algorithms: new AlgorithmSet(rest) });
  const disabled = without.run(kind, job, { sessionId: 1 });
  assertRefused(disabled, NOTSUPP, "of a service that is not offered");
  if (mode !== "stateless") return;
  unsupported.forEach((other, i) => {
    assertRefused(driver.run(kind, other), NOTSUPP, `of unsupported job ${i}`);
  });
}

function assertSessions<Job>(driver: Driver, { service, kind, job, expected }: Sample<Job>): void {
  if (driver.mode === "stateless") {
    assertResult(driver.run(kind, job, { sessionId: 999 }), expected);
    return;
  }
  const closed = driver.open(kind, job);
  assert.equal(driver.destroy(kind.destroyOpcode, closed), 0);
  const message = { algo: 4, src: pattern(3, 1), hashResultLen: 32 };
  const foreign = service === 1
    ? driver.open(mac, { ...message, authKey: pattern(20, 2) })
    : driver.open(hash, message);
  for (const sessionId of [0, 999, closed, foreign]) {
    assertRefused(driver.run(kind, job, { sessionId }), INVSESS, `of session ${sessionId}`);
  }
}
