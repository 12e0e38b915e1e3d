/**
 * Calls of the HTTP API: good bodies get the right answers, all others an answer that blames the caller.
 *
 * @module
 */

import { createApp } from "../../../gateway/app.ts";
import { Gateway } from "../../../gateway/gateway.ts";
import { parseServeOptions } from "../../../gateway/options.ts";
import type { GatewayApp } from "../../../gateway/route.ts";
import { expect, type World } from "../kind.ts";
import { brief } from "../memory.ts";
import type { Random } from "../random.ts";
import { Conversation } from "../records/conversation.ts";
import { checkAnswer } from "../requests/answers.ts";
import { Computer } from "../requests/computer.ts";
import { Maker } from "../requests/maker.ts";
import { mutate } from "../requests/mutate.ts";
import { Reference, type Terms } from "../requests/reference.ts";
import { type Answer, goodBody, type Json, spoil } from "./bodies.ts";

const TERMS: Terms = {
  mux: true,
  stateless: [true, true, true, true],
  layout: "v19",
  maxSize: 20_000,
  maxSessions: 16,
};
const QUEUES = 2;
const MAX_FIXED = 4096;
const STATUSES = new Set(["OK", "ERR", "BADMSG", "NOTSUPP", "INVSESS", "NOSPC"]);
const BLAMES = new Set([400, 404, 405, 413, 415]);
const RECORDS = "application/vnd.virtio-crypto";
const FEATURES = ["MUX_MODE", "CIPHER_STATELESS_MODE", "HASH_STATELESS_MODE", "VERSION_1"];

/** See the module's comment. */
export class JsonWorld implements World {
  executions = 0;
  readonly #computer: Computer = new Computer("noble");
  readonly #deviceComputer: Computer = new Computer("noble");
  readonly #maker: Maker = new Maker(TERMS, this.#computer);
  readonly #reference: Reference = new Reference(TERMS);
  readonly #gateway: Gateway;
  readonly #app: GatewayApp;
  readonly #errors: string[] = [];
  #conversation: Conversation;
  #device = "";

