/** The project's sources as text, and what they import. */

import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's directory. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** One TypeScript file. */
export interface Source {
  /** Path from the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** One import or re-export of a file. */
export interface Import {
  readonly from: string;
  readonly specifier: string;
  /** Path from the root of what is imported; null for packages. */
  readonly target: string | null;
  readonly isType: boolean;
}

/** The sources below a directory of the project. */
export async function sourcesIn(folder: string): Promise<Source[]> {
  const found: Source[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await sourcesIn(path));
    else if (name.endsWith(".ts")) {
      found.push({ path, text: await Deno.readTextFile(join(ROOT, path)) });
    }
  }
  return found;
}

/**
 * A source without its comments, and with the contents of its strings blanked unless they are kept.
 * Regular expressions are taken for code, which suffices for what is looked for.
 */
export function codeOf(text: string, keepStrings = false): string {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  return text.replace(token, (match) => {
    if (match.startsWith("/")) return match.replace(/[^\n]/g, " ");
    return keepStrings ? match : `${match[0]}${match[0]}`;
  });
}

/** What a source imports, in whatever form; comments are no imports. */
export function importsOf({ path, text }: Source): Import[] {
  const code = codeOf(text, true);
  const statement = /^\s*(?:import|export)\s+(type\s)?([^;"'`]*?)from\s*"([^"]+)"/gm;
  const bare = /^\s*import\s*"([^"]+)"/gm;
  const dynamic = /\bimport\s*\(\s*(?:"([^"]+)"|[^")])/g;
  const found: Import[] = [];
  const add = (specifier: string, isType: boolean) => {
    const target = specifier.startsWith(".")
      ? normalize(join(dirname(path), specifier)).replaceAll("\\", "/")
      : null;
    found.push({ from: path, specifier, target, isType });
  };
  for (const [, type, names, specifier] of code.matchAll(statement)) {
    const list = names.match(/\{([\s\S]*)\}/)?.[1].split(",").map((name) => name.trim()) ?? [];
    const named = list.filter((name) => name !== "");
    const allTypes = named.length > 0 && named.every((name) => name.startsWith("type "));
    add(specifier, type !== undefined || allTypes);
  }
  for (const [, specifier] of code.matchAll(bare)) add(specifier, false);
  for (const [, specifier] of code.matchAll(dynamic)) add(specifier ?? "(computed)", false);
  return found;
}
