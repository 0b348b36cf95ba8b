/**
 * Reads the truth strip (wire protocol, "The truth strip") off the pictures of the page's first
 * camera view, once per animation frame, just after the player has drawn. A frame's number says
 * its `pts`; when that frame was captured is what the kernel sent for this `pts`. Capture and
 * drawing are compared by one clock, that of the machine.
 *
 * `widgetLook.start(fps)`, later `widgetLook.take()` for what was drawn since it was called last.
 */
(() => {
  const CELLS = 32;
  const THRESHOLD = 128;
  const TICKS_PER_S = 90_000;
  const MAX_KNOWN = 600;
  const row = document.createElement("canvas");
  Object.assign(row, { width: CELLS, height: 1 });
  const context = row.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingEnabled = false; // so that each pixel is the middle of its cell

  /** The number, or null when the strip cannot be read. */
  function read(picture) {
    if (!picture?.width) return null;
    const { width, height } = picture;
    context.drawImage(picture, 0, Math.floor(height / 45), width, 1, 0, 0, CELLS, 1);
    const { data } = context.getImageData(0, 0, CELLS, 1);
    let word = 0n;
    for (let cell = 0; cell < CELLS; cell += 1)
      word = (word << 1n) | (data[4 * cell + 1] > THRESHOLD ? 1n : 0n);
    const [number, check] = [Number(word >> 8n), Number(word & 255n)];
    const sum = (number & 255) + ((number >> 8) & 255) + ((number >> 16) & 255);
    return sum % 256 === check ? number : null;
  }

  /** By pts, in ms of Unix time: when a frame was captured, left, and came here (the later channel). */
  const known = new Map();
  function note({ pts, captured_at, released_at, frames }) {
    const receivedMs = Date.now();
    for (const frame of frames?.length ? frames : [{ pts }]) {
      const before = known.get(frame.pts);
      known.set(frame.pts, {
        capturedMs: captured_at * 1000 + (frame.pts - pts) / 90,
        releasedMs: Math.max(before?.releasedMs ?? 0, released_at * 1000),
        receivedMs,
      });
      if (known.size > MAX_KNOWN) known.delete(known.keys().next().value);
    }
  }

  /** [when drawn, ms of Unix time; number in each picture; ms from capture to release, arrival, drawing] */
  let draws = [];
  let before;

  function look(fps) {
    requestAnimationFrame(() => look(fps));
    const pictures = [...document.querySelectorAll(".streamlab-view canvas[data-channel]")];
    const numbers = pictures.map(read);
    const [number] = numbers;
    if (number === undefined || number === before) return;
    before = number;
    const nowMs = Date.now();
    const frame = known.get(Math.round((number * TICKS_PER_S) / fps));
    const sinceMs = frame
      ? [frame.releasedMs, frame.receivedMs, nowMs].map((ms) => ms - frame.capturedMs)
      : null;
    draws.push([nowMs, numbers, sinceMs]);
  }

  globalThis.widgetLook = {
    start(fps) {
      const { player } = document.querySelector(".streamlab-view");
      const receive = player.receive.bind(player);
      player.receive = (name, data) => {
        if (name === "fragment") note(data);
        return receive(name, data);
      };
      // One frame later, so that from now on the player draws first.
      requestAnimationFrame(() => look(fps));
    },
    take() {
      const seen = draws;
      draws = [];
      return seen;
    },
  };
})();
