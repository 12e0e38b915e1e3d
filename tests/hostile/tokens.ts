/** A gateway that wants tokens. */

import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withDirectory } from "../cli/ringway.ts";
import { withServer } from "../gateway/helpers.ts";

/** Runs a body with a gateway that knows these tokens. */
export async function withTokens(
  tokens: readonly { readonly name: string; readonly token: string }[],
  body: (url: string) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const path = join(directory, "tokens.json");
    const rows = tokens.map(({ name, token }) => ({
      name,
      sha256: createHash("sha256").update(token).digest("hex"),
    }));
    await writeFile(path, JSON.stringify({ tokens: rows }));
    await withServer({ tokens: path }, ({ url }) => body(url));
  });
}
