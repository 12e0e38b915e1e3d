/**
 * One WebSocket connection: one device, over the socket of a `node:http` upgrade.
 *
 * Backpressure goes both ways. While the device has not started all of a message, or too many
 * answers have not left, the socket is paused and one chunk at most waits here; TCP then slows the
 * peer. Whatever goes wrong ends this connection and touches no other.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import { clearImmediate, setImmediate } from "node:timers";
import { errorMessage, errorStack, type Log } from "../log.ts";
import { type AnswerSink, MalformedMessageError, type RemoteDevice } from "../remote_device.ts";
import {
  CloseCode,
  encodeClose,
  FrameError,
  frameInPlace,
  FrameOpcode,
  FrameParser,
} from "./frames.ts";
import { threadTurns } from "../thread_turns.ts";
import { SocketWriter } from "./socket_writer.ts";
import { Heartbeat } from "./heartbeat.ts";

/** Milliseconds a peer has to close its end after a close frame, before the socket is cut. */
const CLOSE_TIMEOUT_MS = 3000;
/** Bytes that a message which waits in the socket takes besides its own: views, callbacks, the queue. */
const MESSAGE_COST = 4096;
/** Bytes that Deno reads from a socket at a time. */
const FULL_CHUNK_LEN = 64 * 1024;
/** What a connection uses of a {@link RemoteDevice}. */
export type ConnectionDevice = Pick<
  RemoteDevice,
  | "sink"
  | "push"
  | "hold"
  | "flush"
  | "resume"
  | "settled"
  | "goAway"
  | "recycle"
  | "release"
  | "close"
>;

/** Limits of one connection, and where it reports. */
export interface ConnectionOptions {
  /** Longest message in bytes, all its fragments together. */
  readonly maxMessage: number;
  /** Bytes of answers that may wait for the peer before reading stops. */
  readonly maxUnansweredBytes: number;
  /** Records of answers that may wait for the peer before reading stops. */
  readonly maxRecords: number;
  /** Seconds of silence, or of not taking answers, after which the connection is cut. */
  readonly idleTimeout: number;
  readonly log: Log;
  /** Called once, when the socket is closed and the device gone. */
  readonly onClosed: () => void;
}

/** A WebSocket connection after its handshake. */
export class Connection implements AnswerSink {
  readonly #socket: Duplex;
  readonly #device: ConnectionDevice;
  readonly #options: ConnectionOptions;
  readonly #parser: FrameParser;
  readonly #writer: SocketWriter;
  readonly #heartbeat: Heartbeat;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;
  #unsentBytes = 0;
  #unsentRecords = 0;
  /** The device has not yet started all of the message it was given, or it is others' turn. */
  #deviceBusy = false;
  #paused = false;
  /** Nothing more is parsed: a close frame has come, or the connection has failed. */
  #finished = false;
  #closeSent = false;
  #closed = false;
  #draining = false;
  /** The last chunk was as long as chunks are: more has come meanwhile. */
  #isMoreAtHand = false;
  #flushTimer: ReturnType<typeof setImmediate> | undefined;

