import assert from "node:assert/strict";
import {
  acceptsKeyLen,
  type CipherAlgorithm,
  type MacAlgorithm,
} from "../../../device/algorithms/algorithm.ts";
import { Kasumi } from "../../../device/accelerators/typescript/kasumi.ts";
import { Snow3g } from "../../../device/accelerators/typescript/snow3g.ts";
import { Zuc } from "../../../device/accelerators/typescript/zuc.ts";
import { CIPHERS, MACS, openCipher, openMac } from "./rows.ts";
import { type Case, type VectorFile, vectorFiles } from "./vector_files.ts";

/** What became of a case: it ran, was rightly refused, or cannot be expressed for this reason. */
type Outcome = "ran" | "refused" | "message is not of whole bytes" | "iv is not of 12 bytes";

/** Another reading of an algorithm that no document defines; ours is plain-cbcmac. */
const OTHER_READINGS = ["cbcmac-kasumi-f9.f9-core.json"];
const ANNOTATIONS = ["id", "comment", "count", "bearer", "direction", "fresh", "salt"];

/** Sets the bits behind the valid ones of the last byte to zero. */
function maskLastByte(bytes: Uint8Array, bits: number): Uint8Array {
  if (bits % 8 !== 0) bytes[bytes.length - 1] &= 0xff00 >> (bits % 8);
  return bytes;
}

function runCipher(row: CipherAlgorithm, vector: Case): Outcome {
  vector.ignore(...ANNOTATIONS, "dataUnitSeqNumber", "officialOffsets");
  const id = vector.text("id"), message = vector.message();
  const key = Uint8Array.from([...vector.bytes("key"), ...vector.bytes("keymask")]);
  const iv = vector.bytes("iv"), bits = vector.number("bits", 8 * message.length);
  assert.equal(vector.text("result"), "valid", id);
  assert.ok(acceptsKeyLen(row.keyLens, key.length), id);
  assert.equal(iv.length, row.ivLen, id);
  if (vector.flags().includes("IdenticalKeyHalves")) {
    vector.ignore("ct");
    assert.equal(row.acceptsKey?.(key), false, id);
    return "refused";
  }
  const output = new Uint8Array(message.length), back = new Uint8Array(message.length);

  openCipher(row)(key, false).process(iv, message, output);
  openCipher(row)(key, true).process(iv, output, back);

  vector.assertCiphertext(maskLastByte(output, bits), id);
  assert.equal(back.toHex(), message.toHex(), id);
  return "ran";
}

/** The input of f9 as its caller formats it. */
function formatF9(vector: Case): Uint8Array {
  vector.ignore("padded", "iv");
  if (vector.has("qatMsg")) {
    vector.ignore("msg");
    return vector.bytes("qatMsg");
  }
  assert.equal(vector.number("bits", 0) % 8, 0, vector.text("id"));
  const end = (vector.number("direction", 0) << 7) | 0x40;
  return Uint8Array.from([
    ...vector.bytes("count"),
    ...vector.bytes("fresh"),
    ...vector.message(),
    end,
  ]);
}

function runMac(row: MacAlgorithm, vector: Case): Outcome {
  vector.ignore(...ANNOTATIONS, "flags", "j0", "iv", "bits");
  const id = vector.text("id"), valid = vector.text("result") === "valid";
  const message = row.name === "KASUMI_F9" ? formatF9(vector) : vector.message();
  const key = vector.bytes("key"), tag = vector.bytes("tag");
  const tagLen = vector.number("tagLen", tag.length);
  if (!acceptsKeyLen(row.keyLens, key.length)) {
    assert.ok(vector.has("reject") || vector.flags().includes("NonStandardKeyLength"), id);
    return "refused";
  }
  assert.equal(tag.length, tagLen, id);
  const iv = row.ivLen > 0 ? vector.bytes("iv") : new Uint8Array(0);
  if (row.ivLen === 12 && iv.length !== 12) return "iv is not of 12 bytes";
  if (row.name !== "KASUMI_F9" && vector.number("bits", 0) % 8 !== 0) {
    return "message is not of whole bytes";
  }
  const output = new Uint8Array(tag.length);

  openMac(row)(key).compute(iv, message, new Uint8Array(0), output);

  assert.equal(output.toHex() === tag.toHex(), valid, id);
  return "ran";
}

