/**
 * What a command is: a name, a table of options, and what it does. Help and parsing come from the
 * table.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { z } from "zod";
import { CliError, type Io, printLine } from "./io.ts";

/** One option of a command. */
export interface OptionSpec {
  /** What the option's value is called in the help; a flag has none. */
  readonly value?: string;
  /** One letter that stands for the option. */
  readonly short?: string;
  /** May be given more than once. */
  readonly multiple?: boolean;
  readonly help: string;
  /** Shown in the help. */
  readonly default?: string;
}

/** Options by name, without their dashes. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** A command as its file writes it down. */
export interface CommandSpec<Options> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What stands behind the options, such as `[FILE]`. */
  readonly arguments: string;
  /** Most positional arguments; Infinity for any number. */
  readonly maxArguments: number;
  readonly options: OptionTable;
  /** Checks the options: strings, `true` for flags, arrays where `multiple`. */
  readonly schema: z.ZodType<Options>;
  /** What there is to know besides the options. */
  readonly details: string;
  /** Does it. Returns the exit code, or throws. */
  run(options: Options, positionals: readonly string[], io: Io): Promise<number>;
}

/** A command to be run with arguments. */
export interface Command {
  /** Text of `--help`. */
  readonly help: string;
  /** Runs with the arguments behind the command's name. Returns the exit code, or throws. */
  execute(args: readonly string[], io: Io): Promise<number>;
}

/** The command was used wrongly; the help of `command` tells how it is meant. */
export class UsageError extends CliError {
  readonly command: string;

  constructor(command: string, message: string) {
    super(message);
    this.name = "UsageError";
    this.command = command;
  }
}

/** Makes a command of its description. */
export function defineCommand<Options>(spec: CommandSpec<Options>): Command {
  const help = helpText(spec);
  return {
    help,
    async execute(args, io) {
      const { values, positionals } = parse(spec, args);
      if (values.help === true) {
        await printLine(io, help);
        return 0;
      }
      if (positionals.length > spec.maxArguments) {
        const extra = positionals[spec.maxArguments];
        throw new UsageError(spec.name, `Unexpected argument ${extra}`);
      }
      const checked = spec.schema.safeParse(values);
      if (checked.success) return await spec.run(checked.data, positionals, io);
      const issue = checked.error.issues[0];
      const option = `--${String(issue.path[0])}`;
      const isMissing = values[String(issue.path[0])] === undefined;
      const text = isMissing
        ? `Option ${option} is missing`
        : `Invalid ${option}: ${issue.message}`;
      throw new UsageError(spec.name, text);
    },
  };
}

function parse(
  spec: CommandSpec<unknown>,
  args: readonly string[],
): { values: Record<string, unknown>; positionals: readonly string[] } {
  const options: Record<
    string,
    { type: "string" | "boolean"; multiple?: boolean; short?: string }
  > = { help: { type: "boolean", short: "h" } };
  for (const [name, { value, multiple, short }] of Object.entries(spec.options)) {
    options[name] = {
      type: value === undefined ? "boolean" : "string",
      ...(multiple === undefined ? {} : { multiple }),
      ...(short === undefined ? {} : { short }),
    };
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Node's advice on dashes takes several sentences; the first says what is wrong.
    throw new UsageError(spec.name, message.split(/[.\n]\s/, 1)[0].replace(/\.$/, ""));
  }
}

/** Column at which the help of an option starts. */
const HELP_COLUMN = 28;

function optionLine(name: string, option: OptionSpec): string {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  const value = option.value === undefined ? "" : ` ${option.value}`;
  const left = `  ${short}--${name}${value}`;
  const right = option.default === undefined
    ? option.help
    : `${option.help} (default ${option.default})`;
  if (left.length + 2 <= HELP_COLUMN) return left.padEnd(HELP_COLUMN) + right;
  return `${left}\n${" ".repeat(HELP_COLUMN)}${right}`;
}

function helpText(spec: CommandSpec<unknown>): string {
  const lines = Object.entries(spec.options).map(([name, option]) => optionLine(name, option));
  lines.push(optionLine("help", { short: "h", help: "show this text" }));
  const usage = `Usage: ringway ${spec.name} [options] ${spec.arguments}`.trimEnd();
  return [
    usage,
    "",
    `${spec.summary}.`,
    "",
    "Options:",
    ...lines,
    ...(spec.details === "" ? [] : ["", spec.details]),
  ].join("\n");
}
