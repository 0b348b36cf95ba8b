/**
 * Views: which channels are shown, and what a connection has to carry for that.
 *
 * @module
 */

/** @typedef {import("./events.js").Channel} Channel */
/** @typedef {import("./events.js").ChannelSync} ChannelSync */
/** @typedef {import("./events.js").Quality} Quality */
/** @typedef {import("./events.js").SyncEvent} SyncEvent */
/** @typedef {import("./events.js").VideoView} VideoView */
/** @typedef {import("./events.js").View} View */

export const RAW = "raw";
/** The first annotated channel: the one of the views `both` and `overlay`. */
export const ANNOTATED = "annotated";

/**
 * Return the channels whose pictures a view shows, raw first.
 *
 * @param {View} view
 * @returns {Channel[]}
 */
export function channelsOf(view) {
  if (view === "overlay") return [RAW];
  if (view === "both") return [RAW, ANNOTATED];
  const names = new Set(view.split(",").filter(Boolean));
  return names.delete(RAW) ? [RAW, ...names] : [...names];
}

/**
 * Return the name of the view with these channels.
 *
 * @param {Iterable<Channel>} channels
 * @returns {VideoView}
 */
export function viewOf(channels) {
  const name = channelsOf([...channels].join(",")).join(",");
  return name === `${RAW},${ANNOTATED}` ? "both" : name;
}

/** What the connection carries for a view. @param {View} view @returns {VideoView} */
export const videoOf = (view) => viewOf(channelsOf(view));

/** One name per view, however it was asked for. @param {View} view @returns {View} */
export const canonical = (view) => (view === "overlay" ? view : videoOf(view));

/**
 * Return the view that an address or a setting names, or null when it cannot be one. Whether the
 * camera has such channels is known to its server alone.
 *
 * @param {string | null} text
 * @returns {View | null}
 */
export const parseView = (text) =>
  /^[a-z][a-z0-9-]*(,[a-z][a-z0-9-]*)*$/.test(text ?? "") ? canonical(text ?? "") : null;

/** The channels whose boxes a view shows. @param {View} view @returns {Channel[]} */
export const annotatedOf = (view) =>
  view === "overlay" ? [ANNOTATED] : channelsOf(view).filter((channel) => channel !== RAW);

/** Quality `source` exists for raw only. @param {VideoView} video @param {Quality} quality @returns {Quality} */
export const qualityOf = (video, quality) =>
  quality === "source" && !channelsOf(video).includes(RAW) ? "high" : quality;

/**
 * Return the figures of the channels that a view shows: those of its only annotated channel, else
 * those of the worst, which the event itself carries.
 *
 * @param {SyncEvent | null} sync
 * @param {View} view
 * @returns {ChannelSync | null}
 */
export function syncOf(sync, view) {
  const [channel, ...others] = annotatedOf(view);
  return (!others.length && sync?.channels?.[channel]) || sync;
}
