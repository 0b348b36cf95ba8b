/**
 * The server's page: pick a camera, see its pictures, and what was measured on them.
 *
 * @module
 */

import { Grid } from "./grid.js";
import { DualPlayer, HttpControl, ProblemError, SseTransport, parseView } from "./player.js";
import { TruthOverlay } from "./truth.js";

/** @typedef {import("./player.js").View} View */
/** @typedef {import("./player.js").Quality} Quality */
/** @typedef {import("./player.js").PlayerState} PlayerState */
/** @typedef {{name: string, kind: string}} DetectorInfo */
/** @typedef {{camera_id: string, source?: string, state: string, detail?: string, width?: number, height?: number, detector?: DetectorInfo | null}} Camera */

const CAMERAS_EVERY_MS = 5000;
const CHART_SECONDS = 60;
/** Those that have a button. */
const VIEWS = /** @type {View[]} */ (["raw", "annotated", "both", "overlay"]);
const QUALITIES = /** @type {Quality[]} */ (["low", "medium", "high", "source"]);
const STATE_WORDS = {
  connecting: "Connecting",
  live: "Live",
  retrying: "Connection lost, retrying",
  stalled: "Camera stalled",
  reconnecting: "Camera reconnecting",
  ended: "Ended",
  failed: "Not playing",
};
const DETECTOR_KINDS = /** @type {Record<string, string>} */ ({
  onnx: "ONNX Runtime",
  ultralytics: "Ultralytics",
  callable: "Python function",
});

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id @param {string} text */
const write = (id, text) => {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
};
/** @param {number | null | undefined} ms */
const inMs = (ms) => (ms == null ? "–" : `${Math.abs(ms) < 10 ? round(ms, 1) : round(ms, 0)} ms`);
/** @param {number} value @param {number} digits */
const round = (value, digits) =>
  (Math.round(value * 10 ** digits) / 10 ** digits || 0).toFixed(digits);

const query = new URLSearchParams(location.search);
const token = query.get("access_token");
/** @type {DualPlayer | null} */
let player = null;
/** @type {Grid | null} */
let grid = null;
/** @type {TruthOverlay | null} */
let truth = null;
/** @type {Camera[]} */
let cameras = [];
/** @type {string | null} */
let cameraId = query.get("camera_id");
let view = parseView(query.get("view")) ?? "both";
let quality = QUALITIES.find((name) => name === query.get("quality")) ?? "medium";
let truthWanted = query.get("truth") === "1";
let gridWanted = query.get("layout") === "grid";
/** @type {(number | null)[]} */
let drifts = [];
let stateWords = "";
let faultWords = "";
let actionWords = "";

// --- cameras

/** @param {string} path */
async function getJson(path) {
  const response = await fetch(path, {
    headers: token ? { Authorization: `Bearer ${token}` } : {},
    cache: "no-store",
  });
  if (!response.ok) throw await ProblemError.of(response);
  return response.json();
}

async function loadCameras() {
  try {
    cameras = (await getJson("/cameras")).cameras;
    showCameras();
  } catch (error) {
    const refused = error instanceof ProblemError;
    if (!player)
      say(
        refused ? "failed" : "retrying",
        refused ? error.message : "The server cannot be reached.",
      );
  }
}

function showCameras() {
  const nav = byId("cameras");
  const same = cameras.map((camera) => camera.camera_id).join("\n");
  if (nav.dataset.ids !== same) {
    nav.dataset.ids = same;
    nav.replaceChildren(...(cameras.length > 1 ? [allButton()] : []), ...cameras.map(cameraButton));
  }
  for (const { camera_id, state, detail } of cameras) {
    const button = /** @type {HTMLElement} */ (
      nav.querySelector(`[data-open-camera="${CSS.escape(camera_id)}"]`)
    );
    button.dataset.state = state;
    button.title = detail ? `${state}: ${detail}` : state;
    button.setAttribute("aria-current", String(!grid && camera_id === cameraId));
  }
  nav.querySelector("[data-action=grid]")?.setAttribute("aria-current", String(grid !== null));
  grid?.show(cameras);
  if (player || grid) return;
  if (gridWanted && cameras.length > 1) openGrid();
  else if (!cameraId && cameras.length) openCamera(cameras[0].camera_id);
  else if (cameraId) openCamera(cameraId);
  else showEmpty();
}

