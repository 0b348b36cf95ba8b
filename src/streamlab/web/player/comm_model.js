/**
 * What a widget's comm carries, as types.
 *
 * @module
 */

/**
 * What a widget's host gives its module: state that the kernel shares, and messages.
 *
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(content: object) => void} send
 * @property {(name: string, callback: (...args: any[]) => void) => void} on
 * @property {(name: string, callback: (...args: any[]) => void) => void} off
 */

/**
 * What was measured since the last of these events, and how the camera is run.
 *
 * @typedef {object} FramesEvent
 * @property {number[]} pts of frames that left in both channels
 * @property {number[]} drift_ms of each
 * @property {number} sync_tolerance_ms
 * @property {string} sync_policy
 * @property {Record<string, unknown>} faults what is wrong on purpose
 * @property {import("../kit/words.js").CameraHealth} source its state, and that of its channels
 * @property {string} detector
 */

export {};
