/**
 * A camera in a notebook: its pictures, the controls that act on it, and what was measured.
 *
 * @module
 */

import { DriftChart } from "./chart.js";
import { CommControl, CommTransport } from "./comm.js";
import { DualPlayer } from "./player.js";

/** @typedef {import("./comm.js").Model} Model */
/** @typedef {import("./comm.js").FramesEvent} FramesEvent */
/** @typedef {import("./player.js").View} View */
/** @typedef {import("./player.js").PlayerState} PlayerState */

const CHART_S = 20;
const STATES = {
  connecting: "Connecting",
  live: "Live",
  retrying: "Kernel not heard",
  stalled: "Camera stalled",
  reconnecting: "Camera reconnecting",
  ended: "Ended",
  failed: "Not playing",
};
const VIEW_NAMES = /** @type {[View, string, string][]} */ ([
  ["raw", "Raw", "The picture as it was captured"],
  ["annotated", "Annotated", "With what the detector found"],
  ["both", "Both", "Side by side, the same frame in both"],
  ["overlay", "Overlay", "The raw picture, with boxes drawn here in the browser"],
]);
/** What can be made to go wrong: its name, and what the kernel is asked for. */
const FAULTS = /** @type {[string, object][]} */ ([
  ["Detector stalls for 1 s", { faults: { stall_ms: 1000 }, seconds: 2 }],
  ["Detector dead for 3 s", { faults: { detector_dead: true }, seconds: 3 }],
  ["Detector overloaded for 5 s", { faults: { preset: "overload" }, seconds: 5 }],
  ["Source stalls for 1 s", { faults: { source_stall_ms: 1000 }, seconds: 2 }],
  ["Frames get lost for 5 s", { faults: { preset: "lost frames" }, seconds: 5 }],
  ["End all faults", { faults: {} }],
]);

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
function make(name, properties = {}, ...children) {
  const { dataset = {}, ...rest } = properties;
  const element = Object.assign(document.createElement(name), rest);
  Object.assign(element.dataset, dataset);
  element.append(...children);
  return element;
}

/** @param {number | null | undefined} ms */
function msWords(ms) {
  if (ms == null) return "–";
  const digits = Math.abs(ms) < 9.95 ? 1 : 0;
  return `${ms.toFixed(digits).replace(/^-(0(\.0)?)$/, "$1")} ms`;
}

