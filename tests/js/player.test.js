/** The pure parts of the player: bytes, events, choices, clocks. Run with `npm test`. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { faultWords } from "../../src/streamlab/web/kit/words.js";
import { parseFragment, parseInit, toBytes } from "../../src/streamlab/web/player/bytes.js";
import { nextCommon, nextFrame } from "../../src/streamlab/web/player/choose.js";
import { ServerClock } from "../../src/streamlab/web/player/clock.js";
import { backoffMs } from "../../src/streamlab/web/player/connection.js";
import { TICKS_PER_S } from "../../src/streamlab/web/player/events.js";
import { ProblemError } from "../../src/streamlab/web/player/http.js";
import { Samples } from "../../src/streamlab/web/player/meter.js";
import { ResumePoint, SseParser } from "../../src/streamlab/web/player/sse.js";
import { fragment, initSegment } from "./media.js";

const FRAMES = [
  [1, 2, 3],
  [4, 5, 6],
];

for (const options of [{}, { wide: false }, { defaults: true }, { offset: false }]) {
  test(`samples of a fragment ${JSON.stringify(options)}`, () => {
    const samples = parseFragment(fragment(81_000, FRAMES, options));
    assert.deepEqual(
      samples.map(({ pts }) => pts),
      [81_000, 84_000],
    );
    assert.deepEqual(
      samples.map(({ duration }) => duration),
      [3000, 3000],
    );
    assert.deepEqual(
      samples.map(({ data }) => [...data]),
      FRAMES,
    );
  });
}

for (const options of [{}, { offset: false }]) {
  test(`two moof in one fragment ${JSON.stringify(options)}`, () => {
    const parts = [fragment(0, [[1]], options), fragment(3000, [[2]], options)];
    const bytes = new Uint8Array(parts.flatMap((part) => [...part]));
    assert.deepEqual(
      parseFragment(bytes).map(({ pts, data }) => [pts, ...data]),
      [
        [0, 1],
        [3000, 2],
      ],
    );
  });
}

test("bytes that lie in the middle of a buffer", () => {
  const inner = fragment(3000, FRAMES);
  const outer = new Uint8Array(inner.length + 7);
  outer.set(inner, 5);
  const view = new DataView(outer.buffer, 5, inner.length);
  assert.deepEqual(
    parseFragment(toBytes(view)).map(({ data }) => [...data]),
    FRAMES,
  );
});

test("a box that says it is larger than its parent is refused", () => {
  const bytes = fragment(0, FRAMES);
  new DataView(bytes.buffer).setUint32(0, 1 << 20);
  assert.throws(() => parseFragment(bytes), /bad box size/);
});

test("decoder configuration of an init segment", () => {
  const avcC = [1, 0x42, 0xc0, 0x1e, 255];
  assert.deepEqual([...parseInit(initSegment(avcC))], avcC);
});

test("base64", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  assert.deepEqual([...toBytes(Buffer.from(bytes).toString("base64"))], [...bytes]);
});

// --- server-sent events

const STREAM =
  ': hello\n\nevent: connected\ndata: {"a":1}\n\nid: raw/medium/7\nevent: fragment\ndata: x\ndata: y\n\nevent: empty\n\n';
const EVENTS = [
  { event: "connected", data: '{"a":1}', id: null },
  { event: "fragment", data: "x\ny", id: "raw/medium/7" },
];

for (const [name, text] of Object.entries({
  "\\n": STREAM,
  "\\r\\n": STREAM.replaceAll("\n", "\r\n"),
  "\\r": STREAM.replaceAll("\n", "\r"),
})) {
  test(`events are the same wherever the text is cut, lines ending in ${name}`, () => {
    for (let first = 0; first <= text.length; first += 1) {
      for (let second = first; second <= text.length; second += 7) {
        const parser = new SseParser();
        const parts = [text.slice(0, first), text.slice(first, second), text.slice(second), "\n"];
        assert.deepEqual(
          parts.flatMap((part) => parser.push(part)),
          EVENTS,
        );
      }
    }
  });
}

// --- what to draw

const FRAME = TICKS_PER_S / 30;
/** @param {...number} numbers */
const pts = (...numbers) => numbers.map((number) => number * FRAME);

test("the next frame is the oldest that is newer than what is shown", () => {
  assert.equal(nextFrame(pts(4, 5, 6), 4 * FRAME, 6 * FRAME), 1);
  assert.equal(nextFrame(pts(4, 5, 6), -Infinity, 6 * FRAME), 0);
  assert.equal(nextFrame(pts(4, 5), 5 * FRAME, 5 * FRAME), -1);
  assert.equal(nextFrame([], 0, 0), -1);
});

test("a frame that is too late makes way for the newest", () => {
  assert.equal(nextFrame(pts(1, 2, 3), 0, 7 * FRAME), 0);
  assert.equal(nextFrame(pts(1, 2, 3), 0, 40 * FRAME), 2);
});

test("a pair has one pts, and none is made up", () => {
  assert.equal(nextCommon([pts(3, 4, 5), pts(4, 5)], 2 * FRAME, 5 * FRAME), 4 * FRAME);
  assert.equal(nextCommon([pts(3, 5), pts(4, 6)], 2 * FRAME, 6 * FRAME), null);
  assert.equal(nextCommon([pts(3, 4), []], 2 * FRAME, 4 * FRAME), null);
});

