/**
 * Loops that serve a connection: one that blocks its thread, one that does not.
 *
 * @module
 */

import type { MakeBackend } from "./backend.ts";
import { MAX_WATCHED, VhostConnection } from "./connection.ts";
import { type Libc, WOULD_BLOCK } from "./libc.ts";
import { PollSet } from "./poll_set.ts";

/** Why a connection ended that was served until the stop. */
export const STOPPED = "stopped";

/** What a connection is served with. */
export interface ServeConnectionOptions {
  readonly libc: Libc;
  /** The connected socket, non-blocking; it is closed at the end. */
  readonly fd: number;
  readonly makeBackend: MakeBackend;
  /** Whether memory is taken that its owner can truncate. Default false. */
  readonly isUnsealed?: boolean;
}

/**
 * Serves a connection to its end, in a thread that does nothing else. A wake-up takes 4 us here.
 *
 * @param stopFd ends it when it becomes readable, as an eventfd does that is signalled
 * @returns why it ended
 */
export function serveBlocking(options: ServeConnectionOptions, stopFd: number): string {
  const set = new PollSet(options.libc, MAX_WATCHED);
  const connection = new VhostConnection(options);
  try {
    while (connection.endReason === null) {
      set.clear();
      set.add(stopFd);
      connection.watch(set);
      set.wait(connection.isUrgent ? 0 : -1);
      if (set.isReady(0)) break;
      connection.turn(set, 1);
    }
  } finally {
    connection.end(STOPPED);
  }
  return connection.endReason ?? STOPPED;
}

/**
 * Serves a connection to its end, in a thread that does other things besides. A wake-up takes 40 us and
 * more here: the wait is another thread's.
 *
 * @param signal ends it
 * @returns why it ended
 */
export async function serveAsync(
  options: ServeConnectionOptions,
  signal: AbortSignal,
): Promise<string> {
  const { libc } = options;
  const set = new PollSet(libc, MAX_WATCHED);
  const wakeFd = libc.eventfd();
  const wake = () => libc.signal(wakeFd);
  let connection: VhostConnection | undefined;
  signal.addEventListener("abort", wake);
  try {
    connection = new VhostConnection({ ...options, wake });
    while (connection.endReason === null && !signal.aborted) {
      set.clear();
      set.add(wakeFd);
      connection.watch(set);
      await set.waitAsync(connection.isUrgent ? 0 : -1);
      if (set.isReady(0)) libc.takeEvent(wakeFd);
      if (!signal.aborted) connection.turn(set, 1);
    }
  } finally {
    signal.removeEventListener("abort", wake);
    connection?.end(STOPPED);
    libc.close(wakeFd);
  }
  return connection.endReason ?? STOPPED;
}

/** The next connection, waited for in a thread that does nothing else; null when the wait was stopped. */
export function acceptBlocking(libc: Libc, listenFd: number, stopFd: number): number | null {
  const set = new PollSet(libc, 2);
  for (;;) {
    set.clear();
    set.add(stopFd);
    set.add(listenFd);
    set.wait(-1);
    if (set.isReady(0)) return null;
    const fd = libc.accept(listenFd);
    if (fd !== WOULD_BLOCK) return fd;
  }
}

/** The next connection, waited for without blocking the thread; null when the wait was aborted. */
export async function acceptAsync(
  libc: Libc,
  listenFd: number,
  signal: AbortSignal,
): Promise<number | null> {
  const set = new PollSet(libc, 2);
  const wakeFd = libc.eventfd();
  const wake = () => libc.signal(wakeFd);
  signal.addEventListener("abort", wake);
  try {
    while (!signal.aborted) {
      set.clear();
      set.add(wakeFd);
      set.add(listenFd);
      await set.waitAsync(-1);
      const fd = signal.aborted ? WOULD_BLOCK : libc.accept(listenFd);
      if (fd !== WOULD_BLOCK) return fd;
    }
    return null;
  } finally {
    signal.removeEventListener("abort", wake);
    libc.close(wakeFd);
  }
}
