import assert from "node:assert/strict";
import { noLog } from "../../gateway/log.ts";
import { MalformedMessageError } from "../../gateway/remote_device.ts";
import { threadTurns } from "../../gateway/thread_turns.ts";
import { Connection, type ConnectionOptions } from "../../gateway/websocket/connection.ts";
import { encodeFrame, FrameOpcode } from "../../gateway/websocket/frames.ts";
import { FakeDevice, keepingLog, socketPair, TestPeer, until } from "./helpers.ts";

interface Setup {
  device: FakeDevice;
  connection: Connection;
  peer: TestPeer;
  closed: Promise<void>;
}

async function withConnection(
  options: Partial<ConnectionOptions>,
  run: (setup: Setup) => Promise<void>,
): Promise<void> {
  const { server, client } = await socketPair();
  const device = new FakeDevice();
  const closed = Promise.withResolvers<void>();
  const connection = new Connection(server, new Uint8Array(0), device, {
    maxMessage: 1024 * 1024,
    maxUnansweredBytes: 1024 * 1024,
    maxRecords: 100,
    idleTimeout: 60,
    log: noLog,
    ...options,
    onClosed: () => closed.resolve(),
  });
  const peer = new TestPeer(client);
  try {
    await run({ device, connection, peer, closed: closed.promise });
  } finally {
    client.destroy();
    connection.destroy();
    await closed.promise;
  }
}

Deno.test("messages reach the device in order and its answers reach the peer", async () => {
  await withConnection({}, async ({ device, connection, peer }) => {
    device.onPush = (message) => {
      connection.send(Uint8Array.from(message, (byte) => byte + 1), 1);
      return undefined;
    };

    peer.message(Uint8Array.of(1));
    peer.message(new Uint8Array(100_000).fill(2));

    assert.deepEqual([...await peer.nextMessage()], [2]);
    assert.deepEqual(await peer.nextMessage(), new Uint8Array(100_000).fill(3));
    assert.equal(connection.unsentBytes, 0);
    assert.equal(connection.unsentRecords, 0);
  });
});

Deno.test("answers of messages that come together leave together, and the last do not wait for more", async () => {
  await withConnection({}, async ({ device, peer }) => {
    let numPushed = 0;
    device.onPush = () => {
      numPushed++;
      assert.ok(device.isHeld, "Each message is answered by itself");
      return undefined;
    };

    // Many in a chunk, and chunks that are full.
    for (let i = 0; i < 2000; i++) peer.message(new Uint8Array(500));
    await until(() => numPushed === 2000);
    await until(() => !device.isHeld);

    assert.ok(device.numFlushes < 500, `${device.numFlushes} times for 2000 messages`);
  });
});

Deno.test("answers that gather leave before the close frame, though more has come behind it", async () => {
  await withConnection({}, async ({ device, connection, peer }) => {
    let numGathered = 0;
    device.onPush = () => {
      numGathered++;
      return undefined;
    };
    device.flush = () => {
      for (; numGathered > 0; numGathered--) connection.send(Uint8Array.of(numGathered), 1);
    };
    const message = encodeFrame(FrameOpcode.BINARY, new Uint8Array(20), "client");
    const close = encodeFrame(FrameOpcode.CLOSE, Uint8Array.of(0x03, 0xe8), "client");
    const burst = new Uint8Array(300_000);
    burst.set(message);
    burst.set(message, message.length);
    burst.set(close, 2 * message.length);

    peer.socket.write(burst);

    assert.deepEqual([...await peer.nextMessage(), ...await peer.nextMessage()], [2, 1]);
    assert.equal((await peer.next())?.opcode, FrameOpcode.CLOSE);
  });
});

Deno.test("no message is begun while there has been much work without a look at all sockets", async () => {
  await withConnection({}, async ({ device, peer }) => {
    const wasDue: boolean[] = [];
    const work = () => {
      const start = performance.now();
      while (performance.now() - start < 60);
      threadTurns.worked(start);
    };
    device.onPush = () => {
      wasDue.push(threadTurns.pause !== undefined);
      work();
      return undefined;
    };

    for (let i = 0; i < 5; i++) peer.message(Uint8Array.of(i));
    // Another connection's.
    work();
    await until(() => wasDue.length === 5);
    await threadTurns.pause;

    assert.deepEqual(wasDue, [false, false, false, false, false]);
    assert.deepEqual(device.pushed.map(([byte]) => byte), [0, 1, 2, 3, 4]);
  });
});

Deno.test("while the device is busy nothing more is read, and the next message waits", async () => {
  await withConnection({}, async ({ device, peer }) => {
    const started = Promise.withResolvers<void>();
    device.onPush = () => started.promise;
    const filler = new Uint8Array(60_000);

    peer.message(Uint8Array.of(1));
    for (let i = 0; i < 300; i++) peer.message(filler);
    await until(() => device.pushed.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));

    assert.equal(device.pushed.length, 1);
    assert.ok(peer.socket.writableLength > 0, "the socket takes all though nobody reads");
    device.onPush = () => undefined;
    started.resolve();
    await until(() => device.pushed.length === 301);
    assert.equal(device.pushed[300].length, filler.length);
  });
});

