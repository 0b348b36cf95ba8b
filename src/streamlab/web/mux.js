/**
 * Many cameras on one connection (`GET /streams/sse/mux`), each as a transport of its own.
 *
 * A browser keeps no more than six connections to a host, so a wall of pictures must share one.
 * When the cameras change it is made anew, and every picture goes on from the GOP cache.
 *
 * @module
 */

import { ProblemError, SseParser, backoffMs } from "./player.js";

/** @typedef {import("./player.js").Transport} Transport */
/** @typedef {import("./player.js").PlayerState} MuxState */
/** @typedef {(name: string, data: any) => void} OnEvent */
/** @typedef {(state: MuxState) => void} OnState */

const SILENCE_MS = 30_000;
const SETTLE_MS = 30;
const LAST_WORDS = /^(camera_removed|source_ended)$/;

/**
 * The part of a mux that is one camera's.
 *
 * @implements {Transport}
 */
class MuxTransport {
  /** @type {Record<string, string>} */
  query = {};
  requestedAtMs = 0;
  over = false;
  /** @type {OnEvent} */
  onEvent = () => {};
  /** @type {OnState} */
  onState = () => {};

  /** @param {Mux} mux @param {string} cameraId */
  constructor(mux, cameraId) {
    this.mux = mux;
    this.cameraId = cameraId;
  }

  /** @param {OnEvent} onEvent @param {OnState} onState */
  start(onEvent, onState) {
    Object.assign(this, { onEvent, onState, over: false });
    onState({ state: "connecting", detail: "Connecting to the server." });
    this.mux.join(this);
  }

  close() {
    this.mux.leave(this);
  }
}

/** One connection for all cameras that are shown. */
export class Mux {
  /** @type {Map<string, MuxTransport>} */
  #members = new Map();
  /** @type {AbortController | null} */
  #abort = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #attempt = 0;
  #round = 0;

  /** @param {{baseUrl: string, token?: string | null}} options */
  constructor({ baseUrl, token = null }) {
    this.baseUrl = baseUrl;
    this.token = token;
  }

  /** @param {string} cameraId */
  transport(cameraId) {
    return new MuxTransport(this, cameraId);
  }

  /** @param {MuxTransport} member */
  join(member) {
    this.#members.set(member.cameraId, member);
    this.#connectIn(SETTLE_MS);
  }

  /** @param {MuxTransport} member */
  leave(member) {
    if (this.#members.get(member.cameraId) !== member) return;
    this.#members.delete(member.cameraId);
    this.#connectIn(SETTLE_MS);
  }

  get #waiting() {
    return [...this.#members.values()].filter(({ over }) => !over);
  }

  /** Give up the connection there is, and make another soon. @param {number} ms */
  #connectIn(ms) {
    this.#round += 1;
    this.#abort?.abort();
    clearTimeout(this.#timer);
    const round = this.#round;
    this.#timer = setTimeout(() => void this.#connect(round), ms);
  }

  /** @param {number} round */
  async #connect(round) {
    if (!this.#waiting.length) return;
    /** @type {unknown} */
    let reason = new Error("The server closed the connection.");
    try {
      await this.#read();
    } catch (error) {
      reason = error;
    }
    if (round !== this.#round || !this.#waiting.length) return;
    const { detail, status, retryInMs } = this.#describe(reason);
    for (const { onState } of this.#waiting)
      onState({ state: "retrying", detail, status, retryInMs });
    this.#connectIn(retryInMs);
  }

  async #read() {
    const abort = new AbortController();
    this.#abort = abort;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let silence;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => abort.abort(new Error("The server is silent.")), SILENCE_MS);
    };
    listen();
    try {
      const parser = new SseParser();
      const reader = (await this.#open(abort.signal)).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        listen();
        for (const { event, data } of parser.push(value)) this.#hand(event, JSON.parse(data));
      }
    } finally {
      clearTimeout(silence);
      abort.abort();
    }
  }

  /** @param {AbortSignal} signal */
  async #open(signal) {
    const members = this.#waiting;
    const query = new URLSearchParams(members[0].query);
    for (const { cameraId } of members) query.append("camera_id", cameraId);
    for (const member of members) member.requestedAtMs = Date.now();
    const headers = { Accept: "text/event-stream", ...bearer(this.token) };
    const url = `${this.baseUrl}/streams/sse/mux?${query}`;
    const response = await fetch(url, { headers, cache: "no-store", signal });
    if (!response.ok || !response.body) throw await ProblemError.of(response);
    return response.body.pipeThrough(new TextDecoderStream());
  }

  /** @param {string} name @param {any} data */
  #hand(name, data) {
    this.#attempt = 0;
    const member = this.#members.get(data.camera_id);
    if (!member) return;
    if (name === "end" && LAST_WORDS.test(data.reason)) member.over = true;
    member.onEvent(name, data);
  }

  /** @param {unknown} reason */
  #describe(reason) {
    const problem = reason instanceof ProblemError ? reason : null;
    const retryInMs = problem?.retryAfterMs ?? backoffMs(this.#attempt);
    this.#attempt += 1;
    const unreachable = reason instanceof TypeError;
    const words = reason instanceof Error ? reason.message : String(reason);
    const detail = unreachable ? "The server cannot be reached." : words;
    return { detail, status: problem?.status, retryInMs };
  }
}

/** @param {string | null} token @returns {Record<string, string>} */
const bearer = (token) => (token ? { Authorization: `Bearer ${token}` } : {});
