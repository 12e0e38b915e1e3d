/** A listener that dies by a fault nobody catches, as soon as the file exists that its URL names. */

import { existsSync } from "node:fs";
import { runListener } from "../../gateway/listeners/worker.ts";

const file = new URL(import.meta.url).searchParams.get("file") ?? "";
let isDead = existsSync(file);
runListener();
setInterval(() => {
  if (isDead || !existsSync(file)) return;
  isDead = true;
  throw new Error("Told to die");
}, 5);
