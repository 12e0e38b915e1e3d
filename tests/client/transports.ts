import { connect, type ConnectOptions, type Device } from "../../gateway/client/mod.ts";
import { WebSocketTransport } from "../../gateway/client/web_socket.ts";
import { RemoteDevice } from "../../gateway/remote_device.ts";
import { startServer } from "../../gateway/server.ts";

/** What a test wants of the device it connects to. */
export interface Wanted extends ConnectOptions {
  /** The device's own ring breaks at this many requests. */
  readonly testBreakRing?: number;
  readonly queues?: number;
  readonly maxSize?: number;
}

/** One way to a device. */
export interface Way {
  readonly name: string;
  /** Runs a test with a connected device, then ends the device and what it was reached through. */
  with(wanted: Wanted, test: (device: Device) => Promise<void>): Promise<void>;
}

type Connect = (url: string, options: ConnectOptions) => Promise<Device>;

function overServer(name: string, open: Connect): Way {
  return {
    name,
    async with(wanted, test) {
      const { testBreakRing, queues, maxSize, layout } = wanted;
      const server = await startServer({ port: 0, testBreakRing, queues, maxSize, layout });
      try {
        const device = await open(server.url, wanted);
        try {
          await test(device);
        } finally {
          await device.close();
        }
      } finally {
        await server.close();
      }
    },
  };
}

const webSocketUrl = (url: string) => url.replace("http", "ws");

/** Every transport of the client, to a real device. */
export const WAYS: readonly Way[] = [
  {
    name: "in process",
    async with(wanted, test) {
      const remote = new RemoteDevice({
        queues: wanted.queues ?? 4,
        maxSize: wanted.maxSize ?? 4 << 20,
        maxSessions: 1024,
        layout: wanted.layout ?? "v19",
        maxRecords: 4096,
        maxUnansweredBytes: 64 << 20,
        testBreakRing: wanted.testBreakRing,
      });
      const device = await connect(remote, wanted);
      try {
        await test(device);
      } finally {
        await device.close();
      }
    },
  },
  overServer("node socket", (url, options) => connect(webSocketUrl(url), options)),
  overServer("platform WebSocket", async (url, options) => {
    const address = new URL("v1/device", webSocketUrl(url));
    return await connect(await WebSocketTransport.open(address, options), options);
  }),
  overServer("HTTP", (url, options) => connect(url, options)),
];
