/** How the comparison makes figures, judges them, and shows them. */

import { strict as assert } from "node:assert";
import { chart } from "../../bench/compare/chart.ts";
import type { Contender } from "../../bench/compare/contender.ts";
import { checkSame, pair } from "../../bench/compare/comparison.ts";
import type { Sample } from "../../bench/compare/lane.ts";
import { interleave, median, medianRatio, quantile } from "../../bench/compare/measure.ts";
import { parseOptions } from "../../bench/compare/options.ts";
import { atLeast, atMost, comparedRow, ownRow, REQUESTS } from "../../bench/compare/row.ts";
import { table } from "../../bench/compare/table.ts";

function samples(rates: readonly number[], cpuMicros: number): Sample[] {
  return rates.map((num) => ({ num, seconds: 1, cpuSeconds: num * cpuMicros / 1e6 }));
}

function contender(result: string, log: string[] = []): Contender {
  return {
    measure: () => {
      log.push(result);
      return Promise.resolve({ num: 1, seconds: 1, cpuSeconds: 1 });
    },
    result: () => Promise.resolve(result),
    close: () => Promise.resolve(),
  };
}

Deno.test("a median is the middle, a quantile the value that so many do not exceed", () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);

  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median(values), 50.5);
  assert.equal(quantile(values, 0.99), 99);
});

Deno.test("contenders are measured by turns, and the order turns round with each round", async () => {
  const log: string[] = [];

  await interleave([contender("a", log), contender("b", log)], { rounds: 3, seconds: 1 });

  // The first two warm up.
  assert.equal(log.join(""), "ab" + "ab" + "ba" + "ab");
});

Deno.test("a ratio compares what was measured in the same round", () => {
  const ours = samples([100, 50, 90], 1);
  const baseline = samples([100, 50, 100], 1);

  assert.equal(medianRatio(ours, baseline, REQUESTS.value), 1);
});

Deno.test("a bound has to hold for the rate and for CPU time", () => {
  const compared = { name: "x", against: "y", figure: REQUESTS, bound: atLeast(0.9) };

  const good = comparedRow(compared, samples([95, 95, 95], 1), samples([100, 100, 100], 1));
  const slow = comparedRow(compared, samples([80, 80, 80], 1), samples([100, 100, 100], 1));
  const costly = comparedRow(compared, samples([95, 95, 95], 2), samples([100, 100, 100], 1));

  assert.deepEqual([good.held, slow.held, costly.held], [true, false, false]);
  assert.equal(good.ratio, 0.95);
  assert.equal(costly.cpu?.ratio, 0.5);
});

Deno.test("a figure that stands for itself is judged by itself, and one without a bound is not judged", () => {
  assert.equal(ownRow("p99", "ms", [51], atMost(50, "ours")).held, false);
  assert.equal(ownRow("p99", "ms", [49], atMost(50, "ours")).held, true);
  assert.equal(ownRow("p99", "ms", [49]).held, null);
});

Deno.test("a comparison of two contenders is run in every pass and gives what all of them have found", async () => {
  const rates = [50, 60, 90, 80, 100];
  const measured = (rate: () => number): Contender => ({
    ...contender("same"),
    measure: (seconds) =>
      Promise.resolve({ num: seconds === 1 ? rate() : 0, seconds, cpuSeconds: 1 }),
  });
  const { isRepeated, run } = pair(
    { name: "x", against: "y", figure: REQUESTS },
    () => [measured(() => rates.shift() ?? NaN), measured(() => 100)],
  );
  const context = {
    isSmoke: false,
    progress: () => {},
    effort: { passes: 2, rounds: 2, seconds: 1 },
  };

  await run(context);
  const [row] = await run({ ...context, effort: { ...context.effort, rounds: 3 } });

  assert.ok(isRepeated);
  assert.equal(row.ours, 80);
  assert.equal(row.ratio, 0.8);
});

Deno.test("contenders that give different bytes are not compared", async () => {
  await checkSame("same", [contender("abcdef"), contender("abcdef"), contender("abcd")]);

  await assert.rejects(
    checkSame("other", [contender("abcdef"), contender("abcdee")]),
    /other: results differ/,
  );
  await assert.rejects(checkSame("none", [contender("ab"), contender("")]), /gives nothing/);
});

Deno.test("the table has a line for each row, all of one width", () => {
  const lines = table([ownRow("a long name", "ms", [1234.5]), ownRow("b", "MB", [0.5])])
    .trimEnd().split("\n");

  assert.equal(lines.length, 4);
  assert.equal(new Set(lines.map((line) => line.length)).size, 1);
  assert.match(lines[2], /a long name .* 1,235 /);
});

Deno.test("the chart has two panels, with a line and its points for each contender", () => {
  const points = [{ size: 64, rate: 1e6 }, { size: 1024, rate: 5e5 }];

  const svg = chart([{ name: "ours", points }, { name: "others", points }]);

  assert.equal(svg.match(/<polyline /g)?.length, 4);
  assert.equal(svg.match(/<circle /g)?.length, 8 + 2);
  assert.match(svg, />ours<[^]*>others</);
  assert.doesNotMatch(svg, /NaN|undefined/);
});

Deno.test("options that cannot be are told", () => {
  const options = parseOptions(["--only", "GCM", "--rounds", "3", "--passes", "2"]);

  assert.ok(typeof options !== "string");
  assert.ok(options.only?.test("aes-128-gcm"));
  assert.deepEqual(options.effort, { passes: 2, rounds: 3, seconds: 0.5 });
  assert.match(String(parseOptions(["--rounds", "0"])), /Invalid --rounds/);
  assert.match(String(parseOptions(["--passes", "1.5"])), /Invalid --passes/);
  assert.match(String(parseOptions(["--seconds", "x"])), /Invalid --seconds/);
  assert.match(String(parseOptions(["--only", "("])), /regular expression/);
  assert.equal(typeof parseOptions(["--what"]), "string");
});
