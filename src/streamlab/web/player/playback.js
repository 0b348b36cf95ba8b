/**
 * What this browser can play with.
 *
 * @module
 */

/**
 * How this browser can play, or null. WebCodecs needs a secure context (https or localhost).
 *
 * @param {string} codec
 * @returns {Promise<"webcodecs" | "mse" | null>}
 */
export async function playbackMode(codec = "avc1.42c01e") {
  if ("VideoDecoder" in globalThis) {
    const { supported } = await VideoDecoder.isConfigSupported({ codec });
    if (supported) return "webcodecs";
  }
  const mse =
    "MediaSource" in globalThis && MediaSource.isTypeSupported(`video/mp4; codecs="${codec}"`);
  return mse ? "mse" : null;
}
