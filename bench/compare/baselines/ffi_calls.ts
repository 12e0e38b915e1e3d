/** A bare loop of two foreign calls, set iv and update, of AES-128-CTR. Arguments: bytes, calls in a batch. */

import { openLibcrypto } from "../../../device/mod.ts";
import { inputOf, IV, KEY } from "../../support/kinds.ts";
import { hostLane, lane } from "../lane.ts";

const [size, num] = Deno.args.map(Number);
const { library } = openLibcrypto();
const { symbols } = Deno.dlopen(library?.path ?? "libcrypto", {
  EVP_aes_128_ctr: { parameters: [], result: "pointer" },
  EVP_CIPHER_CTX_new: { parameters: [], result: "pointer" },
  start: {
    name: "EVP_CipherInit_ex",
    parameters: ["pointer", "pointer", "pointer", "buffer", "pointer", "i32"],
    result: "i32",
  },
  setIv: {
    name: "EVP_CipherInit_ex",
    parameters: ["pointer", "pointer", "pointer", "pointer", "buffer", "i32"],
    result: "i32",
  },
  update: {
    name: "EVP_CipherUpdate",
    parameters: ["pointer", "buffer", "pointer", "buffer", "i32"],
    result: "i32",
  },
});
const context = symbols.EVP_CIPHER_CTX_new();
symbols.start(context, symbols.EVP_aes_128_ctr(), null, KEY, null, 1);
const src = inputOf("aes-128-ctr", size);
const dst = new Uint8Array(size);
const written = Deno.UnsafePointer.of(new Int32Array(1));
function call(): Uint8Array {
  symbols.setIv(context, null, null, null, IV, -1);
  symbols.update(context, dst, written, src, size);
  return dst;
}
await hostLane(lane(num, () => {
  for (let i = 0; i < num; i++) call();
}, call));
