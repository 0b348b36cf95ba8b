// Built from the sources beside this folder by `make web`.

// ../../src/streamlab/web/kit/dom.js
function element(name, properties = {}, ...children) {
  const { dataset = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(name), rest);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}
function write(where, text) {
  if (where.textContent !== text) where.textContent = text;
}
function pressed({ target }, selector) {
  const found = target instanceof Element ? target.closest(selector) : null;
  return found instanceof HTMLElement ? found : null;
}
function press(buttons, isChosen) {
  for (const button2 of buttons)
    button2.setAttribute("aria-pressed", String(isChosen(
      /** @type {HTMLElement} */
      button2
    )));
}

// ../../src/streamlab/web/kit/chart_scale.js
var ROUND = [1, 1.5, 2, 3, 5, 7.5, 10];
var USUAL = 0.95;
var FAR = 2;
var MIN_SPAN_S = 1;
var HOLE_S = 1;
var HOLE_INTERVALS = 3;
var measured = (values) => values.filter((value) => value !== null);
function quantile(values, fraction) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))];
}
function edgesOf(values, limit) {
  const known2 = measured(values);
  const usual = known2.length ? FAR * quantile(known2.map(Math.abs), USUAL) : 0;
  const [greatest, least] = known2.reduce(([most, low], each) => [Math.max(most, each), Math.min(low, each)], [0, 0]);
  const edge = (end) => roundUp(Math.max(1.25 * limit, 1.05 * Math.min(end, usual)) || 1);
  return { above: edge(greatest), below: edge(-least) };
}
function roundUp(size) {
  const unit = 10 ** Math.floor(Math.log10(size));
  return (ROUND.find((factor) => factor * unit >= size) ?? 10) * unit;
}
function chartSpanS(timesS, mostS) {
  const lengthS = (timesS.at(-1) ?? 0) - (timesS[0] ?? 0);
  return Math.min(mostS, Math.max(MIN_SPAN_S, lengthS));
}
function holeS(timesS) {
  const intervalsS = timesS.slice(1).map((timeS, index) => timeS - timesS[index]);
  return Math.max(HOLE_S, HOLE_INTERVALS * (intervalsS.length ? quantile(intervalsS, 0.5) : 0));
}
function piecesOf(timesS, values) {
  const longestS = holeS(timesS);
  const pieces = [];
  let lastS = -Infinity;
  for (const [index, timeS] of timesS.entries()) {
    const value = values[index];
    if (value === null) lastS = -Infinity;
    else {
      if (timeS - lastS > longestS) pieces.push([]);
      pieces.at(-1)?.push({ timeS, value });
      lastS = timeS;
    }
  }
  return pieces;
}
function outliersOf(points, { above, below }, apartS) {
  const kept = [];
  for (const point of points) {
    if (point.value <= above && point.value >= -below) continue;
    const last = kept.at(-1);
    if (!last || point.timeS - last.timeS >= apartS) kept.push(point);
    else if (Math.abs(point.value) > Math.abs(last.value)) kept[kept.length - 1] = point;
  }
  return kept;
}
function levelsOf({ above, below }, limit, apart) {
  const side = (edge, sign) => [limit, edge].reduce((kept, size) => size - (kept.at(-1) ?? 0) >= apart ? [...kept, size] : kept, [0]).slice(1).map((size) => sign * size);
  return [...side(above, 1).reverse(), 0, ...side(below, -1)];
}

// ../../src/streamlab/web/kit/words.js
function sourceProblem({ state, detail, retry_at: retryAt }) {
  if (state === "live" || state === "closed") return "";
  const verb = state === "ended" || state === "failed" ? "has" : "is";
  const words = sentence(`The source ${verb} ${state}`, detail);
  return retryAt == null ? words : `${words} Next attempt at ${timeOfDay(retryAt)}.`;
}
function channelProblems({ name, encoder, detector, renderer, sync }) {
  const said = [
    ["slow", "failing"].includes(detector?.state ?? "") && partWords(`Detector ${detector?.name}`, detector),
    renderer?.state === "failing" && partWords(`Renderer ${renderer.name}`, renderer),
    encoder?.state === "failing" && partWords(`The encoder of channel ${name}`, encoder),
    sync?.state === "degraded" && `Channel ${name} is not synchronised with raw.`
  ];
  return said.filter((each) => typeof each === "string");
}
var faultsOf = ({ channels = [], stage_problems: said }) => said ?? [...new Set(channels.flatMap(channelProblems))];
var together = (said, listed) => [said, ...listed.filter((each) => !said.includes(each.split(":")[0]))].filter(Boolean).join(" ");
function pictureProblem({ state, detail }, source) {
  if (state === "live") return "";
  if (state === "retrying" || state === "failed" || !source?.state) return detail;
  const { state: ofSource, detail: why } = source;
  return sourceProblem({ state: ofSource, detail: why }) || (state === "connecting" ? "" : detail);
}
var retryAtMs = ({ state, retry_at: retryAt }) => state === "live" || retryAt == null ? NaN : retryAt * 1e3;
function countdown(atMs, nowMs) {
  if (Number.isNaN(atMs)) return "";
  const seconds = Math.ceil((atMs - nowMs) / 1e3);
  return seconds > 0 ? `Retrying in ${seconds} s.` : "Retrying now.";
}
var partWords = (part, health) => sentence(`${part} is ${health?.state}`, health?.detail);
var sentence = (said, why) => `${said}${why ? `: ${why.replace(/\.$/, "")}` : ""}.`;
var timeOfDay = (unixS) => `${new Date(unixS * 1e3).toISOString().slice(11, 19)} UTC`;
var capitalised = (name) => name.charAt(0).toUpperCase() + name.slice(1);
var asSentence = (text) => capitalised(text) + (/[.!?]$/.test(text) ? "" : ".");
var faultWords = (channels) => [...new Set(channels.flatMap(channelProblems))].join(" ");
var endWords = (reason) => (
  /** @type {Record<string, string>} */
  {
    camera_removed: "The camera was removed from the server.",
    source_ended: "The camera's recording has ended."
  }[reason] ?? ""
);
var STATES = {
  connecting: "Connecting",
  live: "Live",
  retrying: "Connection lost",
  stalled: "Camera stalled",
  reconnecting: "Camera reconnecting",
  ended: "Ended",
  failed: "Not playing"
};
function stateWord({ state: { state }, isPaused }, camera) {
  if (isPaused && (state === "live" || state === "connecting")) return "Paused";
  if (state === "reconnecting" && camera.state === "connecting") return "Camera connecting";
  return STATES[state];
}
var NO_FIGURES = "–";
function figuresLine({ state: { state }, isPaused }, stats) {
  if (!stats || state !== "live" || isPaused) return NO_FIGURES;
  const { fps, latencyP50Ms, bitrate } = stats;
  return `${fps.toFixed(0)} fps · ${msWords(latencyP50Ms)} to screen · ${rateWords(bitrate, 1)}`;
}
var VIEWS = (
  /** @type {[View, string, string][]} */
  [
    ["raw", "Raw", "The picture as it was captured"],
    ["annotated", "Annotated", "With what the detector found"],
    ["both", "Both", "Side by side, the same frame in both"],
    ["overlay", "Overlay", "The raw picture, with boxes drawn here in the browser"]
  ]
);
var QUALITIES = (
  /** @type {Quality[]} */
  ["low", "medium", "high", "source"]
);
var viewOfAction = (action) => action?.startsWith("view-") ? action.slice("view-".length) : void 0;
function msWords(ms) {
  if (ms == null) return "–";
  const digits = Math.abs(ms) < 9.95 ? 1 : 0;
  return `${ms.toFixed(digits).replace(/^-(0(\.0)?)$/, "$1")} ms`;
}
var rateWords = (bitsPerS, digits = 2) => `${(bitsPerS / 1e6).toFixed(digits)} Mbit/s`;

// ../../src/streamlab/web/kit/chart_picture.js
var SVG = "http://www.w3.org/2000/svg";
var LABEL_PX = 64;
var LEVELS_APART_PX = 14;
var [LEFT_PX, BOTTOM_PX] = [56, 22];
function svgElement(name, attributes = {}, text = "") {
  const element2 = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element2.setAttribute(key, String(value));
  element2.textContent = text;
  return element2;
}
var label = (x, y, anchor, words) => svgElement("text", { x, y, "text-anchor": anchor, "dominant-baseline": "middle" }, words);
var ChartPicture = class {
  #title = svgElement("title");
  #band = svgElement("rect", { class: "band" });
  #zero = svgElement("path", { class: "zero" });
  #line = svgElement("path", { class: "line" });
  #over = svgElement("path", { class: "over" });
  #marks = svgElement("g", { class: "marks" });
  #labels = svgElement("g", { class: "labels" });
  /** @param {boolean} labelled whether it has axes */
  constructor(labelled) {
    this.labelled = labelled;
    this.svg = svgElement("svg", { class: "streamlab-chart", role: "img" });
    this.svg.append(this.#title, this.#band, this.#zero, this.#line, this.#over);
    this.svg.append(this.#marks, this.#labels);
  }
  /** @param {ChartData} data */
  draw({ timesS, values, limit, seconds, summary }) {
    write(this.#title, summary);
    const { width, height } = this.svg.getBoundingClientRect();
    if (!width || !height) return;
    const [left, bottom] = this.labelled ? [LEFT_PX, BOTTOM_PX] : [0, 0];
    const edges = edgesOf(values, limit);
    const { above, below } = edges;
    const spanS = chartSpanS(timesS, seconds);
    const newestS = timesS.at(-1) ?? 0;
    const perS = (width - left) / spanS;
    const per = (height - bottom) / (above + below);
    const scale = {
      width,
      height,
      left,
      x: (timeS) => width + (timeS - newestS) * perS,
      y: (value) => (above - Math.max(-below, Math.min(above, value))) * per
    };
    const pieces = piecesOf(timesS, values);
    this.#drawBand(limit, scale);
    this.#drawLine(pieces, limit, scale);
    this.#drawMarks(outliersOf(pieces.flat(), edges, LABEL_PX / perS), scale);
    if (!this.labelled) return;
    const levels = levelsOf(edges, limit, LEVELS_APART_PX / per);
    this.#labels.replaceChildren(
      ...levels.map((level) => label(left - 6, scale.y(level), "end", `${Number(level.toFixed(1))} ms`)),
      label(left, height - 7, "start", `${Math.round(spanS)} s ago`),
      label(width - 2, height - 7, "end", "now")
    );
  }
  /** @param {number} limit @param {Scale} scale */
  #drawBand(limit, { width, left, y }) {
    const box = { x: left, width: width - left, y: y(limit), height: y(-limit) - y(limit) };
    for (const [key, value] of Object.entries(box)) this.#band.setAttribute(key, value.toFixed(1));
    this.#zero.setAttribute("d", `M${left} ${y(0).toFixed(1)}H${width}`);
  }
  /** @param {Point[][]} pieces @param {number} limit @param {Scale} scale */
  #drawLine(pieces, limit, { x, y }) {
    const at = ({ timeS, value }) => `${x(timeS).toFixed(1)} ${y(value).toFixed(1)}`;
    const lines = pieces.map((piece) => `M${at(piece[0])}h0L${piece.map(at).join("L")}`);
    const over = pieces.flat().filter(({ value }) => Math.abs(value) > limit);
    this.#line.setAttribute("d", lines.join(""));
    this.#over.setAttribute("d", over.map((point) => `M${at(point)}h0`).join(""));
  }
  /** @param {Point[]} outliers @param {Scale} scale */
  #drawMarks(outliers, { width, x, y }) {
    const marks = outliers.map(({ timeS, value }) => {
      const isLeft = x(timeS) < width - LABEL_PX;
      const words = `${value > 0 ? "↑" : "↓"} ${msWords(value)}`;
      const [beside, below] = [isLeft ? 6 : -6, value > 0 ? 7 : -7];
      return label(x(timeS) + beside, y(value) + below, isLeft ? "start" : "end", words);
    });
    this.#marks.replaceChildren(...marks);
  }
};

