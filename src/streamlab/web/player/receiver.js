/**
 * Takes each event of the protocol to what it is for, and keeps the newest of what is known.
 *
 * @module
 */

import { endWords, sourceProblem } from "../kit/words.js";
import { toBytes } from "./bytes.js";
import { Timeline } from "./timeline.js";
import { channelsOf, videoOf, viewOf } from "./views.js";

/** @typedef {import("./events.js").Channel} Channel */
/** @typedef {import("./events.js").ConnectedEvent} ConnectedEvent */
/** @typedef {import("./events.js").FragmentEvent} FragmentEvent */
/** @typedef {import("./events.js").GapEvent} GapEvent */
/** @typedef {import("./events.js").HealthEvent} HealthEvent */
/** @typedef {import("./events.js").PlayerState} PlayerState */
/** @typedef {import("./events.js").SwitchedEvent} SwitchedEvent */
/** @typedef {import("./events.js").SyncEvent} SyncEvent */
/** @typedef {import("./events.js").View} View */

const SOURCE_STATES = /** @type {const} */ (["live", "stalled", "reconnecting", "ended"]);

/**
 * What the receiver tells of.
 *
 * @typedef {object} Host
 * @property {(state: PlayerState) => void} say
 * @property {(view: View, reason: "degraded") => void} setView
 * @property {() => void} onConnected
 * @property {() => void} onHealth
 * @property {() => boolean} hasEnded whether it was said already that the source has ended
 * @property {() => number} requestedAtMs
 */

export class Receiver {
  /** @type {ConnectedEvent | null} */
  connection = null;
  /** @type {SyncEvent | null} */
  sync = null;
  /** @type {Map<Channel, HealthEvent>} */
  health = new Map();
  /** Whether the camera sends: a picture that still waits must not say that it is live again. */
  sourceIsLive = true;
  #timeline = new Timeline();

  /**
   * @param {Host} host
   * @param {object} parts
   * @param {import("./meter.js").Meter} parts.meter
   * @param {import("./stage.js").Stage} parts.stage
   * @param {import("./tracks.js").Tracks} parts.tracks
   * @param {import("./view_control.js").ViewControl} parts.views
   */
  constructor(host, { meter, stage, tracks, views }) {
    this.host = host;
    this.meter = meter;
    this.stage = stage;
    this.tracks = tracks;
    this.views = views;
  }

  /** The connection is gone. */
  disconnect() {
    this.connection &&= { ...this.connection, connection_id: "" };
    this.views.connectionId = null;
  }

  /**
   * Take one event of the protocol; a later protocol may have more.
   *
   * @param {string} name
   * @param {any} data
   */
  receive(name, data) {
    this.#handlers.get(name)?.(data);
  }

  /** @type {Map<string, (data: any) => void>} */
  #handlers = new Map(Object.entries({
    connected: (/** @type {ConnectedEvent} */ data) => this.#onConnected(data),
    init: (/** @type {import("./events.js").InitEvent} */ data) => this.tracks.receiveInit(data),
    fragment: (/** @type {FragmentEvent} */ data) => this.#onFragment(data),
    detections: (/** @type {import("./events.js").DetectionsEvent} */ data) =>
      this.stage.boxes.receive(data),
    switched: (/** @type {SwitchedEvent} */ data) => this.#onSwitched(data),
    gap: (/** @type {GapEvent} */ data) => this.#onGap(data),
    health: (/** @type {HealthEvent} */ data) => {
      this.health.set(data.channel, data);
      this.host.onHealth();
    },
    sync: (/** @type {SyncEvent} */ data) => void (this.sync = data),
    heartbeat: (/** @type {{server_time: number}} */ data) =>
      this.meter.clock.heard(data.server_time * 1000, Date.now()),
    source: (/** @type {{state: string, detail?: string | null}} */ data) => this.#onSource(data),
    end: (/** @type {{reason: string}} */ data) => this.#onEnd(data),
  }));

  /** @param {ConnectedEvent} connected */
  #onConnected(connected) {
    if (this.connection) this.meter.counters.reconnects += 1;
    this.sourceIsLive = true;
    this.connection = connected;
    this.views.connectionId = connected.connection_id;
    this.views.video = viewOf(connected.channels.filter((name) => name !== "detections"));
    this.views.hasDetections = connected.channels.includes("detections");
    this.tracks.begin();
    this.tracks.dropPrepared();
    const requestedAtMs = this.host.requestedAtMs();
    this.meter.clock.connected(connected.server_time * 1000, Date.now(), requestedAtMs);
    this.host.say({ state: "connecting", detail: "Connected, waiting for the first picture." });
    this.host.onConnected();
  }

  /** @param {FragmentEvent} fragment */
  #onFragment(fragment) {
    const bytes = toBytes(fragment.data);
    const [releasedMs, nowMs] = [fragment.released_at * 1000, Date.now()];
    this.meter.bytes += bytes.byteLength;
    this.meter.clock.heard(releasedMs, nowMs);
    if (this.#timeline.hasLost(fragment)) this.meter.counters.gaps += 1;
    if (this.#timeline.receive(fragment)) {
      this.stage.restart();
      this.tracks.begin();
    }
    for (const frame of fragment.frames ?? [])
      if (frame.detections) this.stage.boxes.receive({ channel: fragment.channel, ...frame });
    const picture = this.stage.pictures.find(({ channel }) => channel === fragment.channel);
    const track = picture && this.tracks.of(picture, fragment);
    track?.push(fragment, bytes, this.meter.clock.lateMs(releasedMs, nowMs));
  }

  /** @param {SwitchedEvent} switched */
  #onSwitched({ channel, reason }) {
    const video = videoOf(channel);
    const channels = channelsOf(video);
    this.views.video = video;
    this.tracks.begin(channels);
    this.#timeline.forgetGaps();
    const { shown, pictures } = this.stage;
    if (channels.every((each) => shown.includes(each))) this.meter.forgetSwitch();
    if (channels.length === 1 && pictures.length === 1) pictures[0].channel = channels[0];
    else this.stage.layOut(channels);
    if (reason !== "degraded") return;
    this.views.acceptVideo();
    this.host.setView(video, reason);
  }

  /** @param {GapEvent} gap */
  #onGap({ channel, to_sequence }) {
    if (to_sequence === null) this.#timeline.expectGap(channel);
    else this.meter.counters.gaps += 1;
    for (const track of this.stage.tracks) {
      if (track.channel !== channel) continue;
      track.needsKey = true;
      track.sequence = -1;
    }
  }

  /** @param {{state: string, detail?: string | null}} source */
  #onSource({ state, detail }) {
    const known = SOURCE_STATES.find((each) => each === state);
    if (!known) return;
    this.sourceIsLive = known === "live";
    this.host.say({ state: known, detail: sourceProblem({ state, detail }) });
  }

  /** @param {{reason: string}} end */
  #onEnd({ reason }) {
    const detail = endWords(reason);
    if (!detail) return;
    if (reason === "source_ended" && this.host.hasEnded()) return; // `source` told why
    this.sourceIsLive = false;
    this.host.say({ state: "ended", detail });
  }
}
