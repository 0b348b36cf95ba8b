/**
 * Reads the truth strip (wire protocol, "The truth strip") off every picture of a page, once per
 * animation frame: `streamlabStrip.start()`, later `streamlabStrip.stop()` for what was seen.
 */
(() => {
  const CELLS = 32;
  const THRESHOLD = 128;

  /** @typedef {{number: number | null, white: boolean, channel: string}} Reading */
  /** @typedef {{at: number, pictures: Reading[]}} Look */

  const scratch = document.createElement("canvas");
  const context = /** @type {CanvasRenderingContext2D} */ (
    scratch.getContext("2d", { willReadFrequently: true })
  );

  /**
   * @param {HTMLCanvasElement | HTMLVideoElement} picture
   * @returns {Reading | null} null when there is no picture yet
   */
  function read(picture) {
    const isVideo = picture instanceof HTMLVideoElement;
    const width = isVideo ? picture.videoWidth : picture.width;
    const height = isVideo ? picture.videoHeight : picture.height;
    if (!width || !height) return null;
    const rows = Math.max(2, Math.round((height * 4) / 45));
    if (scratch.width !== width || scratch.height !== rows)
      Object.assign(scratch, { width, height: rows });
    context.drawImage(picture, 0, 0, width, rows, 0, 0, width, rows);
    const { data } = context.getImageData(0, 0, width, rows);
    /** @param {number} cell @param {number} row */
    const isWhite = (cell, row) => {
      const x = Math.floor(((cell + 0.5) * width) / CELLS);
      return data[4 * (Math.floor(row) * width + x) + 1] > THRESHOLD;
    };
    const bits = Array.from({ length: CELLS }, (_, cell) => isWhite(cell, rows / 4));
    const bytes = [0, 8, 16, 24].map((at) =>
      bits.slice(at, at + 8).reduce((sum, bit) => sum * 2 + Number(bit), 0),
    );
    const [high, middle, low, sum] = bytes;
    const number = (high + middle + low) % 256 === sum ? high * 65536 + middle * 256 + low : null;
    return { number, white: isWhite(0, (rows * 3) / 4), channel: picture.dataset.channel ?? "" };
  }

  /** @returns {Reading[]} */
  function readAll() {
    const pictures = /** @type {NodeListOf<HTMLCanvasElement>} */ (
      document.querySelectorAll("canvas[data-camera-id], video[data-camera-id]")
    );
    return [...pictures].map(read).filter((reading) => reading !== null);
  }

  /** @type {Look[]} */
  let looks = [];
  let animation = 0;

  function look() {
    looks.push({ at: performance.now(), pictures: readAll() });
    animation = requestAnimationFrame(look);
  }

  Object.assign(globalThis, {
    streamlabStrip: {
      readAll,
      seen: () => looks,
      start() {
        cancelAnimationFrame(animation);
        looks = [];
        animation = requestAnimationFrame(look);
      },
      stop() {
        cancelAnimationFrame(animation);
        return looks;
      },
    },
  });
})();
