/**
 * What was measured, in one object. Times in ms, `null` where nothing is known.
 *
 * @module
 */

import { annotatedOf, syncOf } from "./views.js";

/** @typedef {import("./readings.js").Readings} Readings */
/** @typedef {import("./meter.js").Meter} Meter */
/** @typedef {import("./stage.js").Stage} Stage */

/** @param {Readings} player @param {Meter} meter @param {Stage} stage */
export function statsOf(player, meter, stage) {
  const { latencyMs, switchMs, counters, fps, bitrate, boxAgeMs, clock } = meter;
  const { tracks, shownPts } = stage;
  const { connection } = player;
  const sync = syncOf(player.sync, player.view);
  return {
    mode: player.mode,
    view: player.view,
    state: player.state.state,
    isPaused: player.isPaused,
    latencyP50Ms: latencyMs.quantile(0.5),
    latencyP95Ms: latencyMs.quantile(0.95),
    shownDriftMs: stage.driftMs,
    behind: [...stage.behind].join(", ") || null,
    serverDriftMs: sync?.drift_ms ?? null,
    freshFraction: sync?.fresh_fraction ?? null,
    freshnessDetail: freshnessDetail(player),
    fault: player.fault,
    syncState: sync?.state ?? null,
    syncToleranceMs: player.sync?.sync_tolerance_ms ?? connection?.sync_tolerance_ms ?? null,
    playoutDelayMs: player.sync?.playout_delay_ms ?? connection?.playout_delay_ms ?? null,
    fps,
    bitrate,
    boxAgeMs,
    switches: switchMs.count,
    switchLastMs: switchMs.count ? switchMs.last : null,
    switchP50Ms: switchMs.quantile(0.5),
    switchP95Ms: switchMs.quantile(0.95),
    shownPts: shownPts > -Infinity ? shownPts : null,
    queuedDecodes: tracks.reduce((sum, track) => sum + track.queued, 0),
    queuedFrames: tracks.reduce((sum, track) => sum + track.frames.length, 0),
    clockOffsetMs: clock.offsetMs,
    ...counters,
  };
}

/** @param {Readings} player */
function freshnessDetail({ view, health }) {
  const details = annotatedOf(view).map((channel) => health.get(channel)?.sync?.freshness_detail);
  return details.find(Boolean) ?? "";
}
