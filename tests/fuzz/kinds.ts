/**
 * Every kind of fuzzing there is.
 *
 * @module
 */

import { JsonWorld } from "./json/world.ts";
import type { Kind, World } from "./kind.ts";
import type { Random } from "./random.ts";
import { RecordWorld } from "./records/in_process.ts";
import { SocketWorld } from "./records/over_socket.ts";
import { RegisterWorld } from "./registers/world.ts";
import { HalvesWorld } from "./ring/halves.ts";
import { HostileDriverWorld } from "./ring/hostile_device_half.ts";
import { HostileDeviceWorld } from "./ring/hostile_driver_half.ts";
import { Computer } from "./requests/computer.ts";
import { DifferentialWorld } from "./requests/differential.ts";
import { WITH_LIBCRYPTO, WITHOUT_LIBCRYPTO } from "./requests/spied.ts";
import { RequestWorld } from "./requests/world.ts";

// Answers are computed by another accelerator than the device's, where there is one.
function requestWorld(random: Random): RequestWorld {
  return random.oneIn(2)
    ? new RequestWorld(random, { algorithms: WITH_LIBCRYPTO, computer: new Computer("noble") })
    : new RequestWorld(random, {
      algorithms: WITHOUT_LIBCRYPTO,
      computer: new Computer("libcrypto"),
    });
}

function ringWorld(random: Random): World {
  const kind = random.below(6);
  if (kind === 0) return new HostileDeviceWorld(random);
  return kind < 3 ? new HostileDriverWorld(random) : new HalvesWorld(random);
}

/** See the module's comment. */
export const KINDS: readonly Kind[] = [
  {
    name: "rings",
    what: "both halves of a split ring, against a model and against each other's worst",
    isGateway: false,
    numSteps: 1000,
    makeWorld: ringWorld,
  },
  {
    name: "requests",
    what: "valid and spoilt requests on a device's rings, against a naive device",
    isGateway: false,
    numSteps: 1500,
    makeWorld: requestWorld,
  },
  {
    name: "differential",
    what: "the same requests on noble, on libcrypto and in a thread's engine",
    isGateway: false,
    numSteps: 1500,
    makeWorld: (random) => new DifferentialWorld(random),
  },
  {
    name: "registers",
    what: "registers in any order with any values, against a naive register file",
    isGateway: false,
    numSteps: 400,
    makeWorld: (random) => new RegisterWorld(random),
  },
  {
    name: "records",
    what: "messages of records into a remoted device, every answer foretold",
    isGateway: true,
    numSteps: 300,
    makeWorld: (random) => new RecordWorld(random),
  },
  {
    name: "sockets",
    what: "the same over WebSockets, in fragments, with clients that break rules or vanish",
    isGateway: true,
    numSteps: 300,
    makeWorld: (random) => SocketWorld.make(random),
  },
  {
    name: "json",
    what: "bodies of the HTTP API: JSON, request bytes, records, and what looks like them",
    isGateway: true,
    numSteps: 400,
    makeWorld: () => new JsonWorld(),
  },
];
