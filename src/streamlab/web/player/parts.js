/**
 * The parts of a player, put together.
 *
 * @module
 */

import { Pause } from "./pause.js";
import { Receiver } from "./receiver.js";
import { Stage } from "./stage.js";
import { Tracks } from "./tracks.js";
import { ViewControl } from "./view_control.js";
import { RAW, canonical, channelsOf } from "./views.js";

/** @typedef {import("./meter.js").Meter} Meter */
/**
 * What the parts tell the player.
 *
 * @typedef {import("./receiver.js").Host & {
 *   setView: (view: import("./events.js").View, reason: "client" | "degraded") => void,
 *   onDrawn: (pts: number, channels: string[]) => void,
 * }} Listener
 */
/**
 * @typedef {object} Parts
 * @property {Stage} stage draws the pictures
 * @property {Tracks} tracks decode
 * @property {ViewControl} views asks the server for views
 * @property {Receiver} receiver takes the events
 * @property {Pause} pause holds them back
 */

/**
 * @param {import("./options.js").PlayerOptions} options
 * @param {Meter} meter
 * @param {Listener} listener
 * @returns {Parts}
 */
export function partsOf(options, meter, listener) {
  const { container, cameraId, captureSize = null, control, transport } = options;
  const stage = new Stage({ container, cameraId, captureSize, meter, onDrawn: listener.onDrawn });
  const tracks = new Tracks(meter.counters, () => stage.shownPts);
  const views = new ViewControl(control, canonical(options.view ?? RAW), options.quality ?? "medium", {
    onWanted: () => (transport.query = views.query),
    onReached: (view) => listener.setView(view, "client"),
    onAsk: (channels, quality) => {
      meter.askSwitch();
      tracks.prepare(channels, quality);
    },
    onRefused: () => tracks.dropPrepared(),
  });
  const receiver = new Receiver(listener, { meter, stage, tracks, views });
  const pause = new Pause(stage, (name, data) => receiver.receive(name, data));
  stage.overlay = views.view === "overlay";
  stage.layOut(channelsOf(views.view));
  return { stage, tracks, views, receiver, pause };
}
