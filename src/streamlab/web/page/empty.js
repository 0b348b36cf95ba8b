/**
 * What a server without cameras shows: how to add one.
 *
 * @module
 */

import { shareQuery } from "../kit/address.js";
import { byId, element } from "../kit/dom.js";
import { showOnly } from "./notice.js";

const EXAMPLE = "streamlab serve --camera yard=rtsp://192.168.1.20/stream";

/** @param {import("./notice.js").Notice} notice */
export function showEmpty(notice) {
  notice.say("connecting", "No cameras");
  showOnly(["placeholder"]);
  const placeholder = byId("placeholder");
  if (placeholder.dataset.isEmpty) return;
  placeholder.dataset.isEmpty = "true";
  const hasDashboard = !byId("dashboard").hidden;
  const dashboard = element("a", { href: "dashboard/" }, "the dashboard");
  const api = element("a", { href: "docs" }, "the API");
  for (const link of [dashboard, api]) shareQuery(link);
  placeholder.replaceChildren(
    element("p", {}, element("strong", {}, "This server has no cameras yet.")),
    element("p", {}, "Start it with one: ", element("code", {}, EXAMPLE)),
    element(
      "p",
      {},
      ...(hasDashboard ? ["or add one on ", dashboard, " or with "] : ["or add one with "]),
      element("code", {}, "POST /cameras"),
      " (see ",
      api,
      "). It appears here by itself.",
    ),
  );
}
