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

// ../../src/streamlab/web/hosts/slider.js
function render({ model }) {
  const label = element("label", { htmlFor: "slider" });
  const value = element("span", { ariaHidden: "true" });
  const slider = element("input", { id: "slider", type: "range" });
  const showValue = () => {
    const text = `${Number(slider.value).toFixed(digitsOf(model.step))} ${model.unit}`.trim();
    write(value, text);
    slider.ariaValueText = text;
  };
  const show = ({ start, end, value: value2 }) => {
    Object.assign(slider, { min: start, max: end, value: String(value2) });
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
var digitsOf = (step) => Math.max(0, Math.ceil(-Math.log10(step)));
export {
  render
};
