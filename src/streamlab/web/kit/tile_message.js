/**
 * What a tile has to say: why there is no picture and when it is tried again, which part does not
 * work, and what came of the last action.
 *
 * @module
 */

import { element, write } from "./dom.js";
import { countdown } from "./words.js";

export class TileMessage {
  words = element("p", { className: "tile-words", role: "alert" });
  /** Not part of the alert: it would be read out every second. */
  countdown = element("span", { className: "tile-countdown" });
  retry = element("button", { type: "button", dataset: { action: "retry" } }, "Try again");
  element = element("div", { className: "tile-message" }, this.words, this.countdown, this.retry);

  /**
   * @param {string} problem with the picture; empty while it is live
   * @param {string[]} others what else there is to say
   * @param {{retryAtMs: number, canRetry: boolean}} next `retryAtMs` of `Date.now()`, or NaN
   */
  show(problem, others, { retryAtMs, canRetry }) {
    const text = [problem, ...others].filter(Boolean).join(" ");
    write(this.words, text);
    write(this.countdown, problem && countdown(retryAtMs, Date.now()));
    this.retry.hidden = !canRetry;
    this.element.hidden = !text;
  }
}
