/**
 * The front end of the dashboard: the wall of pictures, the header above it, and what its figures
 * say in words. Everything else on the page is Panel's.
 *
 * @module
 */

import { shareQuery } from "../kit/address.js";
import { all, byId, pressed, write } from "../kit/dom.js";
import { TILE_KEYS, keyOf } from "../kit/keys.js";
import { saveFile } from "../kit/save.js";
import { switchTheme } from "../kit/theme.js";
import { CameraForm } from "../dashboard/camera_form.js";
import { Wall, mark } from "../dashboard/wall.js";

/**
 * What Python and the page share.
 *
 * @typedef {object} Shared
 * @property {import("../dashboard/wall.js").CameraInfo[]} cameras
 * @property {string} selected
 * @property {string} tab
 * @property {boolean} hidden
 * @property {string} base_url of the server that streams; empty if it is the page's own
 * @property {Record<string, string>} figures
 * @property {import("../dashboard/camera_form.js").Choices} choices
 * @property {boolean} paused whether the plots stand still
 * @property {boolean} calm whether they move seldom
 */
/** @typedef {Shared & {on(name: string, call: (event: any) => void): void, send_msg(data: object): void}} Model */

const NOTICE_MS = 6000;
const COME_BACK_MS = 2000;

class Dashboard {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #noticeTimer;
  #left = new AbortController();

  /** @param {Model} model @param {string} baseUrl of the server that streams */
  constructor(model, baseUrl) {
    this.model = model;
    this.baseUrl = baseUrl;
    this.wall = new Wall(model, baseUrl);
    const send = (/** @type {object} */ message) => model.send_msg(message);
    this.form = new CameraForm(
      (wanted) => send({ type: "add", ...wanted }),
      () => send({ type: "cancel" }),
      this.#left.signal,
    );
    this.#listen();
    this.wall.show();
    for (const button of all('[data-do="add"]')) button.removeAttribute("disabled");
  }

  /** The server has forgotten this session: begin another as soon as it answers. */
  async comeBack() {
    this.form.close();
    this.#tell("The connection to the dashboard was lost. It comes back by itself.", true);
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, COME_BACK_MS));
      const answer = await fetch(`${this.baseUrl}/healthz`).catch(() => null);
      if (answer?.ok) location.reload();
    }
  }

  destroy() {
    this.#left.abort();
    clearTimeout(this.#noticeTimer);
    this.wall.destroy();
  }

  #listen() {
    const { model } = this;
    for (const name of ["cameras", "selected"]) model.on(name, () => this.wall.show());
    model.on("figures", () => this.#showFigures());
    model.on("choices", () => this.form.showChoices(model.choices));
    model.on("msg:custom", (message) => this.#receive(message));
    const { signal } = this.#left;
    document.addEventListener("click", (event) => this.#onClick(event), { signal });
    document.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    for (const caption of all(".figures figcaption"))
      for (const name of ["pointerleave", "blur"])
        caption.addEventListener(name, () => delete caption.dataset.dismissed, { signal });
    document.addEventListener("visibilitychange", () => (model.hidden = document.hidden), { signal });
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    model.calm = calm.matches;
    calm.addEventListener("change", () => (model.calm = calm.matches), { signal });
  }

  /** @param {Event} event */
  #onClick(event) {
    const { do: what, value = "" } = pressed(event, "button[data-do]")?.dataset ?? {};
    if (what === "camera") this.model.selected = value;
    else if (what === "layout") this.wall.setLayout(value === "grid" ? "grid" : "single");
    else if (what === "tab") this.#setTab(value);
    else if (what === "add") this.#openForm();
    else if (what === "close-add") this.form.close();
    else if (what === "pause") this.#setPaused(!this.model.paused);
    else if (what === "theme") switchTheme();
    else if (what === "dismiss") this.#tell("", false);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key === "Escape") dismissAbout();
    const key = keyOf(event);
    if (key === null || !(key in TILE_KEYS) || document.querySelector("dialog[open]")) return;
    if (key === " ") event.preventDefault(); // it would scroll
    this.wall.act(TILE_KEYS[key]);
  }

  #openForm() {
    this.model.send_msg({ type: "choices" });
    this.form.open();
  }

  /** @param {any} message */
  #receive(message) {
    if (message.type === "say") this.#tell(message.text, message.wrong);
    else if (message.type === "added") this.form.showOutcome(message);
    else if (message.type === "file") saveFile(message.name, message.data);
  }

  /** @param {string} text @param {boolean} wrong */
  #tell(text, wrong) {
    clearTimeout(this.#noticeTimer);
    byId("notice").hidden = !text;
    byId("notice").dataset.wrong = String(wrong);
    write(byId("notice-text"), text);
    if (text && !wrong) this.#noticeTimer = setTimeout(() => this.#tell("", false), NOTICE_MS);
  }

  /** @param {string} tab */
  #setTab(tab) {
    this.model.tab = tab;
    for (const pane of all("[data-pane]")) pane.hidden = pane.dataset.pane !== tab;
    mark('[data-do="tab"]', tab);
    dispatchEvent(new Event("resize")); // plots that were hidden have no size yet
  }

  /** @param {boolean} isPaused */
  #setPaused(isPaused) {
    this.model.paused = isPaused;
    const [button] = all('[data-do="pause"]');
    write(button, isPaused ? "Resume the plots" : "Pause the plots");
  }

  #showFigures() {
    for (const output of all("[data-figure]"))
      write(output, this.model.figures[output.dataset.figure ?? ""] ?? "");
  }
}

/** Hide what is said about the figure that the pointer or the focus is on. */
function dismissAbout() {
  for (const caption of all(".figures figcaption:is(:hover, :focus)")) caption.dataset.dismissed = "";
}

/** @typedef {{model: {document: {on_event(name: string, call: () => void): void}}}} View */

/** @param {{model: Model, view: View}} context @param {string} baseUrl */
export function render({ model, view }, baseUrl) {
  const dashboard = new Dashboard(model, baseUrl);
  const watch = byId("watch");
  watch.hidden = model.base_url !== ""; // the server that streams is another one
  watch.addEventListener("click", () => shareQuery(watch));
  model.on("remove", () => dashboard.destroy());
  view.model.document.on_event("connection_lost", () => void dashboard.comeBack());
  // For people at the console and for scripts: `streamlab.players[0].stats()`.
  Object.assign(globalThis, {
    streamlab: {
      get players() {
        return dashboard.wall.tiles.map(({ player }) => player);
      },
    },
  });
  return document.createElement("span");
}
