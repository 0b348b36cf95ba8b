/**
 * Control calls over a widget's comm.
 *
 * @module
 */

import { PlainError } from "../kit/problems.js";
import { ProblemError } from "./http.js";

/** @typedef {import("./comm_model.js").Model} Model */
/** @typedef {import("./events.js").Control} Control */
/** @typedef {import("./events.js").Quality} Quality */
/** @typedef {import("./events.js").VideoView} VideoView */

const UNANSWERED_MS = 1500;

/**
 * Requests to the kernel, each with its answer.
 *
 * @implements {Control}
 */
export class CommControl {
  /** @type {Map<number, {resolve: (value: unknown) => void, reject: (error: Error) => void}>} */
  #waiting = new Map();
  #next = 1;

  /**
   * @param {{model: Model, viewId: string, onWaiting?: (waiting: boolean) => void}} options
   *   `onWaiting` is told when the kernel takes long to answer, and when it has answered
   */
  constructor({ model, viewId, onWaiting = () => {} }) {
    this.model = model;
    this.viewId = viewId;
    this.onWaiting = onWaiting;
    model.on("msg:custom", this.#receive);
  }

  close() {
    this.model.off("msg:custom", this.#receive);
    for (const { reject } of this.#waiting.values()) reject(new PlainError("The view was closed."));
    this.#waiting.clear();
  }

  /** @param {{connectionId: string, channel: VideoView, quality?: Quality}} request */
  switch({ channel, quality }) {
    return this.ask("switch", { channel, quality });
  }

  /** @param {{connectionId: string, channel: string}} request */
  subscribe({ channel }) {
    return this.ask("subscribe", { channel });
  }

  /** @param {{connectionId: string, channel: string}} request */
  unsubscribe({ channel }) {
    return this.ask("unsubscribe", { channel });
  }

  /**
   * @param {string} action
   * @param {object} values
   * @returns {Promise<unknown>} rejects with a ProblemError
   */
  async ask(action, values) {
    const id = this.#next;
    this.#next += 1;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    const late = setTimeout(() => this.onWaiting(true), UNANSWERED_MS);
    this.model.send({ type: "request", view_id: this.viewId, id, action, ...values });
    try {
      return await answer;
    } finally {
      clearTimeout(late);
      this.onWaiting(false);
    }
  }

  /** @param {any} content */
  #receive = (content) => {
    if (content.type !== "reply" || content.view_id !== this.viewId) return;
    const waiting = this.#waiting.get(content.id);
    this.#waiting.delete(content.id);
    if (content.ok) waiting?.resolve(null);
    else waiting?.reject(new ProblemError(content.status, content));
  };
}
