/**
 * Errors of the transport as RFC 9457 problem details.
 *
 * @module
 */

/** Media type of an error's body (RFC 9457). */
export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** The HTTP statuses with which the gateway turns a call away, and their titles. */
export const PROBLEM_TITLES = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const;
/** One of the statuses in {@link PROBLEM_TITLES}. */
export type ProblemStatus = keyof typeof PROBLEM_TITLES;

/** Body of an error (RFC 9457, section 3.1). `type` is always `about:blank`: the status says it. */
export interface ProblemBody {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: ProblemStatus;
  /** What was wrong with this call. */
  readonly detail: string;
}

/** Turns a call away. Thrown anywhere below the app, answered in one place. */
export class Problem extends Error {
  readonly status: ProblemStatus;
  /** Further headers of the answer, such as `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail what was wrong with this call, for the one who made it */
  constructor(
    status: ProblemStatus,
    detail: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.headers = headers;
  }

  /** The answer's body. */
  body(): ProblemBody {
    return {
      type: "about:blank",
      title: PROBLEM_TITLES[this.status],
      status: this.status,
      detail: this.message,
    };
  }

  /** The answer for a Hono route. */
  toResponse(): Response {
    return new Response(JSON.stringify(this.body()), {
      status: this.status,
      headers: { ...this.headers, "Content-Type": PROBLEM_MEDIA_TYPE },
    });
  }
}

/** 401 in the form RFC 6750 asks for. */
export function unauthorized(detail: string): Problem {
  return new Problem(401, detail, { "WWW-Authenticate": 'Bearer realm="ringway"' });
}

/** 503 while the gateway drains or is full, asking the client to come back. */
export function unavailable(detail: string, retryAfterSeconds: number): Problem {
  return new Problem(503, detail, { "Retry-After": String(retryAfterSeconds) });
}

/** 404 where there is no device of this id for this token. */
export function noSuchDevice(): Problem {
  return new Problem(404, "No such device");
}
