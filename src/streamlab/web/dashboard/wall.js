/**
 * The wall of pictures on the dashboard, and the buttons that pick its cameras.
 *
 * The page's own elements are used, not the component's: pictures stand in the document itself,
 * where scripts find them.
 *
 * @module
 */

import { HttpControl } from "../player/http.js";
import { Mux } from "../player/mux.js";
import { parseView } from "../player/views.js";
import { all, byId, element, press } from "../kit/dom.js";
import { Tile } from "../kit/tile.js";
import { showTiles } from "../kit/wall.js";

/** @typedef {import("../kit/tile.js").TileCamera & import("../kit/words.js").SourceHealth & {stage_problems: string[]}} CameraInfo */
/** @typedef {{view: import("../player/events.js").View, quality: import("../player/events.js").Quality}} Choice */
/** @typedef {"single" | "grid"} Layout */
/** @typedef {{cameras: CameraInfo[], selected: string}} Shown the cameras there are, and the id of the selected one */

const CONTROLS = /** @type {import("../kit/controls.js").ControlName[]} */ (["views", "switch", "quality", "playback"]);
const MAX_TILES = 9;
const MANY_TILES = 2;

export class Wall {
  /** @type {Map<string, Tile>} */
  #tiles = new Map();
  /** @type {Map<string, Choice>} what was chosen for each camera, also while it is not shown */
  #choices = new Map();
  /** @type {Layout} */
  #layout = "single";

  /** @param {Shown} model its `selected` is set when a camera is opened @param {string} baseUrl of the server that streams */
  constructor(model, baseUrl) {
    this.model = model;
    const query = new URLSearchParams(location.search);
    const token = query.get("access_token");
    this.server = { baseUrl, token, mux: new Mux({ baseUrl, token }) };
    this.firstView = parseView(query.get("view"));
    const wanted = model.cameras.find(({ camera_id }) => camera_id === query.get("camera_id"));
    if (wanted) model.selected = wanted.camera_id;
  }

  get tiles() {
    return [...this.#tiles.values()];
  }

  destroy() {
    for (const tile of this.tiles) tile.destroy();
    this.#tiles.clear();
  }

  /** Do something with the selected camera. @param {string} action */
  act(action) {
    this.#tiles.get(this.model.selected)?.act(action);
  }

  /** @param {Layout} layout */
  setLayout(layout) {
    this.#layout = layout;
    this.show();
  }

  show() {
    const { cameras, selected } = this.model;
    this.#showPicker();
    remember(selected);
    const shown = cameras.filter(
      ({ camera_id }) => this.#layout === "grid" || camera_id === selected,
    );
    this.#showTiles(shown.slice(0, MAX_TILES));
    byId("wall").dataset.layout = this.#layout;
    byId("wall").style.setProperty("--across", String(Math.ceil(Math.sqrt(this.#tiles.size))));
    byId("empty").hidden = cameras.length > 0;
    mark('[data-do="layout"]', this.#layout);
    for (const [order, { camera_id: id }] of shown.entries()) {
      const tile = this.#tiles.get(id)?.element;
      tile?.style.setProperty("order", String(order));
      tile?.setAttribute("aria-current", String(id === selected));
    }
  }

  #showPicker() {
    const nav = byId("cameras");
    const { cameras, selected } = this.model;
    const ids = cameras.map(({ camera_id }) => camera_id).join("\n");
    if (nav.dataset.ids !== ids) {
      nav.dataset.ids = ids;
      nav.replaceChildren(...cameras.map(({ camera_id: value }) => pick(value)));
    }
    for (const [index, { state, stage_problems: problems }] of cameras.entries())
      /** @type {HTMLElement} */ (nav.children[index]).dataset.state = problems.length ? "faulty" : state;
    mark('[data-do="camera"]', selected);
  }

  /** @param {CameraInfo[]} shown */
  #showTiles(shown) {
    showTiles(byId("wall"), this.#tiles, shown, (camera) => {
      const { camera_id: cameraId } = camera;
      const { mux, baseUrl, token } = this.server;
      const choice = this.#choice(cameraId, shown.length);
      return new Tile({
        camera,
        ...choice,
        transport: mux.transport(cameraId),
        control: new HttpControl({ cameraId, baseUrl, token }),
        controls: CONTROLS,
        onOpen: () => (this.model.selected = cameraId),
        onView: (view) => (choice.view = view),
        onQuality: (quality) => (choice.quality = quality),
      });
    });
  }

  /** @param {string} id @param {number} count @returns {Choice} */
  #choice(id, count) {
    const many = count > MANY_TILES;
    const view = this.firstView ?? (many ? "annotated" : "both");
    const before = this.#choices.get(id);
    const choice = before ?? { view, quality: many ? "low" : "medium" };
    this.#choices.set(id, choice);
    return choice;
  }
}

/** @param {string} value */
const pick = (value) => element("button", { type: "button", dataset: { do: "camera", value } }, value);

/** Press the one of these buttons that has this value. @param {string} selector @param {string} value */
export function mark(selector, value) {
  press(all(selector), ({ dataset }) => dataset.value === value);
}

/** Let the address name the camera, for a reload and for bookmarks. @param {string} selected */
function remember(selected) {
  const query = new URLSearchParams(location.search);
  if (!selected || query.get("camera_id") === selected) return;
  query.set("camera_id", selected);
  history.replaceState(null, "", `?${query}`);
}
