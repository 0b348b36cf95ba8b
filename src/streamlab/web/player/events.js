/**
 * The events of wire protocol 1, and what brings them and asks for them.
 *
 * @module
 */

export const TICKS_PER_S = 90_000;
export const TICKS_PER_MS = TICKS_PER_S / 1000;

/** @typedef {string} Channel `raw`, or the name of an annotated channel; the first of those is `annotated` */
/** @typedef {string} View a channel, `both` (raw and annotated), `overlay`, or channels joined by commas */
/** @typedef {"low" | "medium" | "high" | "source"} Quality */
/** @typedef {[number, number, number, number, string, number, number | null]} Box `x1, y1, x2, y2, class_name, score, track_id` in px of the captured frame */
/** @typedef {{name: string, kind: "onnx" | "ultralytics" | "callable" | "scripted" | "plugin"}} DetectorInfo */
/** @typedef {{protocol: number, connection_id: string, stream_id: string, camera_id: string, channels: string[], sync_tolerance_ms: number, playout_delay_ms: number, detector: DetectorInfo | null, server_time: number}} ConnectedEvent */
/** @typedef {{channel: Channel, quality: Quality, init_id: string | number, codec: string, width: number, height: number, fps: number, data: string | Uint8Array}} InitEvent */
/** @typedef {{pts: number, detections_pts?: number | null, detections?: Box[]}} FrameInfo */
/** @typedef {{channel: Channel, quality: Quality, sequence: number, init_id: string | number, pts: number, duration: number, keyframe: boolean, cached: boolean, captured_at: number, released_at: number, frames: FrameInfo[], data: string | Uint8Array}} FragmentEvent */
/** @typedef {{drift_ms: number | null, fresh_fraction: number | null, state: string}} ChannelSync */
/** @typedef {FrameInfo & {channel?: Channel}} DetectionsEvent of the first annotated channel where it names none */
/** @typedef {{drift_ms: number, is_synchronized: boolean, sync_violations: number, state: string, correction: string, fresh_fraction: number, playout_delay_ms: number, sync_tolerance_ms: number, channels?: Record<Channel, ChannelSync>}} SyncEvent `channels`: by annotated channel; the other figures are those of the worst */
/** @typedef {import("../kit/words.js").ChannelHealth & {channel: Channel}} HealthEvent */
/** @typedef {string} VideoView what a connection carries of the pictures: a view other than `overlay` */
/** @typedef {{channel: VideoView, quality: Quality, previous_channel: VideoView, at_pts: number, reason: string}} SwitchedEvent */
/** @typedef {{channel: Channel, quality: Quality, from_sequence: number | null, to_sequence: number | null, reason: string}} GapEvent the sequences are null where nothing is known of what was missed */
/** @typedef {{pts: number, capturedAtMs: number, boxAgeMs: number | null}} FrameMeta */
/** @typedef {{image: CanvasImageSource, width: number, height: number, meta: FrameMeta, close(): void}} Frame */
/** @typedef {{state: "connecting" | "live" | "retrying" | "stalled" | "reconnecting" | "ended" | "failed", detail: string, status?: number, retryInMs?: number, problem?: Problem}} PlayerState */
/** @typedef {{type?: string, title?: string, status?: number, detail?: string, hint?: string, [key: string]: unknown}} Problem */

/**
 * What brings events. `query` holds what the next connection should ask for; a transport that
 * cannot choose may ignore it. `requestedAtMs` (`Date.now()` when the connection was asked for)
 * narrows the estimate of the server's clock.
 *
 * @typedef {object} Transport
 * @property {Record<string, string>} query
 * @property {number} [requestedAtMs]
 * @property {(onEvent: (name: string, data: any) => void, onState: (state: PlayerState) => void) => void} start
 * @property {() => void} [restart]
 * @property {() => void} close
 */

/**
 * What asks the server for another channel, over HTTP or any other way. Every call rejects with
 * an error whose message is fit to be shown.
 *
 * @typedef {object} Control
 * @property {(request: {connectionId: string, channel: VideoView, quality?: Quality}) => Promise<unknown>} switch
 * @property {(request: {connectionId: string, channel: string}) => Promise<unknown>} subscribe
 * @property {(request: {connectionId: string, channel: string}) => Promise<unknown>} unsubscribe
 */
