/**
 * `ringway token new`: makes bearer tokens.
 *
 * @module
 */

import { open, readFile, rename, rm } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { loadTokens, newToken } from "../auth.ts";
import { type Command, defineCommand, UsageError } from "./command.ts";
import { CliError, type Io, printLine, systemText } from "./io.ts";

const schema = z.object({ tokens: z.string().min(1).optional() });

/** A tokens file, as far as it matters here; `loadTokens` checks the whole. */
interface TokensFile {
  readonly tokens: readonly { readonly name: string; readonly sha256: string }[];
}

const DETAILS = [
  "Prints the token, which is kept nowhere: only its SHA-256 goes into the file that serve reads",
  "with --tokens. Without --tokens the entry for that file is printed on standard error.",
].join("\n");

async function readTokens(path: string): Promise<TokensFile> {
  try {
    const text = await readFile(path, "utf8");
    await loadTokens(path);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { tokens: [] };
    throw error;
  }
}

/** Adds an entry: the new file is written beside the old one, checked, and takes its place. */
async function addEntry(path: string, entry: { name: string; sha256: string }): Promise<void> {
  const { tokens } = await readTokens(path);
  if (tokens.some(({ name }) => name === entry.name)) {
    throw new CliError(`the name ${entry.name} is there already`);
  }
  const text = JSON.stringify({ tokens: [...tokens, entry] }, null, 2) + "\n";
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx", 0o600);
    await file.writeFile(text);
    await file.close();
    await loadTokens(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function run(
  options: z.output<typeof schema>,
  positionals: readonly string[],
  io: Io,
): Promise<number> {
  const [action, name] = positionals;
  if (action !== "new" || name === undefined) {
    throw new UsageError("token", "Want the words: token new NAME");
  }
  if (!/^[\w.@-]{1,64}$/.test(name)) {
    throw new CliError(`Invalid name, want 1 to 64 letters, digits, or . _ @ -: ${name}`);
  }
  const { token, sha256 } = newToken();
  const path = options.tokens;
  if (path === undefined) {
    await printLine(io, token);
    io.writeErr(`Entry for the tokens file: ${JSON.stringify({ name, sha256 })}\n`);
    return 0;
  }
  try {
    await addEntry(path, { name, sha256 });
  } catch (error) {
    throw new CliError(`Cannot add a token to ${path}: ${systemText(error)}`, { cause: error });
  }
  await printLine(io, token);
  return 0;
}

/** `ringway token`. */
export const token: Command = defineCommand({
  name: "token",
  summary: "Make a bearer token for a gateway",
  arguments: "new NAME",
  maxArguments: 2,
  options: {
    tokens: { value: "FILE", help: "tokens file to add the entry to; made if there is none" },
  },
  schema,
  details: DETAILS,
  run,
});
