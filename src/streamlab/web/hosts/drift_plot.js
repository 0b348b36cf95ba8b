/**
 * The notebook's drift plot: nothing but the chart, as large as the cell.
 *
 * @module
 */

import { DriftChart } from "../kit/chart.js";
import { element, write } from "../kit/dom.js";
import { CommTransport } from "../player/comm.js";
import { TICKS_PER_S } from "../player/events.js";

/** @typedef {import("../player/comm_model.js").Model} Model */
/** @typedef {import("../player/comm_model.js").FramesEvent} FramesEvent */

/** @param {{model: Model, el: HTMLElement}} host */
function render({ model, el }) {
  const name = model.get("camera_id");
  const title = element("p", { className: "sl-title" });
  const root = element("figure", { className: "streamlab-view streamlab-plot" }, title);
  el.append(root);
  /** What the notebook keeps, until the kernel answers. */
  const still = element("img", { src: model.get("still"), alt: `Drift of ${name}, as it was saved` });
  if (model.get("still")) root.append(still);
  const chart = new DriftChart(root, { seconds: model.get("seconds"), labelled: true });

  /** @param {FramesEvent} frames */
  const onFrames = ({ pts, drift_ms, sync_tolerance_ms, sync_policy }) => {
    chart.add(
      pts.map((each) => each / TICKS_PER_S),
      drift_ms,
      sync_tolerance_ms,
    );
    still.remove();
    write(title, `${name} · ${sync_policy} · ${chart.summary}`);
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
      if (state !== "connecting") write(title, `${name} · ${detail}`);
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
