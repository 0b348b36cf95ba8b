/**
 * One camera on a page: its name and state, its pictures, what is measured on them, what is wrong,
 * and the controls that its host wants. Every page shows cameras with this tile; pages differ in
 * how the events come (`transport`), who is asked for changes (`control`) and in the controls.
 *
 * @module
 */

import { PlaybackButtons, ViewButtons, controlsOf, nameButton, qualitySelect } from "./controls.js";
import { element, pressed, write } from "./dom.js";
import { errorWords } from "./problems.js";
import { saveFrame } from "./save.js";
import { shownRatio } from "./strip.js";
import { TileMessage } from "./tile_message.js";
import { faultsOf, figuresLine, pictureProblem, retryAtMs, stateWord, together, viewOfAction } from "./words.js";
import { channelsOf } from "../player/views.js";
import { DualPlayer } from "../player/player.js";

/** @typedef {import("../player/events.js").View} View */
/** @typedef {import("../player/events.js").Quality} Quality */
/** @typedef {import("../player/events.js").PlayerState} PlayerState */
/** @typedef {import("../player/options.js").PlayerOptions} PlayerOptions */
/** @typedef {import("../player/options.js").PlayerStats} PlayerStats */
/** @typedef {import("./controls.js").ControlName} ControlName */
/** @typedef {Partial<import("./words.js").CameraHealth> & {camera_id: string, stage_problems?: string[], source?: string, width?: number, height?: number}} TileCamera what is known of a camera; `camera_id` at least */
/**
 * @typedef {object} TileOptions
 * @property {TileCamera} camera
 * @property {View} view
 * @property {Quality} [quality]
 * @property {ControlName[]} [controls] in their order
 * @property {() => void} [onOpen] its name or its picture was pressed
 * @property {(quality: Quality) => void} [onQuality] another quality is shown
 */

const FIGURES_TITLE = "Measured here over the last second; a dash while no new picture is shown.";

export class Tile {
  name = element("h2", { className: "tile-name" });
  state = element("span", { className: "tile-state" });
  figures = element("span", { className: "tile-figures", title: FIGURES_TITLE });
  controls = element("div", { className: "tile-controls" });
  message = new TileMessage();
  stage = element("div", { className: "tile-stage" });
  bar = element("div", { className: "tile-bar" }, this.name, this.state, this.figures, this.controls);
  element = element("article", { className: "streamlab-tile" }, this.bar, this.message.element, this.stage);
  views = new ViewButtons();
  playback = new PlaybackButtons();
  #retryAtMs = NaN;
  #actionWords = "";
  #wasLost = false;

  /**
   * @param {TileOptions & Pick<PlayerOptions, "transport" | "control" | "onState" | "onView" | "onStats" | "onHealth" | "onShown">} options
   */
  constructor(options) {
    const { camera, quality = "medium", controls = [] } = options;
    const { camera_id: cameraId } = camera;
    this.options = options;
    this.camera = camera;
    this.quality = qualitySelect(quality);
    this.quality.addEventListener("change", () => this.#changeQuality());
    this.element.dataset.camera = cameraId;
    this.element.dataset.opens = String(options.onOpen !== undefined);
    this.name.append(options.onOpen ? nameButton(cameraId) : cameraId);
    this.controls.append(...controlsOf(controls, this));
    this.element.addEventListener("click", (event) => this.#onClick(event));
    this.player = new DualPlayer({
      ...options,
      container: this.stage,
      cameraId,
      onState: (state) => this.#onState(state),
      onView: (next, reason) => this.#onView(next, reason),
      onRefused: (error) => this.tell(errorWords(error)),
      onStats: (stats) => this.#onStats(stats),
      onHealth: (fault) => this.#onHealth(fault),
    });
    this.#showView(this.player.view);
    this.know(camera);
    void this.player.start();
  }

  /** Take what the list of cameras says about this one. @param {TileCamera} camera */
  know(camera) {
    this.camera = camera;
    const { width, height, channels = [] } = camera;
    if (width && height) this.player.captureSize = { width, height };
    this.element.style.setProperty("--ratio", String(shownRatio(camera)));
    this.views.offer(channels.map(({ name = "" }) => name));
    this.#show();
  }

  /** Say what came of an action, until the next one. @param {string} text */
  tell(text) {
    this.#actionWords = text;
    this.#show();
  }

  /** @param {string} action @returns {boolean} whether there is such an action */
  act(action) {
    const { player } = this;
    const view = viewOfAction(action);
    if (view) this.attempt(player.setView(view));
    else if (action === "switch") this.attempt(player.switch());
    else if (action === "save") this.attempt(saveFrame(player));
    else if (action === "retry") player.restart();
    else if (action === "pause") player.isPaused ? player.resume() : player.pause();
    else if (action === "step") player.step();
    else return false;
    if (view && player.state.state === "failed") player.restart(); // it may be there in this view
    this.#show();
    return true;
  }

  /** Say it if a change does not come about. @param {Promise<unknown>} change */
  attempt(change) {
    this.tell("");
    change.catch((error) => this.tell(errorWords(error)));
  }

  destroy() {
    this.player.destroy();
    this.element.remove();
  }

  /** @param {Event} event */
  #onClick(event) {
    const control = pressed(event, "[data-action], select");
    if (!control) this.options.onOpen?.();
    else if (this.act(control.dataset.action ?? "")) event.stopPropagation();
  }

  #changeQuality() {
    const quality = /** @type {Quality} */ (this.quality.value);
    const change = this.player.setQuality(quality);
    this.attempt(change.finally(() => this.#showQuality()));
  }

  #showQuality() {
    const { quality } = this.player;
    this.quality.value = quality;
    this.options.onQuality?.(quality);
  }

  /** @param {PlayerState} state */
  #onState(state) {
    this.#retryAtMs = state.retryInMs ? Date.now() + state.retryInMs : NaN;
    const isLive = state.state === "live";
    if (isLive && this.#wasLost) this.#actionWords = ""; // it was of before
    this.#wasLost = !isLive && (this.#wasLost || state.state === "retrying");
    this.#show();
    this.options.onState?.(state);
  }

  /** @type {NonNullable<PlayerOptions["onView"]>} */
  #onView(view, reason) {
    this.#showView(view);
    if (reason === "degraded") this.tell("The annotated picture cannot keep up, so the raw one is shown.");
    this.options.onView?.(view, reason);
  }

  /** @param {PlayerStats} stats */
  #onStats(stats) {
    this.#show(stats);
    this.options.onStats?.(stats);
  }

  /** @param {string} fault */
  #onHealth(fault) {
    this.#show();
    this.options.onHealth?.(fault);
  }

  /** @param {View} view */
  #showView(view) {
    this.views.show(view);
    this.stage.dataset.view = view;
    const count = String(channelsOf(view).length);
    this.stage.dataset.count = count;
    this.stage.style.setProperty("--count", count);
  }

  /** @param {PlayerStats} [stats] */
  #show(stats) {
    const { player, camera, element: tile } = this;
    const { state } = player.state;
    const problem = pictureProblem(player.state, camera);
    const fault = together(player.fault, faultsOf(camera));
    Object.assign(tile.dataset, { state, paused: player.isPaused, faulty: Boolean(problem || fault) });
    this.playback.show(player.isPaused);
    write(this.state, stateWord(player, camera));
    this.message.show(problem, [fault, this.#actionWords], {
      retryAtMs: this.#retryAtMs || retryAtMs(camera),
      canRetry: state === "failed" || state === "ended",
    });
    if (stats || state !== "live" || player.isPaused) write(this.figures, figuresLine(player, stats));
  }
}
