/**
 * Server-sent events (WHATWG HTML, 9.2).
 *
 * @module
 */

import { PlainError } from "../kit/problems.js";
import { ProblemError } from "./http.js";

const MAX_EVENT_CHARS = 32 << 20;

/**
 * Where to resume: the id of the newest fragment. A resumed channel may start with fragments that
 * came before; to resume at those would lose ground with every connection that is cut early.
 */
export class ResumePoint {
  /** @type {string | null} */
  id = null;
  #streamId = "";
  /** @type {Map<string, number>} */
  #newest = new Map();

  /**
   * @param {string} event
   * @param {any} message
   * @param {string | null} id
   */
  receive(event, message, id) {
    if (event === "switched" || (event === "connected" && message.stream_id !== this.#streamId))
      this.#newest.clear();
    if (event === "connected") this.#streamId = message.stream_id;
    if (event !== "fragment" || !id) return;
    const key = `${message.channel}/${message.quality}`;
    if (message.sequence <= (this.#newest.get(key) ?? -1)) return;
    this.#newest.set(key, message.sequence);
    this.id = id;
  }
}

/** Splits an event stream (WHATWG HTML, 9.2.6) into events; text may be cut anywhere. */
export class SseParser {
  #text = "";
  #searched = 0;

  /**
   * @param {string} text
   * @returns {{event: string, data: string, id: string | null}[]}
   */
  push(text) {
    this.#text += text;
    if (this.#text.includes("\r")) {
      const held = this.#text.endsWith("\r") ? 1 : 0; // the "\n" of a pair may come next
      const whole = this.#text.slice(0, this.#text.length - held).replace(/\r\n?/g, "\n");
      this.#text = whole + (held ? "\r" : "");
    }
    const events = [];
    let start = 0;
    for (;;) {
      const end = this.#text.indexOf("\n\n", Math.max(start, this.#searched));
      if (end < 0) break;
      const event = SseParser.#event(this.#text.slice(start, end));
      if (event) events.push(event);
      start = end + 2;
    }
    this.#text = this.#text.slice(start);
    this.#searched = Math.max(0, this.#text.length - 2);
    if (this.#text.length > MAX_EVENT_CHARS) throw new RangeError("an event is too long");
    return events;
  }

  /** @param {string} block */
  static #event(block) {
    let event = "message";
    let id = null;
    const data = [];
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
      if (field === "event") event = value;
      else if (field === "id") id = value;
      else if (field === "data") data.push(value);
    }
    return data.length ? { event, data: data.join("\n"), id } : null;
  }
}

/**
 * Read the events of a response until it ends. Rejects when it is refused, or silent for too long.
 *
 * Read with `fetch` rather than `EventSource`, which hides the status and the problem document of
 * a refusal, retries at a fixed pace for ever, and cannot be told that silence is an error.
 *
 * @param {string} url
 * @param {Record<string, string>} headers
 * @param {{abort: AbortController, silenceMs: number}} limits
 * @param {(event: string, message: any, id: string | null) => void} onEvent
 */
export async function readEvents(url, headers, { abort, silenceMs }, onEvent) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence;
  const listen = () => {
    clearTimeout(silence);
    const error = new PlainError(`Nothing was heard for ${silenceMs / 1000} s.`);
    silence = setTimeout(() => abort.abort(error), silenceMs);
  };
  listen();
  try {
    const response = await fetch(url, {
      headers: { Accept: "text/event-stream", ...headers },
      cache: "no-store",
      signal: abort.signal,
    });
    if (!response.ok || !response.body) throw await ProblemError.of(response);
    const parser = new SseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      listen();
      for (const { event, data, id } of parser.push(value)) onEvent(event, JSON.parse(data), id);
    }
  } finally {
    clearTimeout(silence);
    abort.abort();
  }
}
