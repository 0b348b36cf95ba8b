/**
 * All cameras of the page at once, on one connection: as many as a browser decodes smoothly, and
 * the others on further pages of the wall.
 *
 * @module
 */

import { ViewButtons, button, iconButton, switchButton } from "../kit/controls.js";
import { byId, element, write } from "../kit/dom.js";
import { Tile } from "../kit/tile.js";
import { errorWords } from "../kit/problems.js";
import { columnsOf, hasRoomForBoth, partOf, showTiles } from "../kit/wall.js";
import { viewOfAction } from "../kit/words.js";
import { HttpControl } from "../player/http.js";
import { Mux } from "../player/mux.js";
import { ANNOTATED, RAW, channelsOf } from "../player/views.js";

/** @typedef {import("../player/events.js").View} View */
/** @typedef {import("./cameras.js").Camera} Camera */
/** @typedef {import("./cameras.js").Server} Server */
/** @typedef {import("./single.js").Events & {onOpen: (cameraId: string) => void, tell: (words: string) => void}} WallEvents */

/** Up to so many pictures are large enough for more than the lowest quality. */
const FEW = 4;
const TYPICAL_RATIO = 16 / 9;

export class WallView {
  /** @type {Map<string, Tile>} */
  #tiles = new Map();
  #mux;
  #views = new ViewButtons();
  #range = element("span", { className: "range", role: "status" });
  #pager = element(
    "div",
    { className: "pager", role: "group", ariaLabel: "Pages of the wall" },
    button("previous", "‹", "Previous cameras", "←"),
    this.#range,
    button("next", "›", "Next cameras", "→"),
  );
  #page = 1;
  #pages = 1;

  /**
   * @param {Server} server
   * @param {View | null} view null: as there is room
   * @param {number} count of cameras
   * @param {WallEvents} events
   */
  constructor(server, view, count, events) {
    this.events = events;
    this.#mux = new Mux(server);
    this.stage = byId("stage");
    const bar = byId("controls");
    bar.replaceChildren(this.#views.element, switchButton(), this.#pager, iconButton("fullscreen", "Full screen", "F"));
    this.stage.dataset.layout = "wall";
    this.view = view ?? (hasRoomForBoth(count, this.#room, TYPICAL_RATIO) ? "both" : "overlay");
    this.#views.show(this.view);
    this.resizes = new ResizeObserver(() => this.#layOut());
    this.resizes.observe(document.documentElement);
  }

  get players() {
    return [...this.#tiles.values()].map(({ player }) => player);
  }

  /** Show this page of these cameras, and no others. @param {Camera[]} cameras @param {number} page */
  know(cameras, page) {
    const part = partOf(cameras, page);
    this.#page = part.page;
    this.#pages = part.pages;
    showTiles(this.stage, this.#tiles, part.shown, (camera) => this.#tile(camera, part.shown.length));
    this.#views.offer(commonChannels(part.shown));
    this.#pager.hidden = part.pages === 1;
    write(this.#range, part.words);
    this.#layOut();
  }

  /** @param {string} action */
  act(action) {
    if (action === "previous" || action === "next") return this.#turn(action === "next" ? 1 : -1);
    if (action === "pause") return this.#pause();
    if (action === "step") return this.players.forEach((player) => player.step());
    const swapped = this.view === ANNOTATED ? RAW : ANNOTATED;
    const view = action === "switch" ? swapped : viewOfAction(action);
    if (view) void this.#setView(view);
  }

  destroy() {
    for (const tile of this.#tiles.values()) tile.destroy();
    this.#tiles.clear();
    this.resizes.disconnect();
    delete this.stage.dataset.layout;
    byId("controls").replaceChildren();
  }

  /** @param {Camera} camera @param {number} count */
  #tile(camera, count) {
    const { camera_id: cameraId } = camera;
    const { baseUrl, token } = this.#mux;
    return new Tile({
      camera,
      transport: this.#mux.transport(cameraId),
      control: new HttpControl({ cameraId, baseUrl, token }),
      view: this.view,
      quality: count <= FEW ? "medium" : "low",
      controls: ["playback"],
      onOpen: () => this.events.onOpen(cameraId),
      onState: this.events.onState,
      onHealth: () => this.events.onState(),
    });
  }

  /** From here to the lower edge of the window, px. */
  get #room() {
    const { left, top } = this.stage.getBoundingClientRect();
    return { width: innerWidth - 2 * left, height: innerHeight - (top + scrollY) - left };
  }

  #layOut() {
    const count = this.#tiles.size;
    if (!count) return;
    const { columns, fits } = columnsOf(count, this.#room, TYPICAL_RATIO * channelsOf(this.view).length);
    this.stage.dataset.fits = String(fits);
    this.stage.style.setProperty("--columns", String(columns));
  }

  /** @param {number} by */
  #turn(by) {
    const page = this.#page + by;
    if (page >= 1 && page <= this.#pages) this.events.onChoice({ wallPage: page });
  }

  /** All stand still, or all go on. */
  #pause() {
    const { players } = this;
    const isPaused = players.every((each) => each.isPaused);
    for (const tile of this.#tiles.values()) if (tile.player.isPaused === isPaused) tile.act("pause");
  }

  /** @param {View} view */
  async #setView(view) {
    this.events.tell("");
    this.view = view;
    this.#views.show(view);
    this.#layOut();
    this.events.onChoice({ view });
    const outcomes = await Promise.allSettled(this.players.map((player) => player.setView(view)));
    const refused = outcomes.find(({ status }) => status === "rejected");
    if (refused?.status === "rejected") this.events.tell(errorWords(refused.reason));
  }
}

/** The channels that each of these cameras has. @param {Camera[]} cameras */
function commonChannels([first, ...others]) {
  const names = (first?.channels ?? []).map(({ name = "" }) => name);
  return names.filter((name) => others.every(({ channels = [] }) => channels.some((each) => each.name === name)));
}
