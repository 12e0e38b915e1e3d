/**
 * SNOW 3G, UEA2 and UIA2 as the ETSI/SAGE documents write them: bytes and MULx, no tables but the
 * S-boxes, which are computed.
 */

function mulX(v: number, c: number): number {
  return v & 0x80 ? ((v << 1) ^ c) & 255 : v << 1;
}

function mulXPow(v: number, i: number, c: number): number {
  return i === 0 ? v : mulX(mulXPow(v, i - 1, c), c);
}

function multiply(a: number, b: number, c: number): number {
  let product = 0;
  for (let i = 0; i < 8; i++) if ((b >> i) & 1) product ^= mulXPow(a, i, c);
  return product;
}

/** Rijndael's S-box: the inverse by search, then the affine map bit by bit (FIPS 197, 5.1.1). */
const SR = Array.from({ length: 256 }, (_, v) => {
  let inverse = 0;
  for (let candidate = 1; candidate < 256; candidate++) {
    if (multiply(v, candidate, 0x1b) === 1) inverse = candidate;
  }
  const bit = (i: number) => (inverse >> (i % 8)) & 1;
  let out = 0;
  for (let i = 0; i < 8; i++) {
    const b = bit(i) ^ bit(i + 4) ^ bit(i + 5) ^ bit(i + 6) ^ bit(i + 7) ^ ((0x63 >> i) & 1);
    out |= b << i;
  }
  return out;
});

/** S_Q: the Dickson polynomial g49, by its recurrence g(n) = x g(n-1) + g(n-2), plus 0x25. */
const SQ = Array.from({ length: 256 }, (_, v) => {
  let before = 0, g = v;
  for (let n = 2; n <= 49; n++) [before, g] = [g, multiply(v, g, 0x69) ^ before];
  return g ^ 0x25;
});

function bytesOf(w: number): number[] {
  return [w >>> 24, (w >>> 16) & 255, (w >>> 8) & 255, w & 255];
}

function wordOf(bytes: readonly number[]): number {
  return bytes.reduce((word, byte) => word * 256 + byte, 0);
}

/** S1 and S2: substitute, then MixColumn. */
function substitute(w: number, box: readonly number[], c: number): number {
  const [a0, a1, a2, a3] = bytesOf(w).map((byte) => box[byte]);
  const x = (v: number) => mulX(v, c);
  return wordOf([
    x(a0) ^ a1 ^ a2 ^ x(a3) ^ a3,
    x(a0) ^ a0 ^ x(a1) ^ a2 ^ a3,
    a0 ^ x(a1) ^ a1 ^ x(a2) ^ a3,
    a0 ^ a1 ^ x(a2) ^ a2 ^ x(a3),
  ]);
}

function mulAlpha(c: number): number {
  return wordOf([23, 245, 48, 239].map((i) => mulXPow(c, i, 0xa9)));
}

function divAlpha(c: number): number {
  return wordOf([16, 39, 6, 64].map((i) => mulXPow(c, i, 0xa9)));
}

/** The first `num` words of keystream, for a key k3..k0 and an iv IV3..IV0 of 16 bytes each. */
export function keystream(key: Uint8Array, iv: Uint8Array, num: number): number[] {
  const words = (bytes: Uint8Array) => {
    return [12, 8, 4, 0].map((at) => new DataView(bytes.slice().buffer).getUint32(at));
  };
  const [k0, k1, k2, k3] = words(key), [iv0, iv1, iv2, iv3] = words(iv);
  const ones = 0xffffffff;
  let s = [
    ...[k0 ^ ones, k1 ^ ones, k2 ^ ones, k3 ^ ones, k0, k1, k2, k3],
    ...[k0 ^ ones, k1 ^ ones ^ iv3, k2 ^ ones ^ iv2, k3 ^ ones, k0 ^ iv1, k1, k2, k3 ^ iv0],
  ].map((word) => word >>> 0);
  let r1 = 0, r2 = 0, r3 = 0;

  const clockFsm = () => {
    const f = (((s[15] + r1) >>> 0) ^ r2) >>> 0;
    const r = (r2 + ((r3 ^ s[5]) >>> 0)) >>> 0;
    [r3, r2, r1] = [substitute(r2, SQ, 0x69), substitute(r1, SR, 0x1b), r];
    return f;
  };
  const clockLfsr = (f: number) => {
    const [s00, s01, s02, s03] = bytesOf(s[0]), [t0, t1, t2, t3] = bytesOf(s[11]);
    const v = wordOf([s01, s02, s03, 0]) ^ mulAlpha(s00) ^ s[2] ^ wordOf([0, t0, t1, t2]) ^
      divAlpha(t3) ^ f;
    s = [...s.slice(1), v >>> 0];
  };

  for (let t = 0; t < 32; t++) clockLfsr(clockFsm());
  clockFsm();
  clockLfsr(0);
  return Array.from({ length: num }, () => {
    const z = (clockFsm() ^ s[0]) >>> 0;
    clockLfsr(0);
    return z;
  });
}

/** UEA2 over whole bytes. */
export function uea2(key: Uint8Array, iv: Uint8Array, src: Uint8Array): Uint8Array {
  const z = keystream(key, iv, Math.ceil(src.length / 4));
  return src.map((byte, i) => byte ^ bytesOf(z[i >> 2])[i & 3]);
}

/** MUL64 modulo x^64 + x^4 + x^3 + x + 1. */
function mul64(v: bigint, p: bigint): bigint {
  let product = 0n;
  for (let i = 63n; i >= 0n; i--) {
    product = product >> 63n ? BigInt.asUintN(64, product << 1n) ^ 0x1bn : product << 1n;
    if ((p >> i) & 1n) product ^= v;
  }
  return product;
}

/** UIA2 over whole bytes. */
export function uia2(key: Uint8Array, iv: Uint8Array, message: Uint8Array): Uint8Array {
  const [z1, z2, z3, z4, z5] = keystream(key, iv, 5).map(BigInt);
  const p = (z1 << 32n) | z2, q = (z3 << 32n) | z4;
  let evaluated = 0n;
  for (let i = 0; i < message.length; i += 8) {
    const hex = message.subarray(i, i + 8).toHex().padEnd(16, "0");
    evaluated = mul64(evaluated ^ BigInt("0x" + hex), p);
  }
  evaluated = mul64(evaluated ^ BigInt(8 * message.length), q);
  const mac = (evaluated >> 32n) ^ z5;
  return Uint8Array.fromHex(mac.toString(16).padStart(8, "0"));
}