Deno.test("unsent answers over the limit stop the reading until they have left", async () => {
  await withConnection({ maxUnansweredBytes: 1_000_000 }, async ({ device, connection, peer }) => {
    peer.socket.pause();
    // More than the kernel buffers of a loopback connection take.
    device.onPush = () => {
      connection.send(new Uint8Array(32 * 1024 * 1024), 1);
      return undefined;
    };

    peer.message(Uint8Array.of(1));
    peer.message(Uint8Array.of(2));
    await until(() => device.pushed.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));

    assert.equal(device.pushed.length, 1);
    assert.ok(connection.unsentBytes > 1_000_000);
    device.onPush = () => undefined;
    peer.socket.resume();
    await until(() => device.pushed.length === 2);
    assert.equal(connection.unsentBytes, 0);
    assert.ok(device.numResumes > 0);
  });
});

Deno.test("answers that the system does not take at once are counted until they have left, and come in order", async () => {
  await withConnection({ maxUnansweredBytes: 2 ** 40, maxRecords: 2 ** 30 }, async (setup) => {
    const { connection, device, peer } = setup;
    peer.socket.pause();
    let numSent = 0;
    const answer = () => {
      const message = new Uint8Array(80_000).fill(numSent % 251);
      new DataView(message.buffer).setUint32(0, numSent++);
      connection.send(message, 1);
    };
    // More than the buffers of a loopback connection take.
    for (let i = 0; i < 500; i++) answer();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const numLeft = numSent - connection.unsentRecords;
    assert.ok(numLeft > 0 && numLeft < numSent, `${numLeft} have left`);

    peer.socket.resume();
    for (let i = 0; i < numSent; i++) {
      const message = await peer.nextMessage();
      assert.equal(new DataView(message.buffer, message.byteOffset).getUint32(0), i);
      assert.deepEqual(message.subarray(4), new Uint8Array(79_996).fill(i % 251));
    }

    await until(() => connection.unsentRecords === 0);
    assert.equal(connection.unsentBytes, 0);
    assert.equal(device.recycled.length, numSent);
  });
});

Deno.test("a ping is answered with its payload, and a flood of pings with few pongs", async () => {
  await withConnection({}, async ({ connection, device, peer }) => {
    peer.frame(FrameOpcode.PING, Uint8Array.of(1, 2, 3));
    const pong = await peer.next();

    assert.equal(pong?.opcode, FrameOpcode.PONG);
    assert.deepEqual([...pong?.payload ?? []], [1, 2, 3]);
    const flood = new Uint8Array(7 * 2000);
    for (let i = 0; i < 2000; i++) {
      flood.set(encodeFrame(FrameOpcode.PING, Uint8Array.of(i), "client"), i * 7);
    }
    device.onPush = () => {
      connection.send(Uint8Array.of(9), 1);
      return undefined;
    };
    peer.socket.write(flood);
    peer.message(Uint8Array.of(1));
    let numPongs = 0;
    while ((await peer.next())?.opcode === FrameOpcode.PONG) numPongs++;
    assert.ok(numPongs < 200, `${numPongs} pongs`);
  });
});

Deno.test("what follows a long answer comes behind it: answers, a pong, the close frame", async () => {
  await withConnection({}, async ({ device, connection, peer }) => {
    const long = Uint8Array.from({ length: 5_000_000 }, (_, i) => i * 7 ^ i >>> 8);
    device.onPush = () => {
      connection.send(long.slice(), 1);
      connection.send(Uint8Array.of(1, 2), 1);
      connection.send(long.slice(0, 700_000), 1);
      return undefined;
    };
    peer.message(Uint8Array.of(1));
    peer.frame(FrameOpcode.PING, Uint8Array.of(9));
    peer.frame(FrameOpcode.CLOSE, Uint8Array.of(0x03, 0xe8));

    assert.deepEqual(await peer.nextMessage(), long);
    assert.deepEqual([...await peer.nextMessage()], [1, 2]);
    assert.deepEqual(await peer.nextMessage(), long.subarray(0, 700_000));
    const pong = await peer.next();
    assert.equal(pong?.opcode, FrameOpcode.PONG);
    assert.deepEqual([...pong?.payload ?? []], [9]);
    assert.equal((await peer.nextClose()).closeCode, 1000);
    assert.equal(connection.unsentBytes, 0);
    assert.equal(device.recycled.length, 3);
  });
});

