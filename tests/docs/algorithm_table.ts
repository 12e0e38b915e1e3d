/**
 * The README's table of algorithms, made from the list.
 *
 * `deno task docs` writes it into the README; a test fails while it is stale.
 */

import {
  type AcceleratorName,
  ALGORITHMS,
  openLibcrypto,
  withLibcrypto,
} from "../../device/mod.ts";
import { nameOf } from "../../device/wire/names.ts";
import { Service } from "../../device/wire/constants.ts";
import { type AlgorithmDescription, describeAlgorithm } from "../../gateway/description.ts";

const START = "<!-- The table is made by `deno task docs`. -->\n<!-- deno-fmt-ignore-start -->";
const END = "<!-- deno-fmt-ignore-end -->";
const README = new URL("../../README.md", import.meta.url);

// Who serves, the first that is there.
const ORDER: readonly AcceleratorName[] = ["libcrypto", "noble", "typescript"];

const HEAD = [
  "| service | number | name | key bytes | iv bytes | result bytes | standard | by | |",
  "|---|---|---|---|---|---|---|---|---|",
];

/** The table as Markdown. */
export function algorithmTable(): string {
  const { library } = openLibcrypto();
  if (library === null) throw new Error("The table names libcrypto: it has to be there");
  const rows = withLibcrypto(ALGORITHMS, library).map((algorithm) => {
    const by = algorithm.implementations.map(({ accelerator }) => accelerator)
      .toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
    return row(describeAlgorithm({ algorithm, accelerator: by[0], open: undefined }), by);
  });
  return [...HEAD, ...rows].join("\n");
}

function row(described: AlgorithmDescription, by: readonly string[]): string {
  const { service, id, keyLens, ivLens, tagLens, maxResultLen, standard, weakness } = described;
  const name = nameOf(Service[service], id) ?? described.name;
  const keys = keyLens === undefined
    ? ""
    : "min" in keyLens
    ? `${keyLens.min} to ${keyLens.max}`
    : list(keyLens);
  const ivs = list((ivLens ?? []).filter((len) => len > 0));
  const result = tagLens !== undefined ? `tag ${list(tagLens)}` : maxResultLen?.toString() ?? "";
  const mark = weakness === undefined ? "" : `weak: ${weakness}`;
  const cells = [service, id, `\`${name}\``, keys, ivs, result, standard, by.join(", "), mark];
  return `| ${cells.join(" | ")} |`.replaceAll("|  |", "| |");
}

// Runs of consecutive lengths as a range: 7 to 13.
function list(lens: readonly number[]): string {
  const isRun = lens.length > 2 && lens.every((len, i) => i === 0 || len === lens[i - 1] + 1);
  return isRun ? `${lens[0]} to ${lens[lens.length - 1]}` : lens.join(", ");
}

/** The README with a fresh table. */
export function withTable(readme: string): string {
  const start = readme.indexOf(START);
  const end = readme.indexOf(END);
  if (start < 0 || end < start) throw new Error("The README has no place for the table");
  return `${readme.slice(0, start)}${START}\n\n${algorithmTable()}\n\n${readme.slice(end)}`;
}

/** The README as it is. */
export function readReadme(): string {
  return Deno.readTextFileSync(README);
}

if (import.meta.main) Deno.writeTextFileSync(README, withTable(readReadme()));
