/**
 * The device's services as JSON, for people: one stateless request each, or a batch of them.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { MAX_XOF_LEN } from "../../device/wire/constants.ts";
import { check, readJson } from "../body.ts";
import type { Device } from "../client/device.ts";
import { AlgorithmError, CryptoError, RefusedError } from "../client/errors.ts";
import type { Gateway } from "../gateway.ts";
import { Problem } from "../problem.ts";
import { RefusedReason } from "../records.ts";
import { addRoute, type GatewayApp, problems } from "../route.ts";

/** Requests in one batch: as many as a device may have unanswered by default. */
const MAX_BATCH = 4096;

const encodingSchema = z.enum(["base64", "hex"]);
type Encoding = z.output<typeof encodingSchema>;

const algorithm = z.string().max(64);
const op = z.enum(["encrypt", "decrypt"]).default("encrypt");
const bytes = z.string();

const cipherItem = z.strictObject({ algorithm, op, key: bytes, iv: bytes.optional(), data: bytes });
const hashItem = z.strictObject({
  algorithm,
  data: bytes,
  outLen: z.number().int().min(1).max(MAX_XOF_LEN).optional(),
});
const macItem = z.strictObject({
  algorithm,
  key: bytes,
  iv: bytes.optional(),
  data: bytes,
  outLen: z.number().int().min(1).max(MAX_XOF_LEN).optional(),
});
const aeadItem = z.strictObject({
  algorithm,
  op,
  key: bytes,
  iv: bytes.optional(),
  aad: bytes.optional(),
  data: bytes,
  tagLen: z.number().int().min(1).max(16).optional(),
});

const answerSchema = z.object({
  status: z.string().openapi({ example: "OK" }),
  output: bytes.optional(),
}).openapi("Answer");
const answersSchema = z.object({ batch: z.array(answerSchema) }).openapi("Answers");
type Answer = z.output<typeof answerSchema>;

/** Decodes a field's bytes; the name is for the message. */
type Decode = (text: string | undefined, field: string) => Uint8Array;

/** One service: the shape of its requests and how the SDK makes them. */
interface ServiceCall<Item extends z.ZodType> {
  readonly path: string;
  readonly summary: string;
  readonly item: Item;
  /** Decodes everything before it returns, so that a bad field is found before any is executed. */
  readonly prepare: (
    item: z.output<Item>,
    decode: Decode,
  ) => (device: Device) => Promise<Uint8Array>;
}

const cipherCall: ServiceCall<typeof cipherItem> = {
  path: "/v1/cipher",
  summary: "Encrypt or decrypt",
  item: cipherItem,
  prepare: (item, decode) => {
    const { algorithm, op } = item;
    const key = decode(item.key, "key");
    const iv = decode(item.iv, "iv");
    const src = decode(item.data, "data");
    return (device) => device.cipher({ algorithm, op, key, iv, src });
  },
};

const hashCall: ServiceCall<typeof hashItem> = {
  path: "/v1/hash",
  summary: "Digest",
  item: hashItem,
  prepare: ({ algorithm, data, outLen }, decode) => {
    const src = decode(data, "data");
    return (device) => device.hash({ algorithm, src, hashResultLen: outLen });
  },
};

const macCall: ServiceCall<typeof macItem> = {
  path: "/v1/mac",
  summary: "Authenticate",
  item: macItem,
  prepare: (item, decode) => {
    const { algorithm, outLen } = item;
    const authKey = decode(item.key, "key");
    const iv = decode(item.iv, "iv");
    const src = decode(item.data, "data");
    return (device) => device.mac({ algorithm, authKey, iv, src, hashResultLen: outLen });
  },
};

const aeadCall: ServiceCall<typeof aeadItem> = {
  path: "/v1/aead",
  summary: "Encrypt and authenticate, or verify and decrypt",
  item: aeadItem,
  prepare: (item, decode) => {
    const { algorithm, op, tagLen } = item;
    const key = decode(item.key, "key");
    const iv = decode(item.iv, "iv");
    const aad = decode(item.aad, "aad");
    const src = decode(item.data, "data");
    return (device) => device.aead({ algorithm, op, key, iv, aad, src, tagLen });
  },
};