// ../../src/streamlab/web/kit/chart.js
var MAX_POINTS = 8e3;
var CALM_MS = 1e3;
var DriftChart = class {
  /** @type {number[]} */
  #timesS = [];
  /** @type {Values} */
  #drifts = [];
  #toleranceMs = 50;
  #frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #drawnMs = -Infinity;
  /**
   * @param {HTMLElement} container
   * @param {{seconds: number, labelled?: boolean}} options the longest span, and whether it has axes
   */
  constructor(container, { seconds, labelled = false }) {
    this.seconds = seconds;
    this.picture = new ChartPicture(labelled);
    container.append(this.picture.svg);
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.resizes = new ResizeObserver(() => this.#askFrame());
    this.resizes.observe(this.picture.svg);
  }
  /** The drifts that are drawn, ms. */
  get driftsMs() {
    return measured(this.#drifts);
  }
  /** What the chart shows, in words. */
  get summary() {
    const sizes = this.driftsMs.map(Math.abs);
    if (!sizes.length) return "Drift: nothing was measured yet.";
    const most = sizes.reduce((greatest, size) => Math.max(greatest, size));
    const over = sizes.filter((size) => size > this.#toleranceMs).length;
    const spanS = Math.round(chartSpanS(this.#timesS, this.seconds));
    const usual = `median ${msWords(quantile(sizes, 0.5))}, at most ${msWords(most)}`;
    const beyond = `${over || "none"} of ${sizes.length} beyond ${msWords(this.#toleranceMs)}`;
    return `Drift of the last ${spanS} s: ${usual}, ${beyond}.`;
  }
  /**
   * @param {number[]} timesS ascending
   * @param {Values} driftsMs of each; null where it is not known
   * @param {number} toleranceMs
   */
  add(timesS, driftsMs, toleranceMs) {
    this.#toleranceMs = toleranceMs;
    if (timesS.length && timesS[0] <= (this.#timesS.at(-1) ?? -1)) this.clear();
    this.#timesS.push(...timesS);
    this.#drifts.push(...driftsMs);
    const oldestS = (this.#timesS.at(-1) ?? 0) - this.seconds;
    const tooOld = this.#timesS.findIndex((each) => each >= oldestS);
    const gone = Math.max(tooOld, this.#timesS.length - MAX_POINTS);
    if (gone > 0) {
      this.#timesS.splice(0, gone);
      this.#drifts.splice(0, gone);
    }
    this.#ask();
  }
  clear() {
    this.#timesS = [];
    this.#drifts = [];
    this.#ask();
  }
  close() {
    this.resizes.disconnect();
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    this.picture.svg.remove();
  }
  #ask() {
    const waitMs = this.calm.matches ? this.#drawnMs + CALM_MS - performance.now() : 0;
    if (waitMs > 0) this.#timer ??= setTimeout(() => this.#askFrame(), waitMs);
    else this.#askFrame();
  }
  #askFrame() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      clearTimeout(this.#timer);
      this.#timer = void 0;
      this.#drawnMs = performance.now();
      const [timesS, values, limit] = [this.#timesS, this.#drifts, this.#toleranceMs];
      this.picture.draw({ timesS, values, limit, seconds: this.seconds, summary: this.summary });
    });
  }
};

// ../../src/streamlab/web/kit/figures.js
var CHART_S = 60;
var UNKNOWN = "–";
var FIGURES = {
  latency: [
    "Latency",
    "From the capture of a frame to its display here: the median of the last 300 frames. Below 100 ms is good."
  ],
  drift: [
    "Drift",
    "How far apart raw and annotated are shown, or leave the server. The band is the tolerance; within it is good."
  ],
  fps: [
    "Frames",
    "Frames shown in the last second. As many as the camera sends, none skipped, is good."
  ],
  bitrate: ["Data", "Video received in the last second. A lower quality needs less."],
  fresh: [
    "Fresh boxes",
    "Frames that show boxes found in themselves, of the last 5 s. The rest show older, dashed boxes. All fresh is best; red is too few."
  ],
  switch: ["Switch", "From the request for another view to its first frame. Below 100 ms is good."]
};
var Figures = class {
  #list = element("dl");
  element = element("div", { className: "sl-figures" }, this.#list);
  /** @type {Map<Name, Cells>} */
  #cells = /* @__PURE__ */ new Map();
  #chart;
  #hasFrames = false;
  /** @param {{chartS?: number}} [options] how long a span the chart shows */
  constructor({ chartS = CHART_S } = {}) {
    for (const name of Object.keys(FIGURES)) this.#add(
      /** @type {Name} */
      name
    );
    const box = element("dd", { className: "sl-chart" });
    this.element.querySelector("[data-figure=drift]")?.append(box);
    this.#chart = new DriftChart(box, { seconds: chartS });
  }
  close() {
    this.#chart.close();
    this.element.remove();
  }
  /**
   * Draw the drift of frames. Whoever has none of them gets a point per second, by `show`.
   *
   * @param {number[]} timesS
   * @param {number[]} driftsMs
   * @param {number} toleranceMs
   */
  addFrames(timesS, driftsMs, toleranceMs) {
    this.#hasFrames = true;
    this.#chart.add(timesS, driftsMs, toleranceMs);
  }
  /** @param {PlayerStats} stats @param {string} quality */
  show(stats, quality) {
    const why = whyNone(stats);
    const shown = why ? null : figuresOf(stats, quality);
    for (const [name, { value, more, about }] of this.#cells) {
      const [text, detail, isOver = false, cause = ""] = shown?.[name] ?? [UNKNOWN, why];
      write(value, text);
      write(more, detail);
      value.classList.toggle("is-over", isOver);
      write(about, `${cause} ${FIGURES[name][1]}`.trim());
    }
    if (this.#hasFrames) return;
    const { serverDriftMs, syncToleranceMs } = stats;
    const drift = why ? null : serverDriftMs;
    this.#chart.add([Math.round(performance.now() / 1e3)], [drift], syncToleranceMs ?? 50);
  }
  /** @param {Name} name */
  #add(name) {
    const [term, sentence2] = FIGURES[name];
    const value = element("dd", {}, UNKNOWN);
    const more = element("dd", { className: "sl-more" });
    const about = element("dd", { className: "sl-about" }, sentence2);
    this.#cells.set(name, { value, more, about });
    const figure = { tabIndex: 0, dataset: { figure: name } };
    this.#list.append(element("div", figure, element("dt", {}, term), value, more, about));
  }
};
function whyNone({ state, isPaused }) {
  if (isPaused) return "paused";
  return state === "live" ? "" : STATES[state].toLowerCase();
}
function figuresOf(stats, quality) {
  const lost = stats.skipped + stats.overflowed + stats.gaps;
  return {
    latency: [
      msWords(stats.latencyP50Ms),
      stats.latencyP95Ms === null ? "capture to shown" : `p95 ${msWords(stats.latencyP95Ms)}`
    ],
    drift: driftOf(stats),
    fps: [`${stats.fps.toFixed(1)} fps`, lost ? `${lost} skipped` : "none skipped"],
    bitrate: [rateWords(stats.bitrate), `${quality} quality`],
    fresh: freshOf(stats),
    switch: [
      msWords(stats.switchLastMs),
      stats.switches > 1 ? `p95 ${msWords(stats.switchP95Ms)}` : "until shown"
    ]
  };
}
function driftOf({ shownDriftMs, serverDriftMs, syncToleranceMs, syncState, behind }) {
  const isShown = shownDriftMs !== null;
  const drift = isShown || behind ? shownDriftMs : serverDriftMs;
  const isOver = drift !== null && syncToleranceMs !== null && Math.abs(drift) > syncToleranceMs;
  const server = isShown && serverDriftMs !== null ? `, server ${msWords(serverDriftMs)}` : "";
  const state = syncState && syncState !== "synchronized" ? `, ${syncState}` : "";
  const where = behind ? `${behind} is behind` : isShown ? "shown" : "on the server";
  const words = `${where}${server}${state} · tolerance ${msWords(syncToleranceMs)}`;
  return [msWords(drift), words, isOver];
}
function freshOf({ view, freshFraction, freshnessDetail: freshnessDetail2 }) {
  if (view === "raw") return [UNKNOWN, "raw has no boxes"];
  if (freshFraction === null) return [UNKNOWN, "of the last 5 s"];
  const words = `${Math.round(100 * freshFraction)} %`;
  const isOver = freshnessDetail2 !== "";
  return [words, freshnessDetail2 || "of the last 5 s", isOver, freshnessDetail2];
}

// ../../src/streamlab/web/kit/keys.js
var TILE_KEYS = (
  /** @type {Record<string, string>} */
  {
    1: "view-raw",
    2: "view-annotated",
    3: "view-both",
    4: "view-overlay",
    s: "switch",
    " ": "pause",
    ".": "step",
    d: "save"
  }
);
var TYPING = "input, select, textarea";
var PRESSED_BY_SPACE = "button, a, summary";
function keyOf(event) {
  const { key, ctrlKey, metaKey, altKey, repeat } = event;
  if (ctrlKey || metaKey || altKey || repeat && key !== ".") return null;
  const [target] = event.composedPath();
  const others = key === " " ? `${TYPING}, ${PRESSED_BY_SPACE}` : TYPING;
  return target instanceof Element && target.matches(others) ? null : key.toLowerCase();
}

// ../../src/streamlab/web/kit/icons.js
var SVG2 = "http://www.w3.org/2000/svg";
var PATHS = {
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  resume: "M4 2.5v11L13 8z",
  step: "M3 2.5v11L9.5 8zM10.5 3H13v10h-2.5z",
  save: "M7 2h2v6h3L8 12 4 8h3zM3 13h10v1.5H3z",
  fullscreen: "M2 2h5v1.5H3.5V7H2zM9 2h5v5h-1.5V3.5H9zM2 9h1.5v3.5H7V14H2zM12.5 9H14v5H9v-1.5h3.5z"
};
function icon(name) {
  const svg = document.createElementNS(SVG2, "svg");
  const path = document.createElementNS(SVG2, "path");
  path.setAttribute("d", PATHS[name]);
  path.setAttribute("fill", "currentColor");
  for (const [key, value] of [["viewBox", "0 0 16 16"], ["width", "16"], ["height", "16"], ["aria-hidden", "true"]])
    svg.setAttribute(key, value);
  svg.append(path);
  return svg;
}

// ../../src/streamlab/web/player/views.js
var RAW = "raw";
var ANNOTATED = "annotated";
function channelsOf(view) {
  if (view === "overlay") return [RAW];
  if (view === "both") return [RAW, ANNOTATED];
  const names = new Set(view.split(",").filter(Boolean));
  return names.delete(RAW) ? [RAW, ...names] : [...names];
}
function viewOf(channels) {
  const name = channelsOf([...channels].join(",")).join(",");
  return name === `${RAW},${ANNOTATED}` ? "both" : name;
}
var videoOf = (view) => viewOf(channelsOf(view));
var canonical = (view) => view === "overlay" ? view : videoOf(view);
var annotatedOf = (view) => view === "overlay" ? [ANNOTATED] : channelsOf(view).filter((channel) => channel !== RAW);
var qualityOf = (video, quality) => quality === "source" && !channelsOf(video).includes(RAW) ? "high" : quality;
function syncOf(sync, view) {
  const [channel, ...others] = annotatedOf(view);
  return !others.length && sync?.channels?.[channel] || sync;
}

// ../../src/streamlab/web/kit/controls.js
function button(action, text, title, key = "") {
  const made = element("button", { type: "button", title: titled(title, key), dataset: { action } }, text);
  if (key) made.setAttribute("aria-keyshortcuts", key);
  return made;
}
function iconButton(action, title, key) {
  const made = button(action, "", title, key);
  made.className = "tile-icon";
  made.ariaLabel = title;
  made.append(icon(action));
  return made;
}
var titled = (title, key) => key ? `${title} (${key})` : title;
var ViewButtons = class {
  element = element("div", { className: "tile-views", role: "group", ariaLabel: "View" });
  /** @type {HTMLElement[]} */
  #further = [];
  #offered = "";
  /** @type {View} */
  #view = RAW;
  constructor() {
    for (const [index, [view, word, title]] of VIEWS.entries())
      this.element.append(button(`view-${view}`, word, title, String(index + 1)));
  }
  /** Offer these channels too, each alone, and all of them beside raw. @param {string[]} channels of a camera */
  offer(channels) {
    const further = channels.filter((name) => name !== RAW && name !== ANNOTATED);
    if (this.#offered === further.join()) return;
    this.#offered = further.join();
    for (const each2 of this.#further) each2.remove();
    const every = button(`view-${viewOf(channels)}`, "All", "All channels side by side, the same frame in each");
    const each = further.map((name) => button(`view-${name}`, capitalised(name), `Channel ${name}`));
    this.#further = further.length ? [...each, every] : [];
    this.element.append(...this.#further);
    this.show(this.#view);
  }
  /** @param {View} view */
  show(view) {
    this.#view = view;
    press(this.element.children, ({ dataset }) => dataset.action === `view-${view}`);
  }
};
function controlsOf(names, { views, quality, playback }) {
  const all = {
    views: views.element,
    switch: switchButton(),
    quality,
    playback: playback.element,
    save: saveButton()
  };
  return names.map((name) => all[name]);
}
var switchButton = () => button("switch", "Switch", "Raw to annotated and back", "S");
var nameButton = (name) => element("button", { type: "button", title: `Open ${name}` }, name);
function qualitySelect(quality) {
  const select = element("select", { title: "Quality", ariaLabel: "Quality" });
  for (const name of QUALITIES) select.append(element("option", { value: name }, capitalised(name)));
  select.value = quality;
  return select;
}
var PlaybackButtons = class {
  pause = iconButton("pause", "Pause", "Space");
  step = iconButton("step", "Next frame", ".");
  element = element("div", { className: "tile-playback", role: "group", ariaLabel: "Playback" }, this.pause, this.step);
  constructor() {
    this.show(false);
  }
  /** @param {boolean} isPaused */
  show(isPaused) {
    const words = isPaused ? "Resume" : "Pause";
    this.pause.title = titled(words, "Space");
    this.pause.ariaLabel = words;
    this.pause.replaceChildren(icon(isPaused ? "resume" : "pause"));
    this.step.disabled = !isPaused;
  }
};
var saveButton = () => iconButton("save", "Save this frame: pictures and boxes", "D");

// ../../src/streamlab/web/kit/problems.js
var PlainError = class extends Error {
};
var INTERRUPTED = "The connection to the camera was interrupted. Try again in a moment.";
var TOKEN = "Add ?access_token=TOKEN to the address of this page, with a token of the server.";
var OF_TYPE = (
  /** @type {Record<string, string>} */
  {
    "unknown-connection": INTERRUPTED,
    "connection-in-use": INTERRUPTED,
    "switch-timeout": "The other picture did not come in time, so this one stays. Try again in a moment.",
    "token-missing": `This server asks for a token. ${TOKEN}`,
    "token-wrong": `This server does not accept the token. ${TOKEN}`
  }
);
var BUSY = "The server cannot answer at the moment.";
var REFUSED = "The server does not allow this.";
var ID = /\bconnection '[^']*'/;
var PARAMETER = /^[a-z]+(_[a-z]+)+: /;
function problemWords(status, { type = "", title, detail = title, hint }) {
  const known2 = OF_TYPE[type.replace("urn:streamlab:problem:", "")];
  if (known2) return known2;
  if (!detail) return status >= 500 || status === 429 ? BUSY : REFUSED;
  if (ID.test(detail)) return INTERRUPTED;
  return [detail.replace(PARAMETER, ""), hint].filter(Boolean).map((text) => asSentence(String(text))).join(" ");
}
function errorWords(error, otherwise = "Something went wrong on this page. Reload it if it stays so.") {
  if (error instanceof PlainError) return error.message;
  console.warn("streamlab:", error);
  return otherwise;
}

// ../../src/streamlab/web/kit/save.js
var REVOKE_MS = 6e4;
function saveFile(name, data) {
  const href = URL.createObjectURL(new Blob([data]));
  element("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), REVOKE_MS);
}
async function saveFrame(player) {
  const { cameraId } = player.options;
  const { pts, pictures, boxes } = player.frame();
  if (pts === null) throw new PlainError("There is no picture to save yet.");
  const stem = `${cameraId}-${pts}`;
  for (const { channel, canvas } of pictures) {
    const blob = await new Promise((resolve) => canvas.toBlob(resolve));
    if (blob) saveFile(`${stem}-${channel}.png`, blob);
  }
  saveFile(`${stem}-boxes.json`, JSON.stringify({ camera_id: cameraId, pts, boxes }, null, 1));
}

// ../../src/streamlab/web/kit/strip.js
var STRIP = 2.2 / 22.5;
function shownRatio({ width, height, source }, isShown = false) {
  const ratio = width && height ? width / height : 16 / 9;
  return source?.startsWith("synthetic:") && !isShown ? ratio / (1 - STRIP) : ratio;
}

// ../../src/streamlab/web/kit/tile_message.js
var TileMessage = class {
  words = element("p", { className: "tile-words", role: "alert" });
  /** Not part of the alert: it would be read out every second. */
  countdown = element("span", { className: "tile-countdown" });
  retry = element("button", { type: "button", dataset: { action: "retry" } }, "Try again");
  element = element("div", { className: "tile-message" }, this.words, this.countdown, this.retry);
  /**
   * @param {string} problem with the picture; empty while it is live
   * @param {string[]} others what else there is to say
   * @param {{retryAtMs: number, canRetry: boolean}} next `retryAtMs` of `Date.now()`, or NaN
   */
  show(problem, others, { retryAtMs: retryAtMs2, canRetry }) {
    const text = [problem, ...others].filter(Boolean).join(" ");
    write(this.words, text);
    write(this.countdown, problem && countdown(retryAtMs2, Date.now()));
    this.retry.hidden = !canRetry;
    this.element.hidden = !text;
  }
};

// ../../src/streamlab/web/player/pause.js
var MAX_HELD = 600;
var MAX_HELD_BYTES = 32 << 20;
var WAITS = ["fragment", "detections", "gap"];
var sizeOf = ({ data }) => data?.length ?? data?.byteLength ?? 0;
var Pause = class {
  isOn = false;
  /** @type {Held[]} what comes next, oldest first */
  #held = [];
  #heldBytes = 0;
  /** @type {Map<string, Held[]>} what came since the newest keyframe, by kind and channel */
  #newest = /* @__PURE__ */ new Map();
  /**
   * @param {import("./stage.js").Stage} stage
   * @param {(name: string, data: any) => void} deliver
   */
  constructor(stage, deliver) {
    this.stage = stage;
    this.deliver = deliver;
  }
  start() {
    this.isOn = this.stage.isPaused = true;
  }
  /** Show the next frame, as soon as there is one. */
  step() {
    if (!this.isOn) return;
    this.stage.steps = 1;
    this.#feed();
  }
  end() {
    if (!this.isOn) return;
    this.isOn = this.stage.isPaused = false;
    this.stage.steps = 0;
    for (const track of this.stage.tracks) Object.assign(track, { needsKey: true, sequence: -1 });
    const newest = [...this.#newest.values()].flat();
    this.#forget();
    for (const each of newest) this.#hand(each);
  }
  /**
   * Keep an event for later; return false for one that does not wait.
   *
   * @param {string} name
   * @param {any} data
   */
  holds(name, data) {
    if (name === "connected") this.#forget();
    if (!this.isOn || !WAITS.includes(name)) return false;
    if (this.#held.length < MAX_HELD && this.#heldBytes < MAX_HELD_BYTES) {
      this.#held.push({ name, data });
      this.#heldBytes += sizeOf(data);
    }
    if (name !== "gap") {
      const key = `${name} ${data.channel}`;
      const before = data.keyframe ? [] : this.#newest.get(key) ?? [];
      this.#newest.set(key, [...before.slice(1 - MAX_HELD), { name, data }]);
    }
    if (this.stage.steps) this.#feed();
    return true;
  }
  #forget() {
    this.#held = [];
    this.#heldBytes = 0;
    this.#newest.clear();
  }
  /** Hand on what the next frame needs in each picture. */
  #feed() {
    while (this.stage.isStarved && this.#held.length) {
      const next = (
        /** @type {Held} */
        this.#held.shift()
      );
      this.#heldBytes -= sizeOf(next.data);
      this.#hand(next);
    }
  }
  /** As from the GOP cache: it is not of this moment. @param {Held} held */
  #hand({ name, data }) {
    this.deliver(name, name === "fragment" ? { ...data, cached: true } : data);
  }
};

// ../../src/streamlab/web/player/bytes.js
function toBytes(data) {
  if (typeof data !== "string") {
    const { buffer, byteOffset, byteLength } = data;
    return new Uint8Array(
      /** @type {ArrayBuffer} */
      buffer,
      byteOffset,
      byteLength
    );
  }
  const native = (
    /** @type {any} */
    Uint8Array.fromBase64
  );
  if (native) return native.call(Uint8Array, data);
  const text = atob(data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}
var BoxReader = class {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  /** @returns {Generator<{type: string, start: number, end: number, body: number}>} */
  *boxes(start = 0, end = this.bytes.byteLength) {
    for (let at = start; at + 8 <= end; ) {
      const size = this.view.getUint32(at);
      if (size < 8 || at + size > end) throw new RangeError(`bad box size ${size} at byte ${at}`);
      const type = String.fromCharCode(...this.bytes.subarray(at + 4, at + 8));
      yield { type, start: at, end: at + size, body: at + 8 };
      at += size;
    }
  }
  /**
   * @param {string} type
   * @param {number} [start]
   * @param {number} [end]
   */
  find(type, start, end) {
    for (const box of this.boxes(start, end)) if (box.type === type) return box;
    throw new RangeError(`no ${type} box`);
  }
};
function parseInit(bytes) {
  const reader = new BoxReader(bytes);
  let box = reader.find("moov");
  for (const type of ["trak", "mdia", "minf", "stbl", "stsd"]) {
    box = reader.find(type, box.body, box.end);
  }
  const entry = reader.find("avc1", box.body + 8, box.end);
  const avcC = reader.find("avcC", entry.body + 78, entry.end);
  return bytes.slice(avcC.body, avcC.end);
}
function parseFragment(bytes) {
  const reader = new BoxReader(bytes);
  const { view } = reader;
  const samples = [];
  for (const moof of reader.boxes()) {
    if (moof.type !== "moof") continue;
    const traf = reader.find("traf", moof.body, moof.end);
    const tfhd = reader.find("tfhd", traf.body, traf.end);
    const tfhdFlags = view.getUint32(tfhd.body) & 16777215;
    let at = tfhd.body + 8 + (tfhdFlags & 1 ? 8 : 0) + (tfhdFlags & 2 ? 4 : 0);
    const defaultDuration = tfhdFlags & 8 ? view.getUint32(at) : 0;
    at += tfhdFlags & 8 ? 4 : 0;
    const defaultSize = tfhdFlags & 16 ? view.getUint32(at) : 0;
    const tfdt = reader.find("tfdt", traf.body, traf.end);
    const wide = view.getUint8(tfdt.body) === 1;
    let pts = wide ? Number(view.getBigUint64(tfdt.body + 4)) : view.getUint32(tfdt.body + 4);
    const trun = reader.find("trun", traf.body, traf.end);
    const flags = view.getUint32(trun.body) & 16777215;
    const count = view.getUint32(trun.body + 4);
    let offset = flags & 1 ? moof.start + view.getInt32(trun.body + 8) : moof.end + 8;
    at = trun.body + 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
    for (let i = 0; i < count; i += 1) {
      const duration = flags & 256 ? view.getUint32(at) : defaultDuration;
      at += flags & 256 ? 4 : 0;
      const size = flags & 512 ? view.getUint32(at) : defaultSize;
      at += (flags & 512 ? 4 : 0) + (flags & 1024 ? 4 : 0) + (flags & 2048 ? 4 : 0);
      samples.push({ pts, duration, data: bytes.subarray(offset, offset + size) });
      pts += duration;
      offset += size;
    }
  }
  return samples;
}
function joined(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

// ../../src/streamlab/web/player/timeline.js
var Timeline = class {
  /** @type {Map<Channel, {pts: number, capturedAt: number, quality: Quality, sequence: number}>} */
  #newest = /* @__PURE__ */ new Map();
  /** @type {Set<Channel>} after a gap of unknown length */
  #unmeasured = /* @__PURE__ */ new Set();
  /** The next fragment of this channel shows whether anything is missing. @param {Channel} channel */
  expectGap(channel) {
    this.#unmeasured.add(channel);
  }
  /** A switch was asked for, so what is missing is not missed. */
  forgetGaps() {
    this.#unmeasured.clear();
  }
  /**
   * Return whether this fragment, the first after a gap of unknown length, shows that something
   * is missing. Call it before `receive`.
   *
   * @param {FragmentEvent} fragment
   */
  hasLost({ channel, quality, sequence }) {
    if (!this.#unmeasured.delete(channel)) return false;
    const newest = this.#newest.get(channel);
    if (!newest) return false;
    return newest.quality !== quality || sequence > newest.sequence + 1;
  }
  /**
   * Record a fragment; return whether it begins a new timeline. One captured later with a smaller
   * pts does: the camera was started again, and what was shown says nothing any more.
   *
   * @param {FragmentEvent} fragment
   */
  receive({ channel, quality, sequence, keyframe, pts, captured_at: capturedAt }) {
    const newest = this.#newest.get(channel);
    const isLater = !newest || capturedAt > newest.capturedAt;
    if (!isLater) return false;
    const isNew = newest !== void 0 && keyframe && pts < newest.pts;
    if (isNew) this.#newest.clear();
    this.#newest.set(channel, { pts, capturedAt, quality, sequence });
    return isNew;
  }
};

// ../../src/streamlab/web/player/receiver.js
var SOURCE_STATES = (
  /** @type {const} */
  ["live", "stalled", "reconnecting", "ended"]
);
var Receiver = class {
  /** @type {ConnectedEvent | null} */
  connection = null;
  /** @type {SyncEvent | null} */
  sync = null;
  /** @type {Map<Channel, HealthEvent>} */
  health = /* @__PURE__ */ new Map();
  /** Whether the camera sends: a picture that still waits must not say that it is live again. */
  sourceIsLive = true;
  #timeline = new Timeline();
  /**
   * @param {Host} host
   * @param {object} parts
   * @param {import("./meter.js").Meter} parts.meter
   * @param {import("./stage.js").Stage} parts.stage
   * @param {import("./tracks.js").Tracks} parts.tracks
   * @param {import("./view_control.js").ViewControl} parts.views
   */
  constructor(host, { meter, stage, tracks, views }) {
    this.host = host;
    this.meter = meter;
    this.stage = stage;
    this.tracks = tracks;
    this.views = views;
  }
  /** The connection is gone. */
  disconnect() {
    this.connection &&= { ...this.connection, connection_id: "" };
    this.views.connectionId = null;
  }
  /**
   * Take one event of the protocol; a later protocol may have more.
   *
   * @param {string} name
   * @param {any} data
   */
  receive(name, data) {
    this.#handlers.get(name)?.(data);
  }
  /** @type {Map<string, (data: any) => void>} */
  #handlers = new Map(Object.entries({
    connected: (data) => this.#onConnected(data),
    init: (data) => this.tracks.receiveInit(data),
    fragment: (data) => this.#onFragment(data),
    detections: (data) => this.stage.boxes.receive(data),
    switched: (data) => this.#onSwitched(data),
    gap: (data) => this.#onGap(data),
    health: (data) => {
      this.health.set(data.channel, data);
      this.host.onHealth();
    },
    sync: (data) => void (this.sync = data),
    heartbeat: (data) => this.meter.clock.heard(data.server_time * 1e3, Date.now()),
    source: (data) => this.#onSource(data),
    end: (data) => this.#onEnd(data)
  }));
  /** @param {ConnectedEvent} connected */
  #onConnected(connected) {
    if (this.connection) this.meter.counters.reconnects += 1;
    this.sourceIsLive = true;
    this.connection = connected;
    this.views.connectionId = connected.connection_id;
    this.views.video = viewOf(connected.channels.filter((name) => name !== "detections"));
    this.views.hasDetections = connected.channels.includes("detections");
    this.tracks.begin();
    this.tracks.dropPrepared();
    const requestedAtMs = this.host.requestedAtMs();
    this.meter.clock.connected(connected.server_time * 1e3, Date.now(), requestedAtMs);
    this.host.say({ state: "connecting", detail: "Connected, waiting for the first picture." });
    this.host.onConnected();
  }
  /** @param {FragmentEvent} fragment */
  #onFragment(fragment) {
    const bytes = toBytes(fragment.data);
    const [releasedMs, nowMs] = [fragment.released_at * 1e3, Date.now()];
    this.meter.bytes += bytes.byteLength;
    this.meter.clock.heard(releasedMs, nowMs);
    if (this.#timeline.hasLost(fragment)) this.meter.counters.gaps += 1;
    if (this.#timeline.receive(fragment)) {
      this.stage.restart();
      this.tracks.begin();
    }
    for (const frame of fragment.frames ?? [])
      if (frame.detections) this.stage.boxes.receive({ channel: fragment.channel, ...frame });
    const picture = this.stage.pictures.find(({ channel }) => channel === fragment.channel);
    const track = picture && this.tracks.of(picture, fragment);
    track?.push(fragment, bytes, this.meter.clock.lateMs(releasedMs, nowMs));
  }
  /** @param {SwitchedEvent} switched */
  #onSwitched({ channel, reason }) {
    const video = videoOf(channel);
    const channels = channelsOf(video);
    this.views.video = video;
    this.tracks.begin(channels);
    this.#timeline.forgetGaps();
    const { shown, pictures } = this.stage;
    if (channels.every((each) => shown.includes(each))) this.meter.forgetSwitch();
    if (channels.length === 1 && pictures.length === 1) pictures[0].channel = channels[0];
    else this.stage.layOut(channels);
    if (reason !== "degraded") return;
    this.views.acceptVideo();
    this.host.setView(video, reason);
  }
  /** @param {GapEvent} gap */
  #onGap({ channel, to_sequence }) {
    if (to_sequence === null) this.#timeline.expectGap(channel);
    else this.meter.counters.gaps += 1;
    for (const track of this.stage.tracks) {
      if (track.channel !== channel) continue;
      track.needsKey = true;
      track.sequence = -1;
    }
  }
  /** @param {{state: string, detail?: string | null}} source */
  #onSource({ state, detail }) {
    const known2 = SOURCE_STATES.find((each) => each === state);
    if (!known2) return;
    this.sourceIsLive = known2 === "live";
    this.host.say({ state: known2, detail: sourceProblem({ state, detail }) });
  }
  /** @param {{reason: string}} end */
  #onEnd({ reason }) {
    const detail = endWords(reason);
    if (!detail) return;
    if (reason === "source_ended" && this.host.hasEnded()) return;
    this.sourceIsLive = false;
    this.host.say({ state: "ended", detail });
  }
};

// ../../src/streamlab/web/player/events.js
var TICKS_PER_S = 9e4;
var TICKS_PER_MS = TICKS_PER_S / 1e3;

// ../../src/streamlab/web/player/choose.js
var MAX_WAIT_MS = 250;
function nextFrame(ready, shownPts, newestPts) {
  const index = ready.findIndex((pts) => pts > shownPts);
  if (index < 0) return -1;
  return newestPts - ready[index] > MAX_WAIT_MS * TICKS_PER_MS ? ready.length - 1 : index;
}
function nextCommon([first, ...others], shownPts, newestPts) {
  const common = first.filter((pts) => others.every((ready) => ready.includes(pts)));
  const index = nextFrame(common, shownPts, newestPts);
  return index < 0 ? null : common[index];
}

// ../../src/streamlab/web/player/overlay.js
var MAX_BOXES = 240;
var BoxHistory = class {
  /** @typedef {{boxes: Box[], ageMs: number | null}} FrameBoxes */
  /** @type {Map<number, FrameBoxes>} */
  #frames = /* @__PURE__ */ new Map();
  /** @param {number} pts @param {FrameBoxes} boxes */
  add(pts, boxes) {
    this.#frames.set(pts, boxes);
    if (this.#frames.size > MAX_BOXES) this.#frames.delete(this.#frames.keys().next().value ?? 0);
  }
  /**
   * The boxes of this frame, or the newest older ones (their age then grows by the difference).
   *
   * @param {number} pts
   * @returns {FrameBoxes | null}
   */
  at(pts) {
    const exact = this.#frames.get(pts);
    if (exact) return exact;
    const earlier = [...this.#frames.keys()].filter(
      (key) => key < pts && pts - key < TICKS_PER_S / 2
    );
    const newest = Math.max(...earlier);
    const found = this.#frames.get(newest);
    if (!found) return null;
    const ageMs = found.ageMs === null ? null : found.ageMs + (pts - newest) / TICKS_PER_MS;
    return { boxes: found.boxes, ageMs };
  }
};
var Boxes = class {
  /** @type {Map<Channel, BoxHistory>} */
  #channels = /* @__PURE__ */ new Map();
  /** @param {DetectionsEvent} detections */
  receive({ channel = ANNOTATED, pts, detections_pts, detections }) {
    const ageMs = detections_pts == null ? null : (pts - detections_pts) / TICKS_PER_MS;
    if (!this.#channels.has(channel)) this.#channels.set(channel, new BoxHistory());
    this.#channels.get(channel)?.add(pts, { boxes: detections ?? [], ageMs });
  }
  /** @param {Channel} channel @param {number} pts */
  at(channel, pts) {
    return this.#channels.get(channel)?.at(pts) ?? null;
  }
  clear() {
    this.#channels.clear();
  }
};
var greater = (a, b) => a === null || b === null ? a ?? b : Math.max(a, b);

// ../../src/streamlab/web/player/colours.js
var COLOURS = [
  "#12d694",
  "#ffb020",
  "#4da3ff",
  "#ff5c7a",
  "#b4e043",
  "#b57bff",
  "#ffe14d",
  "#ff7a2e",
  "#2bd4e8",
  "#ff6bd6",
  "#8c9bff"
];
var BASE = 1836;
var MODULUS = 65521;
var MAX_NAMES = 1024;
var known = /* @__PURE__ */ new Map();
function colourNumber(name) {
  let number = known.get(name);
  if (number === void 0) {
    number = 0;
    for (const byte of new TextEncoder().encode(name)) number = (number * BASE + byte) % MODULUS;
    number %= COLOURS.length;
    if (known.size >= MAX_NAMES) known.clear();
    known.set(name, number);
  }
  return number;
}
var classColour = (name) => COLOURS[colourNumber(name)];
var INK = "#101418";

// ../../src/streamlab/web/player/labels.js
var MIN_BOX_LABELS = 1.5;
var MAX_OVERHANG = 1.25;
var partsOf = ([, , , , name, score, track]) => [
  name,
  ...track === null ? [] : [`#${track}`],
  ...score === null ? [] : [score.toFixed(2)]
];
function placeLabels(boxes, sheet) {
  const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
  const placed = [];
  for (const box of [...boxes].sort((one, other) => area(other) - area(one))) {
    const label2 = place(box, sheet, placed);
    if (label2) placed.push(label2);
  }
  return placed;
}
function place(box, { width: sheetWidth, height: sheetHeight, labelHeight: height, measure }, placed) {
  const [x1, y1, x2, y2, name] = box;
  if (y2 - y1 < MIN_BOX_LABELS * height) return null;
  const tops = [];
  if (y1 >= height) tops.push(y1 - height);
  if (y2 - y1 >= 2 * height) tops.push(y1);
  if (y2 + height <= sheetHeight) tops.push(y2);
  const parts = partsOf(box);
  for (let count = parts.length; count > 0; count -= 1) {
    const text = parts.slice(0, count).join(" ");
    const width = measure(text) + height / 2;
    if (count > 1 && width > MAX_OVERHANG * (x2 - x1)) continue;
    const left = Math.max(0, Math.min(x1, sheetWidth - width));
    const top = tops.find((each) => placed.every((other) => isApart({ left, top: each, width }, other, height)));
    if (top !== void 0) return { left, top, width, text, name };
  }
  return null;
}
var isApart = (one, other, height) => one.left >= other.left + other.width || other.left >= one.left + one.width || Math.abs(one.top - other.top) >= height;

// ../../src/streamlab/web/player/box_layer.js
var FONT = "600 11px system-ui, sans-serif";
var LABEL_PX2 = 15;
var LINE_PX = 2;
var FULL_HEIGHT_PX = 300;
var MIN_SCALE = 0.7;
var BoxLayer = class {
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
    const labelHeight = LABEL_PX2 * scale;
    context.font = FONT.replace("11", String(11 * scale));
    context.textBaseline = "middle";
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
    const height = Math.round(width * captured.height / captured.width);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    return width > 0 && height > 0;
  }
};
function scaled([x1, y1, x2, y2, ...rest], from, to) {
  const [scaleX, scaleY] = [to.width / from.width, to.height / from.height];
  return [x1 * scaleX, y1 * scaleY, x2 * scaleX, y2 * scaleY, ...rest];
}

// ../../src/streamlab/web/player/picture.js
var OWED_MS = 100;
var HOLD_MS = 200;
var WAITING_WORDS = "No picture yet.";
var BEHIND_WORDS = `More than ${MAX_WAIT_MS} ms behind, so it is left out.`;
var Picture = class {
  /** @type {Track | null} */
  current = null;
  /** @type {Track | null} */
  pending = null;
  shownPts = -Infinity;
  /**
   * @param {string} cameraId
   * @param {Channel} channel
   */
  constructor(cameraId, channel) {
    this.channel = channel;
    this.figure = document.createElement("figure");
    this.figure.className = "streamlab-picture";
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.style.cssText = "display:block;max-width:100%";
    this.boxes = null;
    this.frame = document.createElement("div");
    this.frame.className = "streamlab-frame";
    this.frame.style.cssText = "position:relative;height:100%";
    this.frame.append(this.canvas);
    this.caption = document.createElement("figcaption");
    this.note = document.createElement("p");
    this.note.className = "streamlab-note";
    this.note.hidden = true;
    this.figure.append(this.frame, this.caption, this.note);
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.cameraId = cameraId;
    this.caption.textContent = capitalised(channel);
    this.withdraw(WAITING_WORDS);
  }
  get tracks() {
    return [this.current, this.pending].filter((track) => track !== null);
  }
  get outPts() {
    return Math.max(...this.tracks.map((track) => track.outPts), -Infinity);
  }
  get newestPts() {
    return Math.max(...this.tracks.map((track) => track.newestPts), -Infinity);
  }
  get ready() {
    const untilPts = this.pending?.heldPts ?? Infinity;
    const ready = this.current?.frames.map(({ meta }) => meta.pts) ?? [];
    return ready.filter((pts) => pts < untilPts);
  }
  /** @param {Track} track */
  expect(track) {
    this.pending?.close();
    this.pending = track;
  }
  /**
   * Let the pending track take over once it has a frame to show and the old one owes none before.
   *
   * @param {number} shownPts
   * @param {number} nowMs
   */
  promote(shownPts, nowMs) {
    const { current, pending } = this;
    pending?.take(shownPts + 1);
    const first = pending?.frames[0];
    for (const track of this.tracks) {
      const late = nowMs - track.heldSinceMs > HOLD_MS || shownPts >= track.heldPts;
      if (track.heldPts < Infinity && late) track.letGo();
    }
    if (!pending || !first) return;
    pending.readySinceMs ||= nowMs;
    const waited = nowMs - pending.readySinceMs > OWED_MS;
    if (!waited && current?.owes(shownPts, first.meta.pts)) return;
    current?.close();
    this.current = pending;
    this.pending = null;
  }
  /**
   * Say which channel the canvas shows: only a canvas with a current frame says so.
   *
   * @param {Channel | "overlay"} channel
   */
  present(channel) {
    const { dataset } = this.canvas;
    if (dataset.channel === channel) return;
    dataset.cameraId = this.cameraId;
    dataset.channel = channel;
    this.canvas.setAttribute("aria-label", `${capitalised(channel)} picture of ${this.cameraId}`);
    this.caption.textContent = capitalised(channel);
    this.canvas.style.visibility = "visible";
    this.#removeBoxes();
    this.note.hidden = true;
  }
  /**
   * Show words instead of a picture that is not of this moment.
   *
   * @param {string} words
   */
  withdraw(words) {
    const { dataset } = this.canvas;
    delete dataset.cameraId;
    delete dataset.channel;
    this.canvas.style.visibility = "hidden";
    this.#removeBoxes();
    if (this.note.textContent !== words) this.note.textContent = words;
    this.note.hidden = false;
  }
  /** @param {Box[]} boxes @param {{width: number, height: number}} captured px @param {boolean} isStale */
  drawBoxes(boxes, captured, isStale) {
    if (!this.boxes) {
      this.boxes = new BoxLayer();
      this.frame.append(this.boxes.canvas);
    }
    this.boxes.draw(boxes, captured, isStale);
  }
  #removeBoxes() {
    this.boxes?.canvas.remove();
    this.boxes = null;
  }
  /** @param {Frame} frame */
  draw({ image, width, height }) {
    const { canvas, context } = this;
    if (canvas.width !== width || canvas.height !== height)
      Object.assign(canvas, { width, height });
    context?.drawImage(image, 0, 0, width, height);
  }
  close() {
    for (const track of this.tracks) track.close();
    this.current = null;
    this.pending = null;
    this.figure.remove();
  }
};

// ../../src/streamlab/web/player/stage.js
var REJOIN_MS = 225;
var Stage = class {
  /** @type {Picture[]} one per channel of the view, raw first */
  pictures = [];
  shownPts = -Infinity;
  /** @type {Set<Channel>} channels that are left out because they are too late */
  behind = /* @__PURE__ */ new Set();
  boxes = new Boxes();
  /** Whether boxes are drawn over the raw picture. */
  overlay = false;
  /** Whether nothing is drawn but so many frames as were asked for. */
  isPaused = false;
  steps = 0;
  #animation = 0;
  /**
   * @param {object} options
   * @param {HTMLElement} options.container
   * @param {string} options.cameraId
   * @param {Size | null} options.captureSize px of the captured frame, when a quality is scaled
   * @param {Meter} options.meter
   * @param {(pts: number, channels: string[]) => void} options.onDrawn
   */
  constructor({ container, cameraId, captureSize, meter, onDrawn }) {
    this.container = container;
    this.cameraId = cameraId;
    this.captureSize = captureSize;
    this.meter = meter;
    this.onDrawn = onDrawn;
  }
  start() {
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#animation = requestAnimationFrame(this.#animate);
  }
  close() {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    cancelAnimationFrame(this.#animation);
    for (const picture of this.pictures) picture.close();
    this.pictures = [];
    this.boxes.clear();
  }
  /** Show these channels; pictures that stay go on as they are. @param {Channel[]} channels */
  layOut(channels) {
    const before = this.pictures;
    this.pictures = channels.map(
      (channel) => before.find((each) => each.channel === channel) ?? new Picture(this.cameraId, channel)
    );
    for (const picture of before) if (!this.pictures.includes(picture)) picture.close();
    this.container.prepend(...this.pictures.map(({ figure }) => figure));
  }
  /** Forget what was shown: another timeline has begun. */
  restart() {
    this.shownPts = -Infinity;
    this.boxes.clear();
    for (const picture of this.pictures) picture.shownPts = -Infinity;
  }
  get tracks() {
    return this.pictures.flatMap((picture) => picture.tracks);
  }
  /** The channels that the canvases show at the moment. */
  get shown() {
    return this.pictures.map(({ canvas }) => canvas.dataset.channel);
  }
  /** Whether a picture that takes part has received nothing newer than what is shown. */
  get isStarved() {
    const taking = this.pictures.filter(({ channel }) => !this.behind.has(channel));
    return taking.some(({ newestPts }) => newestPts <= this.shownPts);
  }
  /** The drift of the picture that is farthest from the first (raw, if it is shown), ms. */
  get driftMs() {
    const [first, ...others] = this.pictures.map((picture) => picture.shownPts);
    if (this.behind.size || !others.length) return null;
    const drifts = others.map((pts) => (first - pts) / TICKS_PER_MS);
    const [worst] = drifts.sort((a, b) => Math.abs(b) - Math.abs(a));
    return drifts.every(Number.isFinite) ? worst : null;
  }
  #onVisibility = () => {
    for (const track of this.tracks) track.setPaused(document.hidden);
  };
  #animate = () => {
    this.#animation = requestAnimationFrame(this.#animate);
    const nowMs = performance.now();
    for (const picture of this.pictures) {
      for (const track of picture.tracks) {
        if (track.isStalled) track.resync();
        track.look();
      }
      picture.promote(this.shownPts, nowMs);
    }
    if (!this.isPaused || this.steps) this.#drawNext();
  };
  /** Draw the next frame that all pictures have; those that are too late are left out. */
  #drawNext() {
    const leadPts = Math.max(...this.pictures.map(({ outPts }) => outPts));
    const late = this.pictures.filter(({ channel, outPts }) => {
      const lagMs = (leadPts - outPts) / TICKS_PER_MS;
      return lagMs > (this.behind.has(channel) ? REJOIN_MS : MAX_WAIT_MS);
    });
    this.behind = new Set(late.map(({ channel }) => channel));
    for (const picture of late)
      picture.withdraw(picture.outPts === -Infinity ? WAITING_WORDS : BEHIND_WORDS);
    const pictures = this.pictures.filter((picture) => !late.includes(picture));
    if (!pictures.length) return;
    const ready = pictures.map((picture) => picture.ready);
    const newestPts = Math.min(...pictures.map((picture) => picture.newestPts));
    const pts = nextCommon(ready, this.shownPts, newestPts);
    if (pts !== null) this.#draw(pictures, pts);
  }
  /**
   * @param {Picture[]} pictures
   * @param {number} pts
   */
  #draw(pictures, pts) {
    const { counters } = this.meter;
    let capturedAtMs = NaN;
    this.meter.boxAgeMs = null;
    for (const picture of pictures) {
      const track = picture.current;
      const { frame, dropped } = track?.take(pts) ?? { frame: null, dropped: 0 };
      if (!track || !frame) continue;
      if (pictures.length === 1) counters.skipped += dropped;
      else counters.unpaired += dropped;
      picture.draw(frame);
      this.#finish(picture, track.channel, frame.meta);
      capturedAtMs = frame.meta.capturedAtMs;
      frame.close();
      picture.shownPts = pts;
      counters.shown += 1;
    }
    this.shownPts = pts;
    this.steps = 0;
    this.meter.drawn(this.isPaused ? NaN : capturedAtMs);
    this.onDrawn(
      pts,
      pictures.map(({ canvas }) => canvas.dataset.channel ?? "")
    );
  }
  /**
   * Say which channel the picture shows now, and put boxes over it in the overlay view.
   *
   * @param {Picture} picture
   * @param {Channel} channel
   * @param {FrameMeta} meta
   */
  #finish(picture, channel, meta) {
    const overlay = this.overlay && channel === RAW;
    const before = picture.canvas.dataset.channel;
    picture.present(overlay ? "overlay" : channel);
    if (picture.channel === channel && before !== channel) this.meter.switched();
    if (channel !== RAW) this.meter.boxAgeMs = greater(this.meter.boxAgeMs, meta.boxAgeMs);
    if (!overlay) return;
    const found = this.boxes.at(ANNOTATED, meta.pts);
    this.meter.boxAgeMs = found?.ageMs ?? null;
    const captured = this.captureSize ?? picture.canvas;
    picture.drawBoxes(found?.boxes ?? [], captured, (found?.ageMs ?? 0) > 0);
  }
};

