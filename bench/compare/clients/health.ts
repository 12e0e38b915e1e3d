/**
 * Asks for `GET /healthz` every so many milliseconds, on one connection that is kept.
 *
 * Arguments: url, milliseconds.
 */

import { hostLane } from "../lane.ts";
import { HttpConnection } from "./http_connection.ts";

const [url, interval] = Deno.args;
const connection = await HttpConnection.open(url);
const call = HttpConnection.call(url, "GET", "/healthz");

await hostLane({
  run: async (seconds) => {
    const latencies: number[] = [];
    const end = performance.now() + seconds * 1000;
    do {
      const start = performance.now();
      await connection.exchange(call);
      latencies.push((performance.now() - start) * 1000);
      await new Promise((resolve) => setTimeout(resolve, Number(interval)));
    } while (performance.now() < end);
    return { num: latencies.length, latencies };
  },
  result: () => connection.exchange(call, true),
});
