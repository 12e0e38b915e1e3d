/**
 * The device's MUSTs, taken from the specification's source.
 *
 * They are counted by the keyword: each MUST or MUST NOT inside a `\devicenormative` section is one
 * obligation. An \item can hold two ("If MUX_MODE is negotiated, the device MUST ... Otherwise, the
 * device MUST ..."), and the values nested under "one of the following values" belong to the MUST
 * that announces them. By sections: 10 + 3 + 1 + 6 + 5 + 9 + 7 = 41.
 *
 * @module
 */

/** One obligation of the device. */
export interface Must {
  /** The section's title in lower case with dashes, and the MUST's position in it from 1 on. */
  readonly id: string;
  /** Title of the section. */
  readonly section: string;
  /** The clause, and the values nested below it, in one line. */
  readonly text: string;
}

const TEX = Deno.readTextFileSync(new URL("./virtio-crypto-v19.tex", import.meta.url));

// A section lasts to the next heading of any level.
const DEVICE_SECTION =
  /\\devicenormative\{[^}]*\}\{([^}]*)\}\{[^}]*\}([\s\S]*?)(?=\\(?:driver|device)normative|\\(?:sub)*section\{|\\(?:sub)?paragraph\{|$)/g;

const KEYWORD = /\bMUST(?: NOT)?\b/g;

function oneLine(tex: string): string {
  return tex.replaceAll(/\\field\{([^}]*)\}/g, "$1").replaceAll(/\s+/g, " ")
    .replaceAll(" ;", ";").trim();
}

// Items of the outer list, those of an inner list joined to the one they stand under.
function items(section: string): string[] {
  const found: string[] = [];
  let depth = 0;
  for (const token of section.split(/(\\begin\{itemize\*\}|\\end\{itemize\*\}|\\item )/)) {
    if (token.startsWith("\\begin")) depth++;
    else if (token.startsWith("\\end")) depth--;
    else if (token === "\\item ") found.push(depth === 1 ? "" : (found.pop() ?? "") + "; ");
    else if (found.length > 0) found.push(found.pop() + token);
  }
  return found.map(oneLine);
}

// Clauses end at a full stop, or at the comma that joins two sentences.
function clauses(item: string): string[] {
  return item.split(/(?<=[.,]) (?=[A-Z])/).filter((clause) => clause.match(KEYWORD) !== null);
}

/** Every MUST of the device in the source given, in its order. */
export function parseMusts(tex: string): Must[] {
  return [...tex.matchAll(DEVICE_SECTION)].flatMap(([, section, body]) =>
    items(body)
      .flatMap(clauses)
      .flatMap((text) => (text.match(KEYWORD) ?? []).map(() => text))
      .map((text, i) => ({ id: `${slug(section)}-${i + 1}`, section, text }))
  );
}

/** How often the keyword stands in the device's sections, however they are cut into items. */
export function countKeywords(tex: string): number {
  return [...tex.matchAll(DEVICE_SECTION)]
    .reduce((sum, [, , body]) => sum + (body.match(KEYWORD)?.length ?? 0), 0);
}

function slug(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

/**
 * Numbers of the algorithms the specification defines, by service number; `NO_CIPHER` and its kin,
 * which are 0 and name none, left out.
 */
export function definedAlgorithms(tex: string): number[][] {
  return ["CIPHER", "HASH", "MAC", "AEAD"].map((service) =>
    [...tex.matchAll(new RegExp(`#define VIRTIO_CRYPTO_${service}_\\w+ (\\d+)\\n`, "g"))]
      .map(([, number]) => Number(number))
  );
}

/** The specification's source. */
export const SPECIFICATION: string = TEX;

/** The device's MUSTs. */
export const MUSTS: readonly Must[] = parseMusts(TEX);
