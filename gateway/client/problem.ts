/**
 * Errors of HTTP, in one line.
 *
 * @module
 */

/** One line about an HTTP error of a gateway: its problem+json's detail, or the status alone. */
export function problemText(url: URL, status: number, body: string): string {
  let detail = "";
  try {
    const problem: { title?: unknown; detail?: unknown } = JSON.parse(body);
    const text = problem.detail ?? problem.title;
    if (typeof text === "string") detail = `: ${text}`;
  } catch {
    // Not every proxy on the way speaks RFC 9457.
  }
  return `Gateway at ${url.origin} answered HTTP ${status}${detail}`;
}
