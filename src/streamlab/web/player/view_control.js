/**
 * Asks the server for the view that is wanted, until it has it or is refused.
 *
 * @module
 */

import { ProblemError } from "./http.js";
import { ANNOTATED, RAW, canonical, channelsOf, qualityOf, videoOf } from "./views.js";

/** @typedef {import("./events.js").Channel} Channel */
/** @typedef {import("./events.js").Control} Control */
/** @typedef {import("./events.js").Quality} Quality */
/** @typedef {import("./events.js").VideoView} VideoView */
/** @typedef {import("./events.js").View} View */

const SWITCH_TRIES = 12;
const SWITCH_PAUSE_MS = 150;

/**
 * @typedef {object} ViewEvents
 * @property {() => void} onWanted what is wanted has changed, and with it `query`
 * @property {(view: View) => void} onReached the server carries what this view needs
 * @property {(channels: Channel[], quality: Quality) => void} onAsk a switch is about to be asked for
 * @property {() => void} onRefused it was refused
 */

export class ViewControl {
  /** @type {string | null} of the connection, while there is one */
  connectionId = null;
  /** @type {VideoView} what the connection carries of the pictures */
  video = RAW;
  hasDetections = false;
  #isClosed = false;
  /** @type {Promise<void> | null} */
  #changing = null;

  /**
   * @param {Control} control
   * @param {View} view
   * @param {Quality} quality
   * @param {ViewEvents} events
   */
  constructor(control, view, quality, events) {
    this.control = control;
    /** What is wanted, and what is shown so far. */
    this.wanted = view;
    this.view = view;
    this.quality = quality;
    this.events = events;
  }

  /** What a new connection should carry. */
  get query() {
    return {
      initial_channel: videoOf(this.wanted),
      raw_quality: this.quality,
      annotated_quality: qualityOf(ANNOTATED, this.quality),
    };
  }

  close() {
    this.#isClosed = true;
  }

  /**
   * Rejects, and wants what was shown before, when the server refuses. Of several calls at once
   * the last one wins.
   *
   * @param {View} view
   */
  setView(view) {
    this.#want(canonical(view));
    this.#changing ??= this.#reachWanted().finally(() => (this.#changing = null));
    return this.#changing;
  }

  /** Rejects, and stays as it was, when the server refuses. @param {Quality} quality */
  async setQuality(quality) {
    const before = this.quality;
    this.quality = quality;
    this.events.onWanted();
    try {
      if (this.connectionId && quality !== before) await this.#switch(this.video);
    } catch (error) {
      this.quality = before;
      this.events.onWanted();
      throw error;
    }
  }

  /** The server sends something else by its own decision: want that. */
  acceptVideo() {
    this.#want(this.video);
  }

  /** @param {View} view */
  #want(view) {
    this.wanted = view;
    this.events.onWanted();
  }

  async #reachWanted() {
    try {
      while (!this.#isClosed && this.connectionId) {
        const { wanted } = this;
        await this.#reach(wanted, this.connectionId);
        if (wanted === this.wanted) break;
      }
    } catch (error) {
      this.#want(this.view);
      throw error;
    }
    if (!this.#isClosed) this.events.onReached(this.wanted);
  }

  /**
   * @param {View} view
   * @param {string} connectionId
   */
  async #reach(view, connectionId) {
    const channel = "detections";
    if (view === "overlay" && !this.hasDetections) {
      await this.control.subscribe({ connectionId, channel });
      this.hasDetections = true;
    }
    if (this.video !== videoOf(view)) await this.#switch(videoOf(view));
    if (view !== "overlay" && this.hasDetections) {
      await this.control.unsubscribe({ connectionId, channel });
      this.hasDetections = false;
    }
  }

  /**
   * Ask for a switch; ask again while the new channel has no keyframe yet (504), for the old one
   * goes on meanwhile and its encoder is being started.
   *
   * @param {VideoView} channel
   */
  async #switch(channel) {
    const quality = qualityOf(channel, this.quality);
    this.events.onAsk(channelsOf(channel), quality);
    for (let attempt = 1; this.connectionId; attempt += 1) {
      try {
        await this.control.switch({ connectionId: this.connectionId, channel, quality });
        this.video = channel;
        return;
      } catch (error) {
        const isEarly = error instanceof ProblemError && error.status === 504;
        if (!isEarly || attempt >= SWITCH_TRIES) {
          this.events.onRefused();
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, SWITCH_PAUSE_MS));
      }
    }
  }
}
