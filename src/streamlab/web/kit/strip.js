/**
 * The truth strip and the channel cell of synthetic cameras (docs/protocol.md, *The truth strip*)
 * are hidden by style: a picture is shown without the top rows that they take, unless it is asked
 * for. The pixels of the element keep them.
 *
 * @module
 */

/** The strip takes 1/22.5 of the height, the cell under it as much, and the codec blurs their edge. */
const STRIP = 2.2 / 22.5;

/**
 * Return width / height of what is shown of a camera's picture, for the style's `--ratio`.
 *
 * @param {{width?: number, height?: number, source?: string}} camera
 * @param {boolean} [isShown] whether the strip is to be seen
 */
export function shownRatio({ width, height, source }, isShown = false) {
  const ratio = width && height ? width / height : 16 / 9;
  return source?.startsWith("synthetic:") && !isShown ? ratio / (1 - STRIP) : ratio;
}
