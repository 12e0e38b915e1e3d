/** A bare echo of WebSocket messages: Deno's own server, as plain as it gets. */

const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "virtio-crypto.v1" });
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
});
Deno.stdout.writeSync(new TextEncoder().encode(`http://127.0.0.1:${server.addr.port}\n`));