/** @param {Camera} camera */
function cameraButton({ camera_id }) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = camera_id;
  button.dataset.openCamera = camera_id;
  button.addEventListener("click", () => openCamera(camera_id));
  return button;
}

function allButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "All";
  button.title = "All cameras at once (G)";
  button.dataset.action = "grid";
  button.dataset.state = "live";
  return button;
}

function showEmpty() {
  say("connecting", "");
  write("state", "No cameras");
  const text = document.createElement("p");
  text.append("This server has no cameras yet. Add one with ", code("POST /cameras"), ";");
  text.append(document.createElement("br"), "it will appear here automatically. See ", docs(), ".");
  byId("placeholder").replaceChildren(text);
}

/** @param {string} text */
function code(text) {
  const element = document.createElement("code");
  element.textContent = text;
  return element;
}

function docs() {
  const link = document.createElement("a");
  link.href = token ? `/docs?${new URLSearchParams({ access_token: token })}` : "/docs";
  link.textContent = "the API documentation";
  return link;
}

// --- the player

function openGrid() {
  if (grid || cameras.length < 2) return;
  player?.destroy();
  player = null;
  drifts = [];
  gridWanted = true;
  faultWords = "";
  document.title = "All cameras · streamlab";
  for (const id of ["placeholder", "figures", "about"]) byId(id).hidden = true;
  byId("controls").hidden = false;
  byId("quality").parentElement?.toggleAttribute("hidden", true);
  byId("stage").dataset.layout = "grid";
  grid = new Grid({ container: byId("stage"), token, view, onOpen: openCamera });
  say("live", "");
  tell("");
  showTruth();
  showView();
  showCameras();
}

function closeGrid() {
  grid?.destroy();
  grid = null;
  gridWanted = false;
  delete byId("stage").dataset.layout;
  byId("quality").parentElement?.toggleAttribute("hidden", false);
}

/** @param {string} id */
function openCamera(id) {
  closeGrid();
  player?.destroy();
  cameraId = id;
  faultWords = "";
  drifts = [];
  tell("");
  const camera = cameras.find((each) => each.camera_id === id);
  const { width, height } = camera ?? {};
  const captureSize = width && height ? { width, height } : null;
  if (captureSize) setRatio(captureSize.width / captureSize.height);
  document.title = `${id} · streamlab`;
  for (const element of ["controls", "figures", "about"]) byId(element).hidden = false;
  player = new DualPlayer({
    container: byId("stage"),
    cameraId: id,
    transport: new SseTransport({ cameraId: id, token }),
    control: new HttpControl({ cameraId: id, token }),
    view,
    quality,
    captureSize,
    onState: showState,
    onView: (next, reason) => {
      view = next;
      showView();
      if (reason === "degraded")
        tell("The annotated picture cannot keep up; the server switched to raw.");
    },
    onRefused: (error) => tell(error.message),
    onShown: ({ pts }) => truth?.draw(pts),
    onStats: showStats,
  });
  byId("placeholder").hidden = true;
  showDetector(camera?.detector ?? null);
  showTruth();
  showView();
  showCameras();
  void player.start();
}

/** @param {number} ratio */
const setRatio = (ratio) => document.documentElement.style.setProperty("--ratio", String(ratio));

/** @param {Promise<void>} change */
function attempt(change) {
  tell("");
  change.catch((error) => tell(error instanceof Error ? error.message : String(error)));
}

/** @param {string} action */
function act(action) {
  if (action === "grid") openGrid();
  if (grid) actOnAll(grid, action);
  if (!player) return;
  if (action === "switch") attempt(player.switch());
  if (action === "truth") toggleTruth();
  const chosen = VIEWS.find((name) => action === `view-${name}`);
  if (chosen) attempt(player.setView(chosen));
}

