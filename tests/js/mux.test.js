/** Many cameras on one connection, against a server that answers as the protocol says. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Mux } from "../../src/streamlab/web/player/mux.js";

/** One request for a stream, and the way to write to it. */
class Asked {
  /** @param {URL} url @param {RequestInit} init */
  constructor(url, init) {
    this.cameras = url.searchParams.getAll("camera_id");
    this.view = url.searchParams.get("initial_channel");
    this.headers = new Headers(init.headers);
    this.signal = init.signal;
    this.body = new ReadableStream({
      start: (controller) => {
        this.controller = controller;
        init.signal?.addEventListener("abort", () => controller.error(init.signal?.reason));
      },
    });
  }

  /** @param {string} event @param {object} data */
  send(event, data) {
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    this.controller?.enqueue(new TextEncoder().encode(text));
  }
}

/** @type {Asked[]} */
let asked = [];
/** @type {Response | null} what is answered instead of a stream */
let refusal = null;
const realFetch = globalThis.fetch;

beforeEach(() => {
  asked = [];
  refusal = null;
  globalThis.fetch = async (url, init = {}) => {
    const request = new Asked(new URL(String(url)), init);
    asked.push(request);
    return refusal ?? new Response(request.body);
  };
});
afterEach(() => void (globalThis.fetch = realFetch));

/** @param {() => boolean} condition */
async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** @param {Mux} mux @param {string} cameraId */
function watch(mux, cameraId) {
  const transport = mux.transport(cameraId);
  transport.query = { initial_channel: "both" };
  /** @type {[string, any][]} */
  const events = [];
  /** @type {string[]} */
  const states = [];
  transport.start(
    (name, data) => events.push([name, data]),
    ({ state }) => states.push(state),
  );
  return { transport, events, states };
}

test("cameras that come at once share one connection, and each gets its own events", async () => {
  const mux = new Mux({ baseUrl: "http://server", token: "secret" });
  const [gate, yard] = [watch(mux, "gate"), watch(mux, "yard")];
  await until(() => asked.length === 1);
  assert.deepEqual(asked[0].cameras, ["gate", "yard"]);
  assert.equal(asked[0].view, "both");
  assert.equal(asked[0].headers.get("Authorization"), "Bearer secret");
  asked[0].send("sync", { camera_id: "yard", drift_ms: 1 });
  asked[0].send("sync", { camera_id: "nobody", drift_ms: 2 });
  asked[0].send("sync", { camera_id: "gate", drift_ms: 3 });
  await until(() => gate.events.length === 1);
  assert.deepEqual(yard.events, [["sync", { camera_id: "yard", drift_ms: 1 }]]);
  assert.equal(gate.events[0][1].drift_ms, 3);
  gate.transport.close();
  yard.transport.close();
});

test("another camera makes the connection anew, one that leaves too", async () => {
  const mux = new Mux({ baseUrl: "http://server" });
  const gate = watch(mux, "gate");
  await until(() => asked.length === 1);
  const yard = watch(mux, "yard");
  await until(() => asked.length === 2);
  assert.ok(asked[0].signal?.aborted);
  gate.transport.close();
  await until(() => asked.length === 3);
  assert.deepEqual(asked[2].cameras, ["yard"]);
  yard.transport.close();
  await until(() => asked[2].signal?.aborted ?? false);
});

test("a camera that has ended is not asked for again, the others go on", async () => {
  const mux = new Mux({ baseUrl: "http://server" });
  const [gate, yard] = [watch(mux, "gate"), watch(mux, "yard")];
  await until(() => asked.length === 1);
  asked[0].send("end", { camera_id: "gate", reason: "camera_removed" });
  await until(() => gate.events.length === 1);
  asked[0].controller?.close();
  await until(() => asked.length === 2);
  assert.deepEqual(asked[1].cameras, ["yard"]);
  assert.ok(yard.states.includes("retrying"));
  yard.transport.close();
});

test("a refusal is told in words and tried again", async () => {
  const problem = { status: 404, detail: "there is no camera 'gate'" };
  refusal = new Response(JSON.stringify(problem), { status: 404 });
  const mux = new Mux({ baseUrl: "http://server" });
  const gate = watch(mux, "gate");
  await until(() => gate.states.includes("retrying"));
  refusal = null;
  await until(() => asked.length === 2);
  asked[1].send("connected", { camera_id: "gate" });
  await until(() => gate.events.length === 1);
  gate.transport.close();
});
