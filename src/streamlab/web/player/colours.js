/**
 * The colours of classes: those that the server draws with (`detect/style.py`).
 *
 * @module
 */

const COLOURS = [
  "#12d694", "#ffb020", "#4da3ff", "#ff5c7a", "#b4e043", "#b57bff",
  "#ffe14d", "#ff7a2e", "#2bd4e8", "#ff6bd6", "#8c9bff",
];
const BASE = 1836;
const MODULUS = 65_521;
const MAX_NAMES = 1024;
/** @type {Map<string, number>} */
const known = new Map();

/** The number of a class's colour. @param {string} name */
export function colourNumber(name) {
  let number = known.get(name);
  if (number === undefined) {
    number = 0;
    for (const byte of new TextEncoder().encode(name)) number = (number * BASE + byte) % MODULUS;
    number %= COLOURS.length;
    if (known.size >= MAX_NAMES) known.clear();
    known.set(name, number);
  }
  return number;
}

/** @param {string} name */
export const classColour = (name) => COLOURS[colourNumber(name)];

/** What is legible on all of these colours. */
export const INK = "#101418";