// ../../src/streamlab/web/player/decoder.js
var MAX_GOP_FRAMES = 600;

// ../../src/streamlab/web/player/webcodecs.js
var MAX_GOP_BYTES = 32 << 20;
var ptsToUs = (pts) => Math.round(pts * 1e6 / TICKS_PER_S);
var usToPts = (us) => Math.round(us * TICKS_PER_S / 1e6);
var WebCodecsDecoder = class {
  lookBackTicks = 0;
  /** @type {VideoDecoder | null} */
  #decoder = null;
  /** @type {{chunk: EncodedVideoChunk, meta: FrameMeta}[]} */
  #gop = [];
  #gopBytes = 0;
  /** @param {Track} track */
  constructor(track) {
    const { init } = track;
    this.track = track;
    this.config = {
      codec: init.codec,
      codedWidth: init.width,
      codedHeight: init.height,
      description: parseInit(toBytes(init.data)),
      optimizeForLatency: true
    };
    this.#open();
  }
  #open() {
    const decoder = new VideoDecoder({
      output: (frame) => this.#output(frame),
      error: (error) => this.#fail(decoder, error)
    });
    decoder.configure(this.config);
    this.#decoder = decoder;
  }
  /** @type {Decoder["decode"]} */
  decode(samples, keyframe) {
    if (keyframe) this.#forget();
    samples.forEach(({ pts, duration, data, meta }, index) => {
      const chunk = new EncodedVideoChunk({
        type: keyframe && index === 0 ? "key" : "delta",
        timestamp: ptsToUs(pts),
        duration: ptsToUs(duration),
        data
      });
      this.#gop.push({ chunk, meta });
      this.#gopBytes += data.byteLength;
      if (!this.track.paused) this.#submit(chunk, meta);
    });
    if (this.#gop.length > MAX_GOP_FRAMES || this.#gopBytes > MAX_GOP_BYTES) {
      this.#forget();
      if (this.track.paused) this.track.needsKey = true;
    }
  }
  restart() {
    const decoder = this.#decoder;
    if (!decoder || decoder.state === "closed") return;
    decoder.reset();
    decoder.configure(this.config);
    if (!this.#gop.length) this.track.needsKey = true;
    for (const { chunk, meta } of this.#gop) this.#submit(chunk, meta);
  }
  skipToKeyframe() {
    this.#forget();
    this.track.owed.clear();
    this.restart();
    this.track.needsKey = false;
  }
  look() {
  }
  // every frame is announced
  resume() {
  }
  // it never waits
  close() {
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = null;
    this.#forget();
  }
  #forget() {
    this.#gop = [];
    this.#gopBytes = 0;
  }
  /**
   * @param {EncodedVideoChunk} chunk
   * @param {FrameMeta} meta
   */
  #submit(chunk, meta) {
    const decoder = this.#decoder;
    if (decoder?.state !== "configured") return;
    if (decoder.decodeQueueSize > MAX_GOP_FRAMES) {
      this.track.needsKey = true;
      this.track.counters.overflowed += 1;
      return;
    }
    this.track.owed.set(meta.pts, meta);
    decoder.decode(chunk);
  }
  /** @param {VideoFrame} image */
  #output(image) {
    const { displayWidth: width, displayHeight: height } = image;
    const meta = this.track.settle(usToPts(image.timestamp));
    this.track.enqueue({ image, width, height, meta, close: () => image.close() });
  }
  /**
   * @param {VideoDecoder} decoder
   * @param {DOMException} error
   */
  #fail(decoder, error) {
    if (decoder !== this.#decoder) return;
    console.warn("streamlab: decoding failed, waiting for the next keyframe:", error.message);
    this.track.counters.decodeErrors += 1;
    this.track.dropFrames();
    this.#forget();
    this.track.needsKey = true;
    this.#open();
  }
};

