/**
 * A device for the tests whose AES-CBC may be wrong, to show that the kernel's tests notice: serves one
 * guest on a socket, then ends.
 *
 * Usage: wrong_device.ts SOCKET right|idle|long
 */

import { ALGORITHMS } from "../../device/algorithms/list.ts";
import { AlgorithmSet } from "../../device/algorithms/selection.ts";
import type { CipherAlgorithm, OpenCipher } from "../../device/algorithms/algorithm.ts";
import { EngineBackend } from "../../device/vhost_user/engine_backend.ts";
import { requireLibc } from "../../device/vhost_user/libc.ts";
import { VhostListener } from "../../device/vhost_user/listener.ts";
import { serveBlocking } from "../../device/vhost_user/serve.ts";
import { CipherAlgo, Service } from "../../device/wire/constants.ts";

// The longest of the kernel's vectors for this algorithm has 496 bytes: only its comparison with its own
// AES goes further.
const LONGEST_VECTOR = 496;

/** What is done to a right result. */
type Spoil = (src: Uint8Array, dst: Uint8Array) => void;

const SPOILS: Readonly<Record<string, Spoil>> = {
  right: () => {},
  // Answers OK and has not encrypted.
  idle: (src, dst) => dst.set(src),
  // One bit of long messages.
  long: (_, dst) => {
    if (dst.length > LONGEST_VECTOR) dst[dst.length - 1] ^= 1;
  },
};

function spoilt(open: OpenCipher, spoil: Spoil): OpenCipher {
  return (key, decrypt) => {
    const context = open(key, decrypt);
    return {
      process(iv, src, dst) {
        // A guest encrypts in place.
        const given = src.slice();
        context.process(iv, src, dst);
        spoil(given, dst);
      },
      close: () => context.close(),
    };
  };
}

function isAesCbc(algorithm: { service: number; id: number }): algorithm is CipherAlgorithm {
  return algorithm.service === Service.CIPHER && algorithm.id === CipherAlgo.AES_CBC;
}

function algorithmsWith(spoil: Spoil): AlgorithmSet {
  return new AlgorithmSet(ALGORITHMS.map((algorithm) =>
    isAesCbc(algorithm)
      ? {
        ...algorithm,
        implementations: algorithm.implementations.map(({ accelerator, open }) => ({
          accelerator,
          open: spoilt(open, spoil),
        })),
      }
      : algorithm
  ));
}

const [path, kind] = Deno.args;
const algorithms = algorithmsWith(SPOILS[kind]);
const libc = requireLibc();
const listener = new VhostListener(libc, path);
await Deno.stdout.write(new TextEncoder().encode("listening\n"));
// The guest comes when it has booted.
let fd = libc.accept(listener.fd);
while (fd < 0) {
  await new Promise((resolve) => setTimeout(resolve, 5));
  fd = libc.accept(listener.fd);
}
let numFaults = 0;
const end = serveBlocking({
  libc,
  fd,
  isUnsealed: true,
  makeBackend: () =>
    new EngineBackend({
      queues: 1,
      algorithms,
      maxSize: 4 * 1024 * 1024,
      maxSessions: 256,
      layout: "v19",
      onFault: () => numFaults++,
    }),
}, libc.eventfd());
listener.close();
await Deno.stdout.write(new TextEncoder().encode(`ended: ${end}, ${numFaults} faults\n`));
