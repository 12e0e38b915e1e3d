/**
 * `ringway vhost-user`: a virtual machine of this host uses a gateway of another.
 *
 * @module
 */

import { z } from "zod";
import { acceptAsync, type Libc, openLibc, serveAsync, VhostListener } from "../../device/mod.ts";
import { gatewayUrl } from "../client/mod.ts";
import { createLog, errorMessage, errorStack, type Log, noLog } from "../log.ts";
import { Relay } from "../relay/relay.ts";
import { type Command, defineCommand, UsageError } from "./command.ts";
import { DEVICE_OPTIONS, readCertificates, readToken } from "./device.ts";
import { CliError, type Io, printLine } from "./io.ts";

const schema = z.object({
  gateway: z.string().min(1),
  "token-file": z.string().optional(),
  "insecure-token": z.literal(true).optional(),
  ca: z.string().optional(),
  unsealed: z.literal(true).optional(),
  timeout: z.string().regex(/^[1-9]\d{0,3}$/, "Want a number of seconds, 1 to 9999").default("30"),
  log: z.enum(["plain", "json", "none"]).default("plain"),
});
type Options = z.output<typeof schema>;

/** The gateway's address; what speaks HTTP there speaks WebSocket too. */
function webSocketUrl(target: string): URL {
  const url = gatewayUrl(target);
  url.protocol = url.protocol.replace("http", "ws");
  return url;
}

function requireLibc(): Libc {
  const result = openLibc();
  if (result.libc === null) throw new CliError(`Cannot use vhost-user: ${result.reason}`);
  return result.libc;
}

function listen(libc: Libc, path: string): VhostListener {
  try {
    return new VhostListener(libc, path);
  } catch (error) {
    throw new CliError(errorMessage(error), { cause: error });
  }
}

/** Serves one virtual machine after another, until the program is to end. */
async function serve(
  libc: Libc,
  listenFd: number,
  relay: Relay,
  isUnsealed: boolean,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const fd = await acceptAsync(libc, listenFd, signal);
    if (fd === null) return;
    log("info", "guest connected");
    try {
      const { makeBackend } = relay;
      const reason = await serveAsync({ libc, fd, makeBackend, isUnsealed }, signal);
      log("info", "guest left", { reason });
    } catch (error) {
      log("error", "guest failed by a fault", { fault: errorStack(error) });
    }
  }
}

async function run(options: Options, [path]: readonly string[], io: Io): Promise<number> {
  if (path === undefined) throw new UsageError("vhost-user", "Path of the socket is missing");
  const libc = requireLibc();
  const log = options.log === "none"
    ? noLog
    : createLog((line) => io.writeErr(line + "\n"), options.log);
  const target = webSocketUrl(options.gateway);
  const relay = await Relay.open({
    target,
    token: await readToken(options, io),
    allowInsecureToken: options["insecure-token"] === true,
    ca: await readCertificates(options),
    limits: { timeout: Number(options.timeout) * 1000 },
    log,
    signal: io.interrupted,
  });
  const listener = listen(libc, path);
  try {
    await printLine(io, `Ringway listening on ${path}`);
    await serve(libc, listener.fd, relay, options.unsealed === true, log, io.interrupted);
  } finally {
    listener.close();
    await relay.close();
  }
  return 0;
}

const { "token-file": tokenFile, "insecure-token": insecureToken, ca } = DEVICE_OPTIONS;

/** `ringway vhost-user`. */
export const vhostUser: Command = defineCommand({
  name: "vhost-user",
  summary: "Give a virtual machine of this host a gateway's device",
  arguments: "PATH",
  maxArguments: 1,
  options: {
    gateway: { value: "URL", help: "gateway to work with, ws, wss, http or https" },
    "token-file": tokenFile,
    "insecure-token": insecureToken,
    ca,
    unsealed: {
      help: "take memory that the machine can truncate (User-Mode Linux): this process then dies",
    },
    timeout: {
      value: "N",
      help: "seconds without an answer after which the gateway counts as gone",
      default: "30",
    },
    log: {
      value: "FORMAT",
      help: "lines on standard error: plain, json or none",
      default: "plain",
    },
  },
  schema,
  details: [
    "Listens on the Unix socket PATH, mode 0600, for the vhost-user front-end of a virtual machine:",
    "one at a time, one after another. Each gets a device of its own at the gateway, over a connection",
    "of its own. One line on standard output tells when it listens. SIGINT and SIGTERM end it.",
    "",
    "While the gateway is away VIRTIO_CRYPTO_S_HW_READY is clear and requests are answered ERR; when it",
    "is back the machine's sessions are created there again. Their keys are kept here for that.",
    "",
    "User-Mode Linux, its 4 data queues and the control queue at a gateway of this host:",
    "  ringway serve --port 8790 &",
    "  ringway vhost-user /tmp/vm.sock --gateway ws://127.0.0.1:8790 --unsealed &",
    "  linux mem=256M virtio_uml.device=/tmp/vm.sock:20 ...",
    "",
    "QEMU:",
    "  ringway vhost-user /run/vm.sock --gateway wss://crypto.example.org --token-file token &",
    "  qemu-system-x86_64 -object memory-backend-memfd,id=m0,size=512M,share=on \\",
    "    -machine q35,memory-backend=m0 -chardev socket,id=ch0,path=/run/vm.sock \\",
    "    -object cryptodev-vhost-user,id=c0,chardev=ch0 -device virtio-crypto-pci,cryptodev=c0 ...",
  ].join("\n"),
  run,
});