test("pairs never go back, whatever arrives", () => {
  let state = 1;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 200; round += 1) {
    const some = () => pts(...Array.from({ length: 20 }, (_, n) => n).filter(() => random() < 0.6));
    const [first, second, shown] = [some(), some(), Math.floor(random() * 20) * FRAME];
    const next = nextCommon([first, second], shown, 20 * FRAME);
    if (next === null) continue;
    assert.ok(next > shown && first.includes(next) && second.includes(next));
  }
});

// --- time

test("clocks that agree within what can be known have no offset", () => {
  const clock = new ServerClock();
  clock.connected(1000, 1004, 998);
  assert.equal(clock.offsetMs, 0);
});

test("a server ahead by a minute, a request that took 40 ms", () => {
  const clock = new ServerClock();
  clock.connected(61_020, 1040, 1000);
  clock.heard(61_500, 1501);
  assert.ok(clock.offsetMs >= 59_999 && clock.offsetMs <= 60_020);
  assert.ok(Math.abs(clock.lateMs(61_600, 1901) - 300) <= 1);
});

test("a clock that is set is believed after a while", () => {
  const clock = new ServerClock();
  clock.connected(1000, 1000, 0);
  for (let now = 2000; now < 40_000; now += 1000) clock.heard(now - 500, now);
  assert.equal(clock.lateMs(39_500, 40_000), 0);
});

test("quantiles of the newest samples", () => {
  const samples = new Samples(4);
  assert.equal(samples.quantile(0.5), null);
  for (const value of [100, 4, 3, 2, 1]) samples.add(value);
  assert.equal(samples.quantile(0), 1);
  assert.equal(samples.quantile(0.95), 4);
  assert.deepEqual([samples.count, samples.last], [5, 1]);
});

test("waits double, are spread, and end at ten seconds", () => {
  assert.deepEqual([backoffMs(0, 0), backoffMs(0, 1)], [250, 500]);
  assert.equal(backoffMs(2, 1), 2000);
  assert.equal(backoffMs(30, 1), 10_000);
});

// --- errors

test("a problem document becomes words", async () => {
  const problem = {
    title: "Unknown camera",
    detail: "there is no camera 'x'",
    hint: "Known cameras: street.",
  };
  const response = new Response(JSON.stringify(problem), { status: 404 });
  const error = await ProblemError.of(response);
  assert.equal(error.message, "There is no camera 'x'. Known cameras: street.");
  assert.deepEqual([error.status, error.retryAfterMs], [404, null]);
});

test("an answer without a problem document has words too", async () => {
  const response = new Response("<html>", { status: 503, headers: { "Retry-After": "2" } });
  const error = await ProblemError.of(response);
  assert.equal(error.message, "The server cannot answer at the moment.");
  assert.equal(error.retryAfterMs, 2000);
});

test("what does not work is told of the channels that are shown, in words", () => {
  /** @typedef {import("../../src/streamlab/web/player/events.js").HealthEvent} HealthEvent */
  /** @typedef {import("../../src/streamlab/web/kit/words.js").PartHealth} PartHealth */
  /** @type {PartHealth} */
  const fine = { state: "ok", detail: "" };
  /** @param {PartHealth} detector @param {PartHealth} [encoder] @returns {HealthEvent} */
  const annotated = (detector, encoder = fine) => ({
    channel: "annotated",
    encoder,
    detector: { name: "yolo", ...detector },
    renderer: fine,
  });
  assert.equal(faultWords([]), "");
  assert.equal(faultWords([annotated({ state: "none", detail: "" })]), "");
  assert.equal(
    faultWords([annotated({ state: "failing", detail: "RuntimeError: no (12:00:00)" })]),
    "Detector yolo is failing: RuntimeError: no (12:00:00).",
  );
  assert.equal(
    faultWords([
      { channel: "raw", name: "raw", encoder: { state: "failing", detail: "full" } },
      annotated({ state: "slow", detail: "no answer for 3 s." }),
    ]),
    "The encoder of channel raw is failing: full. Detector yolo is slow: no answer for 3 s.",
  );
});

test("the place to resume never moves back", () => {
  const point = new ResumePoint();
  /** @param {string} channel @param {number} sequence */
  const receive = (channel, sequence) => {
    const message = { channel, quality: "medium", sequence };
    point.receive("fragment", message, `${channel}/medium/${sequence}`);
    return point.id;
  };
  assert.equal(point.id, null);
  point.receive("connected", { stream_id: "a" }, null);
  assert.equal(receive("raw", 7), "raw/medium/7");
  assert.equal(receive("annotated", 7), "annotated/medium/7");
  point.receive("connected", { stream_id: "a" }, null);
  assert.equal(receive("raw", 4), "annotated/medium/7");
  assert.equal(receive("raw", 8), "raw/medium/8");
  point.receive("switched", { channel: "raw" }, null);
  assert.equal(receive("raw", 5), "raw/medium/5");
  point.receive("connected", { stream_id: "b" }, null);
  assert.equal(receive("raw", 2), "raw/medium/2");
});
