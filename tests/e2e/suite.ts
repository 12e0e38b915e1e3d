/** The files of the conformance suite that can be run against any gateway. */

/** Those that work with a gateway of default options, which may be any: paths of the files. */
export const SUITE: readonly string[] = [
  "aead",
  "chain",
  "control",
  "hostile",
  "http",
  "ignored",
  "json",
  "lengths",
  "order",
  "raw_request",
  "records",
  "registers",
  "reset",
  "services",
  "sessions",
  "startup",
  "websocket",
].map((name) => new URL(`../conformance/${name}_test.ts`, import.meta.url).pathname);
