/**
 * The server's page: all cameras on a wall, or one of them with what was measured on it.
 *
 * The address says what is shown (`address.js`); whatever changes it goes through `Page.go`.
 *
 * @module
 */

import { byId } from "../kit/dom.js";
import { errorWords } from "../kit/problems.js";
import { switchTheme } from "../kit/theme.js";
import { parsePlace, searchOf } from "./address.js";
import { CameraList } from "./cameras.js";
import { showEmpty } from "./empty.js";
import { showKeys } from "./keys.js";
import { showNav } from "./nav.js";
import { Notice, showOnly } from "./notice.js";
import { redactedInstead } from "./redacted.js";
import { copyLink, toggleFullscreen } from "./share.js";
import { SingleView } from "./single.js";
import { WallView } from "./wall.js";

/** @typedef {import("./address.js").Place} Place */
/** @typedef {import("./cameras.js").Server} Server */

/** Boxes are sharpest when they are drawn here, which matters most in small pictures. */
const usualView = matchMedia("(max-width: 600px)").matches ? "overlay" : "both";

export class Page {
  /** @type {SingleView | WallView | null} */
  shown = null;
  place = parsePlace(location.search);
  notice = new Notice();

  #events = {
    onState: () => {
      this.#avoidRefusal();
      void this.list.load(); // it knows when the source is tried again
    },
    /** @param {Partial<Place>} chosen */
    onChoice: (chosen) => {
      this.#note(chosen);
      if (chosen.wallPage) this.#onCameras();
    },
  };

  /** @param {Server} server */
  constructor(server) {
    this.server = server;
    this.list = new CameraList(server, {
      onChange: () => this.#onCameras(),
      onFailure: (state, words) => this.#onFailure(state, words),
    });
  }

  get cameras() {
    return this.list.cameras;
  }

  /** @param {Promise<Response>} [cameras] the answer to `GET /cameras`, if it was asked already */
  start(cameras) {
    if (!this.place.isWall && this.place.cameraId) this.show();
    addEventListener("popstate", () => {
      this.place = parsePlace(location.search);
      this.show();
    });
    this.list.start(cameras);
  }

  /**
   * Show another place, and let the address say so.
   *
   * @param {Partial<Place>} change
   * @param {"push" | "replace"} how
   */
  go(change, how) {
    if (how === "push") history.pushState({ fromWall: this.shown instanceof WallView }, "");
    this.#note(change);
    this.show();
  }

  /** Let the address say what is shown already. @param {Partial<Place>} change */
  #note(change) {
    this.place = { ...this.place, ...change };
    history.replaceState(history.state, "", searchOf(this.place, location.search));
  }

  /** Show what the address says. */
  show() {
    const { cameras, place } = this;
    this.shown?.destroy();
    this.shown = null;
    this.notice.name();
    this.notice.tell("");
    if (place.isWall && (cameras.length > 1 || !this.list.isKnown)) this.#showWall();
    else this.#showSingle();
    this.#onCameras();
  }

  #showWall() {
    if (!this.list.isKnown) return;
    document.title = "All cameras · streamlab";
    showOnly(["controls"]);
    this.shown = new WallView(this.server, this.place.view, this.cameras.length, {
      ...this.#events,
      onOpen: (cameraId) => this.go({ cameraId, isWall: false }, "push"),
      tell: (words) => this.notice.tell(words),
    });
  }

  #showSingle() {
    const cameraId = this.place.cameraId ?? this.cameras[0]?.camera_id;
    if (!cameraId) return;
    if (cameraId !== this.place.cameraId || this.place.isWall) this.#note({ cameraId, isWall: false });
    document.title = `${cameraId} · streamlab`;
    showOnly(["figures", "about"]);
    const { view, quality, hasTruth } = this.place;
    const camera = this.list.find(cameraId) ?? { camera_id: cameraId };
    const shown = { view: view ?? usualView, quality, hasTruth };
    const single = new SingleView(camera, this.server, shown, this.#events);
    const { state, message } = single.tile;
    this.notice.name({ state, message: message.element, "message-text": message.words });
    this.shown = single;
  }

  #onCameras() {
    const { shown, cameras, place } = this;
    if (!this.list.isKnown) return;
    showNav(byId("cameras"), cameras, place.isWall ? null : place.cameraId);
    if (!shown && !cameras.length) return showEmpty(this.notice);
    if (!shown) return this.show();
    shown.know(cameras, place.wallPage);
    if (place.isWall) this.notice.sayCount(cameras);
    if (place.isWall && cameras.length < 2) return this.go({ isWall: false }, "replace");
    this.#avoidRefusal();
  }

  /** @param {"failed" | "retrying"} state @param {string} words */
  #onFailure(state, words) {
    if (this.shown) return; // it says so itself
    this.notice.say(state);
    this.notice.tell(words);
  }

  /** Show the redacted channel where this token may see no other, and say why. */
  #avoidRefusal() {
    const { shown, place } = this;
    if (!shown) return;
    const isShown = (/** @type {string} */ id) => place.isWall || id === place.cameraId;
    const cameras = this.cameras.filter(({ camera_id }) => isShown(camera_id));
    const instead = redactedInstead(shown.players, cameras);
    if (!instead || shown.view === instead.channel) return;
    this.go({ view: instead.channel }, "replace");
    this.tell(instead.why);
  }

  /** @param {string} action */
  act(action) {
    const { shown } = this;
    const by = action === "next" ? 1 : -1;
    if (action === "grid" && this.cameras.length > 1) this.go({ isWall: true }, "push");
    else if (action === "back") this.#back();
    else if (action === "keys") showKeys();
    else if (action === "theme") switchTheme();
    else if (action === "fullscreen") this.#attempt(toggleFullscreen());
    else if (action === "copy") this.#attempt(copyLink({ ...this.place, view: shown?.view ?? null }));
    else if (shown instanceof SingleView && ["previous", "next"].includes(action)) this.#turnCamera(by);
    else shown?.act(action);
  }

  /** @param {Promise<string | void>} change what came of it */
  async #attempt(change) {
    try {
      this.tell((await change) ?? "");
    } catch (error) {
      this.tell(errorWords(error, "This browser shows nothing in full screen here."));
    }
  }

  #back() {
    if (!(this.shown instanceof SingleView) || this.cameras.length < 2) return;
    if (history.state?.fromWall) history.back();
    else this.go({ isWall: true }, "push");
  }

  /** @param {number} by */
  #turnCamera(by) {
    const { cameras, place } = this;
    const index = cameras.findIndex(({ camera_id }) => camera_id === place.cameraId);
    const next = cameras[index + by];
    if (next) this.go({ cameraId: next.camera_id }, "replace");
  }

  /** Say what came of an action. @param {string} words */
  tell(words) {
    (this.shown instanceof SingleView ? this.shown.tile : this.notice).tell(words);
  }
}
