/**
 * Reads the truth strip (wire protocol, "The truth strip") off every picture of the page, once per
 * animation frame, from one row of 32 pixels each. Pictures are named by their `data-channel`.
 * `presentedStrip.take()` gives what was seen since it was called last.
 */
(() => {
  const CELLS = 32;
  const THRESHOLD = 128;
  const row = document.createElement("canvas");
  Object.assign(row, { width: CELLS, height: 1 });
  const context = row.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingEnabled = false; // so that each pixel is the middle of its cell

  /** The number, or null when the strip cannot be read. */
  function read(picture) {
    const isVideo = picture instanceof HTMLVideoElement;
    const width = isVideo ? picture.videoWidth : picture.width;
    const height = isVideo ? picture.videoHeight : picture.height;
    if (!width || !height) return null;
    const middle = Math.floor(height / 45);
    context.drawImage(picture, 0, middle, width, 1, 0, 0, CELLS, 1);
    const { data } = context.getImageData(0, 0, CELLS, 1);
    let word = 0n;
    for (let cell = 0; cell < CELLS; cell += 1)
      word = (word << 1n) | (data[4 * cell + 1] > THRESHOLD ? 1n : 0n);
    const [number, check] = [Number(word >> 8n), Number(word & 255n)];
    const sum = (number & 255) + ((number >> 8) & 255) + ((number >> 16) & 255);
    return sum % 256 === check ? number : null;
  }

  /** [ms since the page began, number in raw, number in annotated]; null: not shown. */
  let looks = [];
  const find = (channel) => document.querySelector(`[data-camera-id][data-channel="${channel}"]`);

  function look(nowMs) {
    requestAnimationFrame(look);
    const numbers = ["raw", "annotated"].map((channel) => {
      const picture = find(channel);
      return picture && read(picture);
    });
    looks.push([nowMs, ...numbers]);
  }
  requestAnimationFrame(look);

  globalThis.presentedStrip = {
    read,
    take() {
      const seen = looks;
      looks = [];
      return seen;
    },
  };
})();
