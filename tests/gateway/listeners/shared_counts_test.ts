import assert from "node:assert/strict";
import { divideThreads } from "../../../gateway/listeners/place.ts";
import { SharedCount, SharedCounts } from "../../../gateway/listeners/shared_counts.ts";

const { CONNECTIONS, DEVICES } = SharedCount;

Deno.test("a limit holds for the sum over listeners, and what one gives back another can take", () => {
  const memory = SharedCounts.allocate(2);
  const first = new SharedCounts(memory, 0);
  const second = new SharedCounts(memory, 1);

  assert.ok(first.tryTake(CONNECTIONS, 3));
  assert.ok(second.tryTake(CONNECTIONS, 3));
  assert.ok(second.tryTake(CONNECTIONS, 3));
  assert.ok(!first.tryTake(CONNECTIONS, 3));
  second.give(CONNECTIONS);
  assert.ok(first.tryTake(CONNECTIONS, 3));

  assert.equal(second.sum(CONNECTIONS), 3);
  assert.equal(second.sum(DEVICES), 0);
});

Deno.test("what a listener had that ended is taken off, and nothing of the others", () => {
  const memory = SharedCounts.allocate(3);
  const [first, second, third] = [0, 1, 2].map((i) => new SharedCounts(memory, i));
  for (const counts of [first, second, second, third]) counts.tryTake(DEVICES, 10);
  second.tryTake(CONNECTIONS, 10);

  first.forget(1);

  assert.equal(third.sum(DEVICES), 2);
  assert.equal(third.sum(CONNECTIONS), 0);
  first.forget(1);
  assert.equal(third.sum(DEVICES), 2);
});

Deno.test("a listener that has retired counts no more: what it gives back has been taken off", () => {
  const memory = SharedCounts.allocate(2);
  const first = new SharedCounts(memory, 0);
  const second = new SharedCounts(memory, 1);
  second.tryTake(CONNECTIONS, 10);

  second.retire();
  first.forget(1);
  second.give(CONNECTIONS);

  assert.equal(first.sum(CONNECTIONS), 0);
  assert.ok(!second.tryTake(CONNECTIONS, 10));
});

Deno.test("draining is known to all listeners at once", () => {
  const memory = SharedCounts.allocate(2);
  const first = new SharedCounts(memory, 0);
  const second = new SharedCounts(memory, 1);
  assert.equal(second.drainSeconds, undefined);

  first.drain(0);
  assert.equal(second.drainSeconds, 0);

  first.drain(9.5);
  assert.equal(second.drainSeconds, 10);
});

Deno.test("device threads are divided so that no listener is without, unless there are none", () => {
  assert.deepEqual(divideThreads(5, 3), [2, 2, 1]);
  assert.deepEqual(divideThreads(1, 3), [1, 1, 1]);
  assert.deepEqual(divideThreads(4, 1), [4]);
  assert.deepEqual(divideThreads(0, 2), [0, 0]);
});
