/**
 * The front end of the dashboard: the wall of pictures, the header above it, and what its figures
 * say in words. Everything else on the page is Panel's.
 *
 * The page's own elements are used, not the component's: pictures stand in the document itself,
 * where scripts find them.
 *
 * @module
 */

import { Mux } from "./mux.js";
import { parseView } from "./player.js";
import { Tile, element, write } from "./tile.js";

/** @typedef {import("./tile.js").CameraInfo} CameraInfo */
/** @typedef {import("./tile.js").Choice} Choice */
/** @typedef {"single" | "grid"} Layout */
/**
 * What Python and the page share.
 *
 * @typedef {object} Shared
 * @property {CameraInfo[]} cameras
 * @property {string} selected
 * @property {string} tab
 * @property {boolean} hidden
 * @property {Record<string, string>} figures
 */
/** @typedef {Shared & {on(name: string, call: (event: any) => void): void, send_msg(data: object): void}} Model */

const MAX_TILES = 9;
const MANY_TILES = 2;
const NOTICE_MS = 6000;
const COME_BACK_MS = 2000;
const THEME_KEY = "streamlab-theme";

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} selector */
const all = (selector) => /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)]);

class Wall {
  /** @type {Map<string, Tile>} */
  #tiles = new Map();
  /** @type {Map<string, Choice>} what was chosen for each camera, also while it is not shown */
  #choices = new Map();
  /** @type {Layout} */
  #layout = "single";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #noticeTimer;
  #left = new AbortController();

  /** @param {Model} model @param {string} baseUrl of the server that streams */
  constructor(model, baseUrl) {
    this.model = model;
    const query = new URLSearchParams(location.search);
    const token = query.get("access_token");
    this.server = { baseUrl, token, mux: new Mux({ baseUrl, token }) };
    this.firstView = parseView(query.get("view"));
    const wanted = model.cameras.find(({ camera_id }) => camera_id === query.get("camera_id"));
    if (wanted) model.selected = wanted.camera_id;
    this.#listen();
    this.#show();
  }

