/**
 * The cameras of the server, asked for again and again.
 *
 * @module
 */

import { ProblemError, UNREACHABLE, getJson } from "../player/http.js";

/** @typedef {{name: string, kind: string}} DetectorInfo */
/** @typedef {import("../kit/words.js").CameraHealth & {camera_id: string, source?: string, width?: number, height?: number, detector?: DetectorInfo | null}} Camera */
/** @typedef {{baseUrl: string, token: string | null}} Server */

const EVERY_MS = 2000;

export class CameraList {
  /** @type {Camera[]} */
  cameras = [];
  /** Whether the server has said which cameras there are. */
  isKnown = false;
  /** @type {Promise<void> | null} */
  #asking = null;

  /**
   * @param {Server} server
   * @param {{onChange: () => void, onFailure: (state: "failed" | "retrying", words: string) => void}} events
   */
  constructor(server, events) {
    this.server = server;
    this.events = events;
  }

  /** @param {Promise<Response>} [first] the answer to the first request, if it was asked already */
  start(first) {
    void this.load(first);
    setInterval(() => document.hidden || void this.load(), EVERY_MS);
  }

  /** @param {string | null} id */
  find(id) {
    return this.cameras.find(({ camera_id }) => camera_id === id);
  }

  /** Ask now, unless an answer is on its way. @param {Promise<Response>} [first] */
  load(first) {
    this.#asking ??= this.#load(first).finally(() => (this.#asking = null));
    return this.#asking;
  }

  /** @param {Promise<Response>} [first] */
  async #load(first) {
    try {
      const { baseUrl, token } = this.server;
      this.cameras = (await getJson(`${baseUrl}/cameras`, token, first)).cameras;
      this.isKnown = true;
    } catch (error) {
      const refused = error instanceof ProblemError;
      this.events.onFailure(refused ? "failed" : "retrying", refused ? error.message : UNREACHABLE);
      return;
    }
    this.events.onChange();
  }
}
