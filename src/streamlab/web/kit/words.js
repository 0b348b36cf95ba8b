/**
 * The words of every page. What is wrong with a camera is said as `protocol/health.py` says it.
 *
 * @module
 */

/** @typedef {{name?: string, state: string, detail: string}} PartHealth */
/** @typedef {{state?: string, freshness: string, freshness_detail: string}} SyncHealth */
/** @typedef {{name?: string, encoder?: PartHealth, detector?: PartHealth, renderer?: PartHealth & {redacts?: boolean}, sync?: SyncHealth}} ChannelHealth */
/** @typedef {{state: string, detail?: string | null, retry_at?: number | null}} SourceHealth */
/** @typedef {import("../player/events.js").Quality} Quality */
/** @typedef {import("../player/events.js").View} View */
/** @typedef {SourceHealth & {channels?: ChannelHealth[]}} CameraHealth */
/** @typedef {import("../player/events.js").PlayerState} PlayerState */

/**
 * What is wrong with the source; empty while it is live.
 *
 * @param {SourceHealth} source
 */
export function sourceProblem({ state, detail, retry_at: retryAt }) {
  if (state === "live" || state === "closed") return "";
  const verb = state === "ended" || state === "failed" ? "has" : "is";
  const words = sentence(`The source ${verb} ${state}`, detail);
  return retryAt == null ? words : `${words} Next attempt at ${timeOfDay(retryAt)}.`;
}

/**
 * What is wrong with the stages of a channel, a sentence each.
 *
 * @param {ChannelHealth} channel
 */
export function channelProblems({ name, encoder, detector, renderer, sync }) {
  const said = [
    ["slow", "failing"].includes(detector?.state ?? "") && partWords(`Detector ${detector?.name}`, detector),
    renderer?.state === "failing" && partWords(`Renderer ${renderer.name}`, renderer),
    encoder?.state === "failing" && partWords(`The encoder of channel ${name}`, encoder),
    sync?.state === "degraded" && `Channel ${name} is not synchronised with raw.`,
  ];
  return said.filter((each) => typeof each === "string");
}

/**
 * Why too few boxes are fresh; empty while enough are, or while nothing is detected at all.
 *
 * @param {ChannelHealth} channel
 */
export function freshnessProblem({ name, detector, sync }) {
  if (!sync?.freshness_detail || detector?.state === "failing") return "";
  return `Too few boxes of channel ${name} are fresh. ${sync.freshness_detail}`;
}

/**
 * All that is wrong with a camera, the source first.
 *
 * @param {CameraHealth} camera
 */
export function problemsOf(camera) {
  const ofChannels = (camera.channels ?? []).flatMap((channel) => [
    ...channelProblems(channel),
    freshnessProblem(channel),
  ]);
  return [...new Set([sourceProblem(camera), ...ofChannels])].filter(Boolean);
}

/**
 * What is wrong with the stages of a camera's channels, whether they are shown or not; `stage_problems`
 * if the server has put that in words already.
 *
 * @param {{channels?: ChannelHealth[], stage_problems?: string[]}} camera
 */
export const faultsOf = ({ channels = [], stage_problems: said }) =>
  said ?? [...new Set(channels.flatMap(channelProblems))];

/**
 * What a player says is wrong, and what only the list of cameras knows: of channels that are not
 * shown. Details differ where one is older, so a part is known by what stands before its colon.
 *
 * @param {string} said
 * @param {string[]} listed
 */
export const together = (said, listed) =>
  [said, ...listed.filter((each) => !said.includes(each.split(":")[0]))].filter(Boolean).join(" ");

/**
 * Why there is no picture: of what a player knows and what the list of cameras does, the better.
 * When it is tried again is said by `countdown`.
 *
 * @param {{state: string, detail: string}} player
 * @param {Partial<SourceHealth> | undefined} source
 */
export function pictureProblem({ state, detail }, source) {
  if (state === "live") return "";
  if (state === "retrying" || state === "failed" || !source?.state) return detail; // the list may be old
  const { state: ofSource, detail: why } = source;
  return sourceProblem({ state: ofSource, detail: why }) || (state === "connecting" ? "" : detail);
}

/**
 * When the source of this camera is tried again, ms of `Date.now()`; NaN where that is not due.
 *
 * @param {Partial<SourceHealth>} source
 */
