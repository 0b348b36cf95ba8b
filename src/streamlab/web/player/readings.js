/**
 * What can be read of a player: its state, what it shows, and what was measured.
 *
 * @module
 */

import { faultWords } from "../kit/words.js";
import { Meter } from "./meter.js";
import { statsOf } from "./stats.js";
import { annotatedOf, channelsOf } from "./views.js";

/** @typedef {import("./events.js").PlayerState} PlayerState */

export class Readings {
  /** @type {"webcodecs" | "mse" | null} */
  mode = null;
  /** @type {PlayerState} */
  state = { state: "connecting", detail: "" };
  meter = new Meter();
  /** @type {import("./parts.js").Parts} */
  parts = /** @type {any} */ (null); // set by the player that is built on this

  /** The newest `connected` event; its `connection_id` is empty while there is no connection. */
  get connection() {
    return this.parts.receiver.connection;
  }

  get sync() {
    return this.parts.receiver.sync;
  }

  get health() {
    return this.parts.receiver.health;
  }

  get view() {
    return this.parts.views.view;
  }

  get quality() {
    return this.parts.views.quality;
  }

  /** Whether the picture stands still because the person asked for that. */
  get isPaused() {
    return this.parts.pause.isOn;
  }

  /** Of the captured frame, px, for boxes that are drawn here. @param {{width: number, height: number} | null} size */
  set captureSize(size) {
    this.parts.stage.captureSize = size;
  }

  /** What does not work in the channels that are shown, or whose boxes are, in words. */
  get fault() {
    const names = new Set([...channelsOf(this.view), ...annotatedOf(this.view)]);
    return faultWords([...names].flatMap((name) => this.health.get(name) ?? []));
  }

  /** What was measured, on frames that were drawn. Times in ms, `null` where nothing is known. */
  stats() {
    return statsOf(this, this.meter, this.parts.stage);
  }

  /** What is shown now: its pts (1/90000 s), the canvases, and the boxes of annotated channels. */
  frame() {
    const { shownPts, pictures, boxes } = this.parts.stage;
    const shown = pictures.filter(({ canvas }) => canvas.dataset.channel);
    const found = annotatedOf(this.view).map((name) => [name, boxes.at(name, shownPts)?.boxes ?? []]);
    return {
      pts: shown.length ? shownPts : null,
      pictures: shown.map(({ canvas }) => ({ channel: canvas.dataset.channel ?? "", canvas })),
      boxes: Object.fromEntries(found),
    };
  }
}
