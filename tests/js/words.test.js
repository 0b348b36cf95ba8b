/** What is said of a picture: its state, its figures, why there is none, and when there may be one. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  NO_FIGURES,
  STATES,
  countdown,
  faultsOf,
  together,
  figuresLine,
  pictureProblem,
  retryAtMs,
  stateWord,
  viewOfAction,
} from "../../src/streamlab/web/kit/words.js";

/** @typedef {import("../../src/streamlab/web/player/events.js").PlayerState} PlayerState */

const MEASURED = { fps: 29.7, latencyP50Ms: 13.2, bitrate: 1_240_000 };

/** @param {PlayerState["state"]} state @param {boolean} [isPaused] */
const playing = (state, isPaused = false) => ({ state: { state, detail: "" }, isPaused });

test("the time until the next attempt is counted down", () => {
  const said = [4000, 3999, 1001, 1000, 1, 0, -500].map((leftMs) => countdown(10_000 + leftMs, 10_000));
  assert.deepEqual(said.slice(0, 5), [4, 4, 2, 1, 1].map((seconds) => `Retrying in ${seconds} s.`));
  assert.deepEqual(said.slice(5), ["Retrying now.", "Retrying now."]);
  assert.equal(countdown(NaN, 10_000), "");
});

test("the list of cameras says when a source is tried again, while it is not live", () => {
  assert.equal(retryAtMs({ state: "reconnecting", retry_at: 12.5 }), 12_500);
  assert.ok(Number.isNaN(retryAtMs({ state: "live", retry_at: 12.5 })));
  assert.ok(Number.isNaN(retryAtMs({ state: "failed", retry_at: null })));
  assert.ok(Number.isNaN(retryAtMs({})));
});

test("a pause is named unless something is wrong", () => {
  assert.equal(stateWord(playing("live"), {}), "Live");
  assert.equal(stateWord(playing("live", true), {}), "Paused");
  assert.equal(stateWord(playing("retrying", true), {}), STATES.retrying);
  assert.equal(stateWord(playing("reconnecting"), { state: "connecting" }), "Camera connecting");
});

test("figures are shown of a picture that moves, and of no other", () => {
  assert.equal(figuresLine(playing("live"), MEASURED), "30 fps · 13 ms to screen · 1.2 Mbit/s");
  assert.equal(figuresLine(playing("live", true), MEASURED), NO_FIGURES);
  assert.equal(figuresLine(playing("stalled"), MEASURED), NO_FIGURES);
  assert.equal(figuresLine(playing("live")), NO_FIGURES);
});

test("why there is no picture, without the time of the next attempt", () => {
  const source = { state: "reconnecting", detail: "no route to host", retry_at: 12 };
  const lost = { state: "reconnecting", detail: "The source is reconnecting." };
  assert.equal(pictureProblem(lost, source), "The source is reconnecting: no route to host.");
  assert.equal(pictureProblem(lost, {}), lost.detail);
  assert.equal(pictureProblem({ state: "live", detail: "" }, source), "");
  const unreachable = { state: "retrying", detail: "The server cannot be reached." };
  assert.equal(pictureProblem(unreachable, source), unreachable.detail);
});

test("faults that somebody has found already are not looked for", () => {
  assert.deepEqual(faultsOf({ stage_problems: ["The detector is asleep."] }), ["The detector is asleep."]);
  assert.deepEqual(faultsOf({}), []);
  const injected = { channels: [], faults: { stall_ms: 1000 } }; // as `GET /cameras` has them
  assert.deepEqual(faultsOf(injected), []);
});

test("a tile says what is wrong with channels that it does not show, and nothing twice", () => {
  const encoder = "The encoder of channel raw is failing: OSError: no memory (2 pictures so far).";
  const newer = encoder.replace("2 pictures", "3 pictures");
  assert.equal(together("", [encoder]), encoder);
  assert.equal(together(newer, [encoder]), newer);
  const sync = "Channel annotated is not synchronised with raw.";
  assert.equal(together(sync, [encoder]), `${sync} ${encoder}`);
});

test("any view may have a button", () => {
  assert.equal(viewOfAction("view-raw,annotated,pose"), "raw,annotated,pose");
  assert.equal(viewOfAction("switch"), undefined);
});
