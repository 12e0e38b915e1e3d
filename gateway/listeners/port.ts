/**
 * Looks whether anybody listens on a port: listeners that share one would bind it beside another gateway's
 * without an error.
 *
 * @module
 */

import { createServer } from "node:net";
import { errorMessage } from "../log.ts";

/**
 * Makes sure that nobody listens on an address.
 *
 * @throws Error when somebody does, or it cannot be listened on for another reason
 */
export async function requireFreePort(
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, () => server.close(() => resolve()));
  }).catch((error) => {
    throw new Error(`Cannot listen on ${host}:${port}: ${errorMessage(error)}`, { cause: error });
  });
}