// ../../src/streamlab/web/player/video_pictures.js
var POOL = 8;
var NEAR_S = 1;
var VideoPictures = class {
  /** @type {HTMLCanvasElement[]} */
  #pool = [];
  /** @param {HTMLVideoElement} video @param {Track} track */
  constructor(video, track) {
    this.video = video;
    this.track = track;
  }
  /** Take each picture as it is presented, until the track is closed. */
  watch() {
    if (this.track.closed) return;
    if (!("requestVideoFrameCallback" in this.video)) {
      requestAnimationFrame(() => {
        const pts = Math.round(this.video.currentTime * TICKS_PER_S);
        const shown = [...this.track.owed.keys()].filter((key) => key <= pts).at(-1);
        if (shown !== void 0) this.#output(shown);
        this.watch();
      });
      return;
    }
    this.video.requestVideoFrameCallback((_now, { mediaTime }) => {
      this.#output(Math.round(mediaTime * TICKS_PER_S));
      this.watch();
    });
  }
  /** @param {number} pts of the frame that was announced */
  #output(pts) {
    if (this.track.closed || this.track.paused || !this.video.videoWidth) return;
    const frame = "VideoFrame" in globalThis ? this.#grab(pts) : this.#copy(pts);
    if (frame) this.track.enqueue(frame);
  }
  /**
   * The picture that the element has now. When the announcement came late it is a newer one than
   * was announced; a VideoFrame (which, unlike VideoDecoder, needs no secure context) knows. That
   * of Firefox does not: it counts seconds where microseconds are due.
   *
   * @param {number} announced its pts if it was announced, else 0
   * @returns {Frame | null} null when it came out before, or the element has none at the moment
   */
  #grab(announced) {
    const image = pictureOf(this.video);
    if (!image) return null;
    const { displayWidth: width, displayHeight: height } = image;
    const own = usToPts(image.timestamp);
    const isKnown = Math.abs(own / TICKS_PER_S - this.video.currentTime) < NEAR_S;
    const pts = isKnown ? own : announced;
    if (pts <= this.track.outPts) {
      image.close();
      return null;
    }
    return { image, width, height, meta: this.track.settle(pts), close: () => image.close() };
  }
  /** @param {number} pts @returns {Frame} */
  #copy(pts) {
    const { videoWidth: width, videoHeight: height } = this.video;
    const image = this.#pool.pop() ?? document.createElement("canvas");
    if (image.width !== width || image.height !== height) Object.assign(image, { width, height });
    image.getContext("2d", { alpha: false })?.drawImage(this.video, 0, 0);
    const close = () => void (this.#pool.length < POOL && this.#pool.push(image));
    return { image, width, height, meta: this.track.settle(pts), close };
  }
  /** Take a picture that was presented without being announced, if there is one. */
  look() {
    if (this.track.outPts > -Infinity && "VideoFrame" in globalThis) this.#output(0);
  }
};
function pictureOf(video) {
  try {
    return new VideoFrame(video);
  } catch (error) {
    if (error instanceof DOMException && error.name === "InvalidStateError") return null;
    throw error;
  }
}

