/** The widget's way to the kernel: what it says, what it takes, and when it asks again. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { CommTransport } from "../../src/streamlab/web/player/comm.js";
import { CommControl } from "../../src/streamlab/web/player/comm_control.js";
import { ProblemError } from "../../src/streamlab/web/player/http.js";

/** @typedef {import("../../src/streamlab/web/player/events.js").PlayerState} PlayerState */

/** A kernel that notes what it is told, and says what a test wants. */
class Kernel {
  /** @type {any[]} */
  told = [];
  /** @type {((content: any, buffers: DataView[]) => void)[]} */
  #listeners = [];
  #number = 0;

  /** @param {any} content */
  send(content) {
    this.told.push(content);
  }

  /** @param {string} name @param {(...args: any[]) => void} callback */
  on(name, callback) {
    assert.equal(name, "msg:custom");
    this.#listeners.push(callback);
  }

  /** @param {string} _name @param {(...args: any[]) => void} callback */
  off(_name, callback) {
    this.#listeners = this.#listeners.filter((each) => each !== callback);
  }

  get() {}
  set() {}
  save_changes() {}

  get listeners() {
    return this.#listeners.length;
  }

  /** @param {any} content @param {DataView[]} buffers */
  say(content, buffers = []) {
    for (const listener of [...this.#listeners]) listener(content, buffers);
  }

  /**
   * Send a batch with `connected` (when an id is given) and fragments of these sizes.
   *
   * @param {string} viewId
   * @param {{connectionId?: string, sizes?: number[], end?: string}} [batch]
   */
  batch(viewId, { connectionId, sizes = [], end } = {}) {
    this.#number += 1;
    const events = [];
    if (connectionId) events.push(["connected", { connection_id: connectionId }]);
    for (const size of sizes) events.push(["fragment", { size, url: "…" }]);
    if (end) events.push(["end", { reason: end }]);
    const text = events
      .map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
      .join("");
    const buffers = sizes.map((size) => new DataView(new ArrayBuffer(size)));
    this.say({ type: "events", view_id: viewId, number: this.#number, text }, buffers);
    return this.#number;
  }

  /** @param {string} type */
  toldOf(type) {
    return this.told.filter((content) => content.type === type);
  }
}

let nowMs = 0;

/** @param {number} ms */
function pass(ms) {
  for (let left = ms; left > 0; left -= 1000) {
    nowMs += 1000;
    mock.timers.tick(1000);
  }
}

beforeEach(() => {
  nowMs = 1000;
  mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  mock.method(performance, "now", () => nowMs);
  Object.assign(globalThis, { window: new EventTarget() });
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** @param {{isShown?: () => boolean}} [options] */
function started(options = {}) {
  const kernel = new Kernel();
  const transport = new CommTransport({ model: kernel, ...options });
  /** @type {[string, any][]} */
  const events = [];
  /** @type {PlayerState[]} */
  const states = [];
  transport.query = { initial_channel: "raw" };
  transport.start(
    (name, data) => events.push([name, data]),
    (state) => states.push(state),
  );
  return { kernel, transport, events, states, viewId: transport.viewId };
}

test("fragments get the bytes that came beside them, in order", () => {
  const { kernel, events, viewId } = started();
  assert.deepEqual(kernel.told, [
    { type: "open", view_id: viewId, query: { initial_channel: "raw" } },
  ]);
  kernel.batch(viewId, { connectionId: "c", sizes: [10, 20] });
  assert.deepEqual(
    events.map(([name]) => name),
    ["connected", "fragment", "fragment"],
  );
  for (const [, fragment] of events.slice(1)) assert.equal(fragment.data.byteLength, fragment.size);
});

test("what has come is acknowledged once a second, or sooner when it is much", () => {
  const { kernel, viewId } = started();
  kernel.batch(viewId, { connectionId: "c" });
  const number = kernel.batch(viewId, { sizes: [100] });
  assert.equal(kernel.toldOf("ack").length, 0);
  pass(1000);
  assert.deepEqual(kernel.toldOf("ack"), [{ type: "ack", view_id: viewId, number }]);
  pass(2000);
  assert.equal(kernel.toldOf("ack").length, 1, "nothing new came");
  kernel.batch(viewId, { sizes: [300_000] });
  assert.equal(kernel.toldOf("ack").length, 2);
});

test("what is announced to all is taken until the view's own stream comes", () => {
  const { kernel, transport, events, viewId } = started();
  kernel.batch("", { sizes: [1] });
  assert.equal(events.length, 0, "nothing is known of that connection yet");
  kernel.batch("", { connectionId: "early", sizes: [1] });
  kernel.batch("", { connectionId: "early", sizes: [1] });
  assert.equal(transport.requestedAtMs, 0);
  assert.deepEqual(
    events.map(([name]) => name),
    ["connected", "fragment", "fragment"],
  );
  kernel.batch("other", { connectionId: "o", sizes: [1] });
  kernel.batch(viewId, { connectionId: "own", sizes: [1] });
  kernel.batch("", { connectionId: "late", sizes: [1] });
  assert.deepEqual(
    events.slice(3).map(([name, data]) => data.connection_id ?? name),
    ["own", "fragment"],
  );
  assert.ok(transport.requestedAtMs > 0);
});

test("a silent kernel is asked again, less and less often", () => {
  const { kernel, states, viewId } = started();
  kernel.batch(viewId, { connectionId: "c" });
  pass(60_000);
  const asked = kernel.toldOf("open").length - 1;
  assert.ok(asked >= 2 && asked <= 5, `${asked} times`);
  assert.equal(states.at(-1)?.state, "retrying");
  kernel.batch(viewId, { connectionId: "d", sizes: [1] });
  pass(2000);
  assert.equal(kernel.toldOf("ack").at(-1).view_id, viewId);
});

test("a view that nobody can see asks for nothing, and comes back", () => {
  let shown = true;
  const { kernel, states, viewId } = started({ isShown: () => shown });
  kernel.batch(viewId, { connectionId: "c", sizes: [1] });
  shown = false;
  for (let second = 0; second < 10; second += 1) {
    kernel.batch(viewId, { sizes: [1] });
    pass(1000);
  }
  assert.equal(kernel.toldOf("keep").length, 1, "the kernel keeps the widget");
  assert.match(states.at(-1)?.detail ?? "", /nobody can see/);
  pass(300_000);
  const kept = kernel.toldOf("keep").length;
  assert.ok(kept >= 4 && kept <= 6, `${kept} times`);
  assert.equal(kernel.toldOf("close").length, 0);
  shown = true;
  pass(1000);
  assert.equal(kernel.toldOf("open").length, 2);
});

test("the end is the end, until another camera takes the place", () => {
  const { kernel, states, viewId } = started();
  kernel.batch(viewId, { connectionId: "c", end: "server_shutdown" });
  assert.equal(states.at(-1)?.detail, "The lab was closed.");
  pass(30_000);
  assert.equal(kernel.toldOf("open").length, 1);
  pass(90_000);
  assert.ok(kernel.toldOf("keep").length > 0, "what shows the end is kept");
  kernel.say({ type: "reopen" });
  assert.equal(kernel.toldOf("open").length, 2);
});

test("a refusal is told in words", () => {
  const { kernel, states, viewId } = started();
  const problem = { detail: "there are 3 already", hint: "Wait", status: 422 };
  kernel.say({ type: "refused", view_id: viewId, ...problem });
  assert.deepEqual(states.at(-1), {
    state: "failed",
    detail: "there are 3 already. Wait",
    status: 422,
  });
});

test("a view can be asked for again, and boxes be asked for", async () => {
  const { kernel, transport, viewId } = started();
  kernel.say({ type: "refused", view_id: viewId, detail: "no", hint: "", status: 422 });
  transport.restart();
  assert.equal(kernel.toldOf("open").length, 2);
  const control = new CommControl({ model: kernel, viewId });
  const answers = [
    control.subscribe({ connectionId: "c", channel: "detections" }),
    control.unsubscribe({ connectionId: "c", channel: "detections" }),
  ];
  const asked = kernel.toldOf("request").map(({ action, channel }) => [action, channel]);
  assert.deepEqual(asked, [
    ["subscribe", "detections"],
    ["unsubscribe", "detections"],
  ]);
  for (const id of [1, 2]) kernel.say({ type: "reply", view_id: viewId, id, ok: true });
  await Promise.all(answers);
});

test("a closed view says so, and hears nothing more", () => {
  const { kernel, transport, events, viewId } = started();
  transport.close();
  assert.deepEqual(kernel.toldOf("close"), [{ type: "close", view_id: viewId }]);
  kernel.batch(viewId, { connectionId: "c" });
  pass(30_000);
  assert.equal(events.length, 0);
  assert.equal(kernel.listeners, 0);
  assert.equal(kernel.toldOf("open").length, 1);
});

test("a page that is left may come back, so its widget is kept", () => {
  const { kernel, transport, viewId } = started();
  window.dispatchEvent(new Event("pagehide"));
  assert.deepEqual(kernel.told.at(-1), { type: "leave", view_id: viewId });
  kernel.batch(viewId, { connectionId: "c", end: "camera_removed" });
  transport.close();
  assert.deepEqual(kernel.told.at(-1), { type: "close", view_id: viewId });
});

test("requests are answered, refused, or known to take long", async () => {
  const kernel = new Kernel();
  /** @type {boolean[]} */
  const waits = [];
  const control = new CommControl({
    model: kernel,
    viewId: "v",
    onWaiting: (waiting) => waits.push(waiting),
  });
  const done = control.switch({ connectionId: "c", channel: "annotated", quality: "low" });
  const refused = control.ask("sync", { values: {} });
  assert.deepEqual(
    kernel.told.map(({ id, action }) => [id, action]),
    [
      [1, "switch"],
      [2, "sync"],
    ],
  );
  kernel.say({ type: "reply", view_id: "other", id: 1, ok: true });
  mock.timers.tick(2000);
  kernel.say({ type: "reply", view_id: "v", id: 1, ok: true });
  kernel.say({ type: "reply", view_id: "v", id: 2, ok: false, status: 504, detail: "not yet" });
  await done;
  await assert.rejects(refused, (error) => error instanceof ProblemError && error.status === 504);
  assert.equal(waits[0], true);
  assert.equal(waits.at(-1), false);
  const left = control.ask("sync", {});
  control.close();
  await assert.rejects(left, /view was closed/);
});
