import { strict as assert } from "node:assert";
import {
  type AcceleratorName,
  type Algorithm,
  AlgorithmChoiceError,
  ALGORITHMS,
  AlgorithmSet,
  parseAcceleratorChoice,
  selfTest,
  Service,
} from "../../device/mod.ts";
import { IMPLEMENTED } from "../support/implementations.ts";

function servedBy(algorithms: AlgorithmSet, name: string): AcceleratorName | undefined {
  return algorithms.list().find(({ algorithm }) => algorithm.name === name)?.accelerator;
}

function choose(text: string): AlgorithmSet {
  return new AlgorithmSet(IMPLEMENTED, parseAcceleratorChoice(IMPLEMENTED, text));
}

Deno.test("Without a choice the fastest accelerator serves", () => {
  const algorithms = new AlgorithmSet(IMPLEMENTED);

  assert.equal(servedBy(algorithms, "GCM"), "libcrypto");
  assert.equal(servedBy(algorithms, "AES_XTS"), "libcrypto");
  assert.equal(servedBy(algorithms, "KASUMI_F8"), "typescript");
});

Deno.test("A choice of noble keeps libcrypto out, also where noble has nothing", () => {
  const algorithms = choose("noble");

  assert.equal(servedBy(algorithms, "GCM"), "noble");
  assert.equal(servedBy(algorithms, "AES_XTS"), "typescript");
  assert.equal(algorithms.list().length, ALGORITHMS.length);
});

Deno.test("A choice of typescript leaves what it has not to noble rather than to libcrypto", () => {
  const algorithms = choose("typescript");

  assert.equal(servedBy(algorithms, "GCM"), "noble");
  assert.equal(servedBy(algorithms, "ARC4"), "typescript");
});

Deno.test("A choice for one algorithm goes before that for all, in either order", () => {
  for (const text of ["aes-gcm=libcrypto,noble", "noble, AES_GCM = libcrypto"]) {
    const algorithms = choose(text);

    assert.equal(servedBy(algorithms, "GCM"), "libcrypto");
    assert.equal(servedBy(algorithms, "CCM"), "noble");
  }
});

Deno.test("libcrypto may be chosen where it is absent: others serve", () => {
  const choice = parseAcceleratorChoice(ALGORITHMS, "libcrypto,kasumi-f8=libcrypto");
  const algorithms = new AlgorithmSet(ALGORITHMS, choice);

  assert.equal(servedBy(algorithms, "GCM"), "noble");
  assert.equal(servedBy(algorithms, "KASUMI_F8"), "typescript");
});

Deno.test("A choice that makes no sense is refused with the word that is wrong", () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["openssl", /Unknown accelerator.*: openssl/],
    ["toString", /Unknown accelerator.*: toString/],
    ["", /Unknown accelerator/],
    ["noble,", /Unknown accelerator/],
    ["rot13=noble", /Unknown algorithm: rot13/],
    ["aes-gmc=noble", /Unknown algorithm: aes-gmc \(did you mean /],
    ["aes-128-gcm=noble", /for all key lengths, as for aes-gcm: aes-128-gcm/],
    ["aes-gcm=typescript", /No typescript for aes-gcm, which has noble, libcrypto/],
    ["aes-gcm=gpu", /Unknown accelerator.*: gpu/],
    ["aes-gcm=noble=libcrypto", /Expected name=accelerator/],
  ];
  for (const [text, message] of wrong) {
    assert.throws(
      () => parseAcceleratorChoice(IMPLEMENTED, text),
      (error) => error instanceof AlgorithmChoiceError && message.test(error.message),
      text,
    );
  }
});

// The row of that name, whose implementation by `accelerator` is broken.
function breakOne(name: string, accelerator: AcceleratorName): Algorithm[] {
  return IMPLEMENTED.map((algorithm): Algorithm => {
    if (algorithm.name !== name || algorithm.service !== Service.HASH) return algorithm;
    const implementations = algorithm.implementations.map((each) =>
      each.accelerator === accelerator
        ? { ...each, open: () => ({ digest: () => {}, close: () => {} }) }
        : each
    );
    return { ...algorithm, implementations };
  });
}

Deno.test("An implementation that fails its known answer is replaced, and named once", () => {
  const { passed, failures } = selfTest(breakOne("SHA_256", "libcrypto"));

  assert.deepEqual(
    failures.map(({ algorithm, accelerator, reason, servedBy }) => [
      algorithm.name,
      accelerator,
      reason,
      servedBy,
    ]),
    [["SHA_256", "libcrypto", "wrong result", "noble"]],
  );
  assert.equal(servedBy(passed, "SHA_256"), "noble");
  assert.equal(servedBy(passed, "SHA_512"), "libcrypto");
});

Deno.test("The self-test asks those who are to serve, and nobody else", () => {
  const choice = parseAcceleratorChoice(IMPLEMENTED, "noble");

  const { passed, failures } = selfTest(breakOne("SHA_256", "libcrypto"), choice);

  assert.deepEqual(failures, []);
  assert.equal(servedBy(passed, "SHA_256"), "noble");
});

Deno.test("An algorithm that nobody computes rightly is not offered", () => {
  const rows = breakOne("SHA_256", "libcrypto")
    .map((row) =>
      row.name === "SHA_256" ? { ...row, knownAnswer: { src: "", result: "01" } } : row
    );

  const { passed, failures } = selfTest(rows);

  assert.deepEqual(failures.map(({ accelerator }) => accelerator), ["libcrypto", "noble"]);
  assert.deepEqual(failures.map((failure) => "servedBy" in failure), [false, false]);
  assert.equal(servedBy(passed, "SHA_256"), undefined);
  assert.equal(passed.list().length, ALGORITHMS.length - 1);
});
