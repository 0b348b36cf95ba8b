/** What a person is told when the server refuses: no ids, no codes, and what to do. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { PlainError, errorWords, problemWords } from "../../src/streamlab/web/kit/problems.js";

/** @param {string} slug @param {number} status @param {string} detail @param {string} [hint] */
const told = (slug, status, detail, hint) =>
  problemWords(status, { type: `urn:streamlab:problem:${slug}`, title: "No", status, detail, hint });

test("what is worded for people is shown as it is, as sentences", () => {
  const words = told("unknown-camera", 404, "there is no camera 'nope'", "Known cameras: street.");
  assert.equal(words, "There is no camera 'nope'. Known cameras: street.");
});

test("names of parameters reach nobody", () => {
  const words = told("invalid", 422, "initial_channel: camera 'street' has no such channel");
  assert.equal(words, "Camera 'street' has no such channel.");
});

test("ids of connections reach nobody", () => {
  const detail = "camera 'street' has no connection 'UBBFxyz'";
  const words = [
    told("unknown-connection", 404, detail, "The connected event names it; it closes with the stream."),
    problemWords(404, { detail }),
    told("connection-in-use", 409, "connection 'UBBFxyz' is already being read"),
  ];
  for (const each of words) assert.match(each, /^The connection to the camera was interrupted\./);
});

test("a missing token is asked for in the address, not in a header", () => {
  for (const slug of ["token-missing", "token-wrong"]) {
    const words = told(slug, 401, "this server requires a token", "Send 'Authorization: Bearer TOKEN'");
    assert.match(words, /\?access_token=TOKEN/);
    assert.doesNotMatch(words, /Authorization/);
  }
});

test("an answer of a proxy has words too", () => {
  assert.equal(problemWords(502, {}), "The server cannot answer at the moment.");
  assert.equal(problemWords(403, {}), "The server does not allow this.");
});

test("what nobody has worded goes to the console", (context) => {
  const warned = context.mock.method(console, "warn", () => {});
  assert.equal(errorWords(new PlainError("There is no picture yet.")), "There is no picture yet.");
  assert.equal(warned.mock.callCount(), 0);
  const words = errorWords(new TypeError("x is undefined"));
  assert.doesNotMatch(words, /undefined/);
  assert.equal(errorWords("oops", "It was interrupted."), "It was interrupted.");
  assert.equal(warned.mock.callCount(), 2);
});
