/**
 * What the page itself has to say: a state in the header and a message above the pictures.
 *
 * Scripts find the state and the message of what is shown by the ids `state`, `message` and
 * `message-text`. They are the page's while it shows many cameras or none, and the tile's while it
 * shows one.
 *
 * @module
 */

import { all, byId, write } from "../kit/dom.js";
import { STATES } from "../kit/words.js";

/** @typedef {Record<string, HTMLElement>} Named elements by id */

export class Notice {
  state = byId("state");
  message = byId("message");
  words = byId("message-text");
  /** @type {Named} */
  #own = { state: this.state, message: this.message, "message-text": this.words };
  /** @type {Named} */
  #named = this.#own;

  /** Give the ids to the parts of a tile, or take them back. @param {Named} [named] */
  name(named = this.#own) {
    for (const [id, element] of Object.entries(this.#named)) if (element.id === id) element.removeAttribute("id");
    this.#named = named;
    for (const [id, element] of Object.entries(named)) element.id = id;
    this.state.hidden = named !== this.#own;
  }

  /** @param {keyof typeof STATES} state @param {string} [words] */
  say(state, words = STATES[state]) {
    this.state.dataset.state = state;
    write(this.state, words);
  }

  /** Say how many cameras are live. @param {{state: string}[]} cameras */
  sayCount(cameras) {
    const live = cameras.filter(({ state }) => state === "live").length;
    if (live === cameras.length) this.say("live");
    else this.say("reconnecting", `${live} of ${cameras.length} live`);
  }

  /** @param {string} text empty: nothing */
  tell(text) {
    write(this.words, text);
    this.message.hidden = !text;
  }
}

/** Leave only these sections of the page to be seen. @param {string[]} ids */
export function showOnly(ids) {
  for (const part of all("[data-part]")) part.hidden = !ids.includes(part.id);
}
