/**
 * What went wrong, in one line for the user.
 *
 * @module
 */

import { Status } from "../../device/wire/constants.ts";
import {
  AlgorithmError,
  ConnectionError,
  CryptoError,
  FeatureError,
  NeedsResetError,
  RefusedError,
} from "../client/mod.ts";
import { OptionError } from "../options.ts";
import { CliError, type Io } from "./io.ts";

/** Errors whose message is for people. */
const KNOWN = [
  CliError,
  AlgorithmError,
  ConnectionError,
  FeatureError,
  NeedsResetError,
  RefusedError,
  OptionError,
];

function text(error: unknown): string {
  if (error instanceof CryptoError) {
    if (error.status !== Status.BADMSG) return error.message;
    return "Data do not verify: they were changed, or key, iv or aad are wrong (BADMSG)";
  }
  if (KNOWN.some((known) => error instanceof known)) return (error as Error).message;
  const message = error instanceof Error ? error.message : String(error);
  return `Unexpected error: ${message} (RINGWAY_DEBUG=1 tells more)`;
}

/** One line about an error. With RINGWAY_DEBUG set, its stack and cause besides. */
export function messageOf(error: unknown, io: Io): string {
  const line = text(error).replaceAll(/\s*[\r\n]\s*/g, " ");
  if (!io.env("RINGWAY_DEBUG") || !(error instanceof Error)) return line;
  const cause = error.cause instanceof Error ? `\nCaused by ${error.cause.stack}` : "";
  return `${line}\n${error.stack}${cause}`;
}
