/**
 * The public face of the player, for pages of one's own (`/static/player.js`).
 *
 * @module
 */

export { parseFragment, parseInit, toBytes } from "./bytes.js";
export { TICKS_PER_S } from "./events.js";
export { HttpControl, ProblemError } from "./http.js";
export { Mux } from "./mux.js";
export { playbackMode } from "./playback.js";
export { DualPlayer } from "./player.js";
export { SseTransport } from "./single.js";
export { SseParser } from "./sse.js";
export { channelsOf, parseView, viewOf } from "./views.js";
