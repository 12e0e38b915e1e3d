/**
 * Who may come in: tokens, the origins of web pages, the names a loopback listener answers to, and
 * the addresses a gateway may listen on.
 *
 * @module
 */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { BlockList, isIP } from "node:net";
import { z } from "zod";
import { errorMessage } from "./log.ts";
import { OptionError } from "./options.ts";

/** Start of every token, so that scanners and people recognise one. */
const TOKEN_PREFIX = "rwt_";
/** Random bytes of a token. */
const TOKEN_BYTES = 32;
/** Longest token looked at, in characters; longer ones are wrong without being hashed. */
const MAX_TOKEN_LEN = 1024;
/** Name of the owner where no tokens are required. */
export const ANONYMOUS = "anonymous";

const tokensFileSchema = z.strictObject({
  tokens: z.array(z.strictObject({
    name: z.string().regex(/^[\w.@-]{1,64}$/, "Want 1 to 64 letters, digits, or . _ @ -"),
    sha256: z.string().regex(/^[0-9a-f]{64}$/i, "Want the 64 hexadecimal digits of a SHA-256"),
  })),
});

/** One token that a gateway takes. */
export interface TokenEntry {
  readonly name: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** The tokens a gateway takes: names and SHA-256 hashes, never the tokens. */
export class TokenStore {
  readonly #entries: readonly { readonly name: string; readonly hash: Uint8Array }[];
  /** What it was made of. */
  readonly entries: readonly TokenEntry[];

  constructor(entries: readonly TokenEntry[]) {
    this.entries = entries;
    this.#entries = entries.map(({ name, sha256 }) => ({ name, hash: Uint8Array.fromHex(sha256) }));
  }

  /**
   * The name of a token, `null` for a wrong one.
   *
   * Takes the same time for every token: its hash is compared with every entry in constant time.
   */
  verify(token: string): string | null {
    if (token.length > MAX_TOKEN_LEN) return null;
    const hash = createHash("sha256").update(token, "utf8").digest();
    let name: string | null = null;
    for (const entry of this.#entries) {
      if (timingSafeEqual(hash, entry.hash)) name = entry.name;
    }
    return name;
  }
}

/**
 * Reads a tokens file: `{"tokens":[{"name":"alice","sha256":"<64 hexadecimal digits>"}]}`.
 *
 * @throws OptionError naming the file and what is wrong with it
 */
export async function loadTokens(path: string): Promise<TokenStore> {
  const fail = (problem: string) =>
    new OptionError("tokens", `Invalid tokens file ${path}: ${problem}`);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new OptionError("tokens", `Cannot read tokens file: ${errorMessage(error)}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw fail("not JSON");
  }
  const result = tokensFileSchema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw fail(`${issue.path.join(".") || "the whole"}: ${issue.message}`);
  }
  const names = new Set<string>();
  for (const [i, { name }] of result.data.tokens.entries()) {
    if (names.has(name)) throw fail(`tokens.${i}.name: the name ${name} is there twice`);
    names.add(name);
  }
  return new TokenStore(result.data.tokens);
}

/** A new random token, and the hash that goes into the tokens file. */
export function newToken(): { token: string; sha256: string } {
  const token = TOKEN_PREFIX + randomBytes(TOKEN_BYTES).toString("base64url");
  return { token, sha256: createHash("sha256").update(token).digest("hex") };
}

/** The token of `Authorization: Bearer ...` (RFC 6750, section 2.1), `null` without one. */
export function bearerToken(authorization: string | null | undefined): string | null {
  return /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization ?? "")?.[1] ?? null;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * Whether a host is this machine and nothing else: an address of 127.0.0.0/8, `::1`, or the name
 * `localhost`. Any other name is not, whatever it resolves to.
 */
export function isLoopback(host: string): boolean {
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  const family = isIP(bare);
  if (family === 0) return host.toLowerCase() === "localhost";
  return LOOPBACK.check(bare, family === 4 ? "ipv4" : "ipv6");
}

/**
 * Refuses to listen beyond loopback with an unlocked door.
 *
 * @throws OptionError unless the host is loopback, or TLS and tokens are given, or `insecure` is set
 */
export function checkExposure(options: {
  readonly host: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tokens?: string;
  readonly insecure: boolean;
}): void {
  if (isLoopback(options.host) || options.insecure) return;
  const missing: string[] = [];
  if (options.tlsCert === undefined) missing.push("--tls-cert");
  if (options.tlsKey === undefined) missing.push("--tls-key");
  if (options.tokens === undefined) missing.push("--tokens");
  if (missing.length === 0) return;
  throw new OptionError(
    "host",
    `Refusing to listen on ${options.host}, which others can reach, without ` +
      `${missing.join(", ")} (--insecure overrides this)`,
  );
}

/** What decides whether a request may come in at all, whoever sends it. */
export interface SitePolicy {
  /** The listener is on loopback: only loopback names are answered. */
  readonly loopback: boolean;
  /** `https` when the listener speaks TLS. */
  readonly scheme: "http" | "https";
  /** Origins of web pages that are welcome besides the gateway's own. */
  readonly origins: readonly string[];
}

const HOST = /^(\[[0-9a-f:.]+\]|[^:/@?#\s]+)(?::\d{1,5})?$/i;

/**
 * Why a request is turned away with 403, `null` when it is not.
 *
 * Without this any web page could drive a local device: a page may open a WebSocket to anywhere,
 * and a name it controls may resolve to 127.0.0.1.
 */
export function siteRefusal(
  policy: SitePolicy,
  host: string,
  origin: string | null | undefined,
): string | null {
  const name = HOST.exec(host)?.[1];
  if (name === undefined) return "Host header is not a host";
  if (policy.loopback && !isLoopback(name)) return "Host is not this machine's loopback name";
  if (origin === null || origin === undefined) return null;
  if (!URL.canParse(origin)) return "Origin is not allowed";
  const own = `${policy.scheme}://${host}`;
  const given = new URL(origin).origin;
  if (URL.canParse(own) && given === new URL(own).origin) return null;
  return policy.origins.includes(given) ? null : "Origin is not allowed";
}
