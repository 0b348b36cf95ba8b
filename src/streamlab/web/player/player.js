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

import { partsOf } from "./parts.js";
import { playbackMode } from "./playback.js";
import { Readings } from "./readings.js";
import { ANNOTATED, RAW, canonical } from "./views.js";

/** @typedef {import("./events.js").PlayerState} PlayerState */
/** @typedef {import("./options.js").PlayerOptions} PlayerOptions */
/** @typedef {import("./events.js").Quality} Quality */
/** @typedef {import("./events.js").View} View */

/** Plays the channels of one camera, one at a time or several at the same pts. */
export class DualPlayer extends Readings {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticker;
  #destroyed = false;
  /** @type {[name: string, data: any][]} what came before it was known how to play */
  #early = [];

  /** @param {PlayerOptions} options */
  constructor(options) {
    super();
    this.options = options;
    this.parts = partsOf(options, this.meter, {
      say: (state) => this.#say(state),
      setView: (view, reason) => this.#setView(view, reason),
      onConnected: () => this.setView(this.parts.views.wanted).catch((error) => this.#refused(error)),
      onHealth: () => options.onHealth?.(this.fault),
      hasEnded: () => this.state.state === "ended",
      requestedAtMs: () => options.transport.requestedAtMs ?? 0,
      onDrawn: (pts, channels) => this.#onDrawn(pts, channels),
    });
  }

  /** Connect, and choose how to play. Ends as `failed` where this browser can play in no way. */
  async start() {
    const mode = playbackMode();
    await null; // nobody is told of anything before the player is there
    if (this.#destroyed) return;
    this.options.transport.query = this.parts.views.query;
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
    this.parts.tracks.mode = this.mode;
    this.#ticker = setInterval(() => this.#tick(), 1000);
    this.parts.stage.start();
    for (const [name, data] of this.#early.splice(0)) this.receive(name, data);
  }

  /** Free everything: decoders, frames, timers, elements, the transport. */
  destroy() {
    this.#destroyed = true;
    this.options.transport.close();
    clearInterval(this.#ticker);
    this.parts.views.close();
    this.parts.stage.close();
    this.parts.tracks.close();
  }

  /**
   * Show another view on the running connection. Rejects, and stays as it was, when the server
   * refuses. Of several calls at once the last one wins.
   *
   * @param {View} view
   */
  setView(view) {
    if (canonical(view) !== this.view) this.resume();
    return this.parts.views.setView(view);
  }

  /** Raw to annotated and back. */
  switch() {
    return this.setView(this.parts.views.wanted === ANNOTATED ? RAW : ANNOTATED);
  }

  /** Show another quality; rejects, and stays as it was, when the server refuses. @param {Quality} quality */
  setQuality(quality) {
    this.resume();
    return this.parts.views.setQuality(quality);
  }

  /** Let the picture stand still; what comes meanwhile waits, within bounds. */
  pause() {
    this.parts.pause.start();
  }

  /** Show the next frame of a picture that stands still. */
  step() {
    this.parts.pause.step();
  }

  /** Show what is live again, from the newest GOP on. */
  resume() {
    this.parts.pause.end();
  }

  /** Connect again, also after the stream has ended or was refused. */
  restart() {
    this.resume();
    this.options.transport.restart?.();
  }

  /** Take one event of the protocol. @param {string} name @param {any} data */
  receive(name, data) {
    if (this.#destroyed) return;
    if (!this.mode) this.#early.push([name, data]);
    else if (!this.parts.pause.holds(name, data)) this.parts.receiver.receive(name, data);
  }

  /** @param {PlayerState} state */
  #onTransport(state) {
    if (this.#destroyed) return;
    if (state.state !== "live") this.parts.receiver.disconnect();
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
    this.parts.views.view = view;
    this.parts.stage.overlay = view === "overlay";
    this.meter.latencyMs.clear();
    this.options.onView?.(view, reason);
  }

  /**
   * The server would not give the view that was shown before a reconnect, or asked for at first.
   *
   * @param {unknown} error
   */
  #refused(error) {
    this.parts.views.acceptVideo();
    this.#setView(this.parts.views.video, "refused");
    this.options.onRefused?.(error instanceof Error ? error : new Error(String(error)));
  }

  /** @param {number} pts @param {string[]} channels */
  #onDrawn(pts, channels) {
    if (this.state.state !== "live" && this.parts.receiver.sourceIsLive && this.connection?.connection_id)
      this.#say({ state: "live", detail: "The camera is live." });
    this.options.onShown?.({ pts, channels, nowMs: Date.now() });
  }

  #tick() {
    this.meter.tick();
    this.options.onStats?.(this.stats());
  }
}
