/**
 * Ours: requests of one session over the rings of a device in this process.
 *
 * Arguments: kind, bytes, requests in a batch, accelerator.
 */

import { ALGORITHMS, AlgorithmSet, openLibcrypto, withLibcrypto } from "../../../device/mod.ts";
import { inputOf, type KindName, KINDS } from "../../support/kinds.ts";
import { SessionLane } from "../../support/session_lane.ts";
import { hostLane, lane } from "../lane.ts";

function algorithms(accelerator: string): AlgorithmSet {
  if (accelerator === "noble") return new AlgorithmSet(ALGORITHMS);
  const opened = openLibcrypto();
  if (opened.library === null) throw new Error(`Cannot compare with libcrypto: ${opened.reason}`);
  return new AlgorithmSet(withLibcrypto(ALGORITHMS, opened.library));
}

const [name, size, num, accelerator] = Deno.args;
const kind = KINDS[name as KindName];
const src = inputOf(name as KindName, Number(size));
const ours = new SessionLane(
  algorithms(accelerator),
  kind.create,
  (sessionId) => kind.dataOf(sessionId, src),
  Number(num),
  kind.srcAt,
);
await hostLane(lane(Number(num), () => ours.run(), () => {
  ours.run();
  return ours.result();
}));
