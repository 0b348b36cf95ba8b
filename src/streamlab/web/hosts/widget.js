/**
 * A camera in a notebook: the tile of every page over the widget's comm, and what only a notebook has.
 *
 * @module
 */

import { element } from "../kit/dom.js";
import { Figures } from "../kit/figures.js";
import { TILE_KEYS, keyOf } from "../kit/keys.js";
import { Tile } from "../kit/tile.js";
import { LabControls } from "../notebook/lab_controls.js";
import { CommTransport } from "../player/comm.js";
import { CommControl } from "../player/comm_control.js";
import { TICKS_PER_S } from "../player/events.js";

/** @typedef {import("../player/comm_model.js").Model} Model */
/** @typedef {import("../player/comm_model.js").FramesEvent} FramesEvent */
/** @typedef {import("../player/events.js").PlayerState} PlayerState */

const CHART_S = 20;
const BUSY = "The kernel is busy: this is done when its cell has ended.";

/** Wires a tile to the kernel. */
class CameraWidget {
  figures = new Figures({ chartS: CHART_S });
  /** @type {Partial<import("../kit/words.js").CameraHealth>} */
  #health = {};

  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    const root = element("section", { className: "streamlab-view", tabIndex: -1, ariaLabel: `Camera ${model.get("camera_id")}` });
    this.root = root;
    el.append(root);
    this.transport = new CommTransport({
      model,
      isShown: () => root.isConnected && root.checkVisibility() && !document.hidden,
      onFrames: (frames) => this.#showFrames(frames),
    });
    const { viewId } = this.transport;
    this.control = new CommControl({ model, viewId, onWaiting: (isWaiting) => this.tile.tell(isWaiting ? BUSY : "") });
    this.controls = new LabControls(model.get("policies"), (action, values) => this.#ask(action, values));
    this.tile = this.#makeTile();
    this.#showStill(model.get("still") ?? "");
    root.append(this.tile.element, this.controls.element, this.figures.element);
    this.#onSync();
    this.#listen();
    // For scripts: `element.player.stats()`.
    Object.assign(root, { player: this.tile.player });
  }

  /** What is known of the camera, as the list of cameras says it elsewhere. */
  get camera() {
    const { model } = this;
    const [width, height] = [model.get("width"), model.get("height")];
    return { camera_id: model.get("camera_id"), source: model.get("source"), width, height, ...this.#health };
  }

  #makeTile() {
    const { model, transport, control } = this;
    return new Tile({
      camera: this.camera,
      transport,
      control,
      view: model.get("view"),
      quality: model.get("quality"),
      controls: ["views", "switch", "quality", "playback", "save"],
      onState: (state) => this.#showState(state),
      onView: (view) => this.#share("view", view),
      onQuality: (quality) => this.#share("quality", quality),
      onStats: (stats) => this.figures.show(stats, this.tile.player.quality),
    });
  }

  /** Ask the kernel, and say it if it refuses. @param {string} action @param {object} values */
  #ask(action, values) {
    const answer = this.control.ask(action, values);
    this.tile.attempt(answer);
    return answer.catch(() => {}); // the tile says so
  }

  /** Let the kernel know what is shown. @param {string} name @param {string} value */
  #share(name, value) {
    if (this.model.get(name) === value) return;
    this.model.set(name, value);
    this.model.save_changes();
  }

  /** @param {FramesEvent} frames */
  #showFrames({ pts, drift_ms, sync_tolerance_ms, sync_policy, faults, source, detector }) {
    const timesS = pts.map((each) => each / TICKS_PER_S);
    this.figures.addFrames(timesS, drift_ms, sync_tolerance_ms);
    this.controls.showSync(sync_policy, sync_tolerance_ms);
    this.controls.showCamera(detector, faults);
    this.#health = source;
    this.tile.know(this.camera);
  }

  /** Show the picture that the notebook keeps until there is a live one. @param {string} url */
  #showStill(url) {
    const { stage } = this.tile;
    stage.style.background = url && `bottom / cover url(${url})`;
    stage.dataset.still = String(url !== "");
  }

  /** @param {PlayerState} state */
  #showState({ state }) {
    if (state === "live") this.#showStill("");
    this.controls.element.inert = state === "ended" || state === "failed";
  }

  #listen() {
    const { root, model } = this;
    root.dataset.lmSuppressShortcuts = "true"; // keys pressed here are not the notebook's
    root.addEventListener("keydown", (event) => this.#onKey(event));
    model.on("change:view", this.#onView);
    model.on("change:quality", this.#onQuality);
    model.on("change:policy", this.#onSync);
    model.on("change:sync_tolerance_ms", this.#onSync);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const key = keyOf(event);
    if (key === "escape") this.#leave();
    const action = TILE_KEYS[key ?? ""];
    if (!action) return;
    event.preventDefault(); // a space would scroll
    this.tile.act(action);
  }

  /** Give the keys back to the notebook. */
  #leave() {
    const around = this.root.parentElement?.closest("[tabindex]");
    if (around instanceof HTMLElement) around.focus();
  }

  #onView = () => {
    const { player } = this.tile;
    const view = this.model.get("view");
    if (view !== player.view) this.tile.attempt(player.setView(view));
  };

  #onQuality = () => {
    const { player, quality } = this.tile;
    quality.value = this.model.get("quality");
    if (quality.value !== player.quality) this.tile.attempt(player.setQuality(this.model.get("quality")));
  };

  #onSync = () => this.controls.showSync(this.model.get("policy"), this.model.get("sync_tolerance_ms"));

  close() {
    this.model.off("change:view", this.#onView);
    this.model.off("change:quality", this.#onQuality);
    this.model.off("change:policy", this.#onSync);
    this.model.off("change:sync_tolerance_ms", this.#onSync);
    this.tile.destroy();
    this.control.close();
    this.figures.close();
    this.root.remove();
  }
}

/** @param {{model: Model, el: HTMLElement}} host */
function render({ model, el }) {
  const widget = new CameraWidget(model, el);
  return () => widget.close();
}

export default { render };
