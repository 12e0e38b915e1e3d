/**
 * Signs of life of a WebSocket: our pings and the answers to the peer's (RFC 6455, section 5.5).
 *
 * @module
 */

import type { SocketWriter } from "./socket_writer.ts";
import { encodeFrame, FrameOpcode } from "./frames.ts";

/** Looks at the connection's activity within one idle timeout. */
const TICKS_PER_TIMEOUT = 3;

/** What a connection says of itself when the heartbeat looks. */
export interface HeartbeatState {
  /** Whether the peer waits for the device: its silence then says nothing. */
  readonly waitsForDevice: () => boolean;
  /** Called when a look found the connection silent. */
  readonly onSilent: () => void;
  /** Called when the peer has been silent for the whole timeout. */
  readonly onDead: () => void;
}

/** Pings a silent peer, tells when it is gone, and answers its pings. */
export class Heartbeat {
  readonly #writer: SocketWriter;
  readonly #state: HeartbeatState;
  readonly #timer: ReturnType<typeof setInterval>;
  #active = true;
  #silentTicks = 0;
  /** A pong waits in the socket; meanwhile only the last ping is remembered. */
  #pongPending = false;
  #nextPong: Uint8Array | null = null;
  #stopped = false;

  /** @param idleTimeout seconds of silence after which a peer counts as gone */
  constructor(writer: SocketWriter, idleTimeout: number, state: HeartbeatState) {
    this.#writer = writer;
    this.#state = state;
    this.#timer = setInterval(() => this.#tick(), (idleTimeout * 1000) / TICKS_PER_TIMEOUT);
  }

  /** Something was received, or an answer left. */
  noteActivity(): void {
    this.#active = true;
  }

  /** Answers a ping. A flood of pings gets few pongs: RFC 6455 wants only the last answered. */
  answer(payload: Uint8Array): void {
    if (this.#stopped) return;
    if (this.#pongPending) {
      this.#nextPong = payload.slice();
      return;
    }
    this.#pongPending = true;
    this.#writer.write(encodeFrame(FrameOpcode.PONG, payload, "server"), () => {
      this.#pongPending = false;
      const next = this.#nextPong;
      this.#nextPong = null;
      if (next !== null) this.answer(next);
    });
  }

  /** No more pings and pongs: a close frame is the last one. The peer is still watched. */
  stop(): void {
    this.#stopped = true;
  }

  /** Ends the watch. */
  close(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  #tick(): void {
    if (this.#active || this.#state.waitsForDevice()) {
      this.#active = false;
      this.#silentTicks = 0;
      return;
    }
    this.#state.onSilent();
    this.#silentTicks++;
    if (this.#silentTicks >= TICKS_PER_TIMEOUT - 1) {
      this.#state.onDead();
    } else if (this.#silentTicks === 1 && !this.#stopped) {
      this.#writer.write(encodeFrame(FrameOpcode.PING, new Uint8Array(0), "server"));
    }
  }
}
