/**
 * What commands have of the world around them, so that tests can stand in for it.
 *
 * @module
 */

import process from "node:process";

/** A command's surroundings. */
export interface Io {
  /** Standard input, in chunks. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Writes to standard output; resolves when the bytes have left. */
  writeOut(bytes: Uint8Array): Promise<void>;
  /** Writes to standard error. */
  writeErr(text: string): void;
  /** Columns of the terminal that standard error is; 0 when it is none. */
  readonly errColumns: number;
  /** An environment variable. */
  env(name: string): string | undefined;
  /** Whether the process may connect to itself over 127.0.0.1, at any port. */
  readonly mayConnectToSelf: boolean;
  /** Aborted when the user (SIGINT) or the system (SIGTERM) wants the program to end. */
  readonly interrupted: AbortSignal;
}

/** What went wrong, in one line for the user. */
export class CliError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
  }
}

/** Text of a failed system call without its code and path: "no such file or directory". */
export function systemText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^[A-Z0-9_]+: ([^,]+)/.exec(message)?.[1] ?? message;
}

/** Writes a line of text to standard output. */
export function printLine(io: Io, text: string): Promise<void> {
  return io.writeOut(new TextEncoder().encode(text + "\n"));
}

/**
 * The real surroundings of this process.
 *
 * @param mayConnectToSelf what the runtime says of {@link Io.mayConnectToSelf}
 */
export function processIo(mayConnectToSelf: boolean): Io {
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => interrupt.abort(new CliError(`Interrupted by ${signal}`)));
  }
  // Errors reach the callback of the write that met them; unheard as an event, they end the process.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  return {
    stdin: process.stdin,
    writeOut: (bytes) =>
      new Promise((resolve, reject) => {
        const failed = (error: unknown) => {
          const text = `Cannot write standard output: ${systemText(error)}`;
          reject(new CliError(text, { cause: error }));
        };
        // Where standard output is a file, write() throws.
        try {
          process.stdout.write(bytes, (error) => error ? failed(error) : resolve());
        } catch (error) {
          failed(error);
        }
      }),
    writeErr: (text) => void process.stderr.write(text),
    errColumns: process.stderr.isTTY ? process.stderr.columns ?? 80 : 0,
    env: (name) => process.env[name],
    mayConnectToSelf,
    interrupted: interrupt.signal,
  };
}
