/** What fuzzing has found, each as the smallest case of it. */

import { strict as assert } from "node:assert";
import { SessionJournal } from "../../device/engine/session_journal.ts";

Deno.test("a journal has room for its sessions whatever sizes those before them had", () => {
  const capacity = 2;
  const journal = SessionJournal.create(capacity, () => {});
  let number = 0;
  for (const len of [20, 64, 65, 200, 400, 840, 1024, 20]) {
    for (let slot = 1; slot <= capacity; slot++) journal.add(number + slot, new Uint8Array(len));

    assert.ok(journal.isOpen(number + 1) && journal.isOpen(number + capacity));

    for (let slot = 1; slot <= capacity; slot++) journal.remove(number + slot);
    number += capacity;
  }
});
