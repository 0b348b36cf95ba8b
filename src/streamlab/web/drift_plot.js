/**
 * The notebook's drift plot: nothing but the chart, as large as the cell.
 *
 * @module
 */

import { DriftChart } from "./chart.js";
import { CommTransport } from "./comm.js";

/** @typedef {import("./comm.js").Model} Model */
/** @typedef {import("./comm.js").FramesEvent} FramesEvent */

/** @param {number[]} driftsMs @param {number} toleranceMs */
function driftWords(driftsMs, toleranceMs) {
  const over = driftsMs.filter((drift) => Math.abs(drift) > toleranceMs).length;
  return over ? `${over} of ${driftsMs.length} frames beyond it` : "all frames within it";
}

/** @param {{model: Model, el: HTMLElement}} host */
function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "streamlab-view streamlab-plot";
  const title = document.createElement("p");
  title.className = "sl-title";
  root.append(title);
  el.append(root);
  const chart = new DriftChart(root, { seconds: model.get("seconds"), labelled: true });

  /** @param {FramesEvent} frames */
  const onFrames = ({ pts, drift_ms, sync_tolerance_ms, sync_policy }) => {
    chart.add(pts, drift_ms, sync_tolerance_ms);
    const about = `Drift of ${model.get("camera_id")} · ${sync_policy}`;
    const words = driftWords(chart.driftsMs, sync_tolerance_ms);
    title.textContent = `${about}, tolerance ${sync_tolerance_ms} ms: ${words}`;
  };
  const transport = new CommTransport({
    model,
    isShown: () => root.isConnected && root.checkVisibility() && !document.hidden,
    onFrames,
  });
  transport.query = { initial_channel: "none" };
  transport.start(
    () => {},
    ({ state, detail }) => {
      root.dataset.state = state;
      if (state !== "connecting") title.textContent = detail;
    },
  );
  Object.assign(root, { chart });
  return () => {
    transport.close();
    chart.close();
    root.remove();
  };
}

export default { render };