// ../../src/streamlab/web/player/mse.js
var TARGET_S = 0.15;
var DEAD_ZONE_S = 0.04;
var JUMP_S = 0.6;
var KEEP_S = 4;
var INTO_FRAME_S = 6e-3;
var MAX_QUEUED = 600;
var MseDecoder = class {
  lookBackTicks = TARGET_S * TICKS_PER_S;
  #video = document.createElement("video");
  #source = new MediaSource();
  /** @type {SourceBuffer | null} */
  #buffer = null;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #queue;
  /** @type {VideoPictures} */
  #pictures;
  #placed = false;
  /** @param {Track} track */
  constructor(track) {
    this.track = track;
    this.#pictures = new VideoPictures(this.#video, track);
    this.#queue = [toBytes(track.init.data)];
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#video.addEventListener("error", () => this.#fail());
    this.#source.addEventListener("sourceopen", () => this.#open(), { once: true });
    this.#video.src = URL.createObjectURL(this.#source);
    this.#pictures.watch();
  }
  #open() {
    URL.revokeObjectURL(this.#video.src);
    if (this.track.closed) return;
    const buffer = this.#source.addSourceBuffer(`video/mp4; codecs="${this.track.init.codec}"`);
    buffer.mode = "segments";
    buffer.addEventListener("updateend", () => this.#advance());
    this.#buffer = buffer;
    this.#advance();
  }
  /** @type {Decoder["decode"]} */
  decode(samples, keyframe, bytes) {
    if (!this.track.paused) for (const { meta } of samples) this.track.owed.set(meta.pts, meta);
    if (this.track.owed.size > MAX_GOP_FRAMES) this.track.owed.clear();
    if (this.#queue.length >= MAX_QUEUED) {
      this.#queue.length = 0;
      this.track.needsKey = true;
      this.track.counters.overflowed += 1;
      return;
    }
    this.#queue.push(bytes);
    this.#advance();
  }
  restart() {
    this.#place(null);
  }
  skipToKeyframe() {
  }
  // the element plays on, and is steered to the live edge
  close() {
    this.#queue.length = 0;
    this.#buffer = null;
    this.#video.pause();
    this.#video.removeAttribute("src");
    this.#video.load();
  }
  /** Do the next thing a source buffer can do: one at a time. */
  #advance() {
    const buffer = this.#buffer;
    if (!buffer || buffer.updating || this.#source.readyState !== "open") return;
    this.#steer();
    const { buffered } = buffer;
    const keepFrom = this.#video.currentTime - KEEP_S;
    if (buffered.length && buffered.start(0) < keepFrom - KEEP_S) {
      buffer.remove(0, keepFrom);
    } else if (this.#queue.length) {
      const bytes = joined(this.#queue);
      this.#queue.length = 0;
      buffer.appendBuffer(bytes);
    }
  }
  /** Keep `currentTime` near the live edge: place it once, then by rate, then by a jump. */
  #steer() {
    const video = this.#video;
    const { buffered } = video;
    if (!buffered.length) return;
    if (!this.#placed) {
      const afterPts = Math.max(this.track.shownPts(), this.track.floorPts);
      if (buffered.end(buffered.length - 1) > afterPts / TICKS_PER_S) this.#place(afterPts);
      return;
    }
    const last = buffered.length - 1;
    const lag = buffered.end(last) - video.currentTime;
    const inLast = video.currentTime >= buffered.start(last) - DEAD_ZONE_S;
    if (lag > JUMP_S || !inLast) {
      this.track.counters.jumps += 1;
      this.#place(null);
      return;
    }
    const error = lag - TARGET_S;
    const rate = Math.abs(error) < DEAD_ZONE_S ? 1 : 1 + Math.max(-0.1, Math.min(0.1, error));
    if (Math.abs(video.playbackRate - rate) > 0.02) video.playbackRate = rate;
  }
  /**
   * Seek to the first frame after `afterPts` and wait there until it is drawn: the element's clock
   * would run ahead while it decodes, and frames would be lost. Without such a frame near the live
   * edge, go there and play.
   *
   * @param {number | null} afterPts
   */
  #place(afterPts) {
    const video = this.#video;
    const last = video.buffered.length - 1;
    if (last < 0) return;
    const liveS = Math.max(video.buffered.start(last), video.buffered.end(last) - TARGET_S);
    const next = afterPts === null ? void 0 : [...this.track.owed.keys()].find((pts) => pts > afterPts);
    const nextS = (next ?? Infinity) / TICKS_PER_S;
    const near = Math.abs(liveS - nextS) < MAX_WAIT_MS / 1e3;
    this.#placed = true;
    video.currentTime = near ? nextS + INTO_FRAME_S : liveS;
    if (next !== void 0 && near && this.track.floorPts <= this.track.shownPts()) {
      video.pause();
      this.track.hold(next);
    } else {
      this.track.letGo();
    }
  }
  resume() {
    if (this.#placed && this.#video.paused) this.#video.play().catch(() => this.#fail());
  }
  look() {
    this.#pictures.look();
  }
  #fail() {
    if (this.track.closed) return;
    this.track.counters.decodeErrors += 1;
    console.warn("streamlab: the video element failed:", this.#video.error?.message ?? "");
  }
};

// ../../src/streamlab/web/player/frame_queue.js
var MAX_FRAMES = 24;
var FrameQueue = class {
  /** @type {Frame[]} decoded, ascending pts */
  frames = [];
  /** @type {Map<number, FrameMeta>} given to the decoder, not yet come out; ascending pts */
  owed = /* @__PURE__ */ new Map();
  /** Newest pts that came out. */
  outPts = -Infinity;
  /** Frames up to this pts are decoded but never drawn. */
  floorPts = -Infinity;
  /** Whether frames are wanted; those that come out otherwise are closed. */
  isOpen = true;
  /** @param {Counters} counters @param {() => number} shownPts */
  constructor(counters, shownPts) {
    this.counters = counters;
    this.shownPts = shownPts;
  }
  /**
   * Whether a frame after `afterPts` and before `beforePts` is decoded or still to come out.
   *
   * @param {number} afterPts
   * @param {number} beforePts
   */
  owes(afterPts, beforePts) {
    const between = (pts) => pts > afterPts && pts < beforePts;
    return this.frames.some(({ meta }) => between(meta.pts)) || [...this.owed.keys()].some(between);
  }
  /** @param {Frame} frame */
  enqueue(frame) {
    const { pts } = frame.meta;
    this.outPts = Math.max(this.outPts, pts);
    if (!this.isOpen || pts <= Math.max(this.floorPts, this.shownPts())) {
      frame.close();
      return;
    }
    this.frames.push(frame);
    this.counters.peakFrames = Math.max(this.counters.peakFrames, this.frames.length);
    if (this.frames.length > MAX_FRAMES) {
      this.frames.shift()?.close();
      this.counters.overflowed += 1;
    }
  }
  /** Draw nothing up to this pts. @param {number} pts */
  setFloor(pts) {
    this.floorPts = pts;
    this.#dropWhile((each) => each <= pts);
  }
  /**
   * Take the meta of a frame that came out; those before it will not come any more.
   *
   * @param {number} pts
   */
  settle(pts) {
    const meta = this.owed.get(pts) ?? { pts, capturedAtMs: NaN, boxAgeMs: null };
    for (const key of this.owed.keys()) {
      if (key > pts) break;
      this.owed.delete(key);
    }
    return meta;
  }
  /**
   * Remove and return the frame of this pts; older ones are closed.
   *
   * @param {number} pts
   * @returns {{frame: Frame | null, dropped: number}}
   */
  take(pts) {
    const dropped = this.#dropWhile((each) => each < pts);
    const hit = this.frames[0]?.meta.pts === pts;
    return { frame: hit && this.frames.shift() || null, dropped };
  }
  dropFrames() {
    for (const frame of this.frames) frame.close();
    this.frames = [];
    this.owed.clear();
  }
  /** @param {(pts: number) => boolean} isOld */
  #dropWhile(isOld) {
    let count = 0;
    for (; this.frames.length && isOld(this.frames[0].meta.pts); count += 1)
      this.frames.shift()?.close();
    return count;
  }
};

// ../../src/streamlab/web/player/track.js
var STALL_MS = 1e3;
var ON_TIME_MS = 50;
var Track = class extends FrameQueue {
  /** Newest pts received. */
  newestPts = -Infinity;
  keyPts = -Infinity;
  needsKey = true;
  sequence = -1;
  closed = false;
  paused = false;
  /** After a stall, until fragments come on time again: only the newest frame is drawn. */
  catchingUp = false;
  /** When a frame was first ready to take over, ms of `performance.now()`. */
  readySinceMs = 0;
  /** The frame it waits at to take over with, which nobody else is to draw; and since when. */
  heldPts = Infinity;
  heldSinceMs = 0;
  #resyncedKeyPts = -Infinity;
  /**
   * @param {InitEvent} init
   * @param {Counters} counters
   * @param {() => number} shownPts
   * @param {(track: Track) => Decoder} makeDecoder
   */
  constructor(init, counters, shownPts, makeDecoder) {
    super(counters, shownPts);
    this.init = init;
    this.decoder = makeDecoder(this);
  }
  get channel() {
    return this.init.channel;
  }
  /** @param {FragmentEvent} fragment */
  fits({ channel, quality, init_id }) {
    const { init } = this;
    return init.channel === channel && init.quality === quality && init.init_id === init_id;
  }
  /**
   * @param {FragmentEvent} fragment
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {number} lateMs how much longer than others it was on its way
   */
  push(fragment, bytes, lateMs = 0) {
    if (this.sequence >= 0 && fragment.sequence !== this.sequence + 1) {
      this.counters.holes += 1;
      this.needsKey = true;
    }
    this.sequence = fragment.sequence;
    if (this.needsKey && !fragment.keyframe) return;
    this.needsKey = false;
    if (fragment.keyframe) this.keyPts = fragment.pts;
    const samples = samplesOf(fragment, bytes);
    this.newestPts = samples.at(-1)?.pts ?? this.newestPts;
    const behind = this.newestPts - this.shownPts() > MAX_WAIT_MS * TICKS_PER_MS;
    if (fragment.cached) {
      if (behind) this.raiseFloor();
    } else {
      this.#followLiveEdge(lateMs, fragment.keyframe);
    }
    this.decoder.decode(samples, fragment.keyframe, bytes);
  }
  /**
   * @param {number} lateMs
   * @param {boolean} keyframe
   */
  #followLiveEdge(lateMs, keyframe) {
    if (lateMs > STALL_MS && !this.catchingUp) this.counters.jumps += 1;
    this.catchingUp = lateMs > (this.catchingUp ? ON_TIME_MS : STALL_MS);
    if (!this.catchingUp) return;
    this.raiseFloor();
    if (keyframe) this.decoder.skipToKeyframe();
  }
  /** Draw nothing that is older than the newest frame received. */
  raiseFloor() {
    this.setFloor(this.newestPts - this.decoder.lookBackTicks - 1);
  }
  /** Whether the track fell so far behind that only the newest GOP is worth decoding. */
  get isStalled() {
    const late = this.newestPts - this.outPts > STALL_MS * TICKS_PER_MS;
    return late && !this.paused && this.outPts > -Infinity && this.keyPts > Math.max(this.outPts, this.#resyncedKeyPts);
  }
  /** Jump to the newest GOP and draw only its end. */
  resync() {
    this.#resyncedKeyPts = this.keyPts;
    this.counters.jumps += 1;
    this.dropFrames();
    this.raiseFloor();
    this.restart();
  }
  /** @override @param {number} pts */
  take(pts) {
    const taken = super.take(pts);
    if (taken.frame) this.letGo();
    return taken;
  }
  close() {
    this.closed = true;
    this.isOpen = false;
    this.dropFrames();
    this.decoder.close();
  }
  /** @param {boolean} paused */
  setPaused(paused) {
    if (this.paused === paused) return;
    this.paused = paused;
    this.isOpen = !paused && !this.closed;
    if (!paused) this.resync();
    else this.dropFrames();
  }
  get queued() {
    return this.owed.size;
  }
  /** Start again from the newest keyframe. */
  restart() {
    this.decoder.restart();
  }
  /** Look whether there is a frame that was not announced yet. Once per animation frame. */
  look() {
    this.decoder.look();
  }
  /** Go on from the frame it waits at. */
  letGo() {
    this.heldPts = Infinity;
    this.decoder.resume();
  }
  /** Wait at this frame until it is drawn. @param {number} pts */
  hold(pts) {
    this.heldPts = pts;
    this.heldSinceMs = performance.now();
  }
};
function samplesOf(fragment, bytes) {
  return parseFragment(bytes).map((sample, index) => {
    const info = fragment.frames?.[index];
    const pts = info?.pts ?? sample.pts;
    const capturedAtMs = fragment.captured_at * 1e3 + (pts - fragment.pts) / TICKS_PER_MS;
    const boxesPts = info?.detections_pts ?? null;
    const boxAgeMs = boxesPts === null ? null : (pts - boxesPts) / TICKS_PER_MS;
    return { ...sample, pts, meta: { pts, capturedAtMs, boxAgeMs } };
  });
}

