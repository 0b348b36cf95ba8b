/**
 * A picture that stands still: what comes meanwhile waits, for steps from frame to frame.
 *
 * What waits is compressed, and bounded: of a long pause the first frames are kept, and the newest
 * GOP, from which it goes on.
 *
 * @module
 */

/** @typedef {import("./events.js").Channel} Channel */
/** @typedef {import("./events.js").FragmentEvent} FragmentEvent */
/** @typedef {{name: string, data: any}} Held */

export const MAX_HELD = 600;
export const MAX_HELD_BYTES = 32 << 20;
const WAITS = ["fragment", "detections", "gap"];

/** Bytes of a fragment as it came: in base64, or binary. @param {any} data */
const sizeOf = ({ data }) => data?.length ?? data?.byteLength ?? 0;

export class Pause {
  isOn = false;
  /** @type {Held[]} what comes next, oldest first */
  #held = [];
  #heldBytes = 0;
  /** @type {Map<string, Held[]>} what came since the newest keyframe, by kind and channel */
  #newest = new Map();

  /**
   * @param {import("./stage.js").Stage} stage
   * @param {(name: string, data: any) => void} deliver
   */
  constructor(stage, deliver) {
    this.stage = stage;
    this.deliver = deliver;
  }

  start() {
    this.isOn = this.stage.isPaused = true;
  }

  /** Show the next frame, as soon as there is one. */
  step() {
    if (!this.isOn) return;
    this.stage.steps = 1;
    this.#feed();
  }

  end() {
    if (!this.isOn) return;
    this.isOn = this.stage.isPaused = false;
    this.stage.steps = 0;
    for (const track of this.stage.tracks) Object.assign(track, { needsKey: true, sequence: -1 });
    const newest = [...this.#newest.values()].flat();
    this.#forget();
    for (const each of newest) this.#hand(each);
  }

  /**
   * Keep an event for later; return false for one that does not wait.
   *
   * @param {string} name
   * @param {any} data
   */
  holds(name, data) {
    if (name === "connected") this.#forget(); // what waits does not continue it
    if (!this.isOn || !WAITS.includes(name)) return false;
    if (this.#held.length < MAX_HELD && this.#heldBytes < MAX_HELD_BYTES) {
      this.#held.push({ name, data });
      this.#heldBytes += sizeOf(data);
    }
    if (name !== "gap") {
      const key = `${name} ${data.channel}`;
      const before = data.keyframe ? [] : (this.#newest.get(key) ?? []);
      this.#newest.set(key, [...before.slice(1 - MAX_HELD), { name, data }]);
    }
    if (this.stage.steps) this.#feed();
    return true;
  }

  #forget() {
    this.#held = [];
    this.#heldBytes = 0;
    this.#newest.clear();
  }

  /** Hand on what the next frame needs in each picture. */
  #feed() {
    while (this.stage.isStarved && this.#held.length) {
      const next = /** @type {Held} */ (this.#held.shift());
      this.#heldBytes -= sizeOf(next.data);
      this.#hand(next);
    }
  }

  /** As from the GOP cache: it is not of this moment. @param {Held} held */
  #hand({ name, data }) {
    this.deliver(name, name === "fragment" ? { ...data, cached: true } : data);
  }
}
