/**
 * Reads what a page shows, once per animation frame: of every picture of a camera the frame number
 * in its truth strip and the channel cell under it (wire protocol, "The truth strip").
 *
 * A canvas is painted in an animation frame, the picture of a <video> is chosen for one, and both
 * are on the display with the next. So pictures are read right after an animation frame, and what
 * is read counts from the next one on. Presses are the browser's own time stamps of the click, or of
 * the choice in a list. `presented.take()` gives what was seen since it was called last; all times
 * are ms since the page began, `timeOrigin` ms since 1970.
 */
(() => {
  const CELLS = 32;
  const THRESHOLD = 128;
  const scratch = document.createElement("canvas");
  Object.assign(scratch, { width: CELLS, height: 2 });
  const context = scratch.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingEnabled = false; // so that each pixel is the middle of its cell

  /** [channel as the page says, number or null, whether the channel cell is white, width in px] */
  function read(picture) {
    const isVideo = picture instanceof HTMLVideoElement;
    const width = isVideo ? picture.videoWidth : picture.width;
    const height = isVideo ? picture.videoHeight : picture.height;
    const { channel } = picture.dataset;
    if (!width || !height) return [channel, null, false, 0];
    context.drawImage(picture, 0, Math.floor(height / 45), width, 1, 0, 0, CELLS, 1);
    context.drawImage(picture, 0, Math.floor(height / 15), width, 1, 0, 1, CELLS, 1);
    const { data } = context.getImageData(0, 0, CELLS, 2);
    const isWhite = (cell) => data[4 * cell + 1] > THRESHOLD;
    const bytes = [0, 8, 16, 24].map((first) =>
      Array.from({ length: 8 }, (_, bit) => isWhite(first + bit)).reduce((sum, one) => sum * 2 + one, 0),
    );
    const [high, middle, low, sum] = bytes;
    const number = (high + middle + low) % 256 === sum ? high * 65536 + middle * 256 + low : null;
    return [channel, number, isWhite(CELLS), width];
  }

  let looks = [];
  let presses = [];
  /** What was read after the animation frame before this one; null when there was no time. */
  let shown = null;
  const afterFrame = new MessageChannel();
  const readAll = () =>
    [...document.querySelectorAll("[data-camera-id][data-channel]")].map(read);
  afterFrame.port1.onmessage = () => (shown = readAll());

  function look(atMs) {
    requestAnimationFrame(look);
    looks.push([atMs, shown ?? readAll()]);
    shown = null;
    afterFrame.port2.postMessage(null);
  }
  requestAnimationFrame(look);

  const press = (event) => {
    if (event.target.closest?.("[data-action], select")) presses.push(event.timeStamp);
  };
  addEventListener("click", press, { capture: true });
  addEventListener("change", press, { capture: true });

  globalThis.presented = {
    take() {
      const seen = { timeOrigin: performance.timeOrigin, looks, presses };
      looks = [];
      presses = [];
      return seen;
    },
  };
})();