// ../../src/streamlab/web/player/tracks.js
var MAX_INITS = 128;
var Tracks = class {
  /** @type {"webcodecs" | "mse"} */
  mode = "webcodecs";
  /** @type {Map<string, InitEvent>} */
  #inits = /* @__PURE__ */ new Map();
  /** @type {Set<Channel>} channels whose fragments continue a track; any other starts one */
  #continued = /* @__PURE__ */ new Set();
  /** @type {Map<string, Track>} made while the server is asked for what they will play */
  #spares = /* @__PURE__ */ new Map();
  /** @param {Counters} counters @param {() => number} shownPts */
  constructor(counters, shownPts) {
    this.counters = counters;
    this.shownPts = shownPts;
  }
  /** @param {InitEvent} init */
  receiveInit(init) {
    const key = keyOf2(init);
    this.#inits.delete(key);
    this.#inits.set(key, init);
    if (this.#inits.size > MAX_INITS) this.#inits.delete(this.#inits.keys().next().value ?? "");
  }
  /** Start a new track with the next fragment of these channels; of all without any. @param {Channel[]} [channels] */
  begin(channels) {
    for (const each of channels ?? [...this.#continued]) this.#continued.delete(each);
  }
  /**
   * @param {Picture} picture
   * @param {FragmentEvent} fragment
   * @returns {Track | null} null while its init segment is not known
   */
  of(picture, fragment) {
    const continues = this.#continued.has(fragment.channel);
    this.#continued.add(fragment.channel);
    const fitting = picture.tracks.reverse().find((track2) => track2.fits(fragment));
    if (fitting && continues) return fitting;
    const key = keyOf2(fragment);
    const init = this.#inits.get(key);
    if (!init) return null;
    const track = this.#spares.get(key) ?? this.#make(init);
    this.#spares.delete(key);
    track.setPaused(document.hidden);
    picture.expect(track);
    return track;
  }
  /**
   * Set up what will play these channels, if their encoding is known from before: that takes as
   * long as the server takes to answer.
   *
   * @param {Channel[]} channels
   * @param {Quality} quality
   */
  prepare(channels, quality) {
    this.dropPrepared();
    const inits = [...this.#inits.values()].reverse();
    for (const channel of channels) {
      const wanted = qualityOf(channel, quality);
      const init = inits.find((each) => each.channel === channel && each.quality === wanted);
      if (init) this.#spares.set(keyOf2(init), this.#make(init));
    }
  }
  dropPrepared() {
    for (const track of this.#spares.values()) track.close();
    this.#spares.clear();
  }
  close() {
    this.dropPrepared();
    this.#inits.clear();
  }
  /** @param {InitEvent} init */
  #make(init) {
    const Decoder = this.mode === "mse" ? MseDecoder : WebCodecsDecoder;
    return new Track(init, this.counters, this.shownPts, (track) => new Decoder(track));
  }
};
var keyOf2 = ({ channel, quality, init_id }) => `${channel}/${quality}/${init_id}`;

// ../../src/streamlab/web/player/http.js
var ProblemError = class _ProblemError extends PlainError {
  /**
   * @param {number} status
   * @param {Problem} problem
   * @param {number | null} retryAfterMs
   */
  constructor(status, problem, retryAfterMs = null) {
    super(problemWords(status, problem));
    this.status = status;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
  /** @param {Response} response */
  static async of(response) {
    const problem = await response.json().catch(() => ({}));
    const detail = typeof problem.detail === "string" ? problem.detail : void 0;
    const retryAfterS = Number(response.headers.get("Retry-After") ?? NaN);
    return new _ProblemError(
      response.status,
      { ...problem, detail },
      Number.isFinite(retryAfterS) ? retryAfterS * 1e3 : null
    );
  }
};

// ../../src/streamlab/web/player/view_control.js
var SWITCH_TRIES = 12;
var SWITCH_PAUSE_MS = 150;
var ViewControl = class {
  /** @type {string | null} of the connection, while there is one */
  connectionId = null;
  /** @type {VideoView} what the connection carries of the pictures */
  video = RAW;
  hasDetections = false;
  #isClosed = false;
  /** @type {Promise<void> | null} */
  #changing = null;
  /**
   * @param {Control} control
   * @param {View} view
   * @param {Quality} quality
   * @param {ViewEvents} events
   */
  constructor(control, view, quality, events) {
    this.control = control;
    this.wanted = view;
    this.view = view;
    this.quality = quality;
    this.events = events;
  }
  /** What a new connection should carry. */
  get query() {
    return {
      initial_channel: videoOf(this.wanted),
      raw_quality: this.quality,
      annotated_quality: qualityOf(ANNOTATED, this.quality)
    };
  }
  close() {
    this.#isClosed = true;
  }
  /**
   * Rejects, and wants what was shown before, when the server refuses. Of several calls at once
   * the last one wins.
   *
   * @param {View} view
   */
  setView(view) {
    this.#want(canonical(view));
    this.#changing ??= this.#reachWanted().finally(() => this.#changing = null);
    return this.#changing;
  }
  /** Rejects, and stays as it was, when the server refuses. @param {Quality} quality */
  async setQuality(quality) {
    const before = this.quality;
    this.quality = quality;
    this.events.onWanted();
    try {
      if (this.connectionId && quality !== before) await this.#switch(this.video);
    } catch (error) {
      this.quality = before;
      this.events.onWanted();
      throw error;
    }
  }
  /** The server sends something else by its own decision: want that. */
  acceptVideo() {
    this.#want(this.video);
  }
  /** @param {View} view */
  #want(view) {
    this.wanted = view;
    this.events.onWanted();
  }
  async #reachWanted() {
    try {
      while (!this.#isClosed && this.connectionId) {
        const { wanted } = this;
        await this.#reach(wanted, this.connectionId);
        if (wanted === this.wanted) break;
      }
    } catch (error) {
      this.#want(this.view);
      throw error;
    }
    if (!this.#isClosed) this.events.onReached(this.wanted);
  }
  /**
   * @param {View} view
   * @param {string} connectionId
   */
  async #reach(view, connectionId) {
    const channel = "detections";
    if (view === "overlay" && !this.hasDetections) {
      await this.control.subscribe({ connectionId, channel });
      this.hasDetections = true;
    }
    if (this.video !== videoOf(view)) await this.#switch(videoOf(view));
    if (view !== "overlay" && this.hasDetections) {
      await this.control.unsubscribe({ connectionId, channel });
      this.hasDetections = false;
    }
  }
  /**
   * Ask for a switch; ask again while the new channel has no keyframe yet (504), for the old one
   * goes on meanwhile and its encoder is being started.
   *
   * @param {VideoView} channel
   */
  async #switch(channel) {
    const quality = qualityOf(channel, this.quality);
    this.events.onAsk(channelsOf(channel), quality);
    for (let attempt = 1; this.connectionId; attempt += 1) {
      try {
        await this.control.switch({ connectionId: this.connectionId, channel, quality });
        this.video = channel;
        return;
      } catch (error) {
        const isEarly = error instanceof ProblemError && error.status === 504;
        if (!isEarly || attempt >= SWITCH_TRIES) {
          this.events.onRefused();
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, SWITCH_PAUSE_MS));
      }
    }
  }
};

// ../../src/streamlab/web/player/parts.js
function partsOf2(options, meter, listener) {
  const { container, cameraId, captureSize = null, control, transport } = options;
  const stage = new Stage({ container, cameraId, captureSize, meter, onDrawn: listener.onDrawn });
  const tracks = new Tracks(meter.counters, () => stage.shownPts);
  const views = new ViewControl(control, canonical(options.view ?? RAW), options.quality ?? "medium", {
    onWanted: () => transport.query = views.query,
    onReached: (view) => listener.setView(view, "client"),
    onAsk: (channels, quality) => {
      meter.askSwitch();
      tracks.prepare(channels, quality);
    },
    onRefused: () => tracks.dropPrepared()
  });
  const receiver = new Receiver(listener, { meter, stage, tracks, views });
  const pause = new Pause(stage, (name, data) => receiver.receive(name, data));
  stage.overlay = views.view === "overlay";
  stage.layOut(channelsOf(views.view));
  return { stage, tracks, views, receiver, pause };
}

// ../../src/streamlab/web/player/playback.js
async function playbackMode(codec = "avc1.42c01e") {
  if ("VideoDecoder" in globalThis) {
    const { supported } = await VideoDecoder.isConfigSupported({ codec });
    if (supported) return "webcodecs";
  }
  const mse = "MediaSource" in globalThis && MediaSource.isTypeSupported(`video/mp4; codecs="${codec}"`);
  return mse ? "mse" : null;
}

// ../../src/streamlab/web/player/clock.js
var CLOCK_STEP_MS = 2;
var CLOCK_WINDOW_MS = 1e4;
var ServerClock = class {
  #lowerMs = -Infinity;
  #earlierMs = -Infinity;
  #upperMs = Infinity;
  #sinceMs = 0;
  /**
   * @param {number} serverMs
   * @param {number} nowMs
   * @param {number} requestedAtMs 0 when it is not known
   */
  connected(serverMs, nowMs, requestedAtMs) {
    this.#lowerMs = serverMs - nowMs;
    this.#earlierMs = -Infinity;
    this.#sinceMs = nowMs;
    this.#upperMs = requestedAtMs ? serverMs - requestedAtMs : Infinity;
  }
  /**
   * @param {number} serverMs
   * @param {number} nowMs
   */
  heard(serverMs, nowMs) {
    if (nowMs - this.#sinceMs > CLOCK_WINDOW_MS) {
      this.#earlierMs = this.#lowerMs;
      this.#lowerMs = -Infinity;
      this.#sinceMs = nowMs;
    }
    this.#lowerMs = Math.max(this.#lowerMs, serverMs - nowMs);
  }
  get #boundMs() {
    return Math.max(this.#lowerMs, this.#earlierMs);
  }
  /**
   * Return how much longer than the quickest this stamp was on its way, ms.
   *
   * @param {number} serverMs
   * @param {number} nowMs
   */
  lateMs(serverMs, nowMs) {
    return nowMs + this.#boundMs - serverMs;
  }
  /** Server time minus ours, ms. */
  get offsetMs() {
    const [lower, upper] = [this.#boundMs, this.#upperMs];
    if (lower === -Infinity || lower <= CLOCK_STEP_MS && upper >= -CLOCK_STEP_MS) return 0;
    return upper === Infinity ? lower : (lower + upper) / 2;
  }
};

// ../../src/streamlab/web/player/meter.js
var LATENCY_SAMPLES = 300;
var SWITCH_SAMPLES = 100;
var Counters = class {
  /** Frames drawn, per canvas. */
  shown = 0;
  /** Frames that came too late to be drawn, or that were jumped over. */
  skipped = 0;
  /** Frames that not all channels had. */
  unpaired = 0;
  /** Decoded frames thrown away because nobody drew them in time. */
  overflowed = 0;
  /** Jumps to the newest GOP after a hidden tab or a stall. */
  jumps = 0;
  /** `gap` events after which something was missing, and holes that no `gap` announced. */
  gaps = 0;
  holes = 0;
  decodeErrors = 0;
  reconnects = 0;
  /** The most decoded frames that ever waited on one track. */
  peakFrames = 0;
};
var Samples = class {
  /** @type {number[]} */
  #values = [];
  #next = 0;
  count = 0;
  last = NaN;
  /** @param {number} capacity */
  constructor(capacity) {
    this.capacity = capacity;
  }
  /** @param {number} value */
  add(value) {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.capacity;
    this.count += 1;
    this.last = value;
  }
  /** @param {number} fraction 0..1 @returns {number | null} */
  quantile(fraction) {
    if (!this.#values.length) return null;
    const sorted = [...this.#values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))];
  }
  clear() {
    this.#values = [];
    this.#next = 0;
  }
};
var Meter = class {
  clock = new ServerClock();
  counters = new Counters();
  latencyMs = new Samples(LATENCY_SAMPLES);
  switchMs = new Samples(SWITCH_SAMPLES);
  fps = 0;
  bitrate = 0;
  /** @type {number | null} */
  boxAgeMs = null;
  bytes = 0;
  #draws = 0;
  #switchAskedMs = 0;
  #sinceMs = performance.now();
  /** @param {number} capturedAtMs */
  drawn(capturedAtMs) {
    this.#draws += 1;
    const latencyMs = Date.now() + this.clock.offsetMs - capturedAtMs;
    if (Number.isFinite(latencyMs)) this.latencyMs.add(latencyMs);
  }
  /** A switch is asked for: how long it takes is measured until its first frame is drawn. */
  askSwitch() {
    this.#switchAskedMs = performance.now();
  }
  /** The switch changes nothing that is shown, so there is nothing to wait for. */
  forgetSwitch() {
    this.#switchAskedMs = 0;
  }
  switched() {
    if (this.#switchAskedMs) this.switchMs.add(performance.now() - this.#switchAskedMs);
    this.#switchAskedMs = 0;
  }
  tick() {
    const nowMs = performance.now();
    const seconds = (nowMs - this.#sinceMs) / 1e3;
    this.fps = this.#draws / seconds;
    this.bitrate = this.bytes * 8 / seconds;
    this.#draws = 0;
    this.bytes = 0;
    this.#sinceMs = nowMs;
  }
};

// ../../src/streamlab/web/player/stats.js
function statsOf(player, meter, stage) {
  const { latencyMs, switchMs, counters, fps, bitrate, boxAgeMs, clock } = meter;
  const { tracks, shownPts } = stage;
  const { connection } = player;
  const sync = syncOf(player.sync, player.view);
  return {
    mode: player.mode,
    view: player.view,
    state: player.state.state,
    isPaused: player.isPaused,
    latencyP50Ms: latencyMs.quantile(0.5),
    latencyP95Ms: latencyMs.quantile(0.95),
    shownDriftMs: stage.driftMs,
    behind: [...stage.behind].join(", ") || null,
    serverDriftMs: sync?.drift_ms ?? null,
    freshFraction: sync?.fresh_fraction ?? null,
    freshnessDetail: freshnessDetail(player),
    fault: player.fault,
    syncState: sync?.state ?? null,
    syncToleranceMs: player.sync?.sync_tolerance_ms ?? connection?.sync_tolerance_ms ?? null,
    playoutDelayMs: player.sync?.playout_delay_ms ?? connection?.playout_delay_ms ?? null,
    fps,
    bitrate,
    boxAgeMs,
    switches: switchMs.count,
    switchLastMs: switchMs.count ? switchMs.last : null,
    switchP50Ms: switchMs.quantile(0.5),
    switchP95Ms: switchMs.quantile(0.95),
    shownPts: shownPts > -Infinity ? shownPts : null,
    queuedDecodes: tracks.reduce((sum, track) => sum + track.queued, 0),
    queuedFrames: tracks.reduce((sum, track) => sum + track.frames.length, 0),
    clockOffsetMs: clock.offsetMs,
    ...counters
  };
}
function freshnessDetail({ view, health }) {
  const details = annotatedOf(view).map((channel) => health.get(channel)?.sync?.freshness_detail);
  return details.find(Boolean) ?? "";
}

// ../../src/streamlab/web/player/readings.js
var Readings = class {
  /** @type {"webcodecs" | "mse" | null} */
  mode = null;
  /** @type {PlayerState} */
  state = { state: "connecting", detail: "" };
  meter = new Meter();
  /** @type {import("./parts.js").Parts} */
  parts = (
    /** @type {any} */
    null
  );
  // set by the player that is built on this
  /** The newest `connected` event; its `connection_id` is empty while there is no connection. */
  get connection() {
    return this.parts.receiver.connection;
  }
  get sync() {
    return this.parts.receiver.sync;
  }
  get health() {
    return this.parts.receiver.health;
  }
  get view() {
    return this.parts.views.view;
  }
  get quality() {
    return this.parts.views.quality;
  }
  /** Whether the picture stands still because the person asked for that. */
  get isPaused() {
    return this.parts.pause.isOn;
  }
  /** Of the captured frame, px, for boxes that are drawn here. @param {{width: number, height: number} | null} size */
  set captureSize(size) {
    this.parts.stage.captureSize = size;
  }
  /** What does not work in the channels that are shown, or whose boxes are, in words. */
  get fault() {
    const names = /* @__PURE__ */ new Set([...channelsOf(this.view), ...annotatedOf(this.view)]);
    return faultWords([...names].flatMap((name) => this.health.get(name) ?? []));
  }
  /** What was measured, on frames that were drawn. Times in ms, `null` where nothing is known. */
  stats() {
    return statsOf(this, this.meter, this.parts.stage);
  }
  /** What is shown now: its pts (1/90000 s), the canvases, and the boxes of annotated channels. */
  frame() {
    const { shownPts, pictures, boxes } = this.parts.stage;
    const shown = pictures.filter(({ canvas }) => canvas.dataset.channel);
    const found = annotatedOf(this.view).map((name) => [name, boxes.at(name, shownPts)?.boxes ?? []]);
    return {
      pts: shown.length ? shownPts : null,
      pictures: shown.map(({ canvas }) => ({ channel: canvas.dataset.channel ?? "", canvas })),
      boxes: Object.fromEntries(found)
    };
  }
};

// ../../src/streamlab/web/player/player.js
var DualPlayer = class extends Readings {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticker;
  #destroyed = false;
  /** @type {[name: string, data: any][]} what came before it was known how to play */
  #early = [];
  /** @param {PlayerOptions} options */
  constructor(options) {
    super();
    this.options = options;
    this.parts = partsOf2(options, this.meter, {
      say: (state) => this.#say(state),
      setView: (view, reason) => this.#setView(view, reason),
      onConnected: () => this.setView(this.parts.views.wanted).catch((error) => this.#refused(error)),
      onHealth: () => options.onHealth?.(this.fault),
      hasEnded: () => this.state.state === "ended",
      requestedAtMs: () => options.transport.requestedAtMs ?? 0,
      onDrawn: (pts, channels) => this.#onDrawn(pts, channels)
    });
  }
  /** Connect, and choose how to play. Ends as `failed` where this browser can play in no way. */
  async start() {
    const mode = playbackMode();
    await null;
    if (this.#destroyed) return;
    this.options.transport.query = this.parts.views.query;
    this.options.transport.start(
      (name, data) => this.receive(name, data),
      (state) => this.#onTransport(state)
    );
    this.mode = await mode;
    if (this.#destroyed) return;
    if (!this.mode) {
      const detail = "This browser can decode H.264 neither with WebCodecs nor with Media Source.";
      this.options.transport.close();
      this.#say({ state: "failed", detail });
      return;
    }
    this.parts.tracks.mode = this.mode;
    this.#ticker = setInterval(() => this.#tick(), 1e3);
    this.parts.stage.start();
    for (const [name, data] of this.#early.splice(0)) this.receive(name, data);
  }
  /** Free everything: decoders, frames, timers, elements, the transport. */
  destroy() {
    this.#destroyed = true;
    this.options.transport.close();
    clearInterval(this.#ticker);
    this.parts.views.close();
    this.parts.stage.close();
    this.parts.tracks.close();
  }
  /**
   * Show another view on the running connection. Rejects, and stays as it was, when the server
   * refuses. Of several calls at once the last one wins.
   *
   * @param {View} view
   */
  setView(view) {
    if (canonical(view) !== this.view) this.resume();
    return this.parts.views.setView(view);
  }
  /** Raw to annotated and back. */
  switch() {
    return this.setView(this.parts.views.wanted === ANNOTATED ? RAW : ANNOTATED);
  }
  /** Show another quality; rejects, and stays as it was, when the server refuses. @param {Quality} quality */
  setQuality(quality) {
    this.resume();
    return this.parts.views.setQuality(quality);
  }
  /** Let the picture stand still; what comes meanwhile waits, within bounds. */
  pause() {
    this.parts.pause.start();
  }
  /** Show the next frame of a picture that stands still. */
  step() {
    this.parts.pause.step();
  }
  /** Show what is live again, from the newest GOP on. */
  resume() {
    this.parts.pause.end();
  }
  /** Connect again, also after the stream has ended or was refused. */
  restart() {
    this.resume();
    this.options.transport.restart?.();
  }
  /** Take one event of the protocol. @param {string} name @param {any} data */
  receive(name, data) {
    if (this.#destroyed) return;
    if (!this.mode) this.#early.push([name, data]);
    else if (!this.parts.pause.holds(name, data)) this.parts.receiver.receive(name, data);
  }
  /** @param {PlayerState} state */
  #onTransport(state) {
    if (this.#destroyed) return;
    if (state.state !== "live") this.parts.receiver.disconnect();
    this.#say(state);
  }
  /** @param {PlayerState} state */
  #say(state) {
    this.state = state;
    this.options.onState?.(state);
  }
  /**
   * @param {View} view
   * @param {"client" | "degraded" | "refused"} reason
   */
  #setView(view, reason) {
    if (view === this.view) return;
    this.parts.views.view = view;
    this.parts.stage.overlay = view === "overlay";
    this.meter.latencyMs.clear();
    this.options.onView?.(view, reason);
  }
  /**
   * The server would not give the view that was shown before a reconnect, or asked for at first.
   *
   * @param {unknown} error
   */
  #refused(error) {
    this.parts.views.acceptVideo();
    this.#setView(this.parts.views.video, "refused");
    this.options.onRefused?.(error instanceof Error ? error : new Error(String(error)));
  }
  /** @param {number} pts @param {string[]} channels */
  #onDrawn(pts, channels) {
    if (this.state.state !== "live" && this.parts.receiver.sourceIsLive && this.connection?.connection_id)
      this.#say({ state: "live", detail: "The camera is live." });
    this.options.onShown?.({ pts, channels, nowMs: Date.now() });
  }
  #tick() {
    this.meter.tick();
    this.options.onStats?.(this.stats());
  }
};

// ../../src/streamlab/web/kit/tile.js
var FIGURES_TITLE = "Measured here over the last second; a dash while no new picture is shown.";
var Tile = class {
  name = element("h2", { className: "tile-name" });
  state = element("span", { className: "tile-state" });
  figures = element("span", { className: "tile-figures", title: FIGURES_TITLE });
  controls = element("div", { className: "tile-controls" });
  message = new TileMessage();
  stage = element("div", { className: "tile-stage" });
  bar = element("div", { className: "tile-bar" }, this.name, this.state, this.figures, this.controls);
  element = element("article", { className: "streamlab-tile" }, this.bar, this.message.element, this.stage);
  views = new ViewButtons();
  playback = new PlaybackButtons();
  #retryAtMs = NaN;
  #actionWords = "";
  #wasLost = false;
  /**
   * @param {TileOptions & Pick<PlayerOptions, "transport" | "control" | "onState" | "onView" | "onStats" | "onHealth" | "onShown">} options
   */
  constructor(options) {
    const { camera, quality = "medium", controls = [] } = options;
    const { camera_id: cameraId } = camera;
    this.options = options;
    this.camera = camera;
    this.quality = qualitySelect(quality);
    this.quality.addEventListener("change", () => this.#changeQuality());
    this.element.dataset.camera = cameraId;
    this.element.dataset.opens = String(options.onOpen !== void 0);
    this.name.append(options.onOpen ? nameButton(cameraId) : cameraId);
    this.controls.append(...controlsOf(controls, this));
    this.element.addEventListener("click", (event) => this.#onClick(event));
    this.player = new DualPlayer({
      ...options,
      container: this.stage,
      cameraId,
      onState: (state) => this.#onState(state),
      onView: (next, reason) => this.#onView(next, reason),
      onRefused: (error) => this.tell(errorWords(error)),
      onStats: (stats) => this.#onStats(stats),
      onHealth: (fault) => this.#onHealth(fault)
    });
    this.#showView(this.player.view);
    this.know(camera);
    void this.player.start();
  }
  /** Take what the list of cameras says about this one. @param {TileCamera} camera */
  know(camera) {
    this.camera = camera;
    const { width, height, channels = [] } = camera;
    if (width && height) this.player.captureSize = { width, height };
    this.element.style.setProperty("--ratio", String(shownRatio(camera)));
    this.views.offer(channels.map(({ name = "" }) => name));
    this.#show();
  }
  /** Say what came of an action, until the next one. @param {string} text */
  tell(text) {
    this.#actionWords = text;
    this.#show();
  }
  /** @param {string} action @returns {boolean} whether there is such an action */
  act(action) {
    const { player } = this;
    const view = viewOfAction(action);
    if (view) this.attempt(player.setView(view));
    else if (action === "switch") this.attempt(player.switch());
    else if (action === "save") this.attempt(saveFrame(player));
    else if (action === "retry") player.restart();
    else if (action === "pause") player.isPaused ? player.resume() : player.pause();
    else if (action === "step") player.step();
    else return false;
    if (view && player.state.state === "failed") player.restart();
    this.#show();
    return true;
  }
  /** Say it if a change does not come about. @param {Promise<unknown>} change */
  attempt(change) {
    this.tell("");
    change.catch((error) => this.tell(errorWords(error)));
  }
  destroy() {
    this.player.destroy();
    this.element.remove();
  }
  /** @param {Event} event */
  #onClick(event) {
    const control = pressed(event, "[data-action], select");
    if (!control) this.options.onOpen?.();
    else if (this.act(control.dataset.action ?? "")) event.stopPropagation();
  }
  #changeQuality() {
    const quality = (
      /** @type {Quality} */
      this.quality.value
    );
    const change = this.player.setQuality(quality);
    this.attempt(change.finally(() => this.#showQuality()));
  }
  #showQuality() {
    const { quality } = this.player;
    this.quality.value = quality;
    this.options.onQuality?.(quality);
  }
  /** @param {PlayerState} state */
  #onState(state) {
    this.#retryAtMs = state.retryInMs ? Date.now() + state.retryInMs : NaN;
    const isLive = state.state === "live";
    if (isLive && this.#wasLost) this.#actionWords = "";
    this.#wasLost = !isLive && (this.#wasLost || state.state === "retrying");
    this.#show();
    this.options.onState?.(state);
  }
  /** @type {NonNullable<PlayerOptions["onView"]>} */
  #onView(view, reason) {
    this.#showView(view);
    if (reason === "degraded") this.tell("The annotated picture cannot keep up, so the raw one is shown.");
    this.options.onView?.(view, reason);
  }
  /** @param {PlayerStats} stats */
  #onStats(stats) {
    this.#show(stats);
    this.options.onStats?.(stats);
  }
  /** @param {string} fault */
  #onHealth(fault) {
    this.#show();
    this.options.onHealth?.(fault);
  }
  /** @param {View} view */
  #showView(view) {
    this.views.show(view);
    this.stage.dataset.view = view;
    const count = String(channelsOf(view).length);
    this.stage.dataset.count = count;
    this.stage.style.setProperty("--count", count);
  }
  /** @param {PlayerStats} [stats] */
  #show(stats) {
    const { player, camera, element: tile } = this;
    const { state } = player.state;
    const problem = pictureProblem(player.state, camera);
    const fault = together(player.fault, faultsOf(camera));
    Object.assign(tile.dataset, { state, paused: player.isPaused, faulty: Boolean(problem || fault) });
    this.playback.show(player.isPaused);
    write(this.state, stateWord(player, camera));
    this.message.show(problem, [fault, this.#actionWords], {
      retryAtMs: this.#retryAtMs || retryAtMs(camera),
      canRetry: state === "failed" || state === "ended"
    });
    if (stats || state !== "live" || player.isPaused) write(this.figures, figuresLine(player, stats));
  }
};

// ../../src/streamlab/web/notebook/lab_controls.js
var FAULTS = (
  /** @type {[string, object][]} */
  [
    ["Detector stalls for 1 s", { faults: { stall_ms: 1e3 }, seconds: 2 }],
    ["Detector dead for 3 s", { faults: { detector_dead: true }, seconds: 3 }],
    ["Detector overloaded for 5 s", { faults: { preset: "overload" }, seconds: 5 }],
    ["Source stalls for 1 s", { faults: { source_stall_ms: 1e3 }, seconds: 2 }],
    ["Frames get lost for 5 s", { faults: { preset: "lost frames" }, seconds: 5 }],
    ["End all faults", { faults: {} }]
  ]
);
var LabControls = class {
  tolerance = element("input", { type: "range", min: "1", max: "200", step: "1", dataset: { action: "tolerance" } });
  toleranceWords = element("output");
  policy = element("select", { dataset: { action: "policy" } });
  faults = element("details", { className: "sl-faults" });
  detector = element("span", { className: "sl-detector" });
  element = element(
    "div",
    { className: "sl-controls", role: "group", ariaLabel: "Synchronisation and faults" },
    element("label", { title: "How far apart the two channels may leave" }, "Tolerance", this.tolerance, this.toleranceWords),
    element("label", { title: "How the two channels are kept together" }, "Policy", this.policy),
    this.detector,
    this.faults
  );
  #isHeld = false;
  /** @param {string[]} policies @param {Ask} ask */
  constructor(policies, ask) {
    this.ask = ask;
    this.policy.append(...policies.map((name) => element("option", {}, name)));
    this.#addFaults();
    this.tolerance.addEventListener("input", () => this.#hold());
    this.tolerance.addEventListener("change", () => void this.#setTolerance());
    this.policy.addEventListener("change", () => {
      this.policy.blur();
      void this.ask("sync", { values: { policy: this.policy.value } });
    });
  }
  /** @param {string} policy @param {number} toleranceMs */
  showSync(policy, toleranceMs) {
    if (document.activeElement !== this.policy) this.policy.value = policy;
    if (this.#isHeld) return;
    if (toleranceMs > Number(this.tolerance.max)) this.tolerance.max = String(toleranceMs);
    this.tolerance.value = String(toleranceMs);
    write(this.toleranceWords, msWords(toleranceMs));
  }
  /** @param {string} detector @param {Record<string, unknown>} faults what is wrong on purpose */
  showCamera(detector, faults) {
    write(this.detector, detector === "none" ? "No detector" : `Detector ${detector}`);
    this.faults.dataset.active = String(Object.keys(faults).length > 0);
  }
  #addFaults() {
    const buttons = FAULTS.map(
      ([words], index) => element("button", { type: "button", dataset: { action: `fault-${index}` } }, words)
    );
    this.faults.append(
      element("summary", { title: "Have something go wrong" }, "Faults"),
      element("div", { className: "sl-menu" }, ...buttons)
    );
    this.faults.addEventListener("click", (event) => {
      const action = pressed(event, "button")?.dataset.action;
      const fault = FAULTS.find((_, index) => action === `fault-${index}`);
      if (!fault) return;
      this.faults.open = false;
      void this.ask("inject", fault[1]);
    });
    this.faults.addEventListener("focusout", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && this.faults.contains(relatedTarget))) this.faults.open = false;
    });
    this.faults.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.faults.open) return;
      event.stopPropagation();
      this.faults.open = false;
      this.faults.querySelector("summary")?.focus();
    });
  }
  #hold() {
    this.#isHeld = true;
    write(this.toleranceWords, msWords(Number(this.tolerance.value)));
  }
  async #setTolerance() {
    await this.ask("sync", { values: { sync_tolerance_ms: Number(this.tolerance.value) } });
    this.#isHeld = false;
  }
};

