/**
 * Log lines: one event, one line, with named fields.
 *
 * The library never writes by itself; whoever starts the server hands in a {@link Log}.
 *
 * @module
 */

/** How much an event matters. */
export type LogLevel = "info" | "warn" | "error";

/** What may stand in a field. Keys, tokens and payloads never do. */
export type LogFields = Record<string, string | number>;

/**
 * Takes one event.
 *
 * @param event what happened, lower case, a few words that stay the same from line to line
 */
export type Log = (level: LogLevel, event: string, fields?: LogFields) => void;

/** Drops everything. */
export const noLog: Log = (): void => {};

/** How {@link createLog} writes its lines. */
export type LogFormat = "json" | "plain";

/**
 * Makes a {@link Log} that writes lines through a function.
 *
 * Line breaks and other control characters in values are escaped, so that what a client sends
 * cannot forge a line.
 *
 * @param write takes one line without its line break
 * @param now the clock, for tests
 *
 * @example
 * ```ts
 * import { createLog } from "./log.ts";
 * const lines: string[] = [];
 * const log = createLog((line) => lines.push(line), "plain", () => new Date(0));
 * log("info", "listening", { port: 8790 });
 * lines; // ["1970-01-01T00:00:00.000Z info listening port=8790"]
 * ```
 */
export function createLog(
  write: (line: string) => void,
  format: LogFormat,
  now: () => Date = () => new Date(),
): Log {
  return (level, event, fields = {}) => {
    const time = now().toISOString();
    if (format === "json") {
      write(JSON.stringify({ time, level, event, ...fields }));
      return;
    }
    let line = `${time} ${level} ${event}`;
    for (const [name, value] of Object.entries(fields)) line += ` ${name}=${plainValue(value)}`;
    write(line);
  };
}

/** Quotes what would be ambiguous in a plain line. */
function plainValue(value: string | number): string {
  const text = String(value);
  return /^[!#-<>-~]+$/.test(text) ? text : JSON.stringify(text);
}

/** The message of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Stack of an error where there is one, for faults of ours. */
export function errorStack(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
