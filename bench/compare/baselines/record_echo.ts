/**
 * A bare echo that cuts WebSocket messages into records and answers each with a COMPLETE record of as many
 * bytes as a device would write (the record's `value`), taken from its payload.
 */

const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "virtio-crypto.v1" });
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => socket.send(answer(data));
  return response;
});

function answer(message: ArrayBuffer): Uint8Array<ArrayBuffer> {
  const view = new DataView(message);
  const bytes = new Uint8Array(message);
  // An answer is never longer: it carries no more than the payload it was taken from.
  const out = new Uint8Array(message.byteLength + 8);
  const outView = new DataView(out.buffer);
  let to = 0;
  for (let at = 0; at < message.byteLength;) {
    const size = view.getUint32(at, true);
    const len = Math.min(view.getUint32(at + 12, true), size - 16);
    outView.setUint32(to, 16 + len, true);
    out[to + 4] = 131;
    outView.setUint16(to + 6, view.getUint16(at + 6, true), true);
    outView.setUint32(to + 8, view.getUint32(at + 8, true), true);
    outView.setUint32(to + 12, len, true);
    out.set(bytes.subarray(at + size - len, at + size), to + 16);
    to += 16 + (len + 7 & ~7);
    at += size + 7 & ~7;
  }
  return out.subarray(0, to);
}
Deno.stdout.writeSync(new TextEncoder().encode(`http://127.0.0.1:${server.addr.port}\n`));
