// Built from the sources beside this folder by `make web`.

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
  const known = measured(values);
  const usual = known.length ? FAR * quantile(known.map(Math.abs), USUAL) : 0;
  const [greatest, least] = known.reduce(([most, low], each) => [Math.max(most, each), Math.min(low, each)], [0, 0]);
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

// ../../src/streamlab/web/kit/words.js
function msWords(ms) {
  if (ms == null) return "–";
  const digits = Math.abs(ms) < 9.95 ? 1 : 0;
  return `${ms.toFixed(digits).replace(/^-(0(\.0)?)$/, "$1")} ms`;
}

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

// ../../src/streamlab/web/kit/problems.js
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

// ../../src/streamlab/web/player/events.js
var TICKS_PER_S = 9e4;
var TICKS_PER_MS = TICKS_PER_S / 1e3;

// ../../src/streamlab/web/hosts/drift_plot.js
function render({ model, el }) {
  const name = model.get("camera_id");
  const title = element("p", { className: "sl-title" });
  const root = element("figure", { className: "streamlab-view streamlab-plot" }, title);
  el.append(root);
  const still = element("img", { src: model.get("still"), alt: `Drift of ${name}, as it was saved` });
  if (model.get("still")) root.append(still);
  const chart = new DriftChart(root, { seconds: model.get("seconds"), labelled: true });
  const onFrames = ({ pts, drift_ms, sync_tolerance_ms, sync_policy }) => {
    chart.add(
      pts.map((each) => each / TICKS_PER_S),
      drift_ms,
      sync_tolerance_ms
    );
    still.remove();
    write(title, `${name} · ${sync_policy} · ${chart.summary}`);
  };
  const transport = new CommTransport({
    model,
    isShown: () => root.isConnected && root.checkVisibility() && !document.hidden,
    onFrames
  });
  transport.query = { initial_channel: "none" };
  transport.start(
    () => {
    },
    ({ state, detail }) => {
      root.dataset.state = state;
      if (state !== "connecting") write(title, `${name} · ${detail}`);
    }
  );
  Object.assign(root, { chart });
  return () => {
    transport.close();
    chart.close();
    root.remove();
  };
}
var drift_plot_default = { render };
export {
  drift_plot_default as default
};
