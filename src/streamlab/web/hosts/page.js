/**
 * The entry point of the server's page: what is pressed, and what scripts find.
 *
 * @module
 */

import { shareQuery } from "../kit/address.js";
import { byId, pressed } from "../kit/dom.js";
import { listenForKeys } from "../page/keys.js";
import { Page } from "../page/page.js";
import { SingleView } from "../page/single.js";

/** Of the server. This script's own URL is the only sure sign of a path prefix that a proxy adds. */
const baseUrl = new URL("..", import.meta.url).href.replace(/\/$/, "");
const page = new Page({ baseUrl, token: new URLSearchParams(location.search).get("access_token") });

document.addEventListener("click", (event) => {
  const { action, openCamera } = pressed(event, "[data-action], [data-open-camera]")?.dataset ?? {};
  if (openCamera) page.go({ cameraId: openCamera, isWall: false }, "push");
  else if (action) page.act(action);
});
listenForKeys((action) => page.act(action));
byId("dashboard").addEventListener("click", () => shareQuery(byId("dashboard")));

// For people at the console and for scripts: `streamlab.player.stats()`.
Object.assign(globalThis, {
  streamlab: {
    get player() {
      return page.shown instanceof SingleView ? page.shown.tile.player : null;
    },
    get players() {
      return page.shown?.players ?? [];
    },
  },
});

// Asked for in the head of the page, while this script was still on its way.
page.start(/** @type {any} */ (globalThis).streamlabCameras);
