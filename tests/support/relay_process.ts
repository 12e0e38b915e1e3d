/** `ringway vhost-user` as a process of its own. */

import { spawn } from "node:child_process";
import { commandLine, type Outcome } from "../cli/ringway.ts";

/** A relay that runs. */
export interface RelayProcess extends AsyncDisposable {
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly ended: Promise<Outcome>;
  /** What it has written to standard error. */
  readonly log: string;
}

/** Starts `ringway vhost-user` and waits until it listens. */
export async function startRelay(
  path: string,
  gateway: string,
  words: readonly string[] = [],
): Promise<RelayProcess> {
  const [program, args] = commandLine(["vhost-user", path, "--gateway", gateway, ...words]);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stderr?.on("data", (chunk) => stderr += chunk);
  const ended = new Promise<Outcome>((resolve) => {
    child.on("close", (code) => {
      resolve({ code, stdout: new TextEncoder().encode(stdout), stderr });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (chunk) => {
      stdout += chunk;
      if (stdout === `Ringway listening on ${path}\n`) resolve();
    });
    ended.then(() => reject(new Error(`Relay ended: ${stderr}`)));
  });
  return {
    pid: child.pid ?? 0,
    ended,
    get log() {
      return stderr;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
