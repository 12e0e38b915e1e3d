/**
 * The lanes of records: over a WebSocket, and over HTTP.
 *
 * The gateway is in this process, so that what its devices hold can be looked at; the bytes go through
 * real sockets all the same.
 */

import { strict as assert } from "node:assert";
import type { AlgorithmSet } from "../../device/mod.ts";
import type { WireMode } from "../../device/wire/requests.ts";
import { Gateway } from "../../gateway/gateway.ts";
import { RecordKind, RECORDS_MEDIA_TYPE } from "../../gateway/records.ts";
import { RemoteDevice } from "../../gateway/remote_device.ts";
import { type RunningServer, startServer } from "../../gateway/server.ts";
import { openPeer, type TestPeer } from "../gateway/helpers.ts";
import { concat } from "../support/random.ts";
import {
  ALL_MODES,
  type Answer,
  answersIn,
  read,
  startUp,
  submit,
  write,
} from "../support/remote_rig.ts";
import {
  type Came,
  type Lane,
  type LaneOptions,
  type Levels,
  modeOf,
  NUM_QUEUES,
  type Sent,
  within,
} from "./lanes.ts";

const MAX_SIZE = 4 << 20;
const RING_LEN = 32 * 1024;

// The devices that gateways of this process have made: what they hold is no client's business.
const made: RemoteDevice[] = [];
// What they offer in place of what their gateway has chosen.
let offered: AlgorithmSet | undefined;
Gateway.prototype.newDevice = function (this: Gateway): RemoteDevice {
  const options = offered === undefined
    ? this.deviceOptions
    : { ...this.deviceOptions, algorithms: offered, threads: undefined };
  const device = new RemoteDevice(options);
  made.push(device);
  return device;
};

/** The devices that gateways have made since the last call. */
export function takeMade(): RemoteDevice[] {
  return made.splice(0);
}

/** A lane of records to a device of a gateway. */
export abstract class RecordLane implements Lane {
  readonly mode: WireMode;
  readonly control = NUM_QUEUES;
  readonly numDataQueues = NUM_QUEUES;
  readonly memoryLimit: number;
  readonly server: RunningServer;
  protected readonly options: LaneOptions;
  readonly #device: RemoteDevice;
  // The lane that started the gateway ends it; its neighbours do not.
  readonly #ownsServer: boolean;

  constructor(server: RunningServer, options: LaneOptions, ownsServer: boolean) {
    this.server = server;
    this.options = options;
    this.mode = modeOf(options);
    const maxSize = options.maxSize ?? MAX_SIZE;
    this.memoryLimit = 2 * (maxSize + 4096 + 32) + (NUM_QUEUES + 1) * RING_LEN;
    this.#device = made.at(-1) ?? assert.fail("No device was made");
    this.#ownsServer = ownsServer;
  }

  /** Sends records in one message and waits for so many answers. */
  protected abstract exchange(message: Uint8Array<ArrayBuffer>, num: number): Promise<Answer[]>;

  abstract neighbour(): Promise<Lane>;

  /** Sends records in one message; their answers, INTERRUPTs left out. */
  async ask(...records: readonly Uint8Array[]): Promise<Answer[]> {
    const answers = await within(this.exchange(concat(...records), records.length), "answers");
    assert.equal(answers.length, records.length, "Records without an answer, or with two");
    return answers;
  }

  async run(requests: readonly Sent[]): Promise<Came[]> {
    const answers = await this.ask(
      ...requests.map(({ queue = 0, readable, writableLen }, id) =>
        submit(id, queue, readable, writableLen)
      ),
    );
    const came: Came[] = [];
    for (const { kind, id, value, payload } of answers) {
      assert.equal(came[id], undefined, `A second answer to ${id}`);
      const refused = kind === RecordKind.REFUSED ? value : 0;
      if (refused === 0) assert.equal(payload.length, value, "used.len is what has come");
      came[id] = { refused, usedLen: refused === 0 ? value : 0, written: payload };
    }
    return came;
  }

  async read(register: number): Promise<number> {
    const [{ payload }] = await this.ask(read(0, register));
    return new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  }

  async write(register: number, value: number): Promise<void> {
    await this.ask(write(0, register, value));
  }

  async restart(): Promise<void> {
    await this.ask(...startUp(NUM_QUEUES, this.mode.mux ? ALL_MODES : [], 256));
  }

  levels(): Levels {
    if (this.options.isFaulty !== true) assert.equal(this.#device.counters.faults, 0);
    return { sessions: this.#device.state().sessions, ...this.#device.held };
  }

  async close(): Promise<void> {
    if (this.#ownsServer) await this.server.close();
  }
}

const isAnswer = ({ kind }: Answer) => kind !== RecordKind.INTERRUPT;

class SocketLane extends RecordLane {
  readonly #peer: TestPeer;

  constructor(server: RunningServer, options: LaneOptions, peer: TestPeer, ownsServer: boolean) {
    super(server, options, ownsServer);
    this.#peer = peer;
  }

  static async open(
    server: RunningServer,
    options: LaneOptions,
    ownsServer: boolean,
  ): Promise<SocketLane> {
    const lane = new SocketLane(server, options, await openPeer(server.url), ownsServer);
    await lane.restart();
    return lane;
  }

  protected async exchange(message: Uint8Array, num: number): Promise<Answer[]> {
    this.#peer.message(message);
    const answers: Answer[] = [];
    while (answers.length < num) {
      answers.push(...answersIn(await this.#peer.nextMessage()).filter(isAnswer));
    }
    return answers;
  }

  neighbour(): Promise<Lane> {
    return SocketLane.open(this.server, this.options, false);
  }

  override async close(): Promise<void> {
    await this.#peer.close();
    await super.close();
  }
}

class HttpLane extends RecordLane {
  readonly #url: string;

  constructor(server: RunningServer, options: LaneOptions, id: string, ownsServer: boolean) {
    super(server, options, ownsServer);
    this.#url = `${server.url}/v1/devices/${id}`;
  }

  static async open(
    server: RunningServer,
    options: LaneOptions,
    ownsServer: boolean,
  ): Promise<HttpLane> {
    const response = await fetch(`${server.url}/v1/devices`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ features: modeOf(options).mux ? ALL_MODES : [] }),
    });
    assert.equal(response.status, 201);
    const { id }: { id: string } = await response.json();
    return new HttpLane(server, options, id, ownsServer);
  }

  protected async exchange(message: Uint8Array<ArrayBuffer>): Promise<Answer[]> {
    const response = await fetch(`${this.#url}/records`, {
      method: "POST",
      headers: { "content-type": RECORDS_MEDIA_TYPE },
      body: message,
    });
    assert.equal(response.status, 200);
    return answersIn(await response.bytes()).filter(isAnswer);
  }

  neighbour(): Promise<Lane> {
    return HttpLane.open(this.server, this.options, false);
  }

  override async close(): Promise<void> {
    const { body } = await fetch(this.#url, { method: "DELETE" });
    await body?.cancel();
    await super.close();
  }
}

function startGateway(
  { maxSize, maxSessions, algorithms, server }: LaneOptions,
): Promise<RunningServer> {
  offered = algorithms;
  return startServer({ port: 0, queues: NUM_QUEUES, maxSize, maxSessions, ...server });
}

/** A WebSocket to a gateway of its own. */
export async function openSocketLane(options: LaneOptions): Promise<RecordLane> {
  return SocketLane.open(await startGateway(options), options, true);
}

/** An HTTP device of a gateway of its own. */
export async function openHttpLane(options: LaneOptions): Promise<RecordLane> {
  return HttpLane.open(await startGateway(options), options, true);
}
