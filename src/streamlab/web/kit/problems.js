/**
 * What went wrong, in words for a person: no ids, no names of classes, no codes.
 *
 * @module
 */

import { asSentence } from "./words.js";

/** An error whose message is fit to be shown. */
export class PlainError extends Error {}

/** @typedef {import("../player/events.js").Problem} Problem */

const INTERRUPTED = "The connection to the camera was interrupted. Try again in a moment.";
const TOKEN = "Add ?access_token=TOKEN to the address of this page, with a token of the server.";
/** Of the server's problems those that are worded for programs, by type. */
const OF_TYPE = /** @type {Record<string, string>} */ ({
  "unknown-connection": INTERRUPTED,
  "connection-in-use": INTERRUPTED,
  "switch-timeout": "The other picture did not come in time, so this one stays. Try again in a moment.",
  "token-missing": `This server asks for a token. ${TOKEN}`,
  "token-wrong": `This server does not accept the token. ${TOKEN}`,
});
const BUSY = "The server cannot answer at the moment.";
const REFUSED = "The server does not allow this.";
/** A text with an id in it. */
const ID = /\bconnection '[^']*'/;
/** The name of a parameter before what is wrong with it. */
const PARAMETER = /^[a-z]+(_[a-z]+)+: /;

/**
 * Say what a server, or a proxy before it, answered instead of what was asked for.
 *
 * @param {number} status
 * @param {Problem} problem
 */
export function problemWords(status, { type = "", title, detail = title, hint }) {
  const known = OF_TYPE[type.replace("urn:streamlab:problem:", "")];
  if (known) return known;
  if (!detail) return status >= 500 || status === 429 ? BUSY : REFUSED;
  if (ID.test(detail)) return INTERRUPTED;
  return [detail.replace(PARAMETER, ""), hint].filter(Boolean).map((text) => asSentence(String(text))).join(" ");
}

/**
 * Say what went wrong. What no part of ours has worded is for the console.
 *
 * @param {unknown} error
 * @param {string} [otherwise]
 */
export function errorWords(error, otherwise = "Something went wrong on this page. Reload it if it stays so.") {
  if (error instanceof PlainError) return error.message;
  console.warn("streamlab:", error);
  return otherwise;
}
