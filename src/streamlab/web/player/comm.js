/**
 * A camera's stream over a widget's comm: no port and no address, so it goes wherever the
 * notebook goes. What is said is described in `streamlab/lab/feeds.py`.
 *
 * @module
 */

import { Credit } from "./comm_credit.js";
import { SseParser } from "./sse.js";

/** @typedef {import("./events.js").Transport} Transport */
/** @typedef {import("./events.js").PlayerState} PlayerState */

/** @typedef {import("./comm_model.js").Model} Model */
/** @typedef {import("./comm_model.js").FramesEvent} FramesEvent */

/** What was sent ahead of the first word from a view, in the name of all. */
const ANNOUNCED = "";
const TICK_MS = 1000;
/** `sync` events come once a second, so this silence is not one of a camera without pictures. */
const SILENCE_MS = 4000;
const HIDDEN_MS = 5000;
/** Without a word for an hour, the kernel forgets the widget. Hidden pages get a tick a minute. */
const KEEP_MS = 60_000;

/** @param {Model} model @param {object} content */
const say = (model, content) => model.send(content);

/**
 * Events of a camera, as the kernel sends them. Each batch is acknowledged, or the kernel sends no
 * more; a view that nobody can see asks for nothing.
 *
 * @implements {Transport}
 */
export class CommTransport {
  /** @type {Record<string, string>} */
  query = {};
  requestedAtMs = 0;
  viewId = Math.random().toString(36).slice(2);
  /** @type {(name: string, data: any) => void} */
  #onEvent = () => {};
  /** @type {(state: PlayerState) => void} */
  #onState = () => {};
  #parser = new SseParser();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticker;
  #state = /** @type {"closed" | "open" | "paused" | "ended"} */ ("closed");
  #connectionId = "";
  #owned = false;
  #askedMs = 0;
  #heardMs = 0;
  #keptMs = 0;
  #shownMs = 0;
  #attempts = 0;
  #credit = new Credit((number) => say(this.model, { type: "ack", view_id: this.viewId, number }));

  /**
   * @param {object} options
   * @param {Model} options.model
   * @param {() => boolean} [options.isShown] whether anybody could see the view
   * @param {(frames: FramesEvent) => void} [options.onFrames]
   */
  constructor({ model, isShown = () => true, onFrames = () => {} }) {
    this.model = model;
    this.isShown = isShown;
    this.onFrames = onFrames;
  }

  /**
   * @param {(name: string, data: any) => void} onEvent
   * @param {(state: PlayerState) => void} onState
   */
  start(onEvent, onState) {
    this.#onEvent = onEvent;
    this.#onState = onState;
    this.#shownMs = performance.now();
    this.model.on("msg:custom", this.#receive);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    window.addEventListener("pagehide", this.#leave);
    this.#open();
  }

  restart() {
    this.#open();
  }

  close() {
    this.model.off("msg:custom", this.#receive);
    window.removeEventListener("pagehide", this.#leave);
    clearInterval(this.#ticker);
    say(this.model, { type: "close", view_id: this.viewId });
    this.#state = "closed";
  }

  #open() {
    this.#state = "open";
    this.#heardMs = performance.now();
    this.#askedMs = Date.now();
    this.#parser = new SseParser();
    this.#onState({ state: "connecting", detail: "Waiting for the kernel." });
    say(this.model, { type: "open", view_id: this.viewId, query: this.query });
  }

  /** The page is left: it may come back, or another may show the widget. */
  #leave = () => say(this.model, { type: "leave", view_id: this.viewId });

  /** End the stream, but keep the widget for this view. */
  #keep() {
    this.#keptMs = performance.now();
    say(this.model, { type: "keep", view_id: this.viewId });
  }

  /** @param {any} content @param {DataView[]} buffers */
  #receive = (content, buffers) => {
    if (content.type === "reopen") {
      this.#forget();
      if (this.#state !== "paused") this.#open();
      return;
    }
    if (content.type === "refused" && content.view_id === this.viewId) this.#refuse(content);
    if (content.type !== "events" || this.#state !== "open") return;
    const mine = content.view_id === this.viewId;
    if (!mine && (content.view_id !== ANNOUNCED || this.#owned)) return;
    this.#owned = mine;
    this.requestedAtMs = mine ? this.#askedMs : 0; // what was announced was not asked for
    this.#heardMs = performance.now();
    this.#attempts = 0;
    this.#credit.receive(content.number, content.text.length);
    let next = 0;
    for (const { event, data } of this.#parser.push(content.text)) {
      const message = JSON.parse(data);
      if (event === "fragment") {
        message.data = buffers[next];
        this.#credit.receive(content.number, buffers[next].byteLength);
        next += 1;
      }
      this.#deliver(event, message);
    }
    if (this.#credit.isDue && this.#connectionId) this.#credit.give();
  };

  /** @param {string} event @param {any} message */
  #deliver(event, message) {
    if (event === "connected") {
      if (message.connection_id === this.#connectionId) return; // repeated until we are heard
      this.#connectionId = message.connection_id;
      this.#credit.restart();
    }
    if (event === "frames") this.onFrames(message);
    else if (this.#connectionId) this.#onEvent(event, message);
    if (event === "end") {
      this.#state = "ended";
      if (message.reason === "server_shutdown")
        this.#onState({ state: "ended", detail: "The lab was closed." });
    }
  }

  #tick() {
    const nowMs = performance.now();
    if (this.isShown()) this.#shownMs = nowMs;
    const hidden = nowMs - this.#shownMs > HIDDEN_MS;
    if (this.#state === "paused" && !hidden) this.#open();
    if (this.#state !== "open") {
      if (nowMs - this.#keptMs > KEEP_MS) this.#keep();
      return;
    }
    if (hidden) {
      this.#keep();
      this.#forget();
      this.#state = "paused";
      this.#onState({ state: "connecting", detail: "Paused, because nobody can see it." });
      return;
    }
    if (this.#credit.isOverdue(nowMs) && this.#connectionId) this.#credit.give();
    if (nowMs - this.#heardMs > SILENCE_MS * 2 ** Math.min(this.#attempts, 3)) this.#again();
  }

  /** Nothing is heard: say so, and ask anew. */
  #again() {
    this.#attempts += 1;
    this.#forget();
    this.#open();
    const detail = "The kernel does not answer: it may be busy, restarting or gone.";
    this.#onState({ state: "retrying", detail });
  }

  #forget() {
    this.#owned = false;
    this.#connectionId = "";
  }

  /** @param {{detail: string, hint: string, status: number}} problem */
  #refuse({ detail, hint, status }) {
    this.#state = "ended";
    this.#onState({ state: "failed", detail: [detail, hint].filter(Boolean).join(". "), status });
  }
}
