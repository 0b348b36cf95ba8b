/**
 * One camera on the dashboard: its pictures, what is measured on them, and the buttons above.
 *
 * @module
 */

import { DualPlayer, HttpControl } from "./player.js";

/** @typedef {import("./player.js").View} View */
/** @typedef {import("./player.js").Quality} Quality */
/** @typedef {import("./mux.js").Mux} Mux */
/** @typedef {{camera_id: string, state: string, width: number, height: number}} CameraInfo */
/** @typedef {{view: View, quality: Quality}} Choice */

const VIEW_NAMES = /** @type {[View, string, string][]} */ ([
  ["raw", "Raw", "The picture as it was captured (1)"],
  ["annotated", "Annotated", "With what the detector found (2)"],
  ["both", "Both", "Side by side, the same frame in both (3)"],
  ["overlay", "Overlay", "The raw picture, with boxes drawn here in the browser (4)"],
]);
const QUALITY_NAMES = /** @type {Quality[]} */ (["low", "medium", "high", "source"]);
const STATE_NAMES = {
  connecting: "Connecting",
  live: "Live",
  retrying: "Trying again",
  stalled: "Stalled",
  reconnecting: "Reconnecting",
  ended: "Ended",
  failed: "Not playing",
};

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(name, properties = {}, ...children) {
  const { dataset = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(name), rest);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}

/** @param {HTMLElement} where @param {string} text */
export function write(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

/** @param {number | null} ms */
const shortMs = (ms) => (ms === null ? "–" : `${Math.round(ms)} ms`);

/** The tile of one camera. `choice` is what the person chose for it, and is kept up to date. */
export class Tile {
  stage = element("div", { className: "stage" });
  message = element("p", { className: "tile-message", role: "alert", hidden: true });
  state = element("span", { className: "state" });
  shown = element("span", { className: "shown" });
  quality = element("select", { title: "Quality" });
  #stateWords = "";
  #faultWords = "";
  #actionWords = "";

  /**
   * @param {CameraInfo} camera
   * @param {Choice} choice
   * @param {{mux: Mux, baseUrl: string, token: string | null}} server
   * @param {(cameraId: string) => void} onSelect
   */
  constructor(camera, choice, { mux, baseUrl, token }, onSelect) {
    const { camera_id: cameraId, width, height } = camera;
    this.camera = camera;
    this.choice = choice;
    if (width && height) this.stage.style.setProperty("--ratio", String(width / height));
    this.element = element(
      "article",
      { className: "tile", dataset: { camera: cameraId } },
      this.#bar(),
      this.stage,
      this.message,
    );
    this.element.addEventListener("click", () => onSelect(cameraId));
    this.player = new DualPlayer({
      container: this.stage,
      cameraId,
      transport: mux.transport(cameraId),
      control: new HttpControl({ cameraId, baseUrl, token }),
      view: choice.view,
      quality: choice.quality,
      captureSize: width && height ? { width, height } : null,
      onState: ({ state, detail }) => this.#showState(state, detail),
      onView: (view) => this.#showView(view),
      onRefused: (error) => this.#tell(error.message),
      onStats: (stats) => this.#showStats(stats),
    });
    this.#showState("connecting", "");
    this.#showView(choice.view);
    void this.player.start();
  }

  /** @param {string} action @returns {boolean} whether there is such an action */
  act(action) {
    const chosen = VIEW_NAMES.find(([view]) => action === `view-${view}`)?.[0];
    if (chosen) this.#attempt(this.player.setView(chosen));
    else if (action === "switch") this.#attempt(this.player.switch());
    return chosen !== undefined || action === "switch";
  }

  destroy() {
    this.player.destroy();
    this.element.remove();
  }

  #bar() {
    const views = element("div", { className: "segmented", role: "group", ariaLabel: "View" });
    for (const [view, name, title] of VIEW_NAMES)
      views.append(this.#button(`view-${view}`, name, title));
    for (const name of QUALITY_NAMES)
      this.quality.append(element("option", { value: name, textContent: name }));
    this.quality.value = this.choice.quality;
    this.quality.addEventListener("change", () => this.#changeQuality());
    const name = element("h2", { textContent: this.camera.camera_id });
    const swap = this.#button("switch", "Switch", "Raw to annotated and back (S)");
    return element(
      "div",
      { className: "bar" },
      name,
      this.state,
      this.shown,
      views,
      swap,
      this.quality,
    );
  }

  /** @param {string} action @param {string} text @param {string} title */
  #button(action, text, title) {
    const button = element("button", { type: "button", title, dataset: { action } }, text);
    button.addEventListener("click", () => this.act(action));
    return button;
  }

  #changeQuality() {
    const before = this.player.quality;
    const quality = /** @type {Quality} */ (this.quality.value);
    this.choice.quality = quality;
    const change = this.player.setQuality(quality).catch((error) => {
      this.quality.value = this.choice.quality = before;
      throw error;
    });
    this.#attempt(change);
  }

  /** @param {Promise<void>} change */
  #attempt(change) {
    this.#tell("");
    change.catch((error) => this.#tell(error instanceof Error ? error.message : String(error)));
  }

  /** Say what came of an action, until the next one. @param {string} text */
  #tell(text) {
    this.#actionWords = text;
    this.#showMessage();
  }

  #showMessage() {
    const text = [this.#stateWords, this.#faultWords, this.#actionWords].filter(Boolean).join(" ");
    write(this.message, text);
    this.message.hidden = !text;
  }

  /** @param {keyof typeof STATE_NAMES} state @param {string} detail */
  #showState(state, detail) {
    this.state.dataset.state = state;
    write(this.state, STATE_NAMES[state]);
    this.stage.dataset.stale = String(!["live", "connecting"].includes(state));
    this.#stateWords = ["live", "connecting"].includes(state) ? "" : detail;
    this.#actionWords = "";
    this.#showMessage();
  }

  /** @param {View} view */
  #showView(view) {
    this.choice.view = view;
    this.stage.dataset.view = view;
    for (const button of this.element.querySelectorAll(".segmented button")) {
      const pressed = /** @type {HTMLElement} */ (button).dataset.action === `view-${view}`;
      button.setAttribute("aria-pressed", String(pressed));
    }
  }

  /** @param {ReturnType<DualPlayer["stats"]>} stats */
  #showStats({ fps, latencyP50Ms, bitrate, fault }) {
    this.#faultWords = fault;
    this.#showMessage();
    const rate = `${(bitrate / 1e6).toFixed(1)} Mbit/s`;
    write(this.shown, `${fps.toFixed(0)} fps · ${shortMs(latencyP50Ms)} to screen · ${rate}`);
  }
}
