/**
 * What a track needs of a decoder: WebCodecs, Media Source, or a fake.
 *
 * @module
 */

/** @typedef {import("./events.js").FrameMeta} FrameMeta */
/** @typedef {{pts: number, duration: number, data: Uint8Array<ArrayBuffer>, meta: FrameMeta}} Sample */

/**
 * What decodes for a track. Of each sample it decodes it tells the track that it owes a frame.
 *
 * @typedef {object} Decoder
 * @property {number} lookBackTicks how far before the newest frame a fresh start begins to draw
 * @property {(samples: Sample[], keyframe: boolean, bytes: Uint8Array<ArrayBuffer>) => void} decode
 *   `bytes` is the fragment that the samples are from
 * @property {() => void} restart start again from the newest keyframe
 * @property {() => void} skipToKeyframe forget what is queued: the next sample is a keyframe
 * @property {() => void} look give the track a frame that nothing announced, if there is one
 * @property {() => void} resume go on from the frame at which the track waits
 * @property {() => void} close
 */

/** What a decoder keeps or owes at most. */
export const MAX_GOP_FRAMES = 600;
