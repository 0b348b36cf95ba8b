/**
 * The events of one camera (`GET /streams/sse/{camera_id}/dual`).
 *
 * @module
 */

import { Connection } from "./connection.js";
import { ResumePoint } from "./sse.js";

/** @typedef {import("./events.js").PlayerState} PlayerState */
/** @typedef {import("./events.js").Transport} Transport */

/** Nothing more comes of a camera after an `end` with one of these reasons. */
export const LAST_WORDS = /^(camera_removed|source_ended)$/;

/** @implements {Transport} */
export class SseTransport {
  /** @type {Record<string, string>} */
  query = {};
  requestedAtMs = 0;
  #resume = new ResumePoint();
  #isOver = false;
  /** @type {(name: string, data: any) => void} */
  #onEvent = () => {};
  /** @type {(state: PlayerState) => void} */
  #onState = () => {};

  /** @param {{cameraId: string, baseUrl?: string, token?: string | null, heartbeatIntervalMs?: number}} options */
  constructor({ cameraId, baseUrl = "", token = null, heartbeatIntervalMs = 15_000 }) {
    this.cameraId = cameraId;
    this.baseUrl = baseUrl;
    this.token = token;
    this.connection = new Connection(
      {
        request: () => this.#request(),
        onEvent: (event, message, id) => this.#receive(event, message, id),
        onState: (state) => this.#onState(state),
        isOver: () => this.#isOver,
      },
      { token, silenceMs: 2 * heartbeatIntervalMs, endsWhenRefused: true },
    );
  }

  /**
   * @param {(name: string, data: any) => void} onEvent
   * @param {(state: PlayerState) => void} onState
   */
  start(onEvent, onState) {
    this.#onEvent = onEvent;
    this.#onState = onState;
    this.connection.open();
  }

  /** Connect again at once, with the current `query`. */
  restart() {
    this.#resume = new ResumePoint();
    this.#isOver = false;
    this.connection.open();
  }

  close() {
    this.connection.close();
  }

  #request() {
    this.#onState({ state: "connecting", detail: "Connecting to the server." });
    this.requestedAtMs = Date.now();
    const query = new URLSearchParams(this.query);
    if (this.token) query.set("access_token", this.token);
    const path = `/streams/sse/${encodeURIComponent(this.cameraId)}/dual`;
    return { url: `${this.baseUrl}${path}?${query}`, lastEventId: this.#resume.id };
  }

  /** @param {string} event @param {any} message @param {string | null} id */
  #receive(event, message, id) {
    this.#resume.receive(event, message, id);
    if (event === "end" && LAST_WORDS.test(message.reason)) this.#isOver = true;
    this.#onEvent(event, message);
  }
}
