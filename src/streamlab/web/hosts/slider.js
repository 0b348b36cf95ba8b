/**
 * A slider of the browser's own kind, for Panel: its label names it, and its unit is read with its
 * value. What is chosen is sent when the handle is let go.
 *
 * @module
 */

import { element, write } from "../kit/dom.js";

/** @typedef {{label: string, help: string, unit: string, start: number, end: number, step: number, value: number}} Shown */
/** @typedef {Shown & {on(names: string[], call: () => void): void, send_msg(value: number): void}} Model */

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
  const show = () => {
    const { start, end, step, help, label: name } = model;
    Object.assign(slider, { min: start, max: end, step, title: help });
    slider.value = String(model.value);
    write(label, name);
    showValue();
  };
  slider.addEventListener("input", showValue);
  slider.addEventListener("change", () => model.send_msg(Number(slider.value)));
  model.on(["label", "help", "unit", "start", "end", "step", "value"], show);
  show();
  return element("div", { className: "dial" }, label, value, slider);
}

/** How many decimals a value with this step has. @param {number} step */
const digitsOf = (step) => Math.max(0, Math.ceil(-Math.log10(step)));