Deno.test("a close frame is answered with its code, once all is answered, and the device goes", async () => {
  await withConnection({}, async ({ device, connection, peer, closed }) => {
    const settled = Promise.withResolvers<void>();
    device.settledPromise = settled.promise;
    peer.frame(FrameOpcode.CLOSE, Uint8Array.of(0x0f, 0xa1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    connection.send(Uint8Array.of(7), 1);
    settled.resolve();

    assert.deepEqual([...await peer.nextMessage()], [7]);
    const close = await peer.nextClose();
    peer.socket.end();
    await closed;

    assert.equal(close.closeCode, 4001);
    assert.equal(device.closed, 1);
  });
});

Deno.test("a message that cannot be cut into records closes with 1002 after the answers", async () => {
  await withConnection({}, async ({ device, connection, peer }) => {
    device.onPush = () => {
      connection.send(Uint8Array.of(1), 1);
      throw new MalformedMessageError();
    };
    peer.message(Uint8Array.of(0));

    assert.deepEqual([...await peer.nextMessage()], [1]);
    assert.equal((await peer.nextClose()).closeCode, 1002);
  });
});

Deno.test("a message refused later closes with 1002 as well", async () => {
  await withConnection({}, async ({ device, peer }) => {
    device.onPush = () => Promise.reject(new MalformedMessageError());

    peer.message(Uint8Array.of(0));

    assert.equal((await peer.nextClose()).closeCode, 1002);
  });
});

Deno.test("a fault of ours closes this connection with 1011 and is logged", async () => {
  const { log, events } = keepingLog();
  await withConnection({ log }, async ({ device, peer }) => {
    device.onPush = () => {
      throw new TypeError("something broke");
    };

    peer.message(Uint8Array.of(0));
    const close = await peer.nextClose();

    assert.equal(close.closeCode, 1011);
    assert.equal(close.closeReason, "Internal error");
    assert.ok(events.some(({ fields }) => fields.includes("something broke")));
  });
});

Deno.test("breaches of the framing rules close with their codes", async () => {
  const cases: [number[], number][] = [
    [[0x82, 0x01, 0x00], 1002],
    [[0x81, 0x80, 0, 0, 0, 0], 1003],
    [[0x82, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0], 1009],
  ];
  for (const [bytes, code] of cases) {
    await withConnection({}, async ({ peer }) => {
      peer.socket.write(Uint8Array.from(bytes));

      assert.equal((await peer.nextClose()).closeCode, code);
    });
  }
});

Deno.test("a client that goes on sending after a close frame is cut", async () => {
  await withConnection({}, async ({ device, peer, closed }) => {
    peer.socket.write(Uint8Array.of(0x81, 0x80, 0, 0, 0, 0));
    await peer.nextClose();
    peer.message(Uint8Array.of(1));

    await closed;

    assert.equal(device.pushed.length, 0);
    assert.equal(device.closed, 1);
  });
});

Deno.test("a peer that answers pings lives on, one that does not is cut", async () => {
  await withConnection({ idleTimeout: 0.15 }, async ({ peer, closed }) => {
    for (let i = 0; i < 3; i++) {
      const ping = await peer.next();
      assert.equal(ping?.opcode, FrameOpcode.PING);
      peer.frame(FrameOpcode.PONG, ping?.payload ?? new Uint8Array(0));
    }

    await closed;

    assert.equal(await peer.next().then((event) => event?.opcode), FrameOpcode.PING);
  });
});

Deno.test("a peer that takes no answers is cut after the idle time", async () => {
  await withConnection({ idleTimeout: 0.15 }, async ({ connection, device, peer, closed }) => {
    peer.socket.pause();
    device.onPush = () => {
      connection.send(new Uint8Array(32 * 1024 * 1024), 1);
      return undefined;
    };
    peer.message(Uint8Array.of(1));

    await closed;

    assert.equal(device.closed, 1);
  });
});

Deno.test("a device that works long is not taken for a peer that has gone", async () => {
  await withConnection({ idleTimeout: 0.06 }, async ({ connection, device, peer }) => {
    const started = Promise.withResolvers<void>();
    device.onPush = () => started.promise;
    peer.message(Uint8Array.of(1));
    await new Promise((resolve) => setTimeout(resolve, 200));

    connection.send(Uint8Array.of(5), 1);
    started.resolve();

    assert.deepEqual([...await peer.nextMessage()], [5]);
  });
});

Deno.test("a peer that vanishes takes its device with it", async () => {
  await withConnection({}, async ({ device, peer, closed }) => {
    peer.message(Uint8Array.of(1));
    await until(() => device.pushed.length === 1);
    peer.socket.resetAndDestroy();

    await closed;

    assert.equal(device.closed, 1);
  });
});

Deno.test("answers that come after the end are dropped", async () => {
  await withConnection({}, async ({ connection, peer, closed }) => {
    peer.socket.destroy();
    await closed;

    connection.send(new Uint8Array(1000), 1);

    assert.equal(connection.unsentBytes, 0);
  });
});