/** @param {HTMLElement} element @param {string} text */
const writeText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** The elements of a view, and what they show. */
class CameraPanel {
  state = make("span", { className: "sl-state" });
  detector = make("span", { className: "sl-detector" });
  message = make("p", { className: "sl-message", role: "alert", hidden: true });
  stage = make("div", { className: "sl-stage" });
  tolerance = make("input", { type: "range", min: "1", max: "200", step: "1" });
  toleranceWords = make("output");
  policy = make("select");
  faults = make("details", { className: "sl-faults" });
  latency = make("dd");
  latencyMore = make("dd", { className: "sl-more" });
  fps = make("dd");
  fpsMore = make("dd", { className: "sl-more" });
  bitrate = make("dd");
  fresh = make("dd");
  freshMore = make("dd", { className: "sl-more" });
  drift = make("dd");
  driftMore = make("dd", { className: "sl-more" });
  controls = make("div", { className: "sl-controls" });
  #stateWords = "";
  #actionWords = "";

  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const chartBox = make("div", { className: "sl-chart" });
    this.root = make(
      "section",
      { className: "streamlab-view", ariaLabel: `Camera ${model.get("camera_id")}` },
      make(
        "header",
        {},
        make("strong", {}, model.get("camera_id")),
        this.detector,
        this.state,
      ),
      this.message,
      this.stage,
      this.controls,
      this.#figures(chartBox),
    );
    this.#fillControls();
    // Keys pressed here are not the notebook's.
    this.root.dataset.lmSuppressShortcuts = "true";
    const ratio = model.get("width") / model.get("height") || 16 / 9;
    this.root.style.setProperty("--ratio", String(ratio));
    this.chart = new DriftChart(chartBox, { seconds: CHART_S });
    this.showSync(model.get("policy"), model.get("sync_tolerance_ms"));
  }

  #fillControls() {
    const views = VIEW_NAMES.map(([view, words, title]) =>
      make("button", { type: "button", title, dataset: { action: `view-${view}` } }, words),
    );
    this.policy.append(
      ...this.model.get("policies").map((/** @type {string} */ name) => make("option", {}, name)),
    );
    this.policy.dataset.action = "policy";
    this.tolerance.dataset.action = "tolerance";
    const faults = FAULTS.map(([words], index) =>
      make("button", { type: "button", dataset: { action: `fault-${index}` } }, words),
    );
    this.faults.append(
      make("summary", { title: "Have something go wrong" }, "Faults"),
      make("div", { className: "sl-menu" }, ...faults),
    );
    this.controls.append(
      make("div", { className: "sl-views", role: "group", ariaLabel: "View" }, ...views),
      make(
        "button",
        { type: "button", title: "Raw to annotated and back", dataset: { action: "switch" } },
        "Switch",
      ),
      make(
        "label",
        { title: "How far apart the two channels may leave" },
        "Tolerance",
        this.tolerance,
        this.toleranceWords,
      ),
      make("label", { title: "How the two channels are kept together" }, "Policy", this.policy),
      this.faults,
    );
  }

  /** @param {HTMLElement} chartBox */
  #figures(chartBox) {
    /** @param {string} term @param {...HTMLElement} values */
    const figure = (term, ...values) => make("div", {}, make("dt", {}, term), ...values);
    const drift = figure("Drift", this.drift, this.driftMore, chartBox);
    drift.className = "sl-wide";
    return make(
      "dl",
      {},
      drift,
      figure("Latency", this.latency, this.latencyMore),
      figure("Rate", this.fps, this.fpsMore),
      figure("Data", this.bitrate, make("dd", { className: "sl-more" }, this.model.get("quality"))),
      figure("Fresh boxes", this.fresh, this.freshMore),
    );
  }

  /** @param {PlayerState} state */
  showState({ state, detail }) {
    this.root.dataset.state = state;
    writeText(this.state, STATES[state]);
    this.controls.inert = state === "ended" || state === "failed";
    this.#stateWords = state === "live" || state === "connecting" ? "" : detail;
    this.#showMessage();
  }

  /** Say what came of an action, until the next one. @param {string} text */
  tell(text) {
    this.#actionWords = text;
    this.#showMessage();
  }

  #showMessage() {
    writeText(this.message, [this.#stateWords, this.#actionWords].filter(Boolean).join(" "));
    this.message.hidden = !this.message.textContent;
  }

  /** @param {View} view */
  showView(view) {
    this.root.dataset.view = view;
    for (const button of this.root.querySelectorAll(".sl-views button")) {
      const { action } = /** @type {HTMLElement} */ (button).dataset;
      button.setAttribute("aria-pressed", String(action === `view-${view}`));
    }
  }

  /** @param {string} policy @param {number} toleranceMs */
  showSync(policy, toleranceMs) {
    if (document.activeElement !== this.policy) this.policy.value = policy;
    if (this.tolerance.dataset.held) return; // a hand is on it
    if (toleranceMs > Number(this.tolerance.max)) this.tolerance.max = String(toleranceMs);
    this.tolerance.value = String(toleranceMs);
    writeText(this.toleranceWords, msWords(toleranceMs));
  }

  /** @param {FramesEvent} frames */
  showFrames({ pts, drift_ms, sync_tolerance_ms, sync_policy, faults, errors, detector }) {
    this.chart.add(pts, drift_ms, sync_tolerance_ms);
    this.showSync(sync_policy, sync_tolerance_ms);
    writeText(this.detector, detector === "none" ? "no detector" : detector);
    const wrong = Object.keys(faults).length > 0;
    this.faults.dataset.active = String(wrong);
    const last = drift_ms.at(-1);
    if (last !== undefined) {
      writeText(this.drift, msWords(last));
      this.drift.classList.toggle("is-over", Math.abs(last) > sync_tolerance_ms);
    }
    const over = this.chart.driftsMs.filter((each) => Math.abs(each) > sync_tolerance_ms).length;
    const words = over ? `${over} violations in ${CHART_S} s` : `within ±${sync_tolerance_ms} ms`;
    writeText(this.driftMore, errors.length ? errors.join("; ") : words);
  }

  /** @param {ReturnType<DualPlayer["stats"]>} stats */
  showStats(stats) {
    writeText(this.latency, msWords(stats.latencyP50Ms));
    const p95 = stats.latencyP95Ms === null ? "" : `p95 ${msWords(stats.latencyP95Ms)}`;
    writeText(this.latencyMore, p95 || "capture to shown");
    writeText(this.fps, `${stats.fps.toFixed(1)} fps`);
    const lost = stats.skipped + stats.unpaired + stats.overflowed;
    writeText(this.fpsMore, lost ? `${lost} skipped` : "none skipped");
    writeText(this.bitrate, `${(stats.bitrate / 1e6).toFixed(2)} Mbit/s`);
    const fresh = stats.view === "raw" ? null : stats.freshFraction;
    writeText(this.fresh, fresh === null ? "–" : `${Math.round(100 * fresh)} %`);
    writeText(this.freshMore, (fresh !== null && stats.freshnessDetail) || "of the last 5 s");
    this.fresh.classList.toggle("is-over", fresh !== null && stats.freshnessDetail !== "");
  }
}

