/**
 * Records over real sockets: messages cut into fragments and chunks, frames that break the rules, clients
 * that vanish, and device threads behind it all.
 *
 * @module
 */

import { type RunningServer, startServer } from "../../../gateway/server.ts";
import { concat } from "../../conformance/bytes.ts";
import { encodeFrame, FrameKind, Socket } from "../../conformance/socket.ts";
import { expect, type World } from "../kind.ts";
import type { Random } from "../random.ts";
import { Computer } from "../requests/computer.ts";
import { Conversation, type Limits, type Message } from "./conversation.ts";

const NUM_CLIENTS = 2;
const PROTOCOL_ERROR = 1002;

interface Client {
  readonly conversation: Conversation;
  readonly computer: Computer;
  socket: Socket;
}

/** See the module's comment. */
export class SocketWorld implements World {
  executions = 0;
  readonly #server: RunningServer;
  readonly #clients: Client[] = [];
  readonly #errors: string[];

  private constructor(server: RunningServer, errors: string[]) {
    this.#server = server;
    this.#errors = errors;
  }

  /** A gateway and its clients. */
  static async make(random: Random): Promise<SocketWorld> {
    const limits: Limits = {
      queues: random.between(1, 3),
      maxSize: random.pick([4096, 4096, 70_000]),
      maxSessions: random.pick([2, 16]),
      layout: random.oneIn(3) ? "1.1" : "v19",
    };
    const errors: string[] = [];
    const threads = random.pick([0, 1, 1, 2]);
    const localWork = random.pick([0, 0, 100]);
    const maxRecords = random.pick([8, 4096]);
    const options = { ...limits, port: 0, threads, localWork, maxRecords };
    const server = await startServer(options, (level, event, fields) => {
      if (level === "error") errors.push(`${event} ${JSON.stringify(fields)}`);
    });
    const world = new SocketWorld(server, errors);
    for (let i = 0; i < NUM_CLIENTS; i++) {
      const computer = new Computer("noble");
      const conversation = new Conversation(limits, computer);
      world.#clients.push({ conversation, computer, socket: await world.#connect() });
    }
    return world;
  }

  async step(random: Random): Promise<void> {
    const client = random.pick(this.#clients);
    const kind = random.below(30);
    if (kind === 0) await this.#vanish(random, client);
    else if (kind === 1) await this.#breakRules(random, client);
    else await this.#talk(random, client);
    expect(this.#errors.length === 0, () => `The gateway logged ${this.#errors.join("; ")}`);
  }

  async close(): Promise<void> {
    for (const { socket, computer } of this.#clients) {
      socket.drop();
      computer.close();
    }
    await this.#server.close();
    expect(this.#errors.length === 0, () => `The gateway logged ${this.#errors.join("; ")}`);
  }

  async #connect(): Promise<Socket> {
    const { head, socket } = await Socket.upgrade(this.#server.url);
    expect(socket !== null, () => `The upgrade was answered ${head.status}`);
    return socket;
  }

  async #reconnect(client: Client): Promise<void> {
    client.socket.drop();
    client.conversation.restart();
    client.socket = await this.#connect();
  }

  async #talk(random: Random, client: Client): Promise<void> {
    const { conversation, socket } = client;
    const message = conversation.message(random);
    await this.#send(random, socket, message);
    while (conversation.numExpected > 0) {
      const { kind, payload, code } = await socket.receive();
      const isEnd = kind === -1 || kind === FrameKind.CLOSE;
      expect(!isEnd, () => `Closed (${code}) with ${conversation.numExpected} records unanswered`);
      if (kind === FrameKind.BINARY) conversation.take(random, payload);
    }
    this.executions += message.numRecords;
    if (!message.isMalformed) return;
    await this.#mustClose(socket, [PROTOCOL_ERROR]);
    await this.#reconnect(client);
  }

  async #mustClose(socket: Socket, codes: readonly number[]): Promise<void> {
    for (;;) {
      const { kind, code } = await socket.receive();
      if (kind === FrameKind.PONG) continue;
      const isRight = kind === FrameKind.CLOSE && codes.includes(code ?? 0);
      expect(isRight, () => `Frame ${kind} (${code}) instead of a close with ${codes}`);
      return;
    }
  }

  // A message in fragments, its bytes in chunks, a ping between them at times.
  async #send(random: Random, socket: Socket, { bytes }: Message): Promise<void> {
    const frames: Uint8Array[] = [];
    let left: Uint8Array = bytes;
    let kind: number = FrameKind.BINARY;
    for (let num = random.oneIn(3) ? random.between(1, 4) : 0; num > 0; num--) {
      const len = random.below(left.length + 1);
      frames.push(encodeFrame(left.subarray(0, len), { kind, fin: false }));
      left = left.subarray(len);
      kind = FrameKind.CONTINUATION;
      if (random.oneIn(4)) frames.push(encodeFrame(random.bytes(5), { kind: FrameKind.PING }));
    }
    frames.push(encodeFrame(left, { kind }));
    const all = concat(...frames);
    if (!random.oneIn(8)) return await socket.sendRaw(all);
    const step = random.pick([1, 7, 100, 1000]);
    const end = Math.min(all.length, 60 * step);
    for (let at = 0; at < end; at += step) await socket.sendRaw(all.subarray(at, at + step));
    await socket.sendRaw(all.subarray(end));
  }

  // In the middle of a message, or with its answers on their way.
  async #vanish(random: Random, client: Client): Promise<void> {
    const { bytes } = client.conversation.message(random);
    const frame = encodeFrame(bytes);
    await client.socket.sendRaw(frame.subarray(0, random.between(1, frame.length)));
    await this.#reconnect(client);
    this.executions++;
  }

  async #breakRules(random: Random, client: Client): Promise<void> {
    const payload = random.bytes(random.below(20));
    const { codes, frame } = random.pick([
      { codes: [1002], frame: { reserved: random.between(1, 7) } },
      { codes: [1002], frame: { masked: false } },
      { codes: [1002, 1003], frame: { kind: FrameKind.TEXT } },
      { codes: [1002], frame: { kind: random.pick([3, 7, 11, 15]) } },
      { codes: [1002], frame: { kind: FrameKind.CONTINUATION } },
      { codes: [1002], frame: { kind: FrameKind.PING, fin: false } },
      { codes: [1009], frame: { declaredLen: random.pick([2 ** 27, 2 ** 31, 2 ** 40]) } },
    ]);
    await client.socket.send(payload, frame);
    await this.#mustClose(client.socket, codes);
    await this.#reconnect(client);
    this.executions++;
  }
}
