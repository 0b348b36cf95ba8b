/**
 * Elements, made and filled in.
 *
 * @module
 */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, unknown>} [properties] of the element; `dataset` is merged into its own
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(name, properties = {}, ...children) {
  const { dataset = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(name), rest);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}

/** Change a text only if it differs, so that screen readers are not told twice. @param {Element} where @param {string} text */
export function write(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

/** @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {string} id @param {string} text */
export const writeById = (id, text) => write(byId(id), text);

/** @param {string} selector */
export const all = (selector) =>
  /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)]);

/** The element with this attribute that was clicked, or null. @param {Event} event @param {string} selector */
export function pressed({ target }, selector) {
  const found = target instanceof Element ? target.closest(selector) : null;
  return found instanceof HTMLElement ? found : null;
}

/** Press the one of these buttons that is chosen. @param {Iterable<Element>} buttons @param {(button: HTMLElement) => boolean} isChosen */
export function press(buttons, isChosen) {
  for (const button of buttons)
    button.setAttribute("aria-pressed", String(isChosen(/** @type {HTMLElement} */ (button))));
}