/** Adds `/v1/cipher`, `/v1/hash`, `/v1/mac` and `/v1/aead`. */
export function addCryptoRoutes(app: GatewayApp, gateway: Gateway): void {
  addServiceRoute(app, gateway, cipherCall);
  addServiceRoute(app, gateway, hashCall);
  addServiceRoute(app, gateway, macCall);
  addServiceRoute(app, gateway, aeadCall);
}

function addServiceRoute<Item extends z.ZodObject>(
  app: GatewayApp,
  gateway: Gateway,
  call: ServiceCall<Item>,
): void {
  const encoding = encodingSchema.default("base64");
  const single = call.item.extend({ encoding });
  const batch = z.strictObject({ batch: z.array(call.item).max(MAX_BATCH), encoding });
  addRoute(app, {
    method: "post",
    path: call.path,
    summary: call.summary,
    request: { body: { content: { "application/json": { schema: z.union([single, batch]) } } } },
    responses: {
      200: {
        description:
          "The device's status and, when it is OK, its result; as many as were asked for",
        content: { "application/json": { schema: z.union([answerSchema, answersSchema]) } },
      },
      ...problems(400, 413, 415),
    },
  }, async (c) => {
    const limit = gateway.options.maxMessage;
    const json = await readJson(c, z.looseObject({ encoding }), limit);
    const isBatch = "batch" in json;
    const { encoding: _encoding, ...rest } = json;
    const items = isBatch ? check(json, batch, "").batch : [check(rest, call.item, "")];
    checkOutput(items, limit);
    const where = (i: number) => isBatch ? `batch.${i}` : "";
    const runs = items.map((item, i) => call.prepare(item, decoder(json.encoding, where(i))));
    const answers = await runAll(await gateway.stateless(), runs, json.encoding, where);
    return isBatch ? c.json({ batch: answers }) : c.json(answers[0]);
  });
}

/** An extendable-output function can be asked for far more than was sent: the sum is bounded. */
function checkOutput(items: readonly object[], limit: number): void {
  let total = 0;
  for (const item of items) {
    if ("outLen" in item && typeof item.outLen === "number") total += item.outLen;
  }
  if (total > limit) throw new Problem(400, `outLen: more than ${limit} bytes are asked for`);
}

function decoder(encoding: Encoding, where: string): Decode {
  return (text, field) => {
    if (text === undefined) return new Uint8Array(0);
    try {
      return encoding === "hex" ? Uint8Array.fromHex(text) : Uint8Array.fromBase64(text);
    } catch {
      const name = where === "" ? field : `${where}.${field}`;
      throw new Problem(400, `${name}: Not ${encoding}`);
    }
  };
}

/** Runs all requests together: they travel to the device in one message. */
function runAll(
  device: Device,
  runs: readonly ((device: Device) => Promise<Uint8Array>)[],
  encoding: Encoding,
  where: (i: number) => string,
): Promise<Answer[]> {
  return Promise.all(runs.map(async (run, i) => {
    try {
      const output = await run(device);
      return { status: "OK", output: encoding === "hex" ? output.toHex() : output.toBase64() };
    } catch (error) {
      if (error instanceof CryptoError) return { status: error.statusName };
      throw asProblem(error, where(i));
    }
  }));
}

/** What a client did wrong, found before its request reached the device. */
function asProblem(error: unknown, where: string): unknown {
  const prefix = where === "" ? "" : `${where}: `;
  if (error instanceof AlgorithmError) return new Problem(400, prefix + error.message);
  const isOver = error instanceof RefusedError && error.reason === RefusedReason.OVER_LIMIT;
  return isOver ? new Problem(413, `${prefix}The request is larger than the device takes`) : error;
}
