/**
 * Many cameras on one connection (`GET /streams/sse/mux`), each as a transport of its own.
 *
 * A browser keeps no more than six connections to a host, so a wall of pictures must share one.
 * When the cameras change it is made anew, and every picture goes on from the GOP cache.
 *
 * @module
 */

import { Connection } from "./connection.js";
import { LAST_WORDS } from "./single.js";

/** @typedef {import("./events.js").PlayerState} PlayerState */
/** @typedef {import("./events.js").Transport} Transport */
/** @typedef {(name: string, data: any) => void} OnEvent */
/** @typedef {(state: PlayerState) => void} OnState */

const SILENCE_MS = 30_000;
/** How long to wait for other cameras that join or leave at the same time. */
const SETTLE_MS = 30;

/**
 * The part of a mux that is one camera's.
 *
 * @implements {Transport}
 */
class MuxTransport {
  /** @type {Record<string, string>} */
  query = {};
  requestedAtMs = 0;
  over = false;
  /** @type {OnEvent} */
  onEvent = () => {};
  /** @type {OnState} */
  onState = () => {};

  /** @param {Mux} mux @param {string} cameraId */
  constructor(mux, cameraId) {
    this.mux = mux;
    this.cameraId = cameraId;
  }

  /** @param {OnEvent} onEvent @param {OnState} onState */
  start(onEvent, onState) {
    Object.assign(this, { onEvent, onState, over: false });
    onState({ state: "connecting", detail: "Connecting to the server." });
    this.mux.join(this);
  }

  close() {
    this.mux.leave(this);
  }
}

/** One connection for all cameras that are shown. */
export class Mux {
  /** @type {Map<string, MuxTransport>} */
  #members = new Map();

  /** @param {{baseUrl: string, token?: string | null}} options */
  constructor({ baseUrl, token = null }) {
    this.baseUrl = baseUrl;
    this.token = token;
    this.connection = new Connection(
      {
        request: () => this.#request(),
        onEvent: (event, message) => this.#hand(event, message),
        onState: (state) => this.#waiting.forEach(({ onState }) => onState(state)),
        isOver: () => !this.#waiting.length,
      },
      // A camera that is gone must not end the others.
      { token, silenceMs: SILENCE_MS, endsWhenRefused: false },
    );
  }

  /** @param {string} cameraId */
  transport(cameraId) {
    return new MuxTransport(this, cameraId);
  }

  /** @param {MuxTransport} member */
  join(member) {
    this.#members.set(member.cameraId, member);
    this.connection.open(SETTLE_MS);
  }

  /** @param {MuxTransport} member */
  leave(member) {
    if (this.#members.get(member.cameraId) !== member) return;
    this.#members.delete(member.cameraId);
    this.connection.open(SETTLE_MS);
  }

  get #waiting() {
    return [...this.#members.values()].filter(({ over }) => !over);
  }

  #request() {
    const members = this.#waiting;
    if (!members.length) return null;
    const query = new URLSearchParams(members[0].query);
    for (const { cameraId } of members) query.append("camera_id", cameraId);
    for (const member of members) member.requestedAtMs = Date.now();
    return { url: `${this.baseUrl}/streams/sse/mux?${query}` };
  }

  /** @param {string} name @param {any} data */
  #hand(name, data) {
    const member = this.#members.get(data.camera_id);
    if (!member) return;
    if (name === "end" && LAST_WORDS.test(data.reason)) member.over = true;
    member.onEvent(name, data);
  }
}
