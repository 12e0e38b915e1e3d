/**
 * A gateway over WebSockets beside bare echoes, driven by one client.
 */

import { closeAll, type Comparison, pair } from "../comparison.ts";
import { type Contender, LaneProcess } from "../contender.ts";
import { atLeast, atMost, LATENCY, megabytes, REQUESTS } from "../row.ts";
import { type MeasuredServer, startBaseline, startGateway } from "../server.ts";

/** What a client of a WebSocket does. */
export interface Traffic {
  readonly size: number;
  /** Requests in a message. */
  readonly num: number;
  /** Messages at a time that are not answered in full. */
  readonly inFlight: number;
}

/** How a server is to answer. */
type Role = "device" | "echo" | "records";

/** A contender that has a server, which ends with it. */
class Served implements Contender {
  readonly #client: LaneProcess;
  readonly #server: MeasuredServer;

  constructor(client: LaneProcess, server: MeasuredServer) {
    this.#client = client;
    this.#server = server;
  }

  measure(seconds: number): ReturnType<Contender["measure"]> {
    return this.#client.measure(seconds);
  }

  result(): Promise<string> {
    return this.#client.result();
  }

  close(): Promise<void> {
    return closeAll([this.#client, this.#server]);
  }
}

/** A server and its client. */
export async function served(
  server: MeasuredServer | Promise<MeasuredServer>,
  client: string,
  ...args: readonly (string | number)[]
): Promise<Contender> {
  const started = await server;
  return new Served(new LaneProcess(client, started.url, started.pid, ...args), started);
}

/** AES-128-GCM over a WebSocket. */
export function overSocket(
  server: Promise<MeasuredServer>,
  role: Role,
  { size, num, inFlight }: Traffic,
): Promise<Contender> {
  return served(server, "clients/websocket.ts", role, "aes-128-gcm", size, num, inFlight);
}

async function gatewayAndEcho(traffic: Traffic): Promise<readonly [Contender, Contender]> {
  return [
    await overSocket(startGateway(), "device", traffic),
    await overSocket(startBaseline("websocket_echo"), "echo", traffic),
  ];
}

const LARGE = 64 * 1024;
const SMALL = { size: 64, num: 256, inFlight: 4 } as const;

async function smallBeside(baseline: string, role: Role): Promise<readonly [Contender, Contender]> {
  return [
    await overSocket(startGateway(), "device", SMALL),
    await overSocket(startBaseline(baseline), role, SMALL),
  ];
}

/** Comparisons of this file, in the table's order. */
export const WEBSOCKET: readonly Comparison[] = [
  pair(
    {
      name: "WebSocket, aes-128-gcm, 64 KiB",
      against: "bare echo",
      figure: megabytes(LARGE),
      bound: atLeast(0.8),
    },
    () => gatewayAndEcho({ size: LARGE, num: 1, inFlight: 4 }),
  ),
  pair(
    {
      name: "WebSocket, aes-128-gcm, 64 B, 256 a message, 4 messages in flight",
      against: "bare echo of records",
      figure: REQUESTS,
      bound: atLeast(0.5),
    },
    () => smallBeside("record_echo", "records"),
  ),
  // What there is no way around: the sockets and the calls into libcrypto, without a ring, sessions or checks.
  pair(
    {
      name: "the same, to a bare server that makes libcrypto's usual calls",
      against: "bare libcrypto server",
      figure: REQUESTS,
    },
    () => smallBeside("record_crypto", "device"),
  ),
  pair(
    {
      name: "WebSocket, aes-128-gcm, one 64 B request alone, median latency",
      against: "bare echo",
      figure: LATENCY,
      bound: atMost(1.5),
    },
    () => gatewayAndEcho({ size: 64, num: 1, inFlight: 1 }),
  ),
];