// ../../src/streamlab/web/player/comm_credit.js
var ACK_BYTES = 256 << 10;
var ACK_MS = 1e3;
var Credit = class {
  #number = 0;
  #ackedNumber = 0;
  #ackedMs = 0;
  #unackedBytes = 0;
  /** @param {(number: number) => void} acknowledge tells the kernel which batch was the last */
  constructor(acknowledge) {
    this.acknowledge = acknowledge;
  }
  /** Take so much of a batch. @param {number} number @param {number} bytes */
  receive(number, bytes) {
    this.#number = number;
    this.#unackedBytes += bytes;
  }
  /** Whether the kernel must hear before it sends more. */
  get isDue() {
    return this.#unackedBytes >= ACK_BYTES;
  }
  /** Whether it should hear after so long. @param {number} nowMs */
  isOverdue(nowMs) {
    return nowMs - this.#ackedMs >= ACK_MS;
  }
  /** Acknowledge all that was received, unless it was. */
  give() {
    if (this.#number === this.#ackedNumber) return;
    this.#ackedNumber = this.#number;
    this.#ackedMs = performance.now();
    this.#unackedBytes = 0;
    this.acknowledge(this.#number);
  }
  /** A new connection counts its batches anew. */
  restart() {
    this.#ackedNumber = 0;
  }
};

// ../../src/streamlab/web/player/sse.js
var MAX_EVENT_CHARS = 32 << 20;
var SseParser = class _SseParser {
  #text = "";
  #searched = 0;
  /**
   * @param {string} text
   * @returns {{event: string, data: string, id: string | null}[]}
   */
  push(text) {
    this.#text += text;
    if (this.#text.includes("\r")) {
      const held = this.#text.endsWith("\r") ? 1 : 0;
      const whole = this.#text.slice(0, this.#text.length - held).replace(/\r\n?/g, "\n");
      this.#text = whole + (held ? "\r" : "");
    }
    const events = [];
    let start = 0;
    for (; ; ) {
      const end = this.#text.indexOf("\n\n", Math.max(start, this.#searched));
      if (end < 0) break;
      const event = _SseParser.#event(this.#text.slice(start, end));
      if (event) events.push(event);
      start = end + 2;
    }
    this.#text = this.#text.slice(start);
    this.#searched = Math.max(0, this.#text.length - 2);
    if (this.#text.length > MAX_EVENT_CHARS) throw new RangeError("an event is too long");
    return events;
  }
  /** @param {string} block */
  static #event(block) {
    let event = "message";
    let id = null;
    const data = [];
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
      if (field === "event") event = value;
      else if (field === "id") id = value;
      else if (field === "data") data.push(value);
    }
    return data.length ? { event, data: data.join("\n"), id } : null;
  }
};

// ../../src/streamlab/web/player/comm.js
var ANNOUNCED = "";
var TICK_MS = 1e3;
var SILENCE_MS = 4e3;
var HIDDEN_MS = 5e3;
var KEEP_MS = 6e4;
var say = (model, content) => model.send(content);
var CommTransport = class {
  /** @type {Record<string, string>} */
  query = {};
  requestedAtMs = 0;
  viewId = Math.random().toString(36).slice(2);
  /** @type {(name: string, data: any) => void} */
  #onEvent = () => {
  };
  /** @type {(state: PlayerState) => void} */
  #onState = () => {
  };
  #parser = new SseParser();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticker;
  #state = (
    /** @type {"closed" | "open" | "paused" | "ended"} */
    "closed"
  );
  #connectionId = "";
  #owned = false;
  #askedMs = 0;
  #heardMs = 0;
  #keptMs = 0;
  #shownMs = 0;
  #attempts = 0;
  #credit = new Credit((number) => say(this.model, { type: "ack", view_id: this.viewId, number }));
  /**
   * @param {object} options
   * @param {Model} options.model
   * @param {() => boolean} [options.isShown] whether anybody could see the view
   * @param {(frames: FramesEvent) => void} [options.onFrames]
   */
  constructor({ model, isShown = () => true, onFrames = () => {
  } }) {
    this.model = model;
    this.isShown = isShown;
    this.onFrames = onFrames;
  }
  /**
   * @param {(name: string, data: any) => void} onEvent
   * @param {(state: PlayerState) => void} onState
   */
  start(onEvent, onState) {
    this.#onEvent = onEvent;
    this.#onState = onState;
    this.#shownMs = performance.now();
    this.model.on("msg:custom", this.#receive);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    window.addEventListener("pagehide", this.#leave);
    this.#open();
  }
  restart() {
    this.#open();
  }
  close() {
    this.model.off("msg:custom", this.#receive);
    window.removeEventListener("pagehide", this.#leave);
    clearInterval(this.#ticker);
    say(this.model, { type: "close", view_id: this.viewId });
    this.#state = "closed";
  }
  #open() {
    this.#state = "open";
    this.#heardMs = performance.now();
    this.#askedMs = Date.now();
    this.#parser = new SseParser();
    this.#onState({ state: "connecting", detail: "Waiting for the kernel." });
    say(this.model, { type: "open", view_id: this.viewId, query: this.query });
  }
  /** The page is left: it may come back, or another may show the widget. */
  #leave = () => say(this.model, { type: "leave", view_id: this.viewId });
  /** End the stream, but keep the widget for this view. */
  #keep() {
    this.#keptMs = performance.now();
    say(this.model, { type: "keep", view_id: this.viewId });
  }
  /** @param {any} content @param {DataView[]} buffers */
  #receive = (content, buffers) => {
    if (content.type === "reopen") {
      this.#forget();
      if (this.#state !== "paused") this.#open();
      return;
    }
    if (content.type === "refused" && content.view_id === this.viewId) this.#refuse(content);
    if (content.type !== "events" || this.#state !== "open") return;
    const mine = content.view_id === this.viewId;
    if (!mine && (content.view_id !== ANNOUNCED || this.#owned)) return;
    this.#owned = mine;
    this.requestedAtMs = mine ? this.#askedMs : 0;
    this.#heardMs = performance.now();
    this.#attempts = 0;
    this.#credit.receive(content.number, content.text.length);
    let next = 0;
    for (const { event, data } of this.#parser.push(content.text)) {
      const message = JSON.parse(data);
      if (event === "fragment") {
        message.data = buffers[next];
        this.#credit.receive(content.number, buffers[next].byteLength);
        next += 1;
      }
      this.#deliver(event, message);
    }
    if (this.#credit.isDue && this.#connectionId) this.#credit.give();
  };
  /** @param {string} event @param {any} message */
  #deliver(event, message) {
    if (event === "connected") {
      if (message.connection_id === this.#connectionId) return;
      this.#connectionId = message.connection_id;
      this.#credit.restart();
    }
    if (event === "frames") this.onFrames(message);
    else if (this.#connectionId) this.#onEvent(event, message);
    if (event === "end") {
      this.#state = "ended";
      if (message.reason === "server_shutdown")
        this.#onState({ state: "ended", detail: "The lab was closed." });
    }
  }
  #tick() {
    const nowMs = performance.now();
    if (this.isShown()) this.#shownMs = nowMs;
    const hidden = nowMs - this.#shownMs > HIDDEN_MS;
    if (this.#state === "paused" && !hidden) this.#open();
    if (this.#state !== "open") {
      if (nowMs - this.#keptMs > KEEP_MS) this.#keep();
      return;
    }
    if (hidden) {
      this.#keep();
      this.#forget();
      this.#state = "paused";
      this.#onState({ state: "connecting", detail: "Paused, because nobody can see it." });
      return;
    }
    if (this.#credit.isOverdue(nowMs) && this.#connectionId) this.#credit.give();
    if (nowMs - this.#heardMs > SILENCE_MS * 2 ** Math.min(this.#attempts, 3)) this.#again();
  }
  /** Nothing is heard: say so, and ask anew. */
  #again() {
    this.#attempts += 1;
    this.#forget();
    this.#open();
    const detail = "The kernel does not answer: it may be busy, restarting or gone.";
    this.#onState({ state: "retrying", detail });
  }
  #forget() {
    this.#owned = false;
    this.#connectionId = "";
  }
  /** @param {{detail: string, hint: string, status: number}} problem */
  #refuse({ detail, hint, status }) {
    this.#state = "ended";
    this.#onState({ state: "failed", detail: [detail, hint].filter(Boolean).join(". "), status });
  }
};

// ../../src/streamlab/web/player/comm_control.js
var UNANSWERED_MS = 1500;
var CommControl = class {
  /** @type {Map<number, {resolve: (value: unknown) => void, reject: (error: Error) => void}>} */
  #waiting = /* @__PURE__ */ new Map();
  #next = 1;
  /**
   * @param {{model: Model, viewId: string, onWaiting?: (waiting: boolean) => void}} options
   *   `onWaiting` is told when the kernel takes long to answer, and when it has answered
   */
  constructor({ model, viewId, onWaiting = () => {
  } }) {
    this.model = model;
    this.viewId = viewId;
    this.onWaiting = onWaiting;
    model.on("msg:custom", this.#receive);
  }
  close() {
    this.model.off("msg:custom", this.#receive);
    for (const { reject } of this.#waiting.values()) reject(new PlainError("The view was closed."));
    this.#waiting.clear();
  }
  /** @param {{connectionId: string, channel: VideoView, quality?: Quality}} request */
  switch({ channel, quality }) {
    return this.ask("switch", { channel, quality });
  }
  /** @param {{connectionId: string, channel: string}} request */
  subscribe({ channel }) {
    return this.ask("subscribe", { channel });
  }
  /** @param {{connectionId: string, channel: string}} request */
  unsubscribe({ channel }) {
    return this.ask("unsubscribe", { channel });
  }
  /**
   * @param {string} action
   * @param {object} values
   * @returns {Promise<unknown>} rejects with a ProblemError
   */
  async ask(action, values) {
    const id = this.#next;
    this.#next += 1;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    const late = setTimeout(() => this.onWaiting(true), UNANSWERED_MS);
    this.model.send({ type: "request", view_id: this.viewId, id, action, ...values });
    try {
      return await answer;
    } finally {
      clearTimeout(late);
      this.onWaiting(false);
    }
  }
  /** @param {any} content */
  #receive = (content) => {
    if (content.type !== "reply" || content.view_id !== this.viewId) return;
    const waiting = this.#waiting.get(content.id);
    this.#waiting.delete(content.id);
    if (content.ok) waiting?.resolve(null);
    else waiting?.reject(new ProblemError(content.status, content));
  };
};

// ../../src/streamlab/web/hosts/widget.js
var CHART_S2 = 20;
var BUSY2 = "The kernel is busy: this is done when its cell has ended.";
var CameraWidget = class {
  figures = new Figures({ chartS: CHART_S2 });
  /** @type {Partial<import("../kit/words.js").CameraHealth>} */
  #health = {};
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    const root = element("section", { className: "streamlab-view", tabIndex: -1, ariaLabel: `Camera ${model.get("camera_id")}` });
    this.root = root;
    el.append(root);
    this.transport = new CommTransport({
      model,
      isShown: () => root.isConnected && root.checkVisibility() && !document.hidden,
      onFrames: (frames) => this.#showFrames(frames)
    });
    const { viewId } = this.transport;
    this.control = new CommControl({ model, viewId, onWaiting: (isWaiting) => this.tile.tell(isWaiting ? BUSY2 : "") });
    this.controls = new LabControls(model.get("policies"), (action, values) => this.#ask(action, values));
    this.tile = this.#makeTile();
    this.#showStill(model.get("still") ?? "");
    root.append(this.tile.element, this.controls.element, this.figures.element);
    this.#onSync();
    this.#listen();
    Object.assign(root, { player: this.tile.player });
  }
  /** What is known of the camera, as the list of cameras says it elsewhere. */
  get camera() {
    const { model } = this;
    const [width, height] = [model.get("width"), model.get("height")];
    return { camera_id: model.get("camera_id"), source: model.get("source"), width, height, ...this.#health };
  }
  #makeTile() {
    const { model, transport, control } = this;
    return new Tile({
      camera: this.camera,
      transport,
      control,
      view: model.get("view"),
      quality: model.get("quality"),
      controls: ["views", "switch", "quality", "playback", "save"],
      onState: (state) => this.#showState(state),
      onView: (view) => this.#share("view", view),
      onQuality: (quality) => this.#share("quality", quality),
      onStats: (stats) => this.figures.show(stats, this.tile.player.quality)
    });
  }
  /** Ask the kernel, and say it if it refuses. @param {string} action @param {object} values */
  #ask(action, values) {
    const answer = this.control.ask(action, values);
    this.tile.attempt(answer);
    return answer.catch(() => {
    });
  }
  /** Let the kernel know what is shown. @param {string} name @param {string} value */
  #share(name, value) {
    if (this.model.get(name) === value) return;
    this.model.set(name, value);
    this.model.save_changes();
  }
  /** @param {FramesEvent} frames */
  #showFrames({ pts, drift_ms, sync_tolerance_ms, sync_policy, faults, source, detector }) {
    const timesS = pts.map((each) => each / TICKS_PER_S);
    this.figures.addFrames(timesS, drift_ms, sync_tolerance_ms);
    this.controls.showSync(sync_policy, sync_tolerance_ms);
    this.controls.showCamera(detector, faults);
    this.#health = source;
    this.tile.know(this.camera);
  }
  /** Show the picture that the notebook keeps until there is a live one. @param {string} url */
  #showStill(url) {
    const { stage } = this.tile;
    stage.style.background = url && `bottom / cover url(${url})`;
    stage.dataset.still = String(url !== "");
  }
  /** @param {PlayerState} state */
  #showState({ state }) {
    if (state === "live") this.#showStill("");
    this.controls.element.inert = state === "ended" || state === "failed";
  }
  #listen() {
    const { root, model } = this;
    root.dataset.lmSuppressShortcuts = "true";
    root.addEventListener("keydown", (event) => this.#onKey(event));
    model.on("change:view", this.#onView);
    model.on("change:quality", this.#onQuality);
    model.on("change:policy", this.#onSync);
    model.on("change:sync_tolerance_ms", this.#onSync);
  }
  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const key = keyOf(event);
    if (key === "escape") this.#leave();
    const action = TILE_KEYS[key ?? ""];
    if (!action) return;
    event.preventDefault();
    this.tile.act(action);
  }
  /** Give the keys back to the notebook. */
  #leave() {
    const around = this.root.parentElement?.closest("[tabindex]");
    if (around instanceof HTMLElement) around.focus();
  }
  #onView = () => {
    const { player } = this.tile;
    const view = this.model.get("view");
    if (view !== player.view) this.tile.attempt(player.setView(view));
  };
  #onQuality = () => {
    const { player, quality } = this.tile;
    quality.value = this.model.get("quality");
    if (quality.value !== player.quality) this.tile.attempt(player.setQuality(this.model.get("quality")));
  };
  #onSync = () => this.controls.showSync(this.model.get("policy"), this.model.get("sync_tolerance_ms"));
  close() {
    this.model.off("change:view", this.#onView);
    this.model.off("change:quality", this.#onQuality);
    this.model.off("change:policy", this.#onSync);
    this.model.off("change:sync_tolerance_ms", this.#onSync);
    this.tile.destroy();
    this.control.close();
    this.figures.close();
    this.root.remove();
  }
};
function render({ model, el }) {
  const widget = new CameraWidget(model, el);
  return () => widget.close();
}
var widget_default = { render };
export {
  widget_default as default
};