/** Wires a panel to a player, and both to the kernel. */
class CameraWidget {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.panel = new CameraPanel(model);
    const { root } = this.panel;
    el.append(root);
    this.transport = new CommTransport({
      model,
      isShown: () => root.isConnected && root.checkVisibility() && !document.hidden,
      onFrames: (frames) => this.panel.showFrames(frames),
    });
    this.control = new CommControl({
      model,
      viewId: this.transport.viewId,
      onWaiting: (waiting) =>
        this.panel.tell(waiting ? "The kernel is busy: this is done when its cell has ended." : ""),
    });
    this.player = this.#makePlayer();
    this.#listen();
    this.panel.showView(model.get("view"));
    void this.player.start();
    // For scripts: `element.player.stats()`.
    Object.assign(root, { player: this.player });
  }

  #makePlayer() {
    const { model, panel, transport, control } = this;
    return new DualPlayer({
      container: panel.stage,
      cameraId: model.get("camera_id"),
      transport,
      control,
      view: model.get("view"),
      quality: model.get("quality"),
      captureSize: { width: model.get("width"), height: model.get("height") },
      onState: (state) => panel.showState(state),
      onView: (view, reason) => this.#showView(view, reason),
      onRefused: (error) => panel.tell(error.message),
      onStats: (stats) => panel.showStats(stats),
    });
  }

  /** @param {View} view @param {string} reason */
  #showView(view, reason) {
    this.panel.showView(view);
    if (reason === "degraded")
      this.panel.tell("The annotated picture cannot keep up, so the raw one is shown.");
    if (this.model.get("view") === view) return;
    this.model.set("view", view);
    this.model.save_changes();
  }

  #listen() {
    const { root, tolerance, policy, faults } = this.panel;
    root.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button[data-action]") : null;
      if (button instanceof HTMLElement) this.#act(button.dataset.action ?? "");
    });
    faults.addEventListener("focusout", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && faults.contains(relatedTarget))) faults.open = false;
    });
    tolerance.addEventListener("input", () => {
      tolerance.dataset.held = "true";
      writeText(this.panel.toleranceWords, msWords(Number(tolerance.value)));
    });
    tolerance.addEventListener("change", () => {
      const change = this.control.ask("sync", {
        values: { sync_tolerance_ms: Number(tolerance.value) },
      });
      this.#attempt(change.finally(() => delete tolerance.dataset.held));
    });
    policy.addEventListener("change", () => {
      policy.blur();
      this.#attempt(this.control.ask("sync", { values: { policy: policy.value } }));
    });
    this.model.on("change:view", this.#onView);
    this.model.on("change:quality", this.#onQuality);
    this.model.on("change:policy", this.#onSync);
    this.model.on("change:sync_tolerance_ms", this.#onSync);
  }

  #onView = () => {
    const view = this.model.get("view");
    if (view !== this.player.view) this.#attempt(this.player.setView(view));
  };

  #onQuality = () => this.#attempt(this.player.setQuality(this.model.get("quality")));

  #onSync = () =>
    this.panel.showSync(this.model.get("policy"), this.model.get("sync_tolerance_ms"));

  /** @param {string} action */
  #act(action) {
    if (action === "switch") this.#attempt(this.player.switch());
    const view = VIEW_NAMES.find(([name]) => action === `view-${name}`);
    if (view) this.#attempt(this.player.setView(view[0]));
    const fault = FAULTS.find((_, index) => action === `fault-${index}`);
    if (!fault) return;
    this.panel.faults.open = false;
    this.#attempt(this.control.ask("inject", fault[1]));
  }

  /** @param {Promise<unknown>} change */
  #attempt(change) {
    this.panel.tell("");
    change.catch((error) =>
      this.panel.tell(error instanceof Error ? error.message : String(error)),
    );
  }

  close() {
    this.model.off("change:view", this.#onView);
    this.model.off("change:quality", this.#onQuality);
    this.model.off("change:policy", this.#onSync);
    this.model.off("change:sync_tolerance_ms", this.#onSync);
    this.player.destroy();
    this.control.close();
    this.panel.chart.close();
    this.panel.root.remove();
  }
}

/** @param {{model: Model, el: HTMLElement}} host */
function render({ model, el }) {
  const widget = new CameraWidget(model, el);
  return () => widget.close();
}

export default { render };