/** @param {Grid} all @param {string} action */
function actOnAll(all, action) {
  const swapped = view === "annotated" ? "raw" : "annotated";
  const chosen =
    action === "switch" ? swapped : VIEWS.find((name) => action === `view-${name}`);
  if (!chosen) return;
  view = chosen;
  attempt(all.setView(view));
  showView();
}

function toggleTruth() {
  truthWanted = !truthWanted;
  showTruth();
  showView();
}

// --- showing

/** @param {PlayerState["state"]} state @param {string} detail */
function say(state, detail) {
  byId("state").dataset.state = state;
  write("state", STATE_WORDS[state]);
  byId("retry").hidden = state !== "failed" && state !== "ended";
  byId("stage").dataset.stale = String(!["live", "connecting"].includes(state));
  stateWords = state === "live" || state === "connecting" ? "" : detail;
  showMessage();
}

/** Say what came of an action, until the next one. @param {string} text */
function tell(text) {
  actionWords = text;
  showMessage();
}

function showMessage() {
  const text = [stateWords, faultWords, actionWords].filter(Boolean).join(" ");
  write("message-text", text);
  byId("message").hidden = !text;
}

/** @param {PlayerState} state */
function showState(state) {
  const seconds = state.retryInMs ? Math.max(1, Math.round(state.retryInMs / 1000)) : 0;
  say(state.state, seconds ? `${state.detail} Retrying in ${seconds} s.` : state.detail);
  if (state.state === "live") showDetector(player?.connection?.detector ?? null);
}

function showView() {
  byId("stage").dataset.view = grid ? "" : view;
  for (const button of document.querySelectorAll(".views button")) {
    const pressed = /** @type {HTMLElement} */ (button).dataset.action === `view-${view}`;
    button.setAttribute("aria-pressed", String(pressed));
  }
  const next = new URLSearchParams(location.search);
  if (cameraId) next.set("camera_id", cameraId);
  next.set("view", view);
  if (grid) next.set("layout", "grid");
  else next.delete("layout");
  next.set("quality", quality);
  if (truthWanted) next.set("truth", "1");
  else next.delete("truth");
  history.replaceState(null, "", `?${next}`);
}

/** @param {DetectorInfo | null} detector */
function showDetector(detector) {
  const none = detector?.name === "none"; // the server was given no model
  const scripted = detector?.kind === "scripted" && !none;
  const name = none ? "none, so nothing is annotated" : detector?.name;
  const runner = DETECTOR_KINDS[detector?.kind ?? ""];
  const kind = runner ? ` (${runner})` : "";
  write("detector", detector ? `Detector: ${name}${kind}` : "");
  byId("scripted").hidden = !scripted;
}

/** Outline what is really there, if that is wanted and this camera's scene knows it. */
function showTruth() {
  const camera = cameras.find((each) => each.camera_id === cameraId);
  const { source, width, height } = camera ?? {};
  const known = !grid && source?.startsWith("synthetic:") && width && height;
  truth?.remove();
  truth = null;
  if (known && truthWanted) {
    const url = `/cameras/${encodeURIComponent(cameraId ?? "")}/truth`;
    truth = new TruthOverlay(byId("stage"), { width, height }, async (fromPts, toPts) => {
      const asked = new URLSearchParams({ from_pts: String(fromPts), to_pts: String(toPts) });
      return (await getJson(`${url}?${asked}`)).frames;
    });
  }
  for (const id of ["truth", "truth-hint"]) byId(id).hidden = !known;
  byId("truth").setAttribute("aria-pressed", String(truth !== null));
  byId("truth-note").hidden = truth === null;
}

