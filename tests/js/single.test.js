/** The events of one camera, from a server that refuses, ends and falls silent; and control calls. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { HttpControl, getJson } from "../../src/streamlab/web/player/http.js";
import { SseTransport } from "../../src/streamlab/web/player/single.js";

/** @typedef {{url: URL, init: RequestInit, send: (event: string, data: object, id?: string) => void, end: () => void}} Asked */

/** @type {Asked[]} */
let asked = [];
/** @type {Response | Error | null} what is answered instead of a stream */
let refusal = null;
const realFetch = globalThis.fetch;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(Math, "random", () => 1);
  [asked, refusal] = [[], null];
  globalThis.fetch = async (url, init = {}) => {
    /** @type {ReadableStreamDefaultController} */
    let controller;
    const body = new ReadableStream({ start: (given) => void (controller = given) });
    init.signal?.addEventListener("abort", () => controller.error(init.signal?.reason));
    asked.push({
      url: new URL(String(url), "http://server/"),
      init,
      send: (event, data, id) => {
        const text = `${id ? `id: ${id}\n` : ""}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
        controller.enqueue(new TextEncoder().encode(text));
      },
      end: () => controller.close(),
    });
    if (refusal instanceof Error) throw refusal;
    return refusal ?? new Response(body);
  };
});

afterEach(() => {
  globalThis.fetch = realFetch;
  mock.restoreAll();
  mock.timers.reset();
});

const settle = () => new Promise((resolve) => setImmediate(resolve));

async function watch() {
  const transport = new SseTransport({ cameraId: "street", baseUrl: "http://server", token: "secret" });
  transport.query = { initial_channel: "both" };
  /** @type {string[]} */
  const events = [];
  /** @type {import("../../src/streamlab/web/player/events.js").PlayerState[]} */
  const states = [];
  transport.start((name) => events.push(name), (state) => states.push(state));
  await settle();
  return { transport, events, states };
}

/** @param {number} sequence */
const fragmentOf = (sequence) => ({ channel: "raw", quality: "medium", sequence });
/** @param {number} index */
const lastEventId = (index) => new Headers(asked[index].init.headers).get("Last-Event-ID");

test("a connection that ends is made anew where it was", async () => {
  const { events, states } = await watch();
  asked[0].send("connected", { stream_id: "one" });
  asked[0].send("fragment", fragmentOf(7), "raw/medium/7");
  await settle();
  asked[0].end();
  await settle();
  assert.deepEqual(states.map(({ state }) => state), ["connecting", "retrying"]);
  mock.timers.tick(500);
  await settle();
  assert.equal(asked.length, 2);
  assert.equal(lastEventId(1), "raw/medium/7");
  assert.deepEqual(events, ["connected", "fragment"]);
  assert.equal(asked[1].url.pathname, "/streams/sse/street/dual");
  assert.equal(asked[1].url.searchParams.get("access_token"), "secret");
});

test("silence for two heartbeats ends a connection", async () => {
  const { states } = await watch();
  asked[0].send("connected", { stream_id: "one" });
  await settle();
  mock.timers.tick(30_000);
  await settle();
  assert.match(states.at(-1)?.detail ?? "", /Nothing was heard for 30 s/);
});

test("after an end for good nothing more is asked", async () => {
  const { states } = await watch();
  asked[0].send("end", { reason: "camera_removed" });
  await settle();
  mock.timers.tick(60_000);
  await settle();
  assert.equal(asked.length, 1);
  assert.deepEqual(states.map(({ state }) => state), ["connecting"]);
});

test("a restart asks at once, for everything", async () => {
  const { transport } = await watch();
  asked[0].send("fragment", fragmentOf(7), "raw/medium/7");
  await settle();
  transport.restart();
  await settle();
  assert.equal(asked.length, 2);
  assert.equal(lastEventId(1), null);
});

for (const [status, state] of /** @type {[number, string][]} */ ([[404, "failed"], [429, "retrying"], [503, "retrying"]])) {
  test(`status ${status} leads to ${state}`, async () => {
    const headers = { "Retry-After": "3" };
    refusal = new Response(JSON.stringify({ detail: "no such place" }), { status, headers });
    const { states } = await watch();
    assert.deepEqual([states[1].state, states[1].status, states[1].detail], [state, status, "No such place."]);
    refusal = null;
    mock.timers.tick(3000);
    await settle();
    assert.equal(asked.length, state === "failed" ? 1 : 2);
  });
}

test("a server that is not there is said to be so", async () => {
  refusal = new TypeError("fetch failed");
  const { transport, states } = await watch();
  assert.equal(states.at(-1)?.detail, "The server cannot be reached.");
  transport.close();
  mock.timers.tick(60_000);
  await settle();
  assert.equal(asked.length, 1);
});

test("control calls, as the protocol has them", async () => {
  const control = new HttpControl({ cameraId: "a b", baseUrl: "http://server", token: "secret" });
  refusal = new Response("{}");
  await control.switch({ connectionId: "C", channel: "both", quality: "high" });
  refusal = new Response("{}");
  await control.subscribe({ connectionId: "C", channel: "detections" });
  refusal = new Response(null, { status: 204 });
  await control.unsubscribe({ connectionId: "C", channel: "detections" });
  assert.deepEqual(
    asked.map(({ url, init }) => [init.method, url.pathname + url.search, init.body]),
    [
      ["POST", "/streams/sse/a%20b/switch", '{"new_channel":"both","connection_id":"C","quality":"high"}'],
      ["POST", "/streams/sse/a%20b/subscribe", '{"channel_type":"detections","connection_id":"C"}'],
      ["DELETE", "/streams/sse/a%20b/subscribe?connection_id=C&channel_type=detections", undefined],
    ],
  );
  refusal = new TypeError("fetch failed");
  await assert.rejects(control.switch({ connectionId: "C", channel: "raw" }), /cannot be reached/);
  refusal = new Response(JSON.stringify({ title: "No" }), { status: 409 });
  await assert.rejects(getJson("http://server/cameras", null), /No\./);
});
