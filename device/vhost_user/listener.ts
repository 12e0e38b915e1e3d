/**
 * A Unix socket that front-ends connect to.
 *
 * @module
 */

import { Errno, type Libc } from "./libc.ts";

// Front-ends that wait while another is served.
const BACKLOG = 16;

/**
 * A listening socket, mode 0600.
 *
 * A file left behind by a process that has died is replaced; one that somebody listens on is not.
 */
export class VhostListener {
  readonly path: string;
  readonly fd: number;
  readonly #libc: Libc;
  readonly #identity: string;

  /**
   * @throws {Error} when the path cannot be listened on
   * @throws {RangeError} when it is too long for a socket
   */
  constructor(libc: Libc, path: string) {
    this.#libc = libc;
    this.path = path;
    removeStale(libc, path);
    this.fd = libc.socket();
    try {
      libc.listen(this.fd, path, BACKLOG);
      this.#identity = libc.statusOf(path)?.identity ?? "";
    } catch (error) {
      libc.close(this.fd);
      throw error;
    }
  }

  /** Ends it. The file goes, unless another has taken its place. */
  close(): void {
    if (this.#libc.statusOf(this.path)?.identity === this.#identity) this.#libc.unlink(this.path);
    this.#libc.close(this.fd);
  }
}

function removeStale(libc: Libc, path: string): void {
  const status = libc.statusOf(path);
  if (status === null) return;
  if (!status.isSocket) throw new Error(`Cannot listen on ${path}: there is a file of that name`);
  const probe = libc.socket();
  try {
    if (libc.connect(probe, path) !== Errno.ECONNREFUSED) {
      throw new Error(`Cannot listen on ${path}: another process does`);
    }
  } finally {
    libc.close(probe);
  }
  libc.unlink(path);
}