function tally<Row>(
  files: readonly VectorFile[],
  row: Row & { readonly id: number },
  run: (row: Row, vector: Case) => Outcome,
): Readonly<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  for (const file of files) {
    if (file.algo !== row.id || OTHER_READINGS.includes(file.name)) continue;
    for (const vector of file.cases) {
      const outcome = run(row, vector);
      vector.assertRead();
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  }
  return outcomes;
}

/** How many cases end how. */
const OUTCOMES: Readonly<Record<string, Partial<Record<Outcome, number>>>> = {
  ARC4: { ran: 134 },
  DES_ECB: { ran: 170 },
  DES_CBC: { ran: 173 },
  "3DES_ECB": { ran: 102 },
  "3DES_CBC": { ran: 105 },
  "3DES_CTR": { ran: 294 },
  KASUMI_F8: { ran: 34 },
  SNOW3G_UEA2: { ran: 44 },
  AES_F8: { ran: 61 },
  AES_XTS: { ran: 611, refused: 1 },
  ZUC_EEA3: { ran: 24 },
  KASUMI_F9: { ran: 28 },
  CBCMAC_KASUMI_F9: { ran: 7 },
  SNOW3G_UIA2: { "message is not of whole bytes": 14, ran: 21 },
  ZUC_EIA3: { "message is not of whole bytes": 11, ran: 17 },
  CMAC_3DES: { ran: 230 },
  CMAC_AES: { ran: 789, refused: 5 },
  GMAC_AES: { "iv is not of 12 bytes": 337, ran: 241 },
  GMAC_TWOFISH: { "iv is not of 12 bytes": 24, ran: 27 },
  CBCMAC_AES: { ran: 68 },
  XCBC_AES: { ran: 36, refused: 2 },
};

const cipherFiles = vectorFiles("cipher");
for (const row of CIPHERS) {
  Deno.test(`${row.name} passes its test vectors`, () => {
    assert.deepEqual(tally(cipherFiles, row, runCipher), OUTCOMES[row.name]);
  });
}

const macFiles = vectorFiles("mac");
for (const row of MACS) {
  Deno.test(`${row.name} passes its test vectors, and rejects the invalid ones`, () => {
    assert.deepEqual(tally(macFiles, row, runMac), OUTCOMES[row.name]);
  });
}

function primitiveCases(name: string): readonly Case[] {
  const file = vectorFiles("primitive").find((candidate) => candidate.name === name);
  assert.ok(file);
  return file.cases;
}

Deno.test("KASUMI encrypts the blocks of 3GPP TS 35.203", () => {
  for (const vector of primitiveCases("kasumi-block.3gpp.json")) {
    const kasumi = new Kasumi(vector.bytes("key")), block = vector.bytes("msg");

    for (let i = vector.number("iterations", 1); i > 0; i--) {
      kasumi.encryptBlock(block, 0, block, 0);
    }

    assert.equal(block.toHex(), vector.text("ct"), vector.text("id"));
  }
});

interface Generator {
  readonly words: Int32Array;
  start(iv: Uint8Array): void;
  generate(num: number): void;
}

const GENERATORS: readonly [string, (key: Uint8Array) => Generator][] = [
  ["snow3g-keystream.3gpp.json", (key) => new Snow3g(key)],
  ["zuc-keystream.3gpp.json", (key) => new Zuc(key)],
];
for (const [name, open] of GENERATORS) {
  Deno.test(`The keystream is that of ${name}, a word at a time`, () => {
    for (const vector of primitiveCases(name)) {
      const generator = open(vector.bytes("key"));
      generator.start(vector.bytes("iv"));
      const wanted = new Map(vector.entries("keystreamWords"));
      const last = Math.max(...[...wanted.keys()].map(Number));
      for (let n = 1; n <= last; n++) {
        generator.generate(1);

        const word = (generator.words[0] >>> 0).toString(16).padStart(8, "0");
        assert.equal(word, wanted.get(String(n)) ?? word, `${vector.text("id")}, word ${n}`);
      }
    }
  });
}
