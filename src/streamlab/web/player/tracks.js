/**
 * Which track plays a fragment: the one that played the last, one prepared, or a new one.
 *
 * @module
 */

import { MseDecoder } from "./mse.js";
import { Track } from "./track.js";
import { qualityOf } from "./views.js";
import { WebCodecsDecoder } from "./webcodecs.js";

/** @typedef {import("./events.js").Channel} Channel */
/** @typedef {import("./events.js").FragmentEvent} FragmentEvent */
/** @typedef {import("./events.js").InitEvent} InitEvent */
/** @typedef {import("./events.js").Quality} Quality */
/** @typedef {import("./meter.js").Counters} Counters */
/** @typedef {import("./picture.js").Picture} Picture */

const MAX_INITS = 128;

export class Tracks {
  /** @type {"webcodecs" | "mse"} */
  mode = "webcodecs";
  /** @type {Map<string, InitEvent>} */
  #inits = new Map();
  /** @type {Set<Channel>} channels whose fragments continue a track; any other starts one */
  #continued = new Set();
  /** @type {Map<string, Track>} made while the server is asked for what they will play */
  #spares = new Map();

  /** @param {Counters} counters @param {() => number} shownPts */
  constructor(counters, shownPts) {
    this.counters = counters;
    this.shownPts = shownPts;
  }

  /** @param {InitEvent} init */
  receiveInit(init) {
    const key = keyOf(init);
    this.#inits.delete(key);
    this.#inits.set(key, init);
    if (this.#inits.size > MAX_INITS) this.#inits.delete(this.#inits.keys().next().value ?? "");
  }

  /** Start a new track with the next fragment of these channels; of all without any. @param {Channel[]} [channels] */
  begin(channels) {
    for (const each of channels ?? [...this.#continued]) this.#continued.delete(each);
  }

  /**
   * @param {Picture} picture
   * @param {FragmentEvent} fragment
   * @returns {Track | null} null while its init segment is not known
   */
  of(picture, fragment) {
    const continues = this.#continued.has(fragment.channel);
    this.#continued.add(fragment.channel);
    const fitting = picture.tracks.reverse().find((track) => track.fits(fragment));
    if (fitting && continues) return fitting;
    const key = keyOf(fragment);
    const init = this.#inits.get(key);
    if (!init) return null;
    const track = this.#spares.get(key) ?? this.#make(init);
    this.#spares.delete(key);
    track.setPaused(document.hidden);
    picture.expect(track);
    return track;
  }

  /**
   * Set up what will play these channels, if their encoding is known from before: that takes as
   * long as the server takes to answer.
   *
   * @param {Channel[]} channels
   * @param {Quality} quality
   */
  prepare(channels, quality) {
    this.dropPrepared(); // of a switch that came to nothing
    const inits = [...this.#inits.values()].reverse();
    for (const channel of channels) {
      const wanted = qualityOf(channel, quality);
      const init = inits.find((each) => each.channel === channel && each.quality === wanted);
      if (init) this.#spares.set(keyOf(init), this.#make(init));
    }
  }

  dropPrepared() {
    for (const track of this.#spares.values()) track.close();
    this.#spares.clear();
  }

  close() {
    this.dropPrepared();
    this.#inits.clear();
  }

  /** @param {InitEvent} init */
  #make(init) {
    const Decoder = this.mode === "mse" ? MseDecoder : WebCodecsDecoder;
    return new Track(init, this.counters, this.shownPts, (track) => new Decoder(track));
  }
}

/** @param {{channel: string, quality: string, init_id: string | number}} init */
const keyOf = ({ channel, quality, init_id }) => `${channel}/${quality}/${init_id}`;
