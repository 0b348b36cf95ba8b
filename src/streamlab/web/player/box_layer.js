/**
 * Boxes on a canvas of their own above a picture, as sharp as the screen can show them.
 *
 * @module
 */

import { INK, classColour } from "./colours.js";
import { placeLabels } from "./labels.js";

/** @typedef {import("./events.js").Box} Box */
/** @typedef {{width: number, height: number}} Size */

const FONT = "600 11px system-ui, sans-serif";
const LABEL_PX = 15;
const LINE_PX = 2;
/** A smaller picture has thinner lines and smaller labels. */
const FULL_HEIGHT_PX = 300;
const MIN_SCALE = 0.7;

export class BoxLayer {
  canvas = document.createElement("canvas");

  constructor() {
    this.canvas.className = "streamlab-boxes";
    this.canvas.setAttribute("aria-hidden", "true");
    this.canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none;background:none";
    this.context = this.canvas.getContext("2d");
  }

  /**
   * Draw boxes in place of the last ones; those of an earlier frame get dashed outlines.
   *
   * @param {Box[]} boxes in px of the captured frame
   * @param {Size} captured its size
   * @param {boolean} isStale
   */
  draw(boxes, captured, isStale) {
    const { canvas, context } = this;
    if (!context || !this.#fit(captured)) return;
    const ratio = globalThis.devicePixelRatio || 1;
    const [width, height] = [canvas.width / ratio, canvas.height / ratio];
    const scale = Math.max(MIN_SCALE, Math.min(1, height / FULL_HEIGHT_PX));
    const shown = boxes.map((box) => scaled(box, captured, { width, height }));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.lineWidth = LINE_PX * scale;
    context.setLineDash(isStale ? [6 * scale, 6 * scale] : []);
    for (const [x1, y1, x2, y2, name] of shown) {
      context.strokeStyle = classColour(name);
      context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
    this.#label(context, shown, { width, height }, scale);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Box[]} boxes
   * @param {Size} size
   * @param {number} scale
   */
  #label(context, boxes, size, scale) {
    const labelHeight = LABEL_PX * scale;
    context.font = FONT.replace("11", String(11 * scale));
    context.textBaseline = "middle";
    /** @param {string} text */
    const measure = (text) => context.measureText(text).width;
    for (const { left, top, width, text, name } of placeLabels(boxes, { ...size, labelHeight, measure })) {
      context.fillStyle = classColour(name);
      context.fillRect(left, top, width, labelHeight);
      context.fillStyle = INK;
      context.fillText(text, left + labelHeight / 4, top + labelHeight / 2);
    }
  }

  /**
   * Give the canvas as many px as the screen has for it; return whether it has any. It has the
   * shape of the picture, and the style crops both alike.
   *
   * @param {Size} captured
   */
  #fit(captured) {
    const { canvas } = this;
    const ratio = globalThis.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round((width * captured.height) / captured.width);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    return width > 0 && height > 0;
  }
}

/** @param {Box} box @param {Size} from @param {Size} to @returns {Box} */
function scaled([x1, y1, x2, y2, ...rest], from, to) {
  const [scaleX, scaleY] = [to.width / from.width, to.height / from.height];
  return [x1 * scaleX, y1 * scaleY, x2 * scaleX, y2 * scaleY, ...rest];
}
