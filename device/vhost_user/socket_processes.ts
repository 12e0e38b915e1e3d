/**
 * A socket whose front-ends are served by a process each. One of them waits for the next front-end.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { execPath } from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { DeviceDescription, SocketReport, SocketStart } from "./description.ts";
import type { Libc } from "./libc.ts";
import { VhostListener } from "./listener.ts";
import type { ServedSocket, SocketEvent } from "./socket_thread.ts";

/** Front-ends of one socket at a time: each has a process of some 60 MiB. More of them wait. */
export const MAX_PROCESSES = 64;

// A process that fails at once would fail again at once.
const RESTART_MS = 1000;
// How long a process has to end that is told to.
const END_MS = 2000;
const STDIN = 0;

/** See the module's comment. */
export class SocketProcesses implements ServedSocket {
  readonly path: string;
  readonly ready: Promise<void>;
  readonly #libc: Libc;
  readonly #listener: VhostListener;
  readonly #device: DeviceDescription;
  readonly #onEvent: (event: SocketEvent) => void;
  readonly #ready: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #processes = new Map<ChildProcess, Promise<void>>();
  // The one that waits for a front-end.
  #spare: ChildProcess | null = null;
  #wasReady = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws {Error} when the path cannot be listened on, or no process can be started */
  constructor(
    libc: Libc,
    path: string,
    device: DeviceDescription,
    onEvent: (event: SocketEvent) => void,
  ) {
    this.path = path;
    this.#libc = libc;
    this.#device = device;
    this.#onEvent = onEvent;
    this.ready = this.#ready.promise;
    this.#listener = new VhostListener(libc, path);
    try {
      this.#startSpare();
    } catch (error) {
      this.#listener.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    for (const child of this.#processes.keys()) child.stdin?.destroy();
    const timer = setTimeout(() => {
      for (const child of this.#processes.keys()) child.kill("SIGKILL");
    }, END_MS);
    await Promise.all(this.#processes.values());
    clearTimeout(timer);
    this.#listener.close();
  }

  #startSpare(): void {
    const start: SocketStart = {
      listenFd: this.#listener.fd,
      stopFd: STDIN,
      device: this.#device,
    };
    const module = fileURLToPath(new URL("./unsealed_process.ts", import.meta.url));
    const args = ["run", "--quiet", "--no-prompt", "--allow-ffi", module, JSON.stringify(start)];
    // Inherited by this child alone: nothing else is started between these lines.
    this.#libc.setInherited(start.listenFd, true);
    let child: ChildProcess;
    try {
      child = spawn(execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    } finally {
      this.#libc.setInherited(start.listenFd, false);
    }
    this.#spare = child;
    this.#processes.set(child, this.#follow(child));
  }

  // Passes on what a process tells, until its end.
  async #follow(child: ChildProcess): Promise<void> {
    const exited = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(signal ?? (code === 0 ? "" : `exit ${code}`)));
    });
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", (line) => this.#take(child, line));
    }
    const reason = await exited;
    this.#processes.delete(child);
    if (this.#closing !== undefined) return;
    if (!this.#wasReady) {
      return this.#ready.reject(new Error(`Cannot serve ${this.path}: ${reason}`));
    }
    if (reason !== "") this.#onEvent({ kind: "died", reason });
    if (this.#spare === child) this.#restartLater();
    else if (this.#spare === null) this.#startNext();
  }

  #take(child: ChildProcess, line: string): void {
    const report = JSON.parse(line) as SocketReport;
    if (report.kind === "ready") {
      this.#wasReady = true;
      this.#ready.resolve();
    }
    if (report.kind === "connected" && this.#spare === child) {
      this.#spare = null;
      this.#startNext();
    }
    this.#onEvent(report);
  }

  #restartLater(): void {
    this.#spare = null;
    this.#timer = setTimeout(() => this.#startNext(), RESTART_MS);
  }

  #startNext(): void {
    if (this.#closing !== undefined || this.#processes.size >= MAX_PROCESSES) return;
    try {
      this.#startSpare();
    } catch (error) {
      this.#onEvent({ kind: "died", reason: String(error) });
      this.#restartLater();
    }
  }
}
