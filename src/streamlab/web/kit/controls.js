/**
 * The controls of a tile, or of a wall of them: what is shown of a camera, and how.
 *
 * Each button carries `data-action`; what it does is up to the host.
 *
 * @module
 */

import { element, press } from "./dom.js";
import { icon } from "./icons.js";
import { QUALITIES, VIEWS, capitalised } from "./words.js";
import { ANNOTATED, RAW, viewOf } from "../player/views.js";

/** @typedef {import("../player/events.js").View} View */
/** @typedef {import("../player/events.js").Quality} Quality */
/** @typedef {import("./icons.js").IconName} IconName */
/** @typedef {"views" | "switch" | "quality" | "playback" | "save"} ControlName */

/**
 * @param {string} action
 * @param {string} text
 * @param {string} title
 * @param {string} [key] that does the same
 */
export function button(action, text, title, key = "") {
  const made = element("button", { type: "button", title: titled(title, key), dataset: { action } }, text);
  if (key) made.setAttribute("aria-keyshortcuts", key);
  return made;
}

/** @param {IconName} action @param {string} title @param {string} key */
export function iconButton(action, title, key) {
  const made = button(action, "", title, key);
  made.className = "tile-icon";
  made.ariaLabel = title;
  made.append(icon(action));
  return made;
}

/** @param {string} title @param {string} key */
const titled = (title, key) => (key ? `${title} (${key})` : title);

/** The buttons of the views: those of every camera, and those of its further annotated channels. */
export class ViewButtons {
  element = element("div", { className: "tile-views", role: "group", ariaLabel: "View" });
  /** @type {HTMLElement[]} */
  #further = [];
  #offered = "";
  /** @type {View} */
  #view = RAW;

  constructor() {
    for (const [index, [view, word, title]] of VIEWS.entries())
      this.element.append(button(`view-${view}`, word, title, String(index + 1)));
  }

  /** Offer these channels too, each alone, and all of them beside raw. @param {string[]} channels of a camera */
  offer(channels) {
    const further = channels.filter((name) => name !== RAW && name !== ANNOTATED);
    if (this.#offered === further.join()) return;
    this.#offered = further.join();
    for (const each of this.#further) each.remove();
    const every = button(`view-${viewOf(channels)}`, "All", "All channels side by side, the same frame in each");
    const each = further.map((name) => button(`view-${name}`, capitalised(name), `Channel ${name}`));
    this.#further = further.length ? [...each, every] : [];
    this.element.append(...this.#further);
    this.show(this.#view);
  }

  /** @param {View} view */
  show(view) {
    this.#view = view;
    press(this.element.children, ({ dataset }) => dataset.action === `view-${view}`);
  }
}

/**
 * Return the controls with these names, in their order.
 *
 * @param {ControlName[]} names
 * @param {{views: ViewButtons, quality: HTMLElement, playback: PlaybackButtons}} parts
 */
export function controlsOf(names, { views, quality, playback }) {
  const all = {
    views: views.element,
    switch: switchButton(),
    quality,
    playback: playback.element,
    save: saveButton(),
  };
  return names.map((name) => all[name]);
}

export const switchButton = () => button("switch", "Switch", "Raw to annotated and back", "S");

/** @param {string} name of a camera that it opens */
export const nameButton = (name) => element("button", { type: "button", title: `Open ${name}` }, name);

/** @param {Quality} quality */
export function qualitySelect(quality) {
  const select = element("select", { title: "Quality", ariaLabel: "Quality" });
  for (const name of QUALITIES) select.append(element("option", { value: name }, capitalised(name)));
  select.value = quality;
  return select;
}

/** Pause or resume, and a step to the next frame. */
export class PlaybackButtons {
  pause = iconButton("pause", "Pause", "Space");
  step = iconButton("step", "Next frame", ".");
  element = element("div", { className: "tile-playback", role: "group", ariaLabel: "Playback" }, this.pause, this.step);

  constructor() {
    this.show(false);
  }

  /** @param {boolean} isPaused */
  show(isPaused) {
    const words = isPaused ? "Resume" : "Pause";
    this.pause.title = titled(words, "Space");
    this.pause.ariaLabel = words;
    this.pause.replaceChildren(icon(isPaused ? "resume" : "pause"));
    this.step.disabled = !isPaused;
  }
}

const saveButton = () => iconButton("save", "Save this frame: pictures and boxes", "D");
