/**
 * All cameras of the server's page at once, on one connection.
 *
 * @module
 */

import { Mux } from "./mux.js";
import { DualPlayer, HttpControl } from "./player.js";

/** @typedef {import("./player.js").View} View */
/** @typedef {{camera_id: string, state: string, detail?: string, width?: number, height?: number}} GridCamera */

/** A browser decodes about so many pictures smoothly. */
const MAX_TILES = 16;

/**
 * @param {string} name
 * @param {string} className
 * @param {string} [text]
 */
function make(name, className, text = "") {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
}

/** One camera: its pictures, and a caption that opens it. */
class GridTile {
  element = make("article", "tile");
  stage = make("div", "stage");
  figures = make("span", "tile-figures");

  /**
   * @param {GridCamera} camera
   * @param {View} view
   * @param {Mux} mux
   * @param {(cameraId: string) => void} onOpen
   */
  constructor({ camera_id: cameraId, width, height }, view, mux, onOpen) {
    const captureSize = width && height ? { width, height } : null;
    if (captureSize) {
      const ratio = captureSize.width / captureSize.height;
      this.element.style.setProperty("--ratio", String(ratio));
    }
    const caption = make("button", "tile-caption");
    caption.setAttribute("type", "button");
    caption.title = `Show ${cameraId} alone`;
    caption.append(make("strong", "", cameraId), this.figures);
    this.element.append(caption, this.stage);
    this.element.dataset.camera = cameraId;
    this.element.addEventListener("click", () => onOpen(cameraId));
    this.player = new DualPlayer({
      container: this.stage,
      cameraId,
      transport: mux.transport(cameraId),
      control: new HttpControl({ cameraId, token: mux.token }),
      view,
      quality: "low",
      captureSize,
      onState: ({ state, detail }) => this.#showState(state, detail),
      onView: (next) => (this.stage.dataset.view = next),
      onStats: (stats) => this.#showFigures(stats),
    });
    this.stage.dataset.view = view;
    void this.player.start();
  }

  destroy() {
    this.player.destroy();
    this.element.remove();
  }

  /** @param {string} state @param {string} detail */
  #showState(state, detail) {
    const fine = ["live", "connecting"].includes(state);
    this.stage.dataset.stale = String(!fine);
    this.element.dataset.state = state;
    this.element.title = detail;
    if (!fine) this.figures.textContent = state;
  }

  /** Say how a camera without pictures is, in the words of the list. @param {GridCamera} camera */
  tell({ state, detail }) {
    if (this.stage.dataset.stale !== "true" || state === "live") return;
    this.element.title = detail ?? "";
    this.figures.textContent = state;
  }

  /** @param {ReturnType<DualPlayer["stats"]>} stats */
  #showFigures({ fps, latencyP50Ms, fault }) {
    if (this.stage.dataset.stale === "true") return;
    const latency = latencyP50Ms === null ? "" : ` · ${Math.round(latencyP50Ms)} ms`;
    this.element.dataset.faulty = String(fault !== "");
    this.element.title = fault;
    this.figures.textContent = fault || `${fps.toFixed(0)} fps${latency}`;
  }
}

/** The tiles of all cameras; those beyond the bound are told of, not shown. */
export class Grid {
  /** @type {Map<string, GridTile>} */
  #tiles = new Map();
  #more = make("p", "tile-more");

  /**
   * @param {object} options
   * @param {HTMLElement} options.container
   * @param {string | null} options.token
   * @param {View} options.view
   * @param {(cameraId: string) => void} options.onOpen
   */
  constructor({ container, token, view, onOpen }) {
    this.container = container;
    this.view = view;
    this.onOpen = onOpen;
    this.mux = new Mux({ baseUrl: "", token });
  }

  get players() {
    return [...this.#tiles.values()].map(({ player }) => player);
  }

  /** Show these cameras and no others. @param {GridCamera[]} cameras */
  show(cameras) {
    const shown = cameras.slice(0, MAX_TILES);
    const ids = new Set(shown.map(({ camera_id }) => camera_id));
    for (const [id, tile] of this.#tiles) {
      if (ids.has(id)) continue;
      tile.destroy();
      this.#tiles.delete(id);
    }
    for (const camera of shown) {
      this.#tiles.get(camera.camera_id)?.tell(camera);
      if (this.#tiles.has(camera.camera_id)) continue;
      const tile = new GridTile(camera, this.view, this.mux, this.onOpen);
      this.#tiles.set(camera.camera_id, tile);
      this.container.append(tile.element);
    }
    const left = cameras.length - shown.length;
    this.#more.textContent = left ? `${left} more cameras are not shown here.` : "";
    if (left) this.container.append(this.#more);
    else this.#more.remove();
  }

  /** Show another view of every camera. @param {View} view @returns {Promise<void>} */
  async setView(view) {
    this.view = view;
    const outcomes = await Promise.allSettled(this.players.map((player) => player.setView(view)));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  destroy() {
    for (const tile of this.#tiles.values()) tile.destroy();
    this.#tiles.clear();
    this.#more.remove();
  }
}
