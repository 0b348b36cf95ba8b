/**
 * Light or dark, as chosen on any of the pages; without a choice, as the system has it.
 *
 * @module
 */

const KEY = "streamlab-theme"; // read in the head of the pages as well, before anything is drawn

export function switchTheme() {
  const { dataset } = document.documentElement;
  const isDark = dataset.theme
    ? dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem(KEY, dataset.theme);
}
