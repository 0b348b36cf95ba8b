/**
 * A connection to a stream of events that comes back by itself.
 *
 * @module
 */

import { PlainError, errorWords } from "../kit/problems.js";
import { ProblemError, UNREACHABLE, authorization } from "./http.js";
import { readEvents } from "./sse.js";

/** @typedef {import("./events.js").PlayerState} PlayerState */
/** @typedef {{url: string, lastEventId?: string | null}} StreamRequest */

const INTERRUPTED = "The connection to the server was interrupted.";

/**
 * Return the wait before attempt `attempt` (from 0), ms: doubling from 0.5 s to 10 s, of which a
 * random half, so that a thousand viewers do not come back at once.
 *
 * @param {number} attempt
 */
export function backoffMs(attempt, random = Math.random()) {
  return Math.min(500 * 2 ** attempt, 10_000) * (0.5 + 0.5 * random);
}

/**
 * What a connection is for.
 *
 * @typedef {object} Stream
 * @property {() => StreamRequest | null} request what to ask for now; null: for nothing
 * @property {(event: string, message: any, id: string | null) => void} onEvent
 * @property {(state: PlayerState) => void} onState
 * @property {() => boolean} isOver whether the server has said that nothing more will come
 */

/** Reads a stream, again and again: after an end, an error or a silence, with growing pauses. */
export class Connection {
  /** @type {AbortController | null} */
  #abort = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #round = 0;
  #attempt = 0;

  /**
   * @param {Stream} stream
   * @param {{token: string | null, silenceMs: number, endsWhenRefused: boolean}} options
   *   `endsWhenRefused`: whether a refusal (status 4xx) is final
   */
  constructor(stream, { token, silenceMs, endsWhenRefused }) {
    this.stream = stream;
    this.token = token;
    this.silenceMs = silenceMs;
    this.endsWhenRefused = endsWhenRefused;
  }

  /** Give up the connection there is, and make another. */
  open(inMs = 0) {
    const round = this.close();
    if (inMs) this.#timer = setTimeout(() => void this.#run(round), inMs);
    else void this.#run(round);
  }

  /** Give up the connection there is. */
  close() {
    this.#round += 1;
    this.#abort?.abort();
    clearTimeout(this.#timer);
    return this.#round;
  }

  /** @param {number} round */
  async #run(round) {
    const request = this.stream.request();
    if (!request) return;
    /** @type {unknown} */
    let reason = new PlainError("The server closed the connection.");
    try {
      await this.#read(request, round);
    } catch (error) {
      reason = error;
    }
    if (round !== this.#round || this.stream.isOver()) return;
    const state = this.#describe(reason);
    this.stream.onState(state);
    if (state.state !== "failed" && round === this.#round) this.open(state.retryInMs);
  }

  /** @param {StreamRequest} request @param {number} round */
  async #read({ url, lastEventId }, round) {
    const abort = new AbortController();
    this.#abort = abort;
    const headers = authorization(this.token);
    if (lastEventId) headers["Last-Event-ID"] = lastEventId;
    const limits = { abort, silenceMs: this.silenceMs };
    await readEvents(url, headers, limits, (event, message, id) => {
      if (round !== this.#round) return;
      this.#attempt = 0;
      this.stream.onEvent(event, message, id);
      if (this.stream.isOver()) abort.abort();
    });
  }

  /**
   * @param {unknown} reason
   * @returns {PlayerState}
   */
  #describe(reason) {
    const retryInMs = backoffMs(this.#attempt);
    this.#attempt += 1;
    if (reason instanceof ProblemError) {
      const { status, problem, message: detail } = reason;
      const isFinal = status < 500 && status !== 408 && status !== 429;
      if (isFinal && this.endsWhenRefused) return { state: "failed", detail, status, problem };
      return { state: "retrying", detail, status, retryInMs: reason.retryAfterMs ?? retryInMs };
    }
    const detail = reason instanceof TypeError ? UNREACHABLE : errorWords(reason, INTERRUPTED);
    return { state: "retrying", detail, retryInMs };
  }
}