export const retryAtMs = ({ state, retry_at: retryAt }) =>
  state === "live" || retryAt == null ? NaN : retryAt * 1000;

/** Say how long it is until the next attempt; empty where none is due. @param {number} atMs @param {number} nowMs */
export function countdown(atMs, nowMs) {
  if (Number.isNaN(atMs)) return "";
  const seconds = Math.ceil((atMs - nowMs) / 1000);
  return seconds > 0 ? `Retrying in ${seconds} s.` : "Retrying now.";
}

/** @param {string} part @param {PartHealth | undefined} health */
const partWords = (part, health) => sentence(`${part} is ${health?.state}`, health?.detail);

/** @param {string} said @param {string | null} [why] */
const sentence = (said, why) => `${said}${why ? `: ${why.replace(/\.$/, "")}` : ""}.`;

/** @param {number} unixS */
const timeOfDay = (unixS) => `${new Date(unixS * 1000).toISOString().slice(11, 19)} UTC`;

/** @param {string} name */
export const capitalised = (name) => name.charAt(0).toUpperCase() + name.slice(1);

/** @param {string} text */
export const asSentence = (text) => capitalised(text) + (/[.!?]$/.test(text) ? "" : ".");

/** Say which part of these channels does not work, and why; empty where all do. @param {ChannelHealth[]} channels */
export const faultWords = (channels) => [...new Set(channels.flatMap(channelProblems))].join(" ");

/** Why a camera's stream ended for good; empty if it did not. @param {string} reason */
export const endWords = (reason) => /** @type {Record<string, string>} */ ({
  camera_removed: "The camera was removed from the server.",
  source_ended: "The camera's recording has ended.",
})[reason] ?? "";

/** What a picture's state is called on every page. */
export const STATES = {
  connecting: "Connecting",
  live: "Live",
  retrying: "Connection lost",
  stalled: "Camera stalled",
  reconnecting: "Camera reconnecting",
  ended: "Ended",
  failed: "Not playing",
};

/**
 * What the state of a picture is called, of what its player and the list of cameras know.
 *
 * @param {{state: PlayerState, isPaused: boolean}} player
 * @param {Partial<SourceHealth>} camera
 */
export function stateWord({ state: { state }, isPaused }, camera) {
  if (isPaused && (state === "live" || state === "connecting")) return "Paused";
  if (state === "reconnecting" && camera.state === "connecting") return "Camera connecting"; // it has not been live yet
  return STATES[state];
}

/** In place of figures while no new picture is shown. */
export const NO_FIGURES = "–";

/**
 * What was measured on a picture, in one line.
 *
 * @param {{state: PlayerState, isPaused: boolean}} player
 * @param {{fps: number, latencyP50Ms: number | null, bitrate: number}} [stats]
 */
export function figuresLine({ state: { state }, isPaused }, stats) {
  if (!stats || state !== "live" || isPaused) return NO_FIGURES;
  const { fps, latencyP50Ms, bitrate } = stats;
  return `${fps.toFixed(0)} fps · ${msWords(latencyP50Ms)} to screen · ${rateWords(bitrate, 1)}`;
}

/** The views that have a button: name, word, and what it shows. */
export const VIEWS = /** @type {[View, string, string][]} */ ([
  ["raw", "Raw", "The picture as it was captured"],
  ["annotated", "Annotated", "With what the detector found"],
  ["both", "Both", "Side by side, the same frame in both"],
  ["overlay", "Overlay", "The raw picture, with boxes drawn here in the browser"],
]);

export const QUALITIES = /** @type {Quality[]} */ (["low", "medium", "high", "source"]);

/** The view that a button's action asks for, if it is one. @param {string | undefined} action */
export const viewOfAction = (action) => (action?.startsWith("view-") ? action.slice("view-".length) : undefined);

/** @param {number | null | undefined} ms */
export function msWords(ms) {
  if (ms == null) return "–";
  const digits = Math.abs(ms) < 9.95 ? 1 : 0;
  return `${ms.toFixed(digits).replace(/^-(0(\.0)?)$/, "$1")} ms`;
}

/** @param {number} bitsPerS @param {number} digits */
export const rateWords = (bitsPerS, digits = 2) => `${(bitsPerS / 1e6).toFixed(digits)} Mbit/s`;
