/** A slice of the fuzzing: a fixed seed for what has to pass always, a drawn one for what is new. */

import { strict as assert } from "node:assert";
import { expect, Finding, type Kind, type World } from "./kind.ts";
import { KINDS } from "./kinds.ts";
import { Random } from "./random.ts";
import { commandFor, describe, minimise, type Round, runRound } from "./runner.ts";

const FIXED_SEED = 20260514;
const NUM_STEPS = 300;
const DRAWN_SEED = crypto.getRandomValues(new Uint32Array(1))[0];

async function mustPass(round: Round): Promise<void> {
  const { failure, executions } = await runRound(round);
  const told = failure === null ? "" : describe(failure.error);
  assert.equal(failure, null, `${told}\nRepeat: ${commandFor(round, round.steps ?? [])}`);
  assert.ok(executions > 0);
}

for (const kind of KINDS) {
  const steps = Array.from({ length: Math.min(NUM_STEPS, kind.numSteps) }, (_, i) => i);

  Deno.test(`nothing is found by fuzzing ${kind.name} with a fixed seed`, async () => {
    for (const round of [0, 1, 2]) await mustPass({ kind, seed: FIXED_SEED, round, steps });
  });

  Deno.test(`nothing is found by fuzzing ${kind.name} with seed ${DRAWN_SEED}, drawn for this run`, async () => {
    await mustPass({ kind, seed: DRAWN_SEED, round: 0, steps });
  });
}

// A world that fails once steps have drawn an odd number twice.
class OddWorld implements World {
  executions = 0;
  #num = 0;

  step(random: Random): void {
    this.executions++;
    if (random.oneIn(10)) this.#num++;
    expect(this.#num < 2, () => "Two odd steps");
  }

  close(): void {}
}

const ODD: Kind = {
  name: "odd",
  what: "",
  isGateway: false,
  numSteps: 200,
  makeWorld: () => new OddWorld(),
};

Deno.test("a failure repeats with its seed, and is boiled down to the steps that it needs", async () => {
  const round = { kind: ODD, seed: 5, round: 3 };

  const { failure } = await runRound(round);
  const again = await runRound(round);
  const steps = await minimise(round, failure?.step ?? 0, failure?.error);

  assert.ok(failure?.error instanceof Finding);
  assert.equal(again.failure?.step, failure.step);
  assert.equal(steps.length, 2);
  assert.ok((await runRound({ ...round, steps })).failure !== null);
  const listed = steps.join(",");
  const command = `deno task fuzz --only odd --seed 5 --round 3 --steps ${listed}`;
  assert.equal(commandFor(round, steps), command);
});

Deno.test("the same seed gives the same numbers, another gives others", () => {
  const numbers = (...seed: [number, number, number]) => {
    const random = new Random(...seed);
    return Array.from({ length: 8 }, () => random.next());
  };

  assert.deepEqual(numbers(1, 2, 3), numbers(1, 2, 3));
  assert.notDeepEqual(numbers(1, 2, 3), numbers(1, 2, 4));
  assert.notDeepEqual(numbers(1, 2, 3), numbers(2, 2, 3));
  for (let i = 0; i < 1000; i++) assert.ok(new Random(i).below(7) < 7);
});
