/**
 * The player: live H.264 fragments of wire protocol 1, drawn on canvases. Rules:
 *
 * - A transport brings events, a track decodes one encoding of one channel, a picture is one
 *   canvas and the tracks that feed it, and the stage draws all pictures in one animation frame.
 * - `pts` (1/90000 s) is the only thing pictures are paired and ordered by. Nothing that is not
 *   newer than the last shown pts is drawn, so a switch goes on with exactly the next frame.
 * - Every queue has a bound and a counter. Too far behind means a jump to the newest GOP.
 *
 * @module
 */

import { faultWords } from "../kit/words.js";
import { Meter } from "./meter.js";
import { Pause } from "./pause.js";
import { playbackMode } from "./playback.js";
import { Receiver } from "./receiver.js";
import { Stage } from "./stage.js";
import { statsOf } from "./stats.js";
import { Tracks } from "./tracks.js";
import { ViewControl } from "./view_control.js";
import { ANNOTATED, RAW, annotatedOf, canonical, channelsOf } from "./views.js";

/** @typedef {import("./events.js").PlayerState} PlayerState */
/** @typedef {import("./options.js").PlayerOptions} PlayerOptions */
/** @typedef {import("./events.js").Quality} Quality */
/** @typedef {import("./events.js").View} View */

/** Plays the channels of one camera, one at a time or several at the same pts. */
export class DualPlayer {
  /** @type {"webcodecs" | "mse" | null} */
  mode = null;
  /** @type {PlayerState} */
  state = { state: "connecting", detail: "" };
  #meter = new Meter();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticker;
  #destroyed = false;
  /** @type {[name: string, data: any][]} what came before it was known how to play */
  #early = [];