  constructor() {
    const { maxSize, maxSessions } = TERMS;
    const options = parseServeOptions({ maxSize, maxSessions, queues: QUEUES, threads: 0 });
    this.#gateway = new Gateway(options, null, (level, event, fields) => {
      if (level === "error") this.#errors.push(`${event} ${JSON.stringify(fields)}`);
    });
    this.#app = createApp(this.#gateway);
    this.#conversation = this.#newConversation();
  }

  async step(random: Random): Promise<void> {
    const kind = random.below(16);
    if (kind < 4) await this.#goodBody(random);
    else if (kind < 9) await this.#spoiltBody(random);
    else if (kind < 13) await this.#request(random);
    else if (kind < 15) await this.#records(random);
    else await this.#devices(random);
    expect(this.#errors.length === 0, () => `The gateway logged ${this.#errors.join("; ")}`);
  }

  async close(): Promise<void> {
    this.#computer.close();
    this.#deviceComputer.close();
    await this.#gateway.close();
  }

  #newConversation(): Conversation {
    const { maxSize, maxSessions, layout } = TERMS;
    return new Conversation(
      { queues: QUEUES, maxSize, maxSessions, layout },
      this.#deviceComputer,
    );
  }

  async #call(
    method: string,
    path: string,
    type = "application/json",
    body: BodyInit | null = null,
  ): Promise<Response> {
    this.executions++;
    const headers = { "content-type": type, host: "127.0.0.1" };
    const request = new Request(`http://127.0.0.1${path}`, { method, headers, body });
    return await this.#app.fetch(request);
  }

  // Fails unless it is an error that blames the caller, told as it should be.
  async #mustBlame(response: Response, what: () => string): Promise<void> {
    const { status } = response;
    expect(BLAMES.has(status), () => `${what()} is answered ${status}`);
    const type = response.headers.get("content-type") ?? "";
    expect(type.startsWith("application/problem+json"), () => `${what()} is answered as ${type}`);
    const problem = await response.json();
    expect(problem.status === status, () => `${what()}: the problem's status is ${problem.status}`);
  }

  async #goodBody(random: Random): Promise<void> {
    const { path, json, answers } = goodBody(random, this.#maker, this.#computer);
    const text = JSON.stringify(json);
    const response = await this.#call("POST", path, "application/json; charset=utf-8", text);
    const what = () => `${path} ${text.slice(0, 400)}`;
    expect(response.status === 200, () => `${what()} is answered ${response.status}`);
    const got = await response.json();
    const wanted: Json = "batch" in json
      ? { batch: answers.map((answer) => ({ ...answer })) }
      : { ...answers[0] };
    const told = JSON.stringify(got);
    expect(told === JSON.stringify(wanted), () => `${what()} is answered ${told}`);
  }

  async #spoiltBody(random: Random): Promise<void> {
    const { path, json } = goodBody(random, this.#maker, this.#computer);
    const text = spoil(random, json);
    const type = random.oneIn(20) ? "text/plain" : "application/json";
    const response = await this.#call("POST", path, type, text);
    const what = () => `${path} ${text.slice(0, 400)}`;
    if (response.status !== 200) return await this.#mustBlame(response, what);
    const got = await response.json();
    const answers: Answer[] = Array.isArray(got.batch) ? got.batch : [got];
    for (const { status, output } of answers) {
      const isRight = STATUSES.has(status) && (status === "OK") === (typeof output === "string");
      expect(isRight, () => `${what()} is answered ${JSON.stringify(got).slice(0, 200)}`);
    }
  }

  // One stateless request in the bytes of the wire.
  async #request(random: Random): Promise<void> {
    let made = this.#maker.stateless(random, random.below(4));
    if (random.oneIn(2)) {
      const around = { maxSize: TERMS.maxSize, anyId: () => random.below(9), room: 30_000 };
      made = mutate(random, made, around);
    }
    const { readable, writableLen } = made;
    const path = `/v1/requests?writable=${writableLen}`;
    const response = await this.#call("POST", path, "application/octet-stream", readable);
    const what = () => `${path} ${brief(readable)}`;
    if (readable.length + writableLen > TERMS.maxSize + MAX_FIXED) {
      return await this.#mustBlame(response, what);
    }
    expect(response.status === 200, () => `${what()} is answered ${response.status}`);
    const payload = new Uint8Array(await response.arrayBuffer());
    const prediction = this.#reference.data(readable, writableLen);
    const awaited = { made, prediction, isControl: false };
    checkAnswer(awaited, payload, this.#reference, this.#computer, random);
  }

  // A device of HTTP, driven with records; a body that is none executes nothing.
  async #records(random: Random): Promise<void> {
    if (this.#device === "") await this.#makeDevice();
    const path = `/v1/devices/${this.#device}/records`;
    if (random.oneIn(6)) {
      const garbage = random.bytes(random.between(1, 15));
      const response = await this.#call("POST", path, RECORDS, garbage);
      return await this.#mustBlame(response, () => `${garbage.length} bytes of records`);
    }
    const { bytes, numRecords } = this.#conversation.message(random, false);
    const response = await this.#call("POST", path, RECORDS, bytes);
    expect(response.status === 200, () => `Records are answered ${response.status}`);
    this.#conversation.take(random, new Uint8Array(await response.arrayBuffer()));
    const { numExpected } = this.#conversation;
    expect(numExpected === 0, () => `${numExpected} records have no answer`);
    this.executions += numRecords - 1;
  }

  async #makeDevice(): Promise<void> {
    const response = await this.#call("POST", "/v1/devices", "application/json", "{}");
    expect(response.status === 201, () => `A device is answered ${response.status}`);
    const { id } = await response.json();
    expect(/^[0-9a-z_-]{20,}$/i.test(id), () => `A device is called ${id}`);
    this.#device = id;
    this.#conversation = this.#newConversation();
    this.#deviceComputer.close();
  }

  async #devices(random: Random): Promise<void> {
    const id = this.#device === "" || random.oneIn(2) ? random.bytes(16).toHex() : this.#device;
    const isOurs = id === this.#device;
    if (random.oneIn(2)) {
      const method = random.pick(["GET", "DELETE"]);
      const response = await this.#call(method, `/v1/devices/${id}`);
      if (!isOurs) return await this.#mustBlame(response, () => `${method} of a foreign device`);
      const wanted = method === "GET" ? 200 : 204;
      expect(response.status === wanted, () => `${method} is answered ${response.status}`);
      if (method === "DELETE") this.#device = "";
      return;
    }
    const features: Json[] = Array.from({ length: random.below(4) }, () => random.pick(FEATURES));
    if (random.oneIn(3)) features.push(random.pick(["ROT13", "", null, 7]));
    const text = JSON.stringify(random.oneIn(8) ? { feature: features } : { features });
    const response = await this.#call("POST", "/v1/devices", "application/json", text);
    if (response.status !== 201) return await this.#mustBlame(response, () => text);
    const made = await response.json();
    const gone = await this.#call("DELETE", `/v1/devices/${made.id}`);
    expect(gone.status === 204, () => `A device's end is answered ${gone.status}`);
  }
}
