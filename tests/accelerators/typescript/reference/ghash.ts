/** GHASH as NIST SP 800-38D writes it: elements are bit strings, leftmost bit first. */

const R = 0xe1n << 120n;

function toElement(block: Uint8Array): bigint {
  return BigInt("0x" + block.toHex());
}

/** Algorithm 1 (clause 6.3): X * Y. */
export function multiply(x: bigint, y: bigint): bigint {
  let z = 0n;
  let v = y;
  for (let i = 0n; i < 128n; i++) {
    if ((x >> (127n - i)) & 1n) z ^= v;
    v = v & 1n ? (v >> 1n) ^ R : v >> 1n;
  }
  return z;
}

/** Algorithm 2 (clause 6.4): GHASH of whole blocks. */
export function ghash(h: Uint8Array, blocks: Uint8Array): Uint8Array {
  let y = 0n;
  for (let i = 0; i < blocks.length; i += 16) {
    y = multiply(y ^ toElement(blocks.subarray(i, i + 16)), toElement(h));
  }
  return Uint8Array.fromHex(y.toString(16).padStart(32, "0"));
}

/** `bytes` and zeros up to a whole block. */
export function padded(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes.length / 16) * 16);
  out.set(bytes);
  return out;
}

/** The closing block: both lengths in bits, 64 bits each. */
export function lengthBlock(aadLen: number, dataLen: number): Uint8Array {
  const block = new Uint8Array(16);
  const view = new DataView(block.buffer);
  view.setBigUint64(0, BigInt(aadLen) * 8n);
  view.setBigUint64(8, BigInt(dataLen) * 8n);
  return block;
}
