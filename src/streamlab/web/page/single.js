/**
 * One camera on the page: its tile with all controls, the figures below, and the ground truth.
 *
 * @module
 */

import { button, iconButton } from "../kit/controls.js";
import { byId, element, writeById as write } from "../kit/dom.js";
import { Figures } from "../kit/figures.js";
import { shownRatio } from "../kit/strip.js";
import { Tile } from "../kit/tile.js";
import { TruthOverlay } from "../kit/truth.js";
import { HttpControl, getJson } from "../player/http.js";
import { SseTransport } from "../player/single.js";
import { cameraButton } from "./nav.js";

/** @typedef {import("../player/events.js").PlayerState} PlayerState */
/** @typedef {import("../player/options.js").PlayerStats} PlayerStats */
/** @typedef {import("./address.js").Place} Place */
/** @typedef {import("./cameras.js").Camera} Camera */
/** @typedef {import("./cameras.js").DetectorInfo} DetectorInfo */
/** @typedef {import("./cameras.js").Server} Server */

const DETECTOR_KINDS = /** @type {Record<string, string>} */ ({
  onnx: "ONNX Runtime",
  ultralytics: "Ultralytics",
  callable: "Python function",
});

const MODES = {
  webcodecs: "Playing with WebCodecs",
  mse: "Playing with Media Source (more latency than WebCodecs, which needs https or localhost)",
};

/**
 * What the page wants to know of what it shows.
 *
 * @typedef {object} Events
 * @property {(state?: PlayerState) => void} onState
 * @property {(chosen: Partial<Place>) => void} onChoice
 */

export class SingleView {
  #figures = new Figures();
  /** @type {TruthOverlay | null} */
  #truth = null;
  #truthButton = button("truth", "Truth", "Ground truth: outline what is really there", "T");
  #choices = element("div", { className: "choices", hidden: true });

  /**
   * @param {Camera | {camera_id: string}} camera
   * @param {Server} server
   * @param {Pick<Place, "quality" | "hasTruth"> & {view: import("../player/events.js").View}} shown
   * @param {Events} events
   */
  constructor(camera, server, { view, quality, hasTruth }, events) {
    const { camera_id: cameraId } = camera;
    this.server = server;
    this.events = events;
    this.hasTruth = hasTruth;
    this.tile = new Tile({
      camera,
      transport: new SseTransport({ cameraId, ...server }),
      control: new HttpControl({ cameraId, ...server }),
      view,
      quality,
      controls: ["views", "switch", "quality", "playback", "save"],
      onState: (state) => this.#onState(state),
      onHealth: () => events.onState(),
      onView: (next, reason) => this.#onView(next, reason),
      onQuality: (next) => events.onChoice({ quality: next }),
      onStats: (stats) => this.#showStats(stats),
      onShown: ({ pts }) => this.#truth?.draw(pts),
    });
    const { element: tile, controls, quality: select, message } = this.tile;
    select.id = "quality";
    this.#truthButton.id = "truth";
    controls.append(this.#truthButton, iconButton("fullscreen", "Full screen", "F"));
    message.element.append(this.#choices);
    byId("stage").append(tile);
    byId("figures").append(this.#figures.element);
    this.know([/** @type {Camera} */ (camera)]);
  }

  get players() {
    return [this.tile.player];
  }

  get view() {
    return this.tile.player.view;
  }

  /** Take what the list of cameras says. @param {Camera[]} cameras */
  know(cameras) {
    const { tile } = this;
    const camera = cameras.find(({ camera_id }) => camera_id === tile.camera.camera_id);
    if (camera) tile.know(camera);
    this.#showDetector(tile.player.connection?.detector ?? camera?.detector ?? null);
    this.#showTruth();
    const isUnknown = camera === undefined && tile.player.state.status === 404;
    tile.element.dataset.unknown = String(isUnknown);
    this.#choices.hidden = !isUnknown;
    byId("figures").hidden = isUnknown;
    if (!isUnknown) return;
    this.#choices.replaceChildren("This server has: ", ...cameras.map(cameraButton));
  }

  /** @param {string} action */
  act(action) {
    if (action !== "truth") return this.tile.act(action);
    this.hasTruth = !this.hasTruth;
    this.events.onChoice({ hasTruth: this.hasTruth });
    this.#showTruth();
    return true;
  }

  destroy() {
    this.tile.destroy();
    this.#figures.close();
  }

  /** @param {PlayerStats} stats */
  #showStats(stats) {
    this.#figures.show(stats, this.tile.player.quality);
    write("mode", stats.mode ? MODES[stats.mode] : "");
  }

  /** @param {PlayerState} state */
  #onState(state) {
    if (state.state === "live") this.#showDetector(this.tile.player.connection?.detector ?? null);
    this.events.onState(state);
  }

  /** @type {NonNullable<import("../player/options.js").PlayerOptions["onView"]>} */
  #onView(view, reason) {
    if (reason !== "degraded") this.events.onChoice({ view });
  }

  /** @param {DetectorInfo | null} detector */
  #showDetector(detector) {
    const none = detector?.name === "none"; // the server was given no model
    const name = none ? "none, so nothing is annotated" : detector?.name;
    const runner = DETECTOR_KINDS[detector?.kind ?? ""];
    write("detector", detector ? `Detector: ${name}${runner ? ` (${runner})` : ""}` : "");
    byId("scripted").hidden = detector?.kind !== "scripted" || none;
  }

  /** Outline what is really there, if that is wanted and this camera's scene knows it. */
  #showTruth() {
    const { camera, stage, element: tile } = this.tile;
    const { camera_id: cameraId, source, width, height } = camera;
    const size = source?.startsWith("synthetic:") && width && height ? { width, height } : null;
    const isWanted = size !== null && this.hasTruth;
    if (this.#truth && !isWanted) {
      this.#truth.remove();
      this.#truth = null;
    } else if (isWanted && !this.#truth) {
      this.#truth = new TruthOverlay(stage, size, (fromPts, toPts) => this.#fetchTruth(cameraId, fromPts, toPts));
    }
    tile.style.setProperty("--ratio", String(shownRatio(camera, isWanted)));
    this.#truthButton.hidden = size === null;
    this.#truthButton.setAttribute("aria-pressed", String(isWanted));
    byId("truth-note").hidden = !isWanted;
  }

  /** @param {string} cameraId @param {number} fromPts @param {number} toPts */
  async #fetchTruth(cameraId, fromPts, toPts) {
    const { baseUrl, token } = this.server;
    const asked = new URLSearchParams({ from_pts: String(fromPts), to_pts: String(toPts) });
    return (await getJson(`${baseUrl}/cameras/${encodeURIComponent(cameraId)}/truth?${asked}`, token)).frames;
  }
}