  /** @param {PlayerOptions} options */
  constructor(options) {
    this.options = options;
    const { container, cameraId, captureSize = null, control } = options;
    const onDrawn = this.#onDrawn.bind(this);
    this.#stage = new Stage({ container, cameraId, captureSize, meter: this.#meter, onDrawn });
    this.#tracks = new Tracks(this.#meter.counters, () => this.#stage.shownPts);
    this.#views = new ViewControl(
      control,
      canonical(options.view ?? RAW),
      options.quality ?? "medium",
      {
        onWanted: () => (options.transport.query = this.#views.query),
        onReached: (view) => this.#setView(view, "client"),
        onAsk: (channels, quality) => {
          this.#meter.askSwitch();
          this.#tracks.prepare(channels, quality);
        },
        onRefused: () => this.#tracks.dropPrepared(),
      },
    );
    this.#receiver = new Receiver(
      {
        say: (state) => this.#say(state),
        setView: (view, reason) => this.#setView(view, reason),
        onConnected: () => this.setView(this.#views.wanted).catch((error) => this.#refused(error)),
        onHealth: () => options.onHealth?.(this.fault),
        hasEnded: () => this.state.state === "ended",
        requestedAtMs: () => options.transport.requestedAtMs ?? 0,
      },
      { meter: this.#meter, stage: this.#stage, tracks: this.#tracks, views: this.#views },
    );
    this.#pause = new Pause(this.#stage, (name, data) => this.#receiver.receive(name, data));
    this.#stage.overlay = this.view === "overlay";
    this.#stage.layOut(channelsOf(this.view));
  }

  /** @type {Pause} */
  #pause;
  /** @type {Stage} */
  #stage;
  /** @type {Tracks} */
  #tracks;
  /** @type {ViewControl} */
  #views;
  /** @type {Receiver} */
  #receiver;

  /** The newest `connected` event; its `connection_id` is empty while there is no connection. */
  get connection() {
    return this.#receiver.connection;
  }

  get sync() {
    return this.#receiver.sync;
  }

  get health() {
    return this.#receiver.health;
  }

  get view() {
    return this.#views.view;
  }

  get quality() {
    return this.#views.quality;
  }

  /** Whether the picture stands still because the person asked for that. */
  get isPaused() {
    return this.#pause.isOn;
  }

  /** Of the captured frame, px, for boxes that are drawn here. @param {{width: number, height: number} | null} size */
  set captureSize(size) {
    this.#stage.captureSize = size;
  }

  /** What does not work in the channels that are shown, or whose boxes are, in words. */
  get fault() {
    const names = new Set([...channelsOf(this.view), ...annotatedOf(this.view)]);
    return faultWords([...names].flatMap((name) => this.health.get(name) ?? []));
  }

  /** Connect, and choose how to play. Ends as `failed` where this browser can play in no way. */
  async start() {
    const mode = playbackMode();
    await null; // nobody is told of anything before the player is there
    if (this.#destroyed) return;
    this.options.transport.query = this.#views.query;
    this.options.transport.start(
      (name, data) => this.receive(name, data),
      (state) => this.#onTransport(state),
    );
    this.mode = await mode;
    if (this.#destroyed) return;
    if (!this.mode) {
      const detail = "This browser can decode H.264 neither with WebCodecs nor with Media Source.";
      this.options.transport.close();
      this.#say({ state: "failed", detail });
      return;
    }
    this.#tracks.mode = this.mode;
    this.#ticker = setInterval(() => this.#tick(), 1000);
    this.#stage.start();
    for (const [name, data] of this.#early.splice(0)) this.receive(name, data);
  }

  /** Free everything: decoders, frames, timers, elements, the transport. */
  destroy() {
    this.#destroyed = true;
    this.options.transport.close();
    clearInterval(this.#ticker);
    this.#views.close();
    this.#stage.close();
    this.#tracks.close();
  }

  /**
   * Show another view on the running connection. Rejects, and stays as it was, when the server
   * refuses. Of several calls at once the last one wins.
   *
   * @param {View} view
   */
  setView(view) {
    if (canonical(view) !== this.view) this.resume();
    return this.#views.setView(view);
  }

  /** Raw to annotated and back. */
  switch() {
    return this.setView(this.#views.wanted === ANNOTATED ? RAW : ANNOTATED);
  }

  /** Show another quality; rejects, and stays as it was, when the server refuses. @param {Quality} quality */
  setQuality(quality) {
    this.resume();
    return this.#views.setQuality(quality);
  }

  /** Let the picture stand still; what comes meanwhile waits, within bounds. */
  pause() {
    this.#pause.start();
  }

  /** Show the next frame of a picture that stands still. */
  step() {
    this.#pause.step();
  }

  /** Show what is live again, from the newest GOP on. */
  resume() {
    this.#pause.end();
  }

  /** Connect again, also after the stream has ended or was refused. */
  restart() {
    this.resume();
    this.options.transport.restart?.();
  }

  /** What was measured, on frames that were drawn. Times in ms, `null` where nothing is known. */
  stats() {
    return statsOf(this, this.#meter, this.#stage);
  }

  /** What is shown now: its pts (1/90000 s), the canvases, and the boxes of annotated channels. */
  frame() {
    const { shownPts, pictures, boxes } = this.#stage;
    const shown = pictures.filter(({ canvas }) => canvas.dataset.channel);
    const found = annotatedOf(this.view).map((name) => [name, boxes.at(name, shownPts)?.boxes ?? []]);
    return {
      pts: shown.length ? shownPts : null,
      pictures: shown.map(({ canvas }) => ({ channel: canvas.dataset.channel ?? "", canvas })),
      boxes: Object.fromEntries(found),
    };
  }

  /** Take one event of the protocol. @param {string} name @param {any} data */
  receive(name, data) {
    if (this.#destroyed) return;
    if (!this.mode) this.#early.push([name, data]);
    else if (!this.#pause.holds(name, data)) this.#receiver.receive(name, data);
  }

  /** @param {PlayerState} state */
  #onTransport(state) {
    if (this.#destroyed) return;
    if (state.state !== "live") this.#receiver.disconnect();
    this.#say(state);
  }

  /** @param {PlayerState} state */
  #say(state) {
    this.state = state;
    this.options.onState?.(state);
  }

  /**
   * @param {View} view
   * @param {"client" | "degraded" | "refused"} reason
   */
  #setView(view, reason) {
    if (view === this.view) return;
    this.#views.view = view;
    this.#stage.overlay = view === "overlay";
    this.#meter.latencyMs.clear();
    this.options.onView?.(view, reason);
  }

  /**
   * The server would not give the view that was shown before a reconnect, or asked for at first.
   *
   * @param {unknown} error
   */
  #refused(error) {
    this.#views.acceptVideo();
    this.#setView(this.#views.video, "refused");
    this.options.onRefused?.(error instanceof Error ? error : new Error(String(error)));
  }

  /** @param {number} pts @param {string[]} channels */
  #onDrawn(pts, channels) {
    if (this.state.state !== "live" && this.#receiver.sourceIsLive && this.connection?.connection_id)
      this.#say({ state: "live", detail: "The camera is live." });
    this.options.onShown?.({ pts, channels, nowMs: Date.now() });
  }

  #tick() {
    this.#meter.tick();
    this.options.onStats?.(this.stats());
  }
}
