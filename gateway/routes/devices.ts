/**
 * Devices over HTTP: made, driven with records, looked at, deleted.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { CryptoFeature } from "../../device/wire/constants.ts";
import { readBody, readJson, requireMediaType } from "../body.ts";
import { FeatureError } from "../client/errors.ts";
import type { CryptoFeatureName } from "../client/features.ts";
import type { Gateway } from "../gateway.ts";
import { Problem } from "../problem.ts";
import { isWellFormed, RECORDS_MEDIA_TYPE } from "../records.ts";
import {
  addRoute,
  binarySchema,
  type GatewayApp,
  type GatewayContext,
  problems,
} from "../route.ts";

/** Longest body that makes a device, in bytes: a few names. */
const MAX_SPEC_LEN = 4096;

const FEATURE_NAMES = Object.keys(CryptoFeature) as CryptoFeatureName[];

const specSchema = z.strictObject({
  /** VERSION_1 may be named; it is always accepted. */
  features: z.array(z.enum([...FEATURE_NAMES, "VERSION_1"])).max(64).optional(),
}).openapi("DeviceSpec");

const createdSchema = z.object({ id: z.string(), features: z.array(z.string()) })
  .openapi("CreatedDevice");

const stateSchema = z.object({
  id: z.string(),
  status: z.number().int(),
  features: z.array(z.string()),
  sessions: z.number().int(),
  queuesReady: z.number().int(),
}).openapi("DeviceState");

const params = z.object({ id: z.string() });

/** Adds the routes below `/v1/devices`. */
export function addDeviceRoutes(app: GatewayApp, gateway: Gateway): void {
  addRoute(app, {
    method: "post",
    path: "/v1/devices",
    summary: "Make a device and start it with these features (all when none are named)",
    request: { body: { content: { "application/json": { schema: specSchema } } } },
    responses: {
      201: {
        description: "The device, past DRIVER_OK",
        content: { "application/json": { schema: createdSchema } },
      },
      ...problems(400, 413, 415, 429, 503),
    },
  }, (c) => create(c, gateway));
  addRoute(app, {
    method: "get",
    path: "/v1/devices/{id}",
    summary: "The state of a device",
    request: { params },
    responses: {
      200: {
        description: "Its state",
        content: { "application/json": { schema: stateSchema } },
      },
      ...problems(404),
    },
  }, (c) => {
    const device = gateway.devices.get(idOf(c), c.get("owner"));
    return c.json({ id: device.id, ...device.state() });
  });
  addRoute(app, {
    method: "delete",
    path: "/v1/devices/{id}",
    summary: "Reset a device and forget it",
    request: { params },
    responses: { 204: { description: "It is gone" }, ...problems(404) },
  }, (c) => {
    gateway.devices.remove(idOf(c), c.get("owner"));
    return c.body(null, 204);
  });
  addRoute(app, {
    method: "post",
    path: "/v1/devices/{id}/records",
    summary: "Records in, their answers out",
    request: { params, body: { content: { [RECORDS_MEDIA_TYPE]: { schema: binarySchema } } } },
    responses: {
      200: {
        description: "Answers in the order of completion",
        content: { [RECORDS_MEDIA_TYPE]: { schema: binarySchema } },
      },
      ...problems(400, 404, 413, 415, 429),
    },
  }, (c) => runRecords(c, gateway));
}

function idOf(c: GatewayContext): string {
  return c.req.param("id") ?? "";
}

async function create(c: GatewayContext, gateway: Gateway): Promise<Response> {
  gateway.requireNotDraining();
  const { features } = await readJson(c, specSchema, MAX_SPEC_LEN);
  const wanted = features?.filter((name) => name !== "VERSION_1");
  const owner = c.get("owner");
  try {
    const device = await gateway.devices.add(owner, () => gateway.newStartedDevice(wanted));
    const body = { id: device.id, features: device.state().features };
    return c.json(body, 201, { Location: `/v1/devices/${device.id}` });
  } catch (error) {
    if (error instanceof FeatureError) throw new Problem(400, `features: ${error.message}`);
    throw error;
  }
}

async function runRecords(c: GatewayContext, gateway: Gateway): Promise<Response> {
  requireMediaType(c, RECORDS_MEDIA_TYPE);
  const device = gateway.devices.get(idOf(c), c.get("owner"));
  const endTurn = await device.turn();
  try {
    const body = await readBody(c, gateway.options.maxMessage);
    if (!isWellFormed(body)) throw new Problem(400, "The body cannot be cut into records");
    const answers = device.execute(body, endTurn);
    return c.body(answers, 200, { "Content-Type": RECORDS_MEDIA_TYPE });
  } catch (error) {
    endTurn();
    throw error;
  }
}
