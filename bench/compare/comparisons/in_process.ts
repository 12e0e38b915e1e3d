/**
 * The device in a process, without a network, beside the libraries called directly.
 */

import type { KindName } from "../../support/kinds.ts";
import { type Comparison, pair } from "../comparison.ts";
import { LaneProcess } from "../contender.ts";
import { OpensslSpeed } from "../openssl_speed.ts";
import { atLeast, type Bound, megabytes, REQUESTS } from "../row.ts";

const SIZE = 16 * 1024;
// One source and one destination: 32 KiB and the rings, well within L2.
const BATCH = 8;

/** Ours, one queue, session mode. */
export function deviceLane(
  kind: KindName,
  size: number,
  num: number,
  accelerator: "libcrypto" | "noble",
): LaneProcess {
  return new LaneProcess("lanes/device.ts", kind, size, num, accelerator);
}

function toOpenssl(kind: KindName, bound: Bound): Comparison {
  return pair(
    {
      name: `device on libcrypto, ${kind}, 16 KiB`,
      against: "openssl speed",
      figure: megabytes(SIZE),
      bound,
    },
    () => [deviceLane(kind, SIZE, BATCH, "libcrypto"), new OpensslSpeed(kind, SIZE)],
  );
}

function toNoble(kind: KindName): Comparison {
  return pair(
    {
      name: `device on noble, ${kind}, 16 KiB`,
      against: "noble called directly",
      figure: megabytes(SIZE),
      bound: atLeast(0.95),
    },
    () => [
      deviceLane(kind, SIZE, BATCH, "noble"),
      new LaneProcess("baselines/noble.ts", kind, SIZE, BATCH),
    ],
  );
}

function toNodeCrypto(kind: KindName): Comparison {
  return pair(
    {
      name: `device on libcrypto, ${kind}, 16 KiB, to node:crypto`,
      against: "node:crypto called directly",
      figure: megabytes(SIZE),
    },
    () => [
      deviceLane(kind, SIZE, BATCH, "libcrypto"),
      new LaneProcess("baselines/node_crypto.ts", kind, SIZE, BATCH),
    ],
  );
}

/** Comparisons of this file, in the table's order. */
export const IN_PROCESS: readonly Comparison[] = [
  toOpenssl("aes-128-cbc", atLeast(0.9)),
  toOpenssl("sha-256", atLeast(0.9)),
  toOpenssl("hmac-sha-256", atLeast(0.9)),
  toOpenssl("aes-128-gcm", atLeast(0.85)),
  toOpenssl("aes-128-gcm-decrypt", atLeast(0.75)),
  toOpenssl("aes-128-ctr", atLeast(0.75)),
  pair(
    {
      name: "device on libcrypto, aes-128-ctr, 64 B",
      against: "the two foreign calls in a loop",
      figure: REQUESTS,
      bound: atLeast(0.25),
    },
    () => [
      deviceLane("aes-128-ctr", 64, 256, "libcrypto"),
      new LaneProcess("baselines/ffi_calls.ts", 64, 256),
    ],
  ),
  toNoble("aes-128-ctr"),
  toNoble("aes-128-gcm"),
  toNoble("sha-256"),
  toNodeCrypto("aes-128-ctr"),
  toNodeCrypto("aes-128-gcm"),
];