  get tiles() {
    return [...this.#tiles.values()];
  }

  /** The server has forgotten this session: begin another as soon as it answers. */
  async comeBack() {
    this.#tell("The connection to the dashboard was lost. It comes back by itself.", true);
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, COME_BACK_MS));
      const answer = await fetch(`${this.server.baseUrl}/healthz`).catch(() => null);
      if (answer?.ok) location.reload();
    }
  }

  destroy() {
    this.#left.abort();
    clearTimeout(this.#noticeTimer);
    for (const tile of this.tiles) tile.destroy();
    this.#tiles.clear();
  }

  #listen() {
    const { model } = this;
    for (const name of ["cameras", "selected"]) model.on(name, () => this.#show());
    model.on("figures", () => this.#showFigures());
    model.on("msg:custom", (message) => this.#receive(message));
    const { signal } = this.#left;
    document.addEventListener("click", (event) => this.#onClick(event), { signal });
    document.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    document.addEventListener("visibilitychange", () => (model.hidden = document.hidden), { signal });
    byId("add").addEventListener("submit", (event) => this.#add(event), { signal });
  }

  /** @param {Event} event */
  #onClick({ target }) {
    const pressed = target instanceof Element ? target.closest("button[data-do]") : null;
    if (!(pressed instanceof HTMLElement)) return;
    const { do: what, value = "" } = pressed.dataset;
    if (what === "camera") this.model.selected = value;
    else if (what === "layout") this.#setLayout(/** @type {Layout} */ (value));
    else if (what === "tab") this.#setTab(value);
    else if (what === "theme") switchTheme();
    else if (what === "dismiss") this.#tell("", false);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const from = event.composedPath()[0];
    const typing = from instanceof Element && from.matches("input, select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const actions = { 1: "view-raw", 2: "view-annotated", 3: "view-both", 4: "view-overlay" };
    const key = event.key.toLowerCase();
    const action = key === "s" ? "switch" : /** @type {Record<string, string>} */ (actions)[key];
    if (action) this.#tiles.get(this.model.selected)?.act(action);
  }

  /** @param {Event} event */
  #add(event) {
    event.preventDefault();
    const source = /** @type {HTMLInputElement} */ (byId("source")).value.trim();
    if (!source) return;
    byId("add").dataset.busy = "true";
    this.model.send_msg({ type: "add", source });
  }

  /** @param {any} message */
  #receive(message) {
    if (message.type === "say") this.#tell(message.text, message.wrong);
    else if (message.type === "added") this.#added(message.ok);
    else if (message.type === "file") saveFile(message.name, message.data);
  }

  /** @param {boolean} ok */
  #added(ok) {
    byId("add").dataset.busy = "false";
    if (ok) /** @type {HTMLFormElement} */ (byId("add")).reset();
  }

  /** @param {string} text @param {boolean} wrong */
  #tell(text, wrong) {
    clearTimeout(this.#noticeTimer);
    byId("notice").hidden = !text;
    byId("notice").dataset.wrong = String(wrong);
    write(byId("notice-text"), text);
    if (text && !wrong) this.#noticeTimer = setTimeout(() => this.#tell("", false), NOTICE_MS);
  }

  /** @param {Layout} layout */
  #setLayout(layout) {
    this.#layout = layout;
    this.#show();
  }

  /** @param {string} tab */
  #setTab(tab) {
    this.model.tab = tab;
    for (const pane of all("[data-pane]")) pane.hidden = pane.dataset.pane !== tab;
    mark('[data-do="tab"]', tab);
    dispatchEvent(new Event("resize")); // plots that were hidden have no size yet
  }

  #showFigures() {
    for (const output of all("[data-figure]"))
      write(output, this.model.figures[output.dataset.figure ?? ""] ?? "");
  }

  #show() {
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
    for (const [index, camera] of cameras.entries())
      /** @type {HTMLElement} */ (nav.children[index]).dataset.state = camera.state;
    mark('[data-do="camera"]', selected);
  }

  /** @param {CameraInfo[]} shown */
  #showTiles(shown) {
    const ids = new Set(shown.map(({ camera_id }) => camera_id));
    for (const [id, tile] of this.#tiles) {
      if (ids.has(id)) continue;
      tile.destroy();
      this.#tiles.delete(id);
    }
    for (const camera of shown) {
      if (this.#tiles.has(camera.camera_id)) continue;
      const choice = this.#choice(camera.camera_id, shown.length);
      const tile = new Tile(camera, choice, this.server, (id) => (this.model.selected = id));
      this.#tiles.set(camera.camera_id, tile);
      byId("wall").append(tile.element);
    }
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
function mark(selector, value) {
  for (const button of all(selector))
    button.setAttribute("aria-pressed", String(button.dataset.value === value));
}

/** @param {string} name @param {BlobPart} data */
function saveFile(name, data) {
  const href = URL.createObjectURL(new Blob([data]));
  element("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** Let the address name the camera, for a reload and for bookmarks. @param {string} selected */
function remember(selected) {
  const query = new URLSearchParams(location.search);
  if (!selected || query.get("camera_id") === selected) return;
  query.set("camera_id", selected);
  history.replaceState(null, "", `?${query}`);
}

function switchTheme() {
  const { dataset } = document.documentElement;
  const isDark = getComputedStyle(document.documentElement).colorScheme === "dark";
  const systemDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const dark = dataset.theme ? isDark : systemDark;
  dataset.theme = dark ? "light" : "dark";
  localStorage.setItem(THEME_KEY, dataset.theme);
}

/** @typedef {{model: {document: {on_event(name: string, call: () => void): void}}}} View */

/** @param {{model: Model, view: View}} context @param {string} baseUrl */
export function render({ model, view }, baseUrl) {
  const wall = new Wall(model, baseUrl);
  model.on("remove", () => wall.destroy());
  view.model.document.on_event("connection_lost", () => void wall.comeBack());
  // For people at the console and for scripts: `streamlab.players[0].stats()`.
  Object.assign(globalThis, {
    streamlab: {
      get players() {
        return wall.tiles.map(({ player }) => player);
      },
    },
  });
  return document.createElement("span");
}
