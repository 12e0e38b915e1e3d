/** A bare server that cuts messages into records and answers each SUBMIT with AES-128-GCM of its bytes. */

import { openLibcrypto } from "../../../device/mod.ts";
import { KEY } from "../../support/kinds.ts";
const { library } = openLibcrypto();
if (library === null) throw new Error("No libcrypto");
const { symbols, outLenAt } = library;
const context = symbols.EVP_CIPHER_CTX_new();
symbols.EVP_CipherInit_ex(context, library.fetchCipher("AES-128-GCM"), null, KEY, null, 1);
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "virtio-crypto.v1" });
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => socket.send(answer(new Uint8Array(data), new DataView(data)));
  return response;
});

function answer(bytes: Uint8Array, view: DataView): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes.length + 8);
  const outView = new DataView(out.buffer);
  let to = 0;
  for (let at = 0, end = 0; at < bytes.length; at = end + 7 & ~7) {
    end = at + view.getUint32(at, true);
    const len = Math.min(view.getUint32(at + 12, true), end - at - 16);
    outView.setUint32(to, 16 + len, true);
    out[to + 4] = 131;
    outView.setUint32(to + 8, view.getUint32(at + 8, true), true);
    outView.setUint32(to + 12, len, true);
    const tagAt = to + len - 1;
    if (end - at > 100) { // A data request: header of the record 16 bytes, its own 24, body 24, iv 12.
      const src = bytes.subarray(at + 76, end);
      symbols.setIv(context, null, null, null, bytes.subarray(at + 64, at + 76), 1);
      symbols.EVP_CipherUpdate(context, out.subarray(to + 16), outLenAt, src, src.length);
      symbols.EVP_CipherFinal_ex(context, outLenAt, outLenAt);
      symbols.EVP_CIPHER_CTX_ctrl(context, 0x10, 16, out.subarray(tagAt));
    }
    to += 16 + (len + 7 & ~7);
  }
  return out.subarray(0, to);
}
Deno.stdout.writeSync(new TextEncoder().encode(`http://127.0.0.1:${server.addr.port}\n`));
