/**
 * Values of options: bytes, algorithms, keys.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { acceptsKeyLen, type Algorithm, ALGORITHMS, type KeyLens } from "../../device/mod.ts";
import { nameOf, type ParsedName } from "../../device/wire/names.ts";
import { requireName } from "../client/algorithms.ts";
import { CliError, type Io, systemText } from "./io.ts";

/** How bytes are given, for the help. */
export const BYTES_HELP = [
  "HEX is hexadecimal digits; or, so that a key does not show in the list of processes,",
  "@FILE (hexadecimal digits in a file), raw:FILE (the bytes of a file) or env:NAME",
  "(hexadecimal digits in an environment variable).",
].join("\n");

async function readBytes(path: string, option: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new CliError(`Cannot read ${path} for ${option}: ${systemText(error)}`, { cause: error });
  }
}

function hexBytes(text: string, option: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, "");
  // The text itself may be a key: it does not go into the message.
  if (!/^([0-9a-f]{2})*$/i.test(digits)) {
    throw new CliError(`Invalid ${option}: want an even number of hexadecimal digits`);
  }
  return Uint8Array.fromHex(digits);
}

/** Bytes of an option such as `--key`: see {@link BYTES_HELP}. */
export async function parseBytes(text: string, option: string, io: Io): Promise<Uint8Array> {
  if (text.startsWith("raw:")) return await readBytes(text.slice(4), option);
  if (text.startsWith("@")) {
    const bytes = await readBytes(text.slice(1), option);
    return hexBytes(new TextDecoder().decode(bytes), option);
  }
  if (text.startsWith("env:")) {
    const name = text.slice(4);
    const value = io.env(name);
    if (value === undefined) throw new CliError(`Invalid ${option}: ${name} is not set`);
    return hexBytes(value, option);
  }
  return hexBytes(text, option);
}

/** An algorithm a command is to use, with what is known of it. */
export interface ChosenAlgorithm<Row extends Algorithm> extends ParsedName {
  readonly row: Row;
  /** As the user wrote it, in the usual form. */
  readonly name: string;
}

/**
 * The algorithm of a name.
 *
 * @param services those that fit the command
 * @throws AlgorithmError for an unknown name, CliError for one of another service
 */
export function chooseAlgorithm<Service extends Algorithm["service"]>(
  name: string,
  services: readonly Service[],
  use: string,
): ChosenAlgorithm<Extract<Algorithm, { readonly service: Service }>> {
  type Row = Extract<Algorithm, { readonly service: Service }>;
  const parsed = requireName(name, services.length === 1 ? services[0] : undefined);
  const isWanted = (row: Algorithm): row is Row =>
    row.service === parsed.service && row.id === parsed.algo &&
    (services as readonly number[]).includes(row.service);
  const row = ALGORITHMS.find(isWanted);
  const plain = nameOf(parsed.service, parsed.algo, parsed.keyLen) ?? name;
  if (row === undefined) throw new CliError(`Algorithm ${plain} cannot ${use}`);
  return { ...parsed, row, name: plain };
}

function keyLensText(lens: KeyLens): string {
  if ("min" in lens) return `${lens.min} to ${lens.max}`;
  const last = lens.at(-1);
  return lens.length > 1 ? `${lens.slice(0, -1).join(", ")} or ${last}` : `${last}`;
}

/** Checks a key's length. */
export function checkKey(
  { name, keyLen, row }: ChosenAlgorithm<Exclude<Algorithm, { service: 1 }>>,
  key: Uint8Array,
): void {
  const lens = keyLen === undefined ? row.keyLens : [keyLen];
  if (acceptsKeyLen(lens, key.length)) return;
  throw new CliError(`Key of ${name} must be ${keyLensText(lens)} bytes, got ${key.length}`);
}

/** Checks an iv's length. */
export function checkIv(name: string, ivLens: readonly number[], iv: Uint8Array): void {
  if (ivLens.includes(iv.length)) return;
  if (ivLens.every((len) => len === 0)) throw new CliError(`Algorithm ${name} takes no iv`);
  if (iv.length === 0) throw new CliError(`Algorithm ${name} needs an iv: --iv HEX`);
  throw new CliError(`IV of ${name} must be ${keyLensText(ivLens)} bytes, got ${iv.length}`);
}
