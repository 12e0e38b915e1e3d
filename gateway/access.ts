/**
 * Lets a call in or turns it away: the same checks for every route and for the upgrade.
 *
 * @module
 */

import { ANONYMOUS, bearerToken, type SitePolicy, siteRefusal, type TokenStore } from "./auth.ts";
import { Problem, unauthorized } from "./problem.ts";
import { SUBPROTOCOL } from "./records.ts";

/** Start of the subprotocol in which a browser carries its token. */
const BEARER_SUBPROTOCOL = "bearer.";
/** Routes that tell nothing and need no token, so that a load balancer can ask. */
const OPEN_PATHS: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

/** What decides who comes in. */
export interface AccessPolicy extends SitePolicy {
  /** `null`: everybody who gets past the site policy is {@link ANONYMOUS}. */
  readonly tokens: TokenStore | null;
}

/** The headers that matter here; names are lower case. */
export interface AccessRequest {
  readonly path: string;
  readonly host: string;
  readonly origin: string | null | undefined;
  readonly authorization: string | null | undefined;
  /** `Sec-WebSocket-Protocol` of an upgrade. */
  readonly subprotocols?: readonly string[];
}

/**
 * Checks where a call comes from and which name it uses for the gateway.
 *
 * @throws Problem 403 for a foreign Host or Origin
 */
export function checkSite(policy: AccessPolicy, request: AccessRequest): void {
  const refusal = siteRefusal(policy, request.host, request.origin);
  if (refusal !== null) throw new Problem(403, refusal);
}

/**
 * Checks who makes a call.
 *
 * @returns the name of the token, {@link ANONYMOUS} where none is needed
 * @throws Problem 401 for a wrong or missing token
 */
export function authenticate(policy: AccessPolicy, request: AccessRequest): string {
  if (policy.tokens === null || OPEN_PATHS.has(request.path)) return ANONYMOUS;
  const token = bearerToken(request.authorization) ?? subprotocolToken(request.subprotocols ?? []);
  if (token === null) throw unauthorized("A bearer token is required");
  const name = policy.tokens.verify(token);
  if (name === null) throw unauthorized("The bearer token is not valid");
  return name;
}

/** The token in a subprotocol `bearer.<base64url>`, `null` without one. */
function subprotocolToken(subprotocols: readonly string[]): string | null {
  const carrier = subprotocols.find((name) => name.startsWith(BEARER_SUBPROTOCOL));
  if (carrier === undefined) return null;
  try {
    const encoded = carrier.slice(BEARER_SUBPROTOCOL.length);
    return new TextDecoder("utf-8", { fatal: true })
      .decode(Uint8Array.fromBase64(encoded, { alphabet: "base64url" }));
  } catch {
    return null;
  }
}

/** The names in a `Sec-WebSocket-Protocol` header. */
export function parseSubprotocols(header: string | undefined): string[] {
  return (header ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** Whether a client offers the gateway's subprotocol. */
export function offersSubprotocol(subprotocols: readonly string[]): boolean {
  return subprotocols.includes(SUBPROTOCOL);
}