/** @param {ReturnType<DualPlayer["stats"]>} stats */
function showStats(stats) {
  write("latency", inMs(stats.latencyP50Ms));
  write(
    "latency-more",
    stats.latencyP95Ms === null ? "capture to shown" : `p95 ${inMs(stats.latencyP95Ms)}`,
  );
  write("fps", `${round(stats.fps, 1)} fps`);
  const lost = stats.skipped + stats.overflowed + stats.gaps;
  write("fps-more", lost ? `${lost} skipped` : "none skipped");
  write("bitrate", `${round(stats.bitrate / 1e6, 2)} Mbit/s`);
  write("bitrate-more", `${quality} quality`);
  const fresh = view === "raw" ? null : stats.freshFraction;
  write("fresh", fresh === null ? "–" : `${Math.round(100 * fresh)} %`);
  write("fresh-more", (fresh !== null && stats.freshnessDetail) || "of the last 5 s");
  byId("fresh").classList.toggle("is-over", fresh !== null && stats.freshnessDetail !== "");
  write("switch-time", inMs(stats.switchLastMs));
  write("switch-more", stats.switches > 1 ? `p95 ${inMs(stats.switchP95Ms)}` : "until shown");
  const playing =
    stats.mode === "mse"
      ? "Media Source (more latency than WebCodecs, which needs https or localhost)"
      : "WebCodecs";
  write("mode", stats.mode ? `Playing with ${playing}` : "");
  faultWords = stats.fault;
  showMessage();
  showDrift(stats);
}

/** @param {ReturnType<DualPlayer["stats"]>} stats */
function showDrift({ shownDriftMs, serverDriftMs, syncToleranceMs, syncState, behind }) {
  const shown = shownDriftMs !== null;
  const drift = shown || behind ? shownDriftMs : serverDriftMs;
  write("drift", inMs(drift));
  const over = drift !== null && syncToleranceMs !== null && Math.abs(drift) > syncToleranceMs;
  byId("drift").classList.toggle("is-over", over);
  const server = shown && serverDriftMs !== null ? `, server ${inMs(serverDriftMs)}` : "";
  const state = syncState && syncState !== "synchronized" ? `, ${syncState}` : "";
  const where = behind ? `${behind} is behind` : shown ? "shown" : "on the server";
  write("drift-more", `${where}${server}${state} · tolerance ${inMs(syncToleranceMs)}`);
  drifts = [...drifts, serverDriftMs].slice(-CHART_SECONDS);
  drawChart(syncToleranceMs ?? 50);
}

/** Draw the server's drift; the band is the tolerance. @param {number} toleranceMs */
function drawChart(toleranceMs) {
  const points = drifts.flatMap((drift, index) => {
    if (drift === null) return [];
    const x = CHART_SECONDS - drifts.length + index;
    const y = 12 - Math.max(-11, Math.min(11, (drift / toleranceMs) * 6));
    return [`${x},${y.toFixed(1)}`];
  });
  document.querySelector("#drift-chart polyline")?.setAttribute("points", points.join(" "));
}

// --- wiring

const KEYS = /** @type {Record<string, string>} */ ({
  1: "view-raw",
  2: "view-annotated",
  3: "view-both",
  4: "view-overlay",
  s: "switch",
  t: "truth",
  g: "grid",
});

document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("[data-action]") : null;
  if (button instanceof HTMLElement) act(button.dataset.action ?? "");
});

document.addEventListener("keydown", (event) => {
  const typing =
    event.target instanceof HTMLSelectElement || event.target instanceof HTMLInputElement;
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const action = KEYS[event.key.toLowerCase()];
  if (action) act(action);
});

byId("retry").addEventListener("click", () => cameraId && openCamera(cameraId));

const qualities = /** @type {HTMLSelectElement} */ (byId("quality"));
qualities.value = quality;
qualities.addEventListener("change", () => {
  quality = /** @type {Quality} */ (qualities.value);
  if (!player) return;
  attempt(
    player.setQuality(quality).catch((error) => {
      quality = player?.quality ?? quality;
      qualities.value = quality;
      throw error;
    }),
  );
  showView();
});

// For people at the console and for scripts: `streamlab.player.stats()`.
Object.assign(globalThis, {
  streamlab: {
    get player() {
      return player;
    },
    get players() {
      return grid ? grid.players : player ? [player] : [];
    },
  },
});

await loadCameras();
setInterval(() => document.hidden || void loadCameras(), CAMERAS_EVERY_MS);
