/**
 * Frames on their way into a socket.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import { threadTurns } from "../thread_turns.ts";

/**
 * Bytes given to the system at a time. It takes megabytes in one call while the peer reads: a frame of 16 MiB
 * kept the thread for 30 ms (measured, loopback).
 */
const SLICE_LEN = 256 * 1024;

interface Waiting {
  readonly frame: Uint8Array;
  readonly onSent: (() => void) | undefined;
}

/** Writes frames one behind the other, long ones in slices between which others have their turn. */
export class SocketWriter {
  readonly #socket: Duplex;
  readonly #onProgress: () => void;
  // Frames behind a long one, and that one first.
  readonly #waiting: Waiting[] = [];
  // Bytes of the first that have been written.
  #done = 0;
  // What goes out behind all of them, and ends the stream.
  #last: Uint8Array | null = null;

  /** @param onProgress called when part of a long frame has left */
  constructor(socket: Duplex, onProgress: () => void) {
    this.#socket = socket;
    this.#onProgress = onProgress;
  }

  /** Whether everything written so far has left for the system. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#socket.writableLength === 0;
  }

  /** Writes a frame, whose memory is the writer's until `onSent` is called. */
  write(frame: Uint8Array, onSent?: () => void): void {
    if (this.#waiting.length === 0 && frame.length <= SLICE_LEN) {
      this.#socket.write(frame, onSent);
      return;
    }
    this.#waiting.push({ frame, onSent });
    if (this.#waiting.length === 1) this.#writeSlice();
  }

  /** Writes a last frame and ends the stream behind it. */
  end(frame: Uint8Array): void {
    if (this.#waiting.length === 0) this.#socket.end(frame);
    else this.#last = frame;
  }

  #writeSlice(): void {
    if (this.#socket.destroyed) return;
    const start = performance.now();
    const { frame } = this.#waiting[0];
    const slice = frame.subarray(this.#done, this.#done + SLICE_LEN);
    this.#done += slice.length;
    this.#socket.write(slice, (error) => {
      if (error === null || error === undefined) this.#onWritten();
    });
    threadTurns.worked(start);
  }

  #onWritten(): void {
    const { frame, onSent } = this.#waiting[0];
    this.#onProgress();
    if (this.#done === frame.length) {
      this.#waiting.shift();
      this.#done = 0;
      onSent?.();
    }
    if (this.#waiting.length > 0) threadTurns.goOn(() => this.#writeSlice());
    else if (this.#last !== null) this.#socket.end(this.#last);
  }
}
