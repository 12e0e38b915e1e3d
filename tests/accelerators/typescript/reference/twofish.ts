/** Twofish encryption as the paper of 1998 writes it, with q0 and q1 from their 4-bit tables. */

const Q_TABLES = [
  ["817D6F320B59ECA4", "ECB81235F4A6709D", "BA5E6D90C8F32471", "D7F4126E9B3085CA"],
  ["28BDF76E31940AC5", "1E2B4C376DA5F908", "4C75169A0ED82B3F", "B951C3DE647F208A"],
].map((tables) => tables.map((digits) => [...digits].map((digit) => parseInt(digit, 16))));

const MDS = [
  [0x01, 0xef, 0x5b, 0x5b],
  [0x5b, 0xef, 0xef, 0x01],
  [0xef, 0x5b, 0x01, 0xef],
  [0xef, 0x01, 0xef, 0x5b],
];
const RS = [
  [0x01, 0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e],
  [0xa4, 0x56, 0x82, 0xf3, 0x1e, 0xc6, 0x68, 0xe5],
  [0x02, 0xa1, 0xfc, 0xc1, 0x47, 0xae, 0x3d, 0x19],
  [0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e, 0x03],
];

/** Section 4.3.5. */
function q(which: number, x: number): number {
  const [t0, t1, t2, t3] = Q_TABLES[which];
  const ror4 = (v: number) => ((v >> 1) | (v << 3)) & 15;
  const a0 = x >> 4, b0 = x & 15;
  const a1 = a0 ^ b0, b1 = a0 ^ ror4(b0) ^ ((8 * a0) & 15);
  const a2 = t0[a1], b2 = t1[b1];
  const a3 = a2 ^ b2, b3 = a2 ^ ror4(b2) ^ ((8 * a2) & 15);
  return 16 * t3[b3] + t2[a3];
}

/** Multiplies polynomials over GF(2) and reduces modulo `modulus`, of degree 8. */
function multiply(a: number, b: number, modulus: number): number {
  let product = 0;
  for (let i = 0; i < 8; i++) if ((b >> i) & 1) product ^= a << i;
  for (let i = 14; i >= 8; i--) if ((product >> i) & 1) product ^= modulus << (i - 8);
  return product;
}

function times(matrix: number[][], vector: readonly number[], modulus: number): number[] {
  return matrix.map((row) => row.reduce((sum, m, i) => sum ^ multiply(m, vector[i], modulus), 0));
}

function bytesOf(w: number): number[] {
  return [w & 255, (w >>> 8) & 255, (w >>> 16) & 255, w >>> 24];
}

function wordOf(bytes: readonly number[]): number {
  return bytes.reduceRight((word, byte) => word * 256 + byte, 0);
}

function rol(x: number, n: number): number {
  return ((x << n) | (x >>> (32 - n))) >>> 0;
}

/** The q of each byte in each stage, from the stage that is only there for k = 4 to the last. */
const STAGES = [[1, 0, 0, 1], [1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 1, 1], [1, 0, 1, 0]];

/** Section 4.3.2. */
function h(x: number, list: readonly number[]): number {
  let y = bytesOf(x);
  const k = list.length;
  STAGES.slice(4 - k).forEach((stage, i) => {
    const l = i < k ? bytesOf(list[k - 1 - i]) : [0, 0, 0, 0];
    y = y.map((byte, j) => q(stage[j], byte) ^ l[j]);
  });
  return wordOf(times(MDS, y, 0x169));
}

/** One block under a key of 16, 24 or 32 bytes. */
export function block(key: Uint8Array, input: Uint8Array): Uint8Array {
  const k = key.length / 8;
  const words = (bytes: Uint8Array) =>
    Array.from(
      { length: bytes.length / 4 },
      (_, i) => wordOf([...bytes.subarray(4 * i, 4 * i + 4)]),
    );
  const m = words(key);
  const even = m.filter((_, i) => i % 2 === 0), odd = m.filter((_, i) => i % 2 === 1);
  const s = Array.from(
    { length: k },
    (_, i) => wordOf(times(RS, [...key.subarray(8 * i, 8 * i + 8)], 0x14d)),
  ).reverse();

  const subkeys = Array.from({ length: 20 }, (_, i) => {
    const a = h(2 * i * 0x01010101, even), b = rol(h((2 * i + 1) * 0x01010101, odd), 8);
    return [(a + b) >>> 0, rol((a + 2 * b) >>> 0, 9)];
  }).flat();

  let r = words(input).map((word, i) => (word ^ subkeys[i]) >>> 0);
  for (let round = 0; round < 16; round++) {
    const t0 = h(r[0], s), t1 = h(rol(r[1], 8), s);
    const f0 = (t0 + t1 + subkeys[2 * round + 8]) >>> 0;
    const f1 = (t0 + 2 * t1 + subkeys[2 * round + 9]) >>> 0;
    r = [rol(r[2] ^ f0, 31), (rol(r[3], 1) ^ f1) >>> 0, r[0], r[1]];
  }
  const output = [r[2], r[3], r[0], r[1]].map((word, i) => (word ^ subkeys[i + 4]) >>> 0);
  return Uint8Array.from(output.flatMap(bytesOf));
}
