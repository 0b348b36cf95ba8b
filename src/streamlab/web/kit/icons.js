/**
 * Icons of buttons, drawn in the colour of their text.
 *
 * @module
 */

const SVG = "http://www.w3.org/2000/svg";
/** In a square of 16. */
const PATHS = {
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  resume: "M4 2.5v11L13 8z",
  step: "M3 2.5v11L9.5 8zM10.5 3H13v10h-2.5z",
  save: "M7 2h2v6h3L8 12 4 8h3zM3 13h10v1.5H3z",
  fullscreen: "M2 2h5v1.5H3.5V7H2zM9 2h5v5h-1.5V3.5H9zM2 9h1.5v3.5H7V14H2zM12.5 9H14v5H9v-1.5h3.5z",
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {IconName} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  path.setAttribute("fill", "currentColor");
  for (const [key, value] of [["viewBox", "0 0 16 16"], ["width", "16"], ["height", "16"], ["aria-hidden", "true"]])
    svg.setAttribute(key, value);
  svg.append(path);
  return svg;
}
