/**
 * What the address bar says of a view.
 *
 * @module
 */

/** Passed on to the other page: who asks, and for which camera. */
const SHARED = ["access_token", "camera_id"];

/** Let a link lead to the same camera on another page. @param {HTMLElement} link */
export function shareQuery(link) {
  const query = new URLSearchParams(location.search);
  for (const name of [...query.keys()]) if (!SHARED.includes(name)) query.delete(name);
  const url = new URL(/** @type {HTMLAnchorElement} */ (link).href);
  url.search = String(query);
  /** @type {HTMLAnchorElement} */ (link).href = url.href;
}