  /**
   * @param socket past the 101 response
   * @param head bytes that came behind the handshake
   * @param device this connection's own; closed with it
   */
  constructor(
    socket: Duplex,
    head: Uint8Array,
    device: ConnectionDevice,
    options: ConnectionOptions,
  ) {
    this.#socket = socket;
    this.#device = device;
    this.#options = options;
    this.#parser = new FrameParser({
      role: "server",
      maxPayload: options.maxMessage,
      freeMemory: true,
    });
    device.sink = this;
    socket.on("data", (chunk: Uint8Array) => this.#guard(() => this.#receive(chunk)));
    socket.on("end", () => this.destroy());
    socket.on("error", (error) => {
      options.log("info", "websocket socket error", { error: errorMessage(error) });
      this.destroy();
    });
    socket.on("close", () => this.#onClosed());
    this.#writer = new SocketWriter(socket, () => this.#heartbeat.noteActivity());
    this.#heartbeat = new Heartbeat(this.#writer, options.idleTimeout, {
      waitsForDevice: () => this.#deviceBusy && this.#unsentBytes === 0,
      // The device may still hold a message that lies in the parser's memory.
      onSilent: () => {
        if (!this.#deviceBusy) this.#parser.release();
        device.release();
      },
      onDead: () => {
        options.log("info", "websocket timed out", { unsentBytes: this.#unsentBytes });
        this.destroy();
      },
    });
    if (head.length > 0) this.#guard(() => this.#receive(head));
  }

  /** Bytes of answers taken by `send` that have not left. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Records of answers taken by `send` that have not left. */
  get unsentRecords(): number {
    return this.#unsentRecords;
  }

  /** Sends one message of answers. Dropped once the connection is closing. */
  send(message: Uint8Array<ArrayBuffer>, numRecords: number): void {
    if (this.#closeSent || this.#closed) return;
    // What it holds, not what it says: a short message may lie in memory for a longer one.
    const numBytes = message.buffer.byteLength + MESSAGE_COST;
    this.#unsentBytes += numBytes;
    this.#unsentRecords += numRecords;
    let isRecycled = false;
    this.#writer.write(frameInPlace(FrameOpcode.BINARY, message), () => {
      if (!isRecycled) this.#device.recycle(message);
      this.#guard(() => this.#onSent(numBytes, numRecords));
    });
    // It has left already: its memory, warm in the cache, serves the next. Callbacks come much later while
    // the socket brings more.
    if (this.#writer.isEmpty) {
      isRecycled = true;
      this.#device.recycle(message);
    }
  }

  /** Tells the client to finish and reconnect elsewhere within `seconds`. */
  goAway(seconds: number): void {
    if (!this.#finished) this.#guard(() => this.#device.goAway(seconds));
  }

  /** Ends the connection because the gateway ends. */
  goingAway(): void {
    if (!this.#finished) this.#guard(() => this.#device.flush());
    this.close(CloseCode.GOING_AWAY, "The gateway ends");
  }

  /** Sends a close frame behind what has been sent, and cuts the socket if the peer does not. */
  close(code: number, reason: string): void {
    if (this.#closeSent || this.#closed) return;
    this.#finished = true;
    this.#closeSent = true;
    this.#heartbeat.stop();
    this.#closeTimer = setTimeout(() => this.destroy(), CLOSE_TIMEOUT_MS);
    this.#writer.end(encodeClose(code, reason, "server"));
    // What still comes is dropped, but read: unread bytes would reset the connection and with it
    // the close frame on its way.
    this.#resumeSocket();
  }

  /** Cuts the connection at once. */
  destroy(): void {
    this.#finished = true;
    this.#socket.destroy();
  }

  #receive(chunk: Uint8Array): void {
    this.#heartbeat.noteActivity();
    if (this.#finished) {
      this.#drop(chunk);
      return;
    }
    this.#isMoreAtHand = chunk.length >= FULL_CHUNK_LEN;
    this.#parser.push(chunk);
    this.#drain();
  }

  /** Frees what comes after the end at once: there may be much of it. */
  #drop(chunk: Uint8Array): void {
    if (this.#deviceBusy) return;
    this.#parser.discard();
    this.#parser.push(chunk);
    this.#parser.discard();
  }

  /** Walks over the frames of the current chunk until it ends or the device wants a pause. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    // What comes in one chunk is answered together: a third of the system calls, and of waking up the peer.
    this.#device.hold();
    try {
      while (!this.#finished && !this.#mustWait()) {
        // Before the next message, not behind it: with many clients each would work once more, and the thread
        // would never be idle.
        const { pause } = threadTurns;
        if (pause !== undefined) {
          this.#waitFor(pause);
        } else if (!this.#parser.next()) {
          this.#resumeSocket();
          return;
        } else {
          this.#take();
        }
      }
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.#draining = false;
      this.#flush();
    }
    if (!this.#finished) this.#pauseSocket();
  }

  // A chunk that is full says that more waits in the socket: its answers leave with the next one's, or when
  // there is none after all. Waking up the peer is much of what a message costs.
  #flush(): void {
    if (!this.#isMoreAtHand || this.#finished || this.#mustWait()) {
      this.#device.flush();
    } else if (this.#flushTimer === undefined) {
      this.#flushTimer = setImmediate(() => {
        this.#flushTimer = undefined;
        this.#guard(() => this.#device.flush());
      });
    }
  }

  #mustWait(): boolean {
    return this.#deviceBusy || this.#unsentBytes > this.#options.maxUnansweredBytes ||
      this.#unsentRecords > this.#options.maxRecords;
  }

  /** Takes the frame the parser stands on. */
  #take(): void {
    switch (this.#parser.opcode) {
      case FrameOpcode.PING:
        this.#heartbeat.answer(this.#parser.payload);
        return;
      case FrameOpcode.PONG:
        return;
      case FrameOpcode.CLOSE:
        this.#finished = true;
        this.#closeAfterAnswers(this.#parser.closeCode, "");
        return;
    }
    const started = this.#device.push(this.#parser.payload);
    if (started !== undefined) this.#waitFor(started);
  }

  /** Takes nothing until the device has started all of its message, or until it is this connection's turn. */
  #waitFor(started: Promise<void>): void {
    this.#deviceBusy = true;
    started.then(
      () => this.#guard(() => this.#onStarted()),
      (error) => this.#guard(() => this.#refuse(error)),
    );
  }

  #onStarted(): void {
    this.#deviceBusy = false;
    this.#heartbeat.noteActivity();
    this.#drain();
  }

  #onSent(numBytes: number, numRecords: number): void {
    this.#heartbeat.noteActivity();
    this.#unsentBytes -= numBytes;
    this.#unsentRecords -= numRecords;
    if (this.#closed) return;
    this.#device.resume();
    if (this.#paused) this.#drain();
  }

  /** Ends the connection, for what the peer did wrong or for a fault of ours. */
  #refuse(error: unknown): void {
    this.#finished = true;
    this.#deviceBusy = false;
    this.#parser.discard();
    if (error instanceof FrameError) {
      this.#closeAfterAnswers(error.closeCode, error.message);
    } else if (error instanceof MalformedMessageError) {
      this.#closeAfterAnswers(CloseCode.PROTOCOL_ERROR, error.message);
    } else {
      this.#fault(error);
    }
  }

  #fault(error: unknown): void {
    if (this.#closed) return;
    this.#options.log("error", "websocket connection failed", { error: errorStack(error) });
    this.close(CloseCode.INTERNAL_ERROR, "Internal error");
  }

  /** Closes once everything that came before has been answered. */
  #closeAfterAnswers(code: number, reason: string): void {
    this.#pauseSocket();
    if (code !== CloseCode.NORMAL && code !== CloseCode.NO_STATUS) {
      this.#options.log("info", "websocket closing", { code, reason });
    }
    this.#device.settled().then(
      () => this.#guard(() => this.close(code, reason)),
      (error) => this.#fault(error),
    );
  }

  #pauseSocket(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  #resumeSocket(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  #onClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#finished = true;
    this.#heartbeat.close();
    clearTimeout(this.#closeTimer);
    clearImmediate(this.#flushTimer);
    try {
      this.#device.close();
    } catch (error) {
      this.#options.log("error", "device did not close", { error: errorStack(error) });
    }
    this.#parser.discard();
    this.#options.onClosed();
  }

  /** Runs a part of the connection; a throw ends this connection only. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#finished = true;
      this.#fault(error);
    }
  }
}
