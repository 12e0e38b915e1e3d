/**
 * What a kind of fuzzing is: worlds that are made from a seed and stepped through.
 *
 * Each step has randomness of its own, so that a failure can be repeated with the steps alone that it
 * needs.
 *
 * @module
 */

import type { Random } from "./random.ts";

/** A device, gateway or ring under test, from its making to its end. */
export interface World {
  /** Requests, records, chains or calls executed so far. */
  readonly executions: number;
  /** Does something random, and throws when what comes of it is wrong. */
  step(random: Random): void | Promise<void>;
  /** Ends the world; throws when it leaves something behind. */
  close(): void | Promise<void>;
}

/** See the module's comment. */
export interface Kind {
  readonly name: string;
  /** What is fuzzed, for `--help`. */
  readonly what: string;
  /** Whether its executions go through the gateway: 2,000 a second are asked for there, else 20,000. */
  readonly isGateway: boolean;
  /** Steps of one world. */
  readonly numSteps: number;
  makeWorld(random: Random): World | Promise<World>;
}

/** A finding: what was expected and did not hold. */
export class Finding extends Error {
  constructor(what: string) {
    super(what);
    this.name = "Finding";
  }
}

/** Throws a {@link Finding} unless `holds`. The text is made only then. */
export function expect(holds: boolean, what: () => string): asserts holds {
  if (!holds) throw new Finding(what());
}
