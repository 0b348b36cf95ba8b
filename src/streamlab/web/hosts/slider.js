/**
 * A slider of the browser's own kind, for Panel: its label names it, and its unit is read with its
 * value. What is chosen is sent when the handle is let go.
 *
 * @module
 */

import { element, write } from "../kit/dom.js";

/** @typedef {{label: string, help: string, unit: string, start: number, end: number, step: number, value: number}} Shown */
/**
 * What is sent to a slider that is shown; `value` of the model is what a new one starts with.
 *
 * @typedef {{start: number, end: number, value: number}} Sent
 */
/** @typedef {Shown & {on(name: "msg:custom", call: (sent: Sent) => void): void, send_msg(value: number): void}} Model */

/** @param {{model: Model}} context */
export function render({ model }) {
  const label = element("label", { htmlFor: "slider" });
  const value = element("span", { ariaHidden: "true" }); // the slider says it, too
  const slider = element("input", { id: "slider", type: "range" });
  const showValue = () => {
    const text = `${Number(slider.value).toFixed(digitsOf(model.step))} ${model.unit}`.trim();
    write(value, text);
    slider.ariaValueText = text;
  };
  /** @param {Sent} shown */
  const show = ({ start, end, value }) => {
    Object.assign(slider, { min: start, max: end, value: String(value) });
    showValue();
  };
  Object.assign(slider, { step: model.step, title: model.help });
  write(label, model.label);
  slider.addEventListener("input", showValue);
  slider.addEventListener("change", () => model.send_msg(Number(slider.value)));
  model.on("msg:custom", show);
  show(model);
  return element("div", { className: "dial" }, label, value, slider);
}

/** How many decimals a value with this step has. @param {number} step */
const digitsOf = (step) => Math.max(0, Math.ceil(-Math.log10(step)));
