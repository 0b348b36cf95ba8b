/** A camera as a server serves it, with any number of channels: transport and control in one. */

import { ProblemError } from "../../src/streamlab/web/player/http.js";
import { fragment, initSegment } from "./media.js";

/** @typedef {import("../../src/streamlab/web/player/events.js").Transport} Transport */
/** @typedef {import("../../src/streamlab/web/player/events.js").Control} Control */

export const FRAME = 3000;
const GOP = 5;

/**
 * Every frame of a channel carries the channel's number and its own.
 *
 * @implements {Transport}
 * @implements {Control}
 */
export class FakeCamera {
  /** @type {Record<string, string>} */
  query = {};
  /** @type {string[]} what the connection carries */
  carried = [];
  /** @type {Map<string, object[]>} the newest GOP of each channel */
  #gops = new Map();
  /** @type {(name: string, data: any) => void} */
  send = () => {};
  /** @type {(channel: string) => void} before the first fragment of each channel of a connection */
  onConnected = () => {};

  /** @param {string[]} channels */
  constructor(channels) {
    this.channels = channels;
  }

  /** @param {(name: string, data: any) => void} onEvent */
  start(onEvent) {
    this.send = onEvent;
    this.carried = this.#channelsOf(this.query.initial_channel);
    this.send("connected", {
      protocol: 1,
      connection_id: "c1",
      stream_id: "s1",
      camera_id: "street",
      channels: this.carried,
      sync_tolerance_ms: 50,
      playout_delay_ms: 0,
      detector: null,
      server_time: Date.now() / 1000,
    });
    for (const channel of this.carried) {
      this.onConnected(channel);
      this.#begin(channel);
    }
  }

  close() {}

  /** Release frame `number` in each channel but these. @param {number} number @param {string[]} without */
  release(number, without = []) {
    for (const [index, channel] of this.channels.entries()) {
      if (without.includes(channel)) continue;
      const event = this.#fragment(channel, index, number);
      const gop = event.keyframe ? [] : (this.#gops.get(channel) ?? []);
      this.#gops.set(channel, [...gop, event]);
      if (this.carried.includes(channel)) this.send("fragment", event);
    }
  }

  /** @param {{channel: string}} request */
  async switch({ channel }) {
    const before = this.carried;
    this.carried = this.#channelsOf(channel);
    this.send("switched", {
      channel: nameOf(this.carried),
      previous_channel: nameOf(before),
      quality: "medium",
      at_pts: 0,
      reason: "client",
    });
    for (const each of this.carried) this.#begin(each);
  }

  async subscribe() {}
  async unsubscribe() {}

  /** @param {string} channel */
  #begin(channel) {
    const data = initSegment([1, 0x42, 0xc0, 0x1e, 255]);
    const [width, height, codec] = [64, 36, "avc1.42c01e"];
    const encoding = { channel, quality: "medium", init_id: "i1" };
    this.send("init", { ...encoding, codec, width, height, fps: 30, data });
    for (const event of this.#gops.get(channel) ?? [])
      this.send("fragment", { ...event, cached: true });
  }

  /** @param {string} channel @param {number} index @param {number} number */
  #fragment(channel, index, number) {
    const nowS = Date.now() / 1000;
    const pts = number * FRAME;
    return {
      channel,
      quality: "medium",
      sequence: number + 1,
      init_id: "i1",
      pts,
      duration: FRAME,
      keyframe: number % GOP === 0,
      cached: false,
      captured_at: nowS,
      released_at: nowS,
      frames: [{ pts, ...(index && { detections_pts: pts, detections: [] }) }],
      data: fragment(pts, [[index, number]]),
    };
  }

  /** @param {string} view */
  #channelsOf(view) {
    const names = view === "both" ? ["raw", "annotated"] : view.split(",");
    const unknown = names.find((name) => !this.channels.includes(name));
    if (unknown) throw new ProblemError(422, { detail: `the camera has no channel '${unknown}'` });
    return names;
  }
}

/** @param {string[]} channels */
const nameOf = (channels) =>
  channels.join(",") === "raw,annotated" ? "both" : channels.join(",");
