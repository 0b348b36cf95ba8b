/**
 * What was received of each channel: notices a new timeline, and whether a gap has lost anything.
 *
 * @module
 */

/** @typedef {import("./events.js").Channel} Channel */
/** @typedef {import("./events.js").FragmentEvent} FragmentEvent */
/** @typedef {import("./events.js").Quality} Quality */

export class Timeline {
  /** @type {Map<Channel, {pts: number, capturedAt: number, quality: Quality, sequence: number}>} */
  #newest = new Map();
  /** @type {Set<Channel>} after a gap of unknown length */
  #unmeasured = new Set();

  /** The next fragment of this channel shows whether anything is missing. @param {Channel} channel */
  expectGap(channel) {
    this.#unmeasured.add(channel);
  }

  /** A switch was asked for, so what is missing is not missed. */
  forgetGaps() {
    this.#unmeasured.clear();
  }

  /**
   * Return whether this fragment, the first after a gap of unknown length, shows that something
   * is missing. Call it before `receive`.
   *
   * @param {FragmentEvent} fragment
   */
  hasLost({ channel, quality, sequence }) {
    if (!this.#unmeasured.delete(channel)) return false;
    const newest = this.#newest.get(channel);
    if (!newest) return false;
    return newest.quality !== quality || sequence > newest.sequence + 1;
  }

  /**
   * Record a fragment; return whether it begins a new timeline. One captured later with a smaller
   * pts does: the camera was started again, and what was shown says nothing any more.
   *
   * @param {FragmentEvent} fragment
   */
  receive({ channel, quality, sequence, keyframe, pts, captured_at: capturedAt }) {
    const newest = this.#newest.get(channel);
    const isLater = !newest || capturedAt > newest.capturedAt;
    if (!isLater) return false;
    const isNew = newest !== undefined && keyframe && pts < newest.pts;
    if (isNew) this.#newest.clear();
    this.#newest.set(channel, { pts, capturedAt, quality, sequence });
    return isNew;
  }
}
