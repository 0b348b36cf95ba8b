/**
 * The streamlab player: live H.264 fragments of wire protocol 1, drawn on canvases.
 *
 * One ES module without imports, so that the server's page, a notebook widget and a dashboard
 * load the same file. Rules:
 *
 * - A transport brings events, a track decodes one encoding of one channel, a picture is one
 *   canvas and the tracks that feed it, and the player draws all pictures in one animation frame.
 * - `pts` (1/90000 s) is the only thing pictures are paired and ordered by. Nothing that is not
 *   newer than the last shown pts is drawn, so a switch goes on with exactly the next frame.
 * - Every queue has a bound and a counter. Too far behind means a jump to the newest GOP.
 *
 * @module
 */

export const TICKS_PER_S = 90_000;
const TICKS_PER_MS = TICKS_PER_S / 1000;

/** A channel that leads by more than this is shown alone; a picture that is later jumps. */
const MAX_WAIT_MS = 250;
/** Below this a channel that was left behind is waited for again. */
const REJOIN_MS = 225;
/** Received but not decoded for longer than this: jump to the newest GOP. */
const STALL_MS = 1000;
/** A fragment that is late by less than this is the newest there is. */
const ON_TIME_MS = 50;
/** How long a switch waits for frames that the old channel still owes. */
const OWED_MS = 100;
/** How long the old channel waits at the frame that the new one is to show first. */
const HOLD_MS = 200;
const SWITCH_TRIES = 12;
const SWITCH_PAUSE_MS = 150;
const MAX_FRAMES = 24;
const MAX_GOP_FRAMES = 600;
const MAX_GOP_BYTES = 32 << 20;
const MAX_EVENT_CHARS = 32 << 20;
const MAX_BOXES = 240;
const MAX_INITS = 128;
const LATENCY_SAMPLES = 300;

/** `Date.now()` counts whole ms, so a difference is known no better than this. */
const CLOCK_STEP_MS = 2;
const CLOCK_WINDOW_MS = 10_000;

/** @typedef {string} Channel `raw`, or the name of an annotated channel; the first of those is `annotated` */
/** @typedef {string} View a channel, `both` (raw and annotated), `overlay`, or channels joined by commas */
/** @typedef {"low" | "medium" | "high" | "source"} Quality */
/** @typedef {[number, number, number, number, string, number, number | null]} Box `x1, y1, x2, y2, class_name, score, track_id` in px of the captured frame */
/** @typedef {{name: string, kind: "onnx" | "ultralytics" | "callable" | "scripted" | "plugin"}} DetectorInfo */
/** @typedef {{protocol: number, connection_id: string, stream_id: string, camera_id: string, channels: string[], sync_tolerance_ms: number, playout_delay_ms: number, detector: DetectorInfo | null, server_time: number}} ConnectedEvent */
/** @typedef {{channel: Channel, quality: Quality, init_id: string | number, codec: string, width: number, height: number, fps: number, data: string | Uint8Array}} InitEvent */
/** @typedef {{pts: number, detections_pts?: number | null, detections?: Box[]}} FrameInfo */
/** @typedef {{channel: Channel, quality: Quality, sequence: number, init_id: string | number, pts: number, duration: number, keyframe: boolean, cached: boolean, captured_at: number, released_at: number, frames: FrameInfo[], data: string | Uint8Array}} FragmentEvent */
/** @typedef {{drift_ms: number | null, fresh_fraction: number | null, state: string}} ChannelSync */
/** @typedef {FrameInfo & {channel?: Channel}} DetectionsEvent of the first annotated channel where it names none */
/** @typedef {{drift_ms: number, is_synchronized: boolean, sync_violations: number, state: string, correction: string, fresh_fraction: number, playout_delay_ms: number, sync_tolerance_ms: number, channels?: Record<Channel, ChannelSync>}} SyncEvent `channels`: by annotated channel; the other figures are those of the worst */
/** @typedef {{name?: string, state: "ok" | "slow" | "failing" | "none", detail: string}} PartHealth */
/** @typedef {{channel: Channel, encoder?: PartHealth, detector?: PartHealth, renderer?: PartHealth, sync?: {freshness: "met" | "not_met", freshness_detail: string}}} HealthEvent */
/** @typedef {string} VideoView what a connection carries of the pictures: a view other than `overlay` */
/** @typedef {{channel: VideoView, quality: Quality, previous_channel: VideoView, at_pts: number, reason: string}} SwitchedEvent */
/** @typedef {{channel: Channel, quality: Quality, from_sequence: number | null, to_sequence: number | null, reason: string}} GapEvent the sequences are null where nothing is known of what was missed */
/** @typedef {{pts: number, capturedAtMs: number, boxAgeMs: number | null}} FrameMeta */
/** @typedef {{image: CanvasImageSource, width: number, height: number, meta: FrameMeta, close(): void}} Frame */
/** @typedef {{state: "connecting" | "live" | "retrying" | "stalled" | "reconnecting" | "ended" | "failed", detail: string, status?: number, retryInMs?: number, problem?: Problem}} PlayerState */
/** @typedef {{type?: string, title?: string, status?: number, detail?: string, hint?: string, [key: string]: unknown}} Problem */

/**
 * What brings events. `query` holds what the next connection should ask for; a transport that
 * cannot choose may ignore it. `requestedAtMs` (`Date.now()` when the connection was asked for)
 * narrows the estimate of the server's clock.
 *
 * @typedef {object} Transport
 * @property {Record<string, string>} query
 * @property {number} [requestedAtMs]
 * @property {(onEvent: (name: string, data: any) => void, onState: (state: PlayerState) => void) => void} start
 * @property {() => void} [restart]
 * @property {() => void} close
 */

/**
 * What asks the server for another channel, over HTTP or any other way. Every call rejects with
 * an error whose message is fit to be shown.
 *
 * @typedef {object} Control
 * @property {(request: {connectionId: string, channel: VideoView, quality?: Quality}) => Promise<unknown>} switch
 * @property {(request: {connectionId: string, channel: string}) => Promise<unknown>} subscribe
 * @property {(request: {connectionId: string, channel: string}) => Promise<unknown>} unsubscribe
 */

// --- bytes -----------------------------------------------------------------------------------

/**
 * @param {string | Uint8Array | DataView} data base64 text, or bytes that came as bytes
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function toBytes(data) {
  if (typeof data !== "string") {
    const { buffer, byteOffset, byteLength } = data;
    return new Uint8Array(/** @type {ArrayBuffer} */ (buffer), byteOffset, byteLength);
  }
  const native = /** @type {any} */ (Uint8Array).fromBase64;
  if (native) return native.call(Uint8Array, data);
  const text = atob(data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** ISO BMFF boxes (ISO/IEC 14496-12): 32-bit size, four characters, payload. */
class BoxReader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @returns {Generator<{type: string, start: number, end: number, body: number}>} */
  *boxes(start = 0, end = this.bytes.byteLength) {
    for (let at = start; at + 8 <= end;) {
      const size = this.view.getUint32(at);
      if (size < 8 || at + size > end) throw new RangeError(`bad box size ${size} at byte ${at}`);
      const type = String.fromCharCode(...this.bytes.subarray(at + 4, at + 8));
      yield { type, start: at, end: at + size, body: at + 8 };
      at += size;
    }
  }

  /**
   * @param {string} type
   * @param {number} [start]
   * @param {number} [end]
   */
  find(type, start, end) {
    for (const box of this.boxes(start, end)) if (box.type === type) return box;
    throw new RangeError(`no ${type} box`);
  }
}

/**
 * Return the decoder configuration record (`avcC`, ISO/IEC 14496-15) of an init segment.
 *
 * @param {Uint8Array} bytes `ftyp` + `moov`
 */
export function parseInit(bytes) {
  const reader = new BoxReader(bytes);
  let box = reader.find("moov");
  for (const type of ["trak", "mdia", "minf", "stbl", "stsd"]) {
    box = reader.find(type, box.body, box.end);
  }
  const entry = reader.find("avc1", box.body + 8, box.end);
  const avcC = reader.find("avcC", entry.body + 78, entry.end);
  return bytes.slice(avcC.body, avcC.end);
}

/**
 * Return the samples of a fragment. Offsets count from the start of its `moof`
 * (`default-base-is-moof`).
 *
 * @param {Uint8Array<ArrayBuffer>} bytes one or more `moof` + `mdat`
 * @returns {{pts: number, duration: number, data: Uint8Array<ArrayBuffer>}[]}
 */
export function parseFragment(bytes) {
  const reader = new BoxReader(bytes);
  const { view } = reader;
  const samples = [];
  for (const moof of reader.boxes()) {
    if (moof.type !== "moof") continue;
    const traf = reader.find("traf", moof.body, moof.end);
    const tfhd = reader.find("tfhd", traf.body, traf.end);
    const tfhdFlags = view.getUint32(tfhd.body) & 0xffffff;
    let at = tfhd.body + 8 + (tfhdFlags & 0x1 ? 8 : 0) + (tfhdFlags & 0x2 ? 4 : 0);
    const defaultDuration = tfhdFlags & 0x8 ? view.getUint32(at) : 0;
    at += tfhdFlags & 0x8 ? 4 : 0;
    const defaultSize = tfhdFlags & 0x10 ? view.getUint32(at) : 0;
    const tfdt = reader.find("tfdt", traf.body, traf.end);
    const wide = view.getUint8(tfdt.body) === 1;
    let pts = wide ? Number(view.getBigUint64(tfdt.body + 4)) : view.getUint32(tfdt.body + 4);
    const trun = reader.find("trun", traf.body, traf.end);
    const flags = view.getUint32(trun.body) & 0xffffff;
    const count = view.getUint32(trun.body + 4);
    let offset = moof.start + (flags & 0x1 ? view.getInt32(trun.body + 8) : moof.end + 8);
    at = trun.body + 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0);
    for (let i = 0; i < count; i += 1) {
      const duration = flags & 0x100 ? view.getUint32(at) : defaultDuration;
      at += flags & 0x100 ? 4 : 0;
      const size = flags & 0x200 ? view.getUint32(at) : defaultSize;
      at += (flags & 0x200 ? 4 : 0) + (flags & 0x400 ? 4 : 0) + (flags & 0x800 ? 4 : 0);
      samples.push({ pts, duration, data: bytes.subarray(offset, offset + size) });
      pts += duration;
      offset += size;
    }
  }
  return samples;
}

// --- server-sent events ----------------------------------------------------------------------

/**
 * Where to resume: the id of the newest fragment. A resumed channel may start with fragments that
 * came before; to resume at those would lose ground with every connection that is cut early.
 */
export class ResumePoint {
  /** @type {string | null} */
  id = null;
  #streamId = "";
  /** @type {Map<string, number>} */
  #newest = new Map();

  /**
   * @param {string} event
   * @param {any} message
   * @param {string | null} id
   */
  receive(event, message, id) {
    if (event === "switched" || (event === "connected" && message.stream_id !== this.#streamId))
      this.#newest.clear();
    if (event === "connected") this.#streamId = message.stream_id;
    if (event !== "fragment" || !id) return;
    const key = `${message.channel}/${message.quality}`;
    if (message.sequence <= (this.#newest.get(key) ?? -1)) return;
    this.#newest.set(key, message.sequence);
    this.id = id;
  }
}

/** Splits an event stream (WHATWG HTML, 9.2.6) into events; text may be cut anywhere. */
export class SseParser {
  #text = "";
  #searched = 0;

  /**
   * @param {string} text
   * @returns {{event: string, data: string, id: string | null}[]}
   */
  push(text) {
    this.#text += text;
    if (this.#text.includes("\r")) {
      const held = this.#text.endsWith("\r") ? 1 : 0; // the "\n" of a pair may come next
      const whole = this.#text.slice(0, this.#text.length - held).replace(/\r\n?/g, "\n");
      this.#text = whole + (held ? "\r" : "");
    }
    const events = [];
    let start = 0;
    for (;;) {
      const end = this.#text.indexOf("\n\n", Math.max(start, this.#searched));
      if (end < 0) break;
      const event = SseParser.#event(this.#text.slice(start, end));
      if (event) events.push(event);
      start = end + 2;
    }
    this.#text = this.#text.slice(start);
    this.#searched = Math.max(0, this.#text.length - 2);
    if (this.#text.length > MAX_EVENT_CHARS) throw new RangeError("an event is too long");
    return events;
  }

  /** @param {string} block */
  static #event(block) {
    let event = "message";
    let id = null;
    const data = [];
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
      if (field === "event") event = value;
      else if (field === "id") id = value;
      else if (field === "data") data.push(value);
    }
    return data.length ? { event, data: data.join("\n"), id } : null;
  }
}

/** @param {string} text */
const asSentence = (text) => capitalised(text) + (/[.!?]$/.test(text) ? "" : ".");

/** An answer that says what was wrong (RFC 9457); `message` is fit to be shown. */
export class ProblemError extends Error {
  /**
   * @param {number} status
   * @param {Problem} problem
   * @param {number | null} retryAfterMs
   */
  constructor(status, problem, retryAfterMs = null) {
    const words = [problem.detail ?? problem.title ?? `The server answered ${status}`];
    if (problem.hint) words.push(problem.hint);
    super(words.map(asSentence).join(" "));
    this.status = status;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }

  /** @param {Response} response */
  static async of(response) {
    const problem = await response.json().catch(() => ({}));
    const detail = typeof problem.detail === "string" ? problem.detail : undefined;
    const retryAfterS = Number(response.headers.get("Retry-After") ?? NaN);
    return new ProblemError(
      response.status,
      { ...problem, detail },
      Number.isFinite(retryAfterS) ? retryAfterS * 1000 : null,
    );
  }
}

/** @param {string | null | undefined} token @returns {Record<string, string>} */
const authorization = (token) => (token ? { Authorization: `Bearer ${token}` } : {});

/**
 * Return the wait before attempt `attempt` (from 0), ms: doubling from 0.5 s to 10 s, of which a
 * random half, so that a thousand viewers do not come back at once.
 *
 * @param {number} attempt
 */
export function backoffMs(attempt, random = Math.random()) {
  return Math.min(500 * 2 ** attempt, 10_000) * (0.5 + 0.5 * random);
}

/**
 * Events of `GET /streams/sse/{camera_id}/dual`.
 *
 * Read with `fetch` rather than `EventSource`, which hides the status and the problem document of
 * a refusal, retries at a fixed pace for ever, and cannot be told that silence is an error. What
 * `EventSource` does by itself (`Last-Event-ID`) is one header here.
 *
 * @implements {Transport}
 */
export class SseTransport {
  /** @type {Record<string, string>} */
  query = {};
  requestedAtMs = 0;
  /** @type {AbortController | null} */
  #abort = null;
  /** @type {(() => void) | null} */
  #wake = null;
  #resume = new ResumePoint();
  #attempt = 0;
  #closed = false;
  #restarted = false;

  /** @param {{cameraId: string, baseUrl?: string, token?: string | null, heartbeatIntervalMs?: number}} options */
  constructor({ cameraId, baseUrl = "", token = null, heartbeatIntervalMs = 15_000 }) {
    this.cameraId = cameraId;
    this.baseUrl = baseUrl;
    this.token = token;
    this.silenceMs = 2 * heartbeatIntervalMs;
  }

  /**
   * @param {(name: string, data: any) => void} onEvent
   * @param {(state: PlayerState) => void} onState
   */
  start(onEvent, onState) {
    void this.#run(onEvent, onState);
  }

  /** Connect again at once, with the current `query`. */
  restart() {
    this.#restarted = true;
    this.#resume = new ResumePoint();
    this.#abort?.abort();
    this.#wake?.();
  }

  close() {
    this.#closed = true;
    this.#abort?.abort();
    this.#wake?.();
  }

  /**
   * @param {(name: string, data: any) => void} onEvent
   * @param {(state: PlayerState) => void} onState
   */
  async #run(onEvent, onState) {
    while (!this.#closed) {
      this.#restarted = false;
      onState({ state: "connecting", detail: "Connecting to the server." });
      /** @type {unknown} */
      let reason;
      try {
        if (await this.#read(onEvent)) return;
        reason = new Error("The server closed the connection.");
      } catch (error) {
        reason = error;
      }
      if (this.#closed) return;
      if (this.#restarted) continue;
      const state = this.#describe(reason);
      onState(state);
      if (state.state === "failed") return;
      await this.#sleep(state.retryInMs ?? 0);
    }
  }

  /**
   * Read one connection. Return true when the server said that nothing more will come.
   *
   * @param {(name: string, data: any) => void} onEvent
   */
  async #read(onEvent) {
    const abort = new AbortController();
    this.#abort = abort;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let silence;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(
        () => abort.abort(new Error(`Nothing was heard for ${this.silenceMs / 1000} s.`)),
        this.silenceMs,
      );
    };
    listen();
    try {
      this.requestedAtMs = Date.now();
      const response = await fetch(this.#url(), {
        headers: {
          Accept: "text/event-stream",
          ...authorization(this.token),
          ...(this.#resume.id ? { "Last-Event-ID": this.#resume.id } : {}),
        },
        cache: "no-store",
        signal: abort.signal,
      });
      if (!response.ok || !response.body) throw await ProblemError.of(response);
      const parser = new SseParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return false;
        listen();
        for (const { event, data, id } of parser.push(value)) {
          this.#attempt = 0;
          const message = JSON.parse(data);
          this.#resume.receive(event, message, id);
          onEvent(event, message);
          if (event === "end" && /^(camera_removed|source_ended)$/.test(message.reason))
            return true;
        }
      }
    } finally {
      clearTimeout(silence);
      abort.abort();
    }
  }

  #url() {
    const query = new URLSearchParams(this.query);
    if (this.token) query.set("access_token", this.token);
    return `${this.baseUrl}/streams/sse/${encodeURIComponent(this.cameraId)}/dual?${query}`;
  }

  /**
   * @param {unknown} reason
   * @returns {PlayerState}
   */
  #describe(reason) {
    const retryInMs = backoffMs(this.#attempt);
    this.#attempt += 1;
    if (reason instanceof ProblemError) {
      const { status, problem, message: detail } = reason;
      const final = status < 500 && status !== 408 && status !== 429;
      if (final) return { state: "failed", detail, status, problem };
      return { state: "retrying", detail, status, retryInMs: reason.retryAfterMs ?? retryInMs };
    }
    const unreachable = reason instanceof TypeError;
    const detail = unreachable ? "The server cannot be reached." : wordsOf(reason);
    return { state: "retrying", detail, retryInMs };
  }

  /** @param {number} ms */
  async #sleep(ms) {
    if (this.#restarted) return;
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => (clearTimeout(timer), resolve(null));
    });
    this.#wake = null;
  }
}

/** @param {unknown} error */
const wordsOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Control calls over HTTP, as the protocol's table "Control" has them.
 *
 * @implements {Control}
 */
export class HttpControl {
  /** @param {{cameraId: string, baseUrl?: string, token?: string | null}} options */
  constructor({ cameraId, baseUrl = "", token = null }) {
    this.root = `${baseUrl}/streams/sse/${encodeURIComponent(cameraId)}`;
    this.token = token;
  }

  /** @param {{connectionId: string, channel: VideoView, quality?: Quality}} request */
  switch({ connectionId, channel, quality }) {
    const body = { new_channel: channel, connection_id: connectionId, quality };
    return this.#send("POST", "/switch", body);
  }

  /** @param {{connectionId: string, channel: string}} request */
  subscribe({ connectionId, channel }) {
    const body = { channel_type: channel, connection_id: connectionId };
    return this.#send("POST", "/subscribe", body);
  }

  /** @param {{connectionId: string, channel: string}} request */
  unsubscribe({ connectionId, channel }) {
    const query = new URLSearchParams({ connection_id: connectionId, channel_type: channel });
    return this.#send("DELETE", `/subscribe?${query}`);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   */
  async #send(method, path, body) {
    /** @type {Response} */
    let response;
    try {
      response = await fetch(this.root + path, {
        method,
        headers: { "Content-Type": "application/json", ...authorization(this.token) },
        body: body && JSON.stringify(body),
      });
    } catch (error) {
      throw new Error("The server cannot be reached.", { cause: error });
    }
    if (!response.ok) throw await ProblemError.of(response);
    return response.status === 204 ? null : response.json();
  }
}

// --- choosing what to draw (pure) ------------------------------------------------------------

/**
 * Return the index of the frame to draw next, or -1: the oldest that is newer than what is shown,
 * or the newest when that one is too late.
 *
 * @param {number[]} ready ascending pts of decoded frames
 * @param {number} shownPts
 * @param {number} newestPts newest pts received
 */
export function nextFrame(ready, shownPts, newestPts) {
  const index = ready.findIndex((pts) => pts > shownPts);
  if (index < 0) return -1;
  return newestPts - ready[index] > MAX_WAIT_MS * TICKS_PER_MS ? ready.length - 1 : index;
}

/**
 * Return the pts that all channels should show next, or null while they have none in common.
 *
 * @param {number[][]} ready of each channel: ascending pts of decoded frames
 * @param {number} shownPts
 * @param {number} newestPts newest pts that all have received
 */
export function nextCommon([first, ...others], shownPts, newestPts) {
  const common = first.filter((pts) => others.every((ready) => ready.includes(pts)));
  const index = nextFrame(common, shownPts, newestPts);
  return index < 0 ? null : common[index];
}

// --- views (pure) ----------------------------------------------------------------------------

export const RAW = "raw";
/** The first annotated channel: the one of the views `both` and `overlay`. */
export const ANNOTATED = "annotated";

/**
 * Return the channels whose pictures a view shows, raw first.
 *
 * @param {View} view
 * @returns {Channel[]}
 */
export function channelsOf(view) {
  if (view === "overlay") return [RAW];
  if (view === "both") return [RAW, ANNOTATED];
  const names = new Set(view.split(",").filter(Boolean));
  return names.delete(RAW) ? [RAW, ...names] : [...names];
}

/**
 * Return the name of the view with these channels.
 *
 * @param {Iterable<Channel>} channels
 * @returns {VideoView}
 */
export function viewOf(channels) {
  const name = channelsOf([...channels].join(",")).join(",");
  return name === `${RAW},${ANNOTATED}` ? "both" : name;
}

/** What the connection carries for a view. @param {View} view @returns {VideoView} */
const videoOf = (view) => viewOf(channelsOf(view));

/** One name per view, however it was asked for. @param {View} view @returns {View} */
const canonical = (view) => (view === "overlay" ? view : videoOf(view));

/**
 * Return the view that an address or a setting names, or null when it cannot be one. Whether the
 * camera has such channels is known to its server alone.
 *
 * @param {string | null} text
 * @returns {View | null}
 */
export const parseView = (text) =>
  /^[a-z][a-z0-9-]*(,[a-z][a-z0-9-]*)*$/.test(text ?? "") ? canonical(text ?? "") : null;

/** The channels whose boxes a view shows. @param {View} view @returns {Channel[]} */
const annotatedOf = (view) =>
  view === "overlay" ? [ANNOTATED] : channelsOf(view).filter((channel) => channel !== RAW);

/** Quality `source` exists for raw only. @param {VideoView} video @param {Quality} quality @returns {Quality} */
const qualityOf = (video, quality) =>
  quality === "source" && !channelsOf(video).includes(RAW) ? "high" : quality;

/**
 * Return the figures of the channels that a view shows: those of its only annotated channel, else
 * those of the worst, which the event itself carries.
 *
 * @param {SyncEvent | null} sync
 * @param {View} view
 * @returns {ChannelSync | null}
 */
export function syncOf(sync, view) {
  const [channel, ...others] = annotatedOf(view);
  return (!others.length && sync?.channels?.[channel]) || sync;
}

// --- tracks: one encoding of one channel, decoded --------------------------------------------

/** What is counted; all figures only grow. */
export class Counters {
  /** Frames drawn, per canvas. */
  shown = 0;
  /** Frames that came too late to be drawn, or that were jumped over. */
  skipped = 0;
  /** Frames that not all channels had. */
  unpaired = 0;
  /** Decoded frames thrown away because nobody drew them in time. */
  overflowed = 0;
  /** Jumps to the newest GOP after a hidden tab or a stall. */
  jumps = 0;
  /** `gap` events after which something was missing, and holes that no `gap` announced. */
  gaps = 0;
  holes = 0;
  decodeErrors = 0;
  reconnects = 0;
  /** The most decoded frames that ever waited on one track. */
  peakFrames = 0;
}

/** What both kinds of track share: the bounded queue of decoded frames and what is still owed. */
class Track {
  /** @type {Frame[]} decoded, ascending pts */
  frames = [];
  /** @type {Map<number, FrameMeta>} given to the decoder, not yet come out; ascending pts */
  owed = new Map();
  /** Newest pts received, and newest that came out. */
  newestPts = -Infinity;
  outPts = -Infinity;
  /** Frames up to this pts are decoded but never drawn. */
  floorPts = -Infinity;
  keyPts = -Infinity;
  needsKey = true;
  sequence = -1;
  closed = false;
  paused = false;
  /** After a stall, until fragments come on time again: only the newest frame is drawn. */
  catchingUp = false;
  /** When a frame was first ready to take over, ms of `performance.now()`. */
  readySinceMs = 0;
  /** The frame it waits at to take over with, which nobody else is to draw; and since when. */
  heldPts = Infinity;
  heldSinceMs = 0;
  #resyncedKeyPts = -Infinity;

  /**
   * @param {InitEvent} init
   * @param {Counters} counters
   * @param {() => number} shownPts
   * @param {number} lookBackTicks how far before the newest frame a fresh start begins to draw
   */
  constructor(init, counters, shownPts, lookBackTicks) {
    this.init = init;
    this.counters = counters;
    this.shownPts = shownPts;
    this.lookBackTicks = lookBackTicks;
  }

  get channel() {
    return this.init.channel;
  }

  /** @param {FragmentEvent} fragment */
  fits({ channel, quality, init_id }) {
    const { init } = this;
    return init.channel === channel && init.quality === quality && init.init_id === init_id;
  }

  /**
   * @param {FragmentEvent} fragment
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {number} lateMs how much longer than others it was on its way
   */
  push(fragment, bytes, lateMs = 0) {
    if (this.sequence >= 0 && fragment.sequence !== this.sequence + 1) {
      this.counters.holes += 1;
      this.needsKey = true;
    }
    this.sequence = fragment.sequence;
    if (this.needsKey && !fragment.keyframe) return;
    this.needsKey = false;
    if (fragment.keyframe) this.keyPts = fragment.pts;
    const samples = parseFragment(bytes).map((sample, index) => {
      const info = fragment.frames?.[index];
      const pts = info?.pts ?? sample.pts;
      const capturedAtMs = fragment.captured_at * 1000 + (pts - fragment.pts) / TICKS_PER_MS;
      const boxesPts = info?.detections_pts ?? null;
      const boxAgeMs = boxesPts === null ? null : (pts - boxesPts) / TICKS_PER_MS;
      return { ...sample, pts, meta: { pts, capturedAtMs, boxAgeMs } };
    });
    this.newestPts = samples.at(-1)?.pts ?? this.newestPts;
    const behind = this.newestPts - this.shownPts() > MAX_WAIT_MS * TICKS_PER_MS;
    if (fragment.cached) {
      if (behind) this.raiseFloor();
    } else {
      this.#followLiveEdge(lateMs, fragment.keyframe);
    }
    this.decode(samples, fragment.keyframe, bytes);
  }

  /**
   * @param {number} lateMs
   * @param {boolean} keyframe
   */
  #followLiveEdge(lateMs, keyframe) {
    if (lateMs > STALL_MS && !this.catchingUp) this.counters.jumps += 1;
    this.catchingUp = lateMs > (this.catchingUp ? ON_TIME_MS : STALL_MS);
    if (!this.catchingUp) return;
    this.raiseFloor();
    if (keyframe) this.skipToKeyframe();
  }

  /** Draw nothing that is older than the newest frame received. */
  raiseFloor() {
    this.floorPts = this.newestPts - this.lookBackTicks - 1;
    while (this.frames.length && this.frames[0].meta.pts <= this.floorPts) {
      this.frames.shift()?.close();
    }
  }

  /** Whether the track fell so far behind that only the newest GOP is worth decoding. */
  get isStalled() {
    const late = this.newestPts - this.outPts > STALL_MS * TICKS_PER_MS;
    return (
      late &&
      !this.paused &&
      this.outPts > -Infinity &&
      this.keyPts > Math.max(this.outPts, this.#resyncedKeyPts)
    );
  }

  /** Jump to the newest GOP and draw only its end. */
  resync() {
    this.#resyncedKeyPts = this.keyPts;
    this.counters.jumps += 1;
    this.dropFrames();
    this.raiseFloor();
    this.restart();
  }

  /**
   * Whether a frame after `afterPts` and before `beforePts` is decoded or still to come out.
   *
   * @param {number} afterPts
   * @param {number} beforePts
   */
  owes(afterPts, beforePts) {
    /** @param {number} pts */
    const between = (pts) => pts > afterPts && pts < beforePts;
    return this.frames.some(({ meta }) => between(meta.pts)) || [...this.owed.keys()].some(between);
  }

  /** @param {Frame} frame */
  enqueue(frame) {
    const { pts } = frame.meta;
    this.outPts = Math.max(this.outPts, pts);
    if (this.closed || this.paused || pts <= Math.max(this.floorPts, this.shownPts())) {
      frame.close();
      return;
    }
    this.frames.push(frame);
    this.counters.peakFrames = Math.max(this.counters.peakFrames, this.frames.length);
    if (this.frames.length > MAX_FRAMES) {
      this.frames.shift()?.close();
      this.counters.overflowed += 1;
    }
  }

  /**
   * Take the meta of a frame that came out; those before it will not come any more.
   *
   * @param {number} pts
   */
  settle(pts) {
    const meta = this.owed.get(pts) ?? { pts, capturedAtMs: NaN, boxAgeMs: null };
    for (const key of this.owed.keys()) {
      if (key > pts) break;
      this.owed.delete(key);
    }
    return meta;
  }

  /**
   * Remove and return the frame of this pts; older ones are closed.
   *
   * @param {number} pts
   * @returns {{frame: Frame | null, dropped: number}}
   */
  take(pts) {
    let dropped = 0;
    while (this.frames.length && this.frames[0].meta.pts < pts) {
      this.frames.shift()?.close();
      dropped += 1;
    }
    const hit = this.frames[0]?.meta.pts === pts;
    return { frame: (hit && this.frames.shift()) || null, dropped };
  }

  dropFrames() {
    for (const frame of this.frames) frame.close();
    this.frames = [];
    this.owed.clear();
  }

  close() {
    this.closed = true;
    this.dropFrames();
  }

  /** @param {boolean} paused */
  setPaused(paused) {
    if (this.paused === paused) return;
    this.paused = paused;
    if (!paused) this.resync();
    else this.dropFrames();
  }

  /** @returns {number} */
  get queued() {
    return this.owed.size;
  }

  /**
   * @param {{pts: number, duration: number, data: Uint8Array<ArrayBuffer>, meta: FrameMeta}[]} _samples
   * @param {boolean} _keyframe
   * @param {Uint8Array<ArrayBuffer>} _bytes
   */
  decode(_samples, _keyframe, _bytes) {}

  /** Start again from the newest keyframe. */
  restart() {}

  /** Look whether there is a frame that was not announced yet. Once per animation frame. */
  look() {}

  /** Go on from the frame it waits at. */
  letGo() {
    this.heldPts = Infinity;
  }

  /** Forget what is queued: the next sample is a keyframe. */
  skipToKeyframe() {}
}

/** @param {number} pts */
const ptsToUs = (pts) => Math.round((pts * 1_000_000) / TICKS_PER_S);
/** @param {number} us */
const usToPts = (us) => Math.round((us * TICKS_PER_S) / 1_000_000);

/** Decodes with WebCodecs. The newest GOP is kept compressed, to start again from it. */
class WebCodecsTrack extends Track {
  /** @type {VideoDecoder | null} */
  #decoder = null;
  /** @type {{chunk: EncodedVideoChunk, meta: FrameMeta}[]} */
  #gop = [];
  #gopBytes = 0;

  /**
   * @param {InitEvent} init
   * @param {Counters} counters
   * @param {() => number} shownPts
   */
  constructor(init, counters, shownPts) {
    super(init, counters, shownPts, 0);
    /** @type {VideoDecoderConfig} */
    this.config = {
      codec: init.codec,
      codedWidth: init.width,
      codedHeight: init.height,
      description: parseInit(toBytes(init.data)),
      optimizeForLatency: true,
    };
    this.#open();
  }

  #open() {
    const decoder = new VideoDecoder({
      output: (frame) => this.#output(frame),
      error: (error) => this.#fail(decoder, error),
    });
    decoder.configure(this.config);
    this.#decoder = decoder;
  }

  /** @override @type {Track["decode"]} */
  decode(samples, keyframe) {
    if (keyframe) this.#forget();
    samples.forEach(({ pts, duration, data, meta }, index) => {
      const chunk = new EncodedVideoChunk({
        type: keyframe && index === 0 ? "key" : "delta",
        timestamp: ptsToUs(pts),
        duration: ptsToUs(duration),
        data,
      });
      this.#gop.push({ chunk, meta });
      this.#gopBytes += data.byteLength;
      if (!this.paused) this.#submit(chunk, meta);
    });
    if (this.#gop.length > MAX_GOP_FRAMES || this.#gopBytes > MAX_GOP_BYTES) {
      this.#forget();
      if (this.paused) this.needsKey = true;
    }
  }

  /** @override */
  restart() {
    const decoder = this.#decoder;
    if (!decoder || decoder.state === "closed") return;
    decoder.reset();
    decoder.configure(this.config);
    if (!this.#gop.length) this.needsKey = true;
    for (const { chunk, meta } of this.#gop) this.#submit(chunk, meta);
  }

  /** @override */
  skipToKeyframe() {
    this.#forget();
    this.owed.clear();
    this.restart();
    this.needsKey = false;
  }

  /** @override */
  close() {
    super.close();
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = null;
    this.#forget();
  }

  #forget() {
    this.#gop = [];
    this.#gopBytes = 0;
  }

  /**
   * @param {EncodedVideoChunk} chunk
   * @param {FrameMeta} meta
   */
  #submit(chunk, meta) {
    const decoder = this.#decoder;
    if (decoder?.state !== "configured") return;
    if (decoder.decodeQueueSize > MAX_GOP_FRAMES) {
      this.needsKey = true;
      this.counters.overflowed += 1;
      return;
    }
    this.owed.set(meta.pts, meta);
    decoder.decode(chunk);
  }

  /** @param {VideoFrame} image */
  #output(image) {
    const { displayWidth: width, displayHeight: height } = image;
    const meta = this.settle(usToPts(image.timestamp));
    this.enqueue({ image, width, height, meta, close: () => image.close() });
  }

  /**
   * @param {VideoDecoder} decoder
   * @param {DOMException} error
   */
  #fail(decoder, error) {
    if (decoder !== this.#decoder) return;
    console.warn("streamlab: decoding failed, waiting for the next keyframe:", error.message);
    this.counters.decodeErrors += 1;
    this.dropFrames();
    this.#forget();
    this.needsKey = true;
    this.#open();
  }
}

const MSE_TARGET_S = 0.15;
const MSE_DEAD_ZONE_S = 0.04;
const MSE_JUMP_S = 0.6;
const MSE_KEEP_S = 4;
/** A seek to a frame aims so far behind its start. */
const MSE_INTO_FRAME_S = 0.006;
const MSE_MAX_QUEUED = 600;
const MSE_POOL = 8;

/**
 * Decodes with a `<video>` that is never in the page: each frame it presents is copied to a
 * canvas, so pairing, switching and drawing are those of WebCodecs.
 */
class MseTrack extends Track {
  #video = document.createElement("video");
  #source = new MediaSource();
  /** @type {SourceBuffer | null} */
  #buffer = null;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #queue;
  /** @type {HTMLCanvasElement[]} */
  #pool = [];
  #placed = false;

  /**
   * @param {InitEvent} init
   * @param {Counters} counters
   * @param {() => number} shownPts
   */
  constructor(init, counters, shownPts) {
    super(init, counters, shownPts, MSE_TARGET_S * TICKS_PER_S);
    this.#queue = [toBytes(init.data)];
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#video.addEventListener("error", () => this.#fail());
    this.#source.addEventListener("sourceopen", () => this.#open(), { once: true });
    this.#video.src = URL.createObjectURL(this.#source);
    this.#watch();
  }

  #open() {
    URL.revokeObjectURL(this.#video.src);
    if (this.closed) return;
    const buffer = this.#source.addSourceBuffer(`video/mp4; codecs="${this.init.codec}"`);
    buffer.mode = "segments";
    buffer.addEventListener("updateend", () => this.#advance());
    this.#buffer = buffer;
    this.#advance();
  }

  /** @override @type {Track["decode"]} */
  decode(samples, keyframe, bytes) {
    if (!this.paused) for (const { meta } of samples) this.owed.set(meta.pts, meta);
    if (this.owed.size > MAX_GOP_FRAMES) this.owed.clear();
    if (this.#queue.length >= MSE_MAX_QUEUED) {
      this.#queue.length = 0;
      this.needsKey = true;
      this.counters.overflowed += 1;
      return;
    }
    this.#queue.push(bytes);
    this.#advance();
  }

  /** @override */
  restart() {
    this.#place(null);
  }

  /** @override */
  close() {
    super.close();
    this.#queue.length = 0;
    this.#pool.length = 0;
    this.#buffer = null;
    this.#video.pause();
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  /** Do the next thing a source buffer can do: one at a time. */
  #advance() {
    const buffer = this.#buffer;
    if (!buffer || buffer.updating || this.#source.readyState !== "open") return;
    this.#steer();
    const { buffered } = buffer;
    const keepFrom = this.#video.currentTime - MSE_KEEP_S;
    if (buffered.length && buffered.start(0) < keepFrom - MSE_KEEP_S) {
      buffer.remove(0, keepFrom);
    } else if (this.#queue.length) {
      const bytes = joined(this.#queue);
      this.#queue.length = 0;
      buffer.appendBuffer(bytes);
    }
  }

  /** Keep `currentTime` near the live edge: place it once, then by rate, then by a jump. */
  #steer() {
    const video = this.#video;
    const { buffered } = video;
    if (!buffered.length) return;
    if (!this.#placed) {
      const afterPts = Math.max(this.shownPts(), this.floorPts);
      if (buffered.end(buffered.length - 1) > afterPts / TICKS_PER_S) this.#place(afterPts);
      return;
    }
    const last = buffered.length - 1;
    const lag = buffered.end(last) - video.currentTime;
    const inLast = video.currentTime >= buffered.start(last) - MSE_DEAD_ZONE_S;
    if (lag > MSE_JUMP_S || !inLast) {
      this.counters.jumps += 1;
      this.#place(null);
      return;
    }
    const error = lag - MSE_TARGET_S;
    const rate = Math.abs(error) < MSE_DEAD_ZONE_S ? 1 : 1 + Math.max(-0.1, Math.min(0.1, error));
    if (Math.abs(video.playbackRate - rate) > 0.02) video.playbackRate = rate;
  }

  /**
   * Seek to the first frame after `afterPts` and wait there until it is drawn: the element's clock
   * would run ahead while it decodes, and frames would be lost. Without such a frame near the live
   * edge, go there and play.
   *
   * @param {number | null} afterPts
   */
  #place(afterPts) {
    const video = this.#video;
    const last = video.buffered.length - 1;
    if (last < 0) return;
    const liveS = Math.max(video.buffered.start(last), video.buffered.end(last) - MSE_TARGET_S);
    const next = afterPts === null ? undefined : [...this.owed.keys()].find((pts) => pts > afterPts);
    const nextS = (next ?? Infinity) / TICKS_PER_S;
    const near = Math.abs(liveS - nextS) < MAX_WAIT_MS / 1000;
    this.#placed = true;
    video.currentTime = near ? nextS + MSE_INTO_FRAME_S : liveS;
    if (next !== undefined && near && this.floorPts <= this.shownPts()) {
      video.pause();
      this.heldPts = next;
      this.heldSinceMs = performance.now();
    } else {
      this.letGo();
    }
  }

  /** @override */
  letGo() {
    this.heldPts = Infinity;
    if (this.#placed && this.#video.paused) this.#video.play().catch(() => this.#fail());
  }

  /** @override @type {Track["take"]} */
  take(pts) {
    const taken = super.take(pts);
    if (taken.frame) this.letGo();
    return taken;
  }

  #watch() {
    if (this.closed) return;
    if (!("requestVideoFrameCallback" in this.#video)) {
      // Without frame callbacks the best known pts is that of the clock.
      requestAnimationFrame(() => {
        const pts = Math.round(this.#video.currentTime * TICKS_PER_S);
        const shown = [...this.owed.keys()].filter((key) => key <= pts).at(-1);
        if (shown !== undefined) this.#output(shown);
        this.#watch();
      });
      return;
    }
    this.#video.requestVideoFrameCallback((_now, { mediaTime }) => {
      this.#output(Math.round(mediaTime * TICKS_PER_S));
      this.#watch();
    });
  }

  /** @override */
  look() {
    if (this.outPts > -Infinity && "VideoFrame" in globalThis) this.#output(0);
  }

  /** @param {number} pts of the frame that was announced */
  #output(pts) {
    if (this.closed || this.paused || !this.#video.videoWidth) return;
    const frame = "VideoFrame" in globalThis ? this.#grab() : this.#copy(pts);
    if (frame) this.enqueue(frame);
  }

  /**
   * The picture that the element has now. When the announcement came late it is a newer one than
   * was announced; a VideoFrame (which, unlike VideoDecoder, needs no secure context) knows.
   *
   * @returns {Frame | null} null when it came out before, or the element has none at the moment
   */
  #grab() {
    const image = pictureOf(this.#video);
    if (!image) return null;
    const { displayWidth: width, displayHeight: height } = image;
    const pts = usToPts(image.timestamp);
    if (pts <= this.outPts) {
      image.close();
      return null;
    }
    return { image, width, height, meta: this.settle(pts), close: () => image.close() };
  }

  /** @param {number} pts @returns {Frame} */
  #copy(pts) {
    const { videoWidth: width, videoHeight: height } = this.#video;
    const image = this.#pool.pop() ?? document.createElement("canvas");
    if (image.width !== width || image.height !== height) Object.assign(image, { width, height });
    image.getContext("2d", { alpha: false })?.drawImage(this.#video, 0, 0);
    const close = () => void (this.#pool.length < MSE_POOL && this.#pool.push(image));
    return { image, width, height, meta: this.settle(pts), close };
  }

  #fail() {
    if (this.closed) return;
    this.counters.decodeErrors += 1;
    console.warn("streamlab: the video element failed:", this.#video.error?.message ?? "");
  }
}

/**
 * The picture that a video shows, or null while it has none (it seeks, or its decoder was taken).
 *
 * @param {HTMLVideoElement} video
 */
function pictureOf(video) {
  try {
    return new VideoFrame(video);
  } catch (error) {
    if (error instanceof DOMException && error.name === "InvalidStateError") return null;
    throw error;
  }
}

/** @param {Uint8Array<ArrayBuffer>[]} parts */
function joined(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

// --- pictures --------------------------------------------------------------------------------

const WAITING_WORDS = "No picture yet.";
const BEHIND_WORDS = `More than ${MAX_WAIT_MS} ms behind, so it is left out.`;

/** @param {string} name */
const capitalised = (name) => name.charAt(0).toUpperCase() + name.slice(1);

/** One canvas, the track that feeds it and the one that is about to. */
class Picture {
  /** @type {Track | null} */
  current = null;
  /** @type {Track | null} */
  pending = null;
  shownPts = -Infinity;

  /**
   * @param {string} cameraId
   * @param {Channel} channel
   */
  constructor(cameraId, channel) {
    /** The channel expected next; the canvas says which one it shows. */
    this.channel = channel;
    this.figure = document.createElement("figure");
    this.figure.className = "streamlab-picture";
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.style.cssText = "display:block;max-width:100%";
    this.caption = document.createElement("figcaption");
    this.note = document.createElement("p");
    this.note.className = "streamlab-note";
    this.note.hidden = true;
    this.figure.append(this.canvas, this.caption, this.note);
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.cameraId = cameraId;
    this.caption.textContent = capitalised(channel);
    this.withdraw(WAITING_WORDS);
  }

  get tracks() {
    return [this.current, this.pending].filter((track) => track !== null);
  }

  get outPts() {
    return Math.max(...this.tracks.map((track) => track.outPts), -Infinity);
  }

  get newestPts() {
    return Math.max(...this.tracks.map((track) => track.newestPts), -Infinity);
  }

  get ready() {
    const untilPts = this.pending?.heldPts ?? Infinity;
    const ready = this.current?.frames.map(({ meta }) => meta.pts) ?? [];
    return ready.filter((pts) => pts < untilPts);
  }

  /** @param {Track} track */
  expect(track) {
    this.pending?.close();
    this.pending = track;
  }

  /**
   * Let the pending track take over once it has a frame to show and the old one owes none before.
   *
   * @param {number} shownPts
   * @param {number} nowMs
   */
  promote(shownPts, nowMs) {
    const { current, pending } = this;
    pending?.take(shownPts + 1);
    const first = pending?.frames[0];
    for (const track of this.tracks) {
      const late = nowMs - track.heldSinceMs > HOLD_MS || shownPts >= track.heldPts;
      if (track.heldPts < Infinity && late) track.letGo();
    }
    if (!pending || !first) return;
    pending.readySinceMs ||= nowMs;
    const waited = nowMs - pending.readySinceMs > OWED_MS;
    if (!waited && current?.owes(shownPts, first.meta.pts)) return;
    current?.close();
    this.current = pending;
    this.pending = null;
  }

  /**
   * Say which channel the canvas shows: only a canvas with a current frame says so.
   *
   * @param {Channel | "overlay"} channel
   */
  present(channel) {
    const { dataset } = this.canvas;
    if (dataset.channel === channel) return;
    dataset.cameraId = this.cameraId;
    dataset.channel = channel;
    this.canvas.setAttribute("aria-label", `${capitalised(channel)} picture of ${this.cameraId}`);
    this.caption.textContent = capitalised(channel);
    this.canvas.style.visibility = "visible";
    this.note.hidden = true;
  }

  /**
   * Show words instead of a picture that is not of this moment.
   *
   * @param {string} words
   */
  withdraw(words) {
    const { dataset } = this.canvas;
    delete dataset.cameraId;
    delete dataset.channel;
    this.canvas.style.visibility = "hidden";
    if (this.note.textContent !== words) this.note.textContent = words;
    this.note.hidden = false;
  }

  /** @param {Frame} frame */
  draw({ image, width, height }) {
    const { canvas, context } = this;
    if (canvas.width !== width || canvas.height !== height)
      Object.assign(canvas, { width, height });
    context?.drawImage(image, 0, 0, width, height);
  }

  close() {
    for (const track of this.tracks) track.close();
    this.current = null;
    this.pending = null;
    this.figure.remove();
  }
}

/** The boxes of a channel's last frames, by pts. */
class BoxHistory {
  /** @typedef {{boxes: Box[], ageMs: number | null}} FrameBoxes */
  /** @type {Map<number, FrameBoxes>} */
  #frames = new Map();

  /** @param {number} pts @param {FrameBoxes} boxes */
  add(pts, boxes) {
    this.#frames.set(pts, boxes);
    if (this.#frames.size > MAX_BOXES) this.#frames.delete(this.#frames.keys().next().value ?? 0);
  }

  /**
   * The boxes of this frame, or the newest older ones (their age then grows by the difference).
   *
   * @param {number} pts
   * @returns {FrameBoxes | null}
   */
  at(pts) {
    const exact = this.#frames.get(pts);
    if (exact) return exact;
    const earlier = [...this.#frames.keys()].filter(
      (key) => key < pts && pts - key < TICKS_PER_S / 2,
    );
    const newest = Math.max(...earlier);
    const found = this.#frames.get(newest);
    if (!found) return null;
    const ageMs = found.ageMs === null ? null : found.ageMs + (pts - newest) / TICKS_PER_MS;
    return { boxes: found.boxes, ageMs };
  }
}

/** Either may be unknown. @param {number | null} a @param {number | null} b */
const greater = (a, b) => (a === null || b === null ? (a ?? b) : Math.max(a, b));

const BOX_COLOURS = ["#ffb000", "#4cc9f0", "#b5e48c", "#ff7096", "#c8a2ff", "#ffd6a5"];

/**
 * Draw boxes over a raw frame. Labels stay inside their box, so nothing above it is covered.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Box[]} boxes
 * @param {number} scaleX canvas px per px of the captured frame
 * @param {number} scaleY likewise
 */
function drawBoxes(context, boxes, scaleX, scaleY) {
  const unit = Math.max(1, context.canvas.height / 360);
  context.lineWidth = 2 * unit;
  context.font = `${10 * unit}px system-ui, sans-serif`;
  context.textBaseline = "top";
  for (const [x1, y1, x2, y2, name, score, track] of boxes) {
    const hash = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
    const colour = BOX_COLOURS[hash % BOX_COLOURS.length];
    const [left, top, width] = [x1 * scaleX, y1 * scaleY, (x2 - x1) * scaleX];
    context.strokeStyle = colour;
    context.strokeRect(left, top, width, (y2 - y1) * scaleY);
    const scored = `${name} ${Math.round(score * 100)}%`;
    const label = [track === null ? scored : `${scored} #${track}`, scored, name].find(
      (text) => context.measureText(text).width < width,
    );
    if (!label) continue;
    context.fillStyle = colour;
    context.fillRect(left, top, context.measureText(label).width + 6 * unit, 14 * unit);
    context.fillStyle = "#111";
    context.fillText(label, left + 3 * unit, top + 2 * unit);
  }
}

// --- measuring -------------------------------------------------------------------------------

/**
 * The server's clock, bounded from both sides: a stamp is older than the moment it is heard, and
 * younger than the request that it answers. Clocks that agree within those bounds count as equal.
 * Only the last 10 to 20 s count, so that a clock that is set does not matter for long.
 */
export class ServerClock {
  #lowerMs = -Infinity;
  #earlierMs = -Infinity;
  #upperMs = Infinity;
  #sinceMs = 0;

  /**
   * @param {number} serverMs
   * @param {number} nowMs
   * @param {number} requestedAtMs 0 when it is not known
   */
  connected(serverMs, nowMs, requestedAtMs) {
    this.#lowerMs = serverMs - nowMs;
    this.#earlierMs = -Infinity;
    this.#sinceMs = nowMs;
    this.#upperMs = requestedAtMs ? serverMs - requestedAtMs : Infinity;
  }

  /**
   * @param {number} serverMs
   * @param {number} nowMs
   */
  heard(serverMs, nowMs) {
    if (nowMs - this.#sinceMs > CLOCK_WINDOW_MS) {
      this.#earlierMs = this.#lowerMs;
      this.#lowerMs = -Infinity;
      this.#sinceMs = nowMs;
    }
    this.#lowerMs = Math.max(this.#lowerMs, serverMs - nowMs);
  }

  get #boundMs() {
    return Math.max(this.#lowerMs, this.#earlierMs);
  }

  /**
   * Return how much longer than the quickest this stamp was on its way, ms.
   *
   * @param {number} serverMs
   * @param {number} nowMs
   */
  lateMs(serverMs, nowMs) {
    return nowMs + this.#boundMs - serverMs;
  }

  /** Server time minus ours, ms. */
  get offsetMs() {
    const [lower, upper] = [this.#boundMs, this.#upperMs];
    if (lower === -Infinity || (lower <= CLOCK_STEP_MS && upper >= -CLOCK_STEP_MS)) return 0;
    return upper === Infinity ? lower : (lower + upper) / 2;
  }
}

/** A ring of the newest samples. */
export class Samples {
  /** @type {number[]} */
  #values = [];
  #next = 0;
  count = 0;
  last = NaN;

  /** @param {number} capacity */
  constructor(capacity) {
    this.capacity = capacity;
  }

  /** @param {number} value */
  add(value) {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.capacity;
    this.count += 1;
    this.last = value;
  }

  /** @param {number} fraction 0..1 @returns {number | null} */
  quantile(fraction) {
    if (!this.#values.length) return null;
    const sorted = [...this.#values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))];
  }

  clear() {
    this.#values = [];
    this.#next = 0;
  }
}

/** What is shown per second, and how late. */
class Meter {
  clock = new ServerClock();
  counters = new Counters();
  latencyMs = new Samples(LATENCY_SAMPLES);
  switchMs = new Samples(100);
  fps = 0;
  bitrate = 0;
  /** @type {number | null} */
  boxAgeMs = null;
  bytes = 0;
  #draws = 0;
  #sinceMs = performance.now();

  /** @param {number} capturedAtMs */
  drawn(capturedAtMs) {
    this.#draws += 1;
    const latencyMs = Date.now() + this.clock.offsetMs - capturedAtMs;
    if (Number.isFinite(latencyMs)) this.latencyMs.add(latencyMs);
  }

  tick() {
    const nowMs = performance.now();
    const seconds = (nowMs - this.#sinceMs) / 1000;
    this.fps = this.#draws / seconds;
    this.bitrate = (this.bytes * 8) / seconds;
    this.#draws = 0;
    this.bytes = 0;
    this.#sinceMs = nowMs;
  }
}

// --- the player ------------------------------------------------------------------------------

/**
 * How this browser can play, or null. WebCodecs needs a secure context (https or localhost).
 *
 * @param {string} codec
 * @returns {Promise<"webcodecs" | "mse" | null>}
 */
export async function playbackMode(codec = "avc1.42c01e") {
  if ("VideoDecoder" in globalThis) {
    const { supported } = await VideoDecoder.isConfigSupported({ codec });
    if (supported) return "webcodecs";
  }
  const mse =
    "MediaSource" in globalThis && MediaSource.isTypeSupported(`video/mp4; codecs="${codec}"`);
  return mse ? "mse" : null;
}

/**
 * @typedef {object} PlayerOptions
 * @property {HTMLElement} container where the pictures go
 * @property {string} cameraId
 * @property {Transport} transport
 * @property {Control} control
 * @property {View} [view]
 * @property {Quality} [quality]
 * @property {{width: number, height: number} | null} [captureSize] px of the captured frame, when a quality is scaled
 * @property {(state: PlayerState) => void} [onState]
 * @property {(view: View, reason: "client" | "degraded" | "refused") => void} [onView]
 * @property {(error: Error) => void} [onRefused] the server would not give the view asked for
 * @property {(stats: ReturnType<DualPlayer["stats"]>) => void} [onStats] once per second
 * @property {(shown: {pts: number, channels: string[], nowMs: number}) => void} [onShown] each draw
 */

/**
 * Say which part of the shown channels does not work, and why; empty where all do.
 *
 * @param {HealthEvent[]} channels
 */
export function faultWords(channels) {
  const faults = channels.flatMap(({ channel, detector, renderer, encoder }) => [
    partWords(`Detector ${detector?.name}`, detector),
    partWords(`Renderer ${renderer?.name}`, renderer),
    partWords(`The encoder of the ${channel} picture`, encoder),
  ]);
  return faults.filter(Boolean).join(" ");
}

/** @param {string} part @param {PartHealth} [health] */
function partWords(part, health) {
  if (health?.state !== "slow" && health?.state !== "failing") return "";
  return `${part} is ${health.state}: ${health.detail.replace(/\.$/, "")}.`;
}

/** Plays the channels of one camera, one at a time or several at the same pts. */
export class DualPlayer {
  /** @type {"webcodecs" | "mse" | null} */
  mode = null;
  /** @type {ConnectedEvent | null} */
  connection = null;
  /** @type {SyncEvent | null} */
  sync = null;
  /** @type {Map<Channel, HealthEvent>} */
  health = new Map();
  /** @type {PlayerState} */
  state = { state: "connecting", detail: "" };
  /** @type {Picture[]} one per channel of the view, raw first */
  #pictures = [];
  /** @type {Map<string, InitEvent>} */
  #inits = new Map();
  /** @type {Map<Channel, BoxHistory>} */
  #boxes = new Map();
  /** @type {VideoView} what the connection carries */
  #video = RAW;
  #hasDetections = false;
  /** @type {Set<Channel>} channels whose fragments continue a track; any other starts one */
  #continued = new Set();
  /** @type {Map<string, Track>} made while the server is asked for what they will play */
  #spares = new Map();
  /** @type {Map<Channel, {pts: number, capturedAt: number, quality: Quality, sequence: number}>} */
  #received = new Map();
  /** @type {Set<Channel>} after a gap of unknown length */
  #unmeasured = new Set();
  /** @type {Promise<void> | null} */
  #changing = null;
  #switchAskedMs = 0;
  /** Whether the camera sends: a picture that still waits must not say that it is live again. */
  #sourceIsLive = true;
  #meter = new Meter();
  #shownPts = -Infinity;
  /** @type {Set<Channel>} channels that are left out because they are too late */
  #behind = new Set();
  #animation = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticker;
  #destroyed = false;

  /** @param {PlayerOptions} options */
  constructor(options) {
    this.options = options;
    this.view = canonical(options.view ?? RAW);
    this.quality = options.quality ?? "medium";
    this.#wanted = this.view;
    this.#layOut(channelsOf(this.view));
  }

  /** @type {View} */
  #wanted;

  /** Choose how to play and connect. Rejects when this browser can play in no way. */
  async start() {
    this.mode = await playbackMode();
    if (this.#destroyed) return;
    if (!this.mode) {
      const detail = "This browser can decode H.264 neither with WebCodecs nor with Media Source.";
      this.#say({ state: "failed", detail });
      return;
    }
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#ticker = setInterval(() => this.#tick(), 1000);
    this.#animation = requestAnimationFrame(this.#animate);
    this.#ask();
    this.options.transport.start(
      (name, data) => this.receive(name, data),
      (state) => this.#onTransport(state),
    );
  }

  /** Free everything: decoders, frames, timers, elements, the transport. */
  destroy() {
    this.#destroyed = true;
    this.options.transport.close();
    document.removeEventListener("visibilitychange", this.#onVisibility);
    clearInterval(this.#ticker);
    cancelAnimationFrame(this.#animation);
    for (const picture of this.#pictures) picture.close();
    this.#closeSpares();
    this.#pictures = [];
    this.#inits.clear();
    this.#boxes.clear();
  }

  /**
   * Show another view on the running connection. Rejects, and stays as it was, when the server
   * refuses. Of several calls at once the last one wins.
   *
   * @param {View} view
   */
  setView(view) {
    this.#wanted = canonical(view);
    this.#ask();
    this.#changing ??= this.#reachWanted().finally(() => (this.#changing = null));
    return this.#changing;
  }

  /** Raw to annotated and back. */
  switch() {
    return this.setView(this.#wanted === ANNOTATED ? RAW : ANNOTATED);
  }

  /**
   * Show another quality on the running connection. Rejects, and stays as it was, when the server
   * refuses.
   *
   * @param {Quality} quality
   */
  async setQuality(quality) {
    const before = this.quality;
    this.quality = quality;
    this.#ask();
    try {
      if (this.connection?.connection_id && quality !== before)
        await this.#requestSwitch(this.#video);
    } catch (error) {
      this.quality = before;
      this.#ask();
      throw error;
    }
  }

  /** What was measured, on frames that were drawn. Times in ms, `null` where nothing is known. */
  stats() {
    const { latencyMs, switchMs, counters, fps, bitrate, boxAgeMs, clock } = this.#meter;
    const tracks = this.#pictures.flatMap((picture) => picture.tracks);
    const sync = syncOf(this.sync, this.view);
    return {
      mode: this.mode,
      view: this.view,
      state: this.state.state,
      latencyP50Ms: latencyMs.quantile(0.5),
      latencyP95Ms: latencyMs.quantile(0.95),
      shownDriftMs: this.#shownDriftMs(),
      behind: [...this.#behind].join(", ") || null,
      serverDriftMs: sync?.drift_ms ?? null,
      freshFraction: sync?.fresh_fraction ?? null,
      freshnessDetail: this.#freshnessDetail(),
      fault: faultWords(channelsOf(this.view).flatMap((name) => this.health.get(name) ?? [])),
      syncState: sync?.state ?? null,
      syncToleranceMs: this.sync?.sync_tolerance_ms ?? this.connection?.sync_tolerance_ms ?? null,
      playoutDelayMs: this.sync?.playout_delay_ms ?? this.connection?.playout_delay_ms ?? null,
      fps,
      bitrate,
      boxAgeMs,
      switches: switchMs.count,
      switchLastMs: switchMs.count ? switchMs.last : null,
      switchP50Ms: switchMs.quantile(0.5),
      switchP95Ms: switchMs.quantile(0.95),
      shownPts: this.#shownPts > -Infinity ? this.#shownPts : null,
      queuedDecodes: tracks.reduce((sum, track) => sum + track.queued, 0),
      queuedFrames: tracks.reduce((sum, track) => sum + track.frames.length, 0),
      clockOffsetMs: clock.offsetMs,
      ...counters,
    };
  }

  /** The drift of the picture that is farthest from the first (raw, if it is shown). */
  #shownDriftMs() {
    const [first, ...others] = this.#pictures.map((picture) => picture.shownPts);
    if (this.#behind.size || !others.length) return null;
    const drifts = others.map((pts) => (first - pts) / TICKS_PER_MS);
    const [worst] = drifts.sort((a, b) => Math.abs(b) - Math.abs(a));
    return drifts.every(Number.isFinite) ? worst : null;
  }

  #freshnessDetail() {
    const details = annotatedOf(this.view).map(
      (channel) => this.health.get(channel)?.sync?.freshness_detail,
    );
    return details.find(Boolean) ?? "";
  }

  // -- events

  /**
   * Take one event of the protocol.
   *
   * @param {string} name
   * @param {any} data
   */
  receive(name, data) {
    if (this.#destroyed) return;
    switch (name) {
      case "connected":
        return this.#onConnected(data);
      case "init":
        return this.#onInit(data);
      case "fragment":
        return this.#onFragment(data);
      case "detections":
        return this.#keepBoxes(data);
      case "switched":
        return this.#onSwitched(data);
      case "gap":
        return this.#onGap(data);
      case "health":
        this.health.set(data.channel, data);
        return undefined;
      case "sync":
        this.sync = data;
        return undefined;
      case "heartbeat":
        return this.#meter.clock.heard(data.server_time * 1000, Date.now());
      case "source":
        return this.#onSource(data);
      case "end":
        return this.#onEnd(data);
      default:
        return undefined; // a later protocol may say more
    }
  }

  /** @param {ConnectedEvent} connected */
  #onConnected(connected) {
    if (this.connection) this.#meter.counters.reconnects += 1;
    this.#sourceIsLive = true;
    this.connection = connected;
    this.#video = viewOf(connected.channels.filter((channel) => channel !== "detections"));
    this.#hasDetections = connected.channels.includes("detections");
    this.#continued.clear();
    this.#closeSpares();
    const requestedAtMs = this.options.transport.requestedAtMs ?? 0;
    this.#meter.clock.connected(connected.server_time * 1000, Date.now(), requestedAtMs);
    this.#say({ state: "connecting", detail: "Connected, waiting for the first picture." });
    this.setView(this.#wanted).catch((error) => this.#refused(error));
  }

  /** @param {InitEvent} init */
  #onInit(init) {
    const key = initKey(init);
    this.#inits.delete(key);
    this.#inits.set(key, init);
    if (this.#inits.size > MAX_INITS) this.#inits.delete(this.#inits.keys().next().value ?? "");
  }

  /** @param {FragmentEvent} fragment */
  #onFragment(fragment) {
    const bytes = toBytes(fragment.data);
    this.#meter.bytes += bytes.byteLength;
    this.#meter.clock.heard(fragment.released_at * 1000, Date.now());
    for (const frame of fragment.frames ?? [])
      if (frame.detections) this.#keepBoxes({ channel: fragment.channel, ...frame });
    this.#measureGap(fragment);
    this.#followTimeline(fragment);
    const picture = this.#pictures.find(({ channel }) => channel === fragment.channel);
    const track = picture && this.#trackFor(picture, fragment);
    const lateMs = this.#meter.clock.lateMs(fragment.released_at * 1000, Date.now());
    track?.push(fragment, bytes, lateMs);
  }

  /**
   * A frame captured later with a smaller pts belongs to a new timeline: the camera was started
   * again, and what was shown says nothing any more.
   *
   * @param {FragmentEvent} fragment
   */
  #followTimeline({ channel, quality, sequence, keyframe, pts, captured_at }) {
    const newest = this.#received.get(channel);
    if (newest && keyframe && captured_at > newest.capturedAt && pts < newest.pts) {
      this.#shownPts = -Infinity;
      this.#received.clear();
      this.#boxes.clear();
      for (const picture of this.#pictures) picture.shownPts = -Infinity;
      this.#continued.clear();
    } else if (newest && captured_at <= newest.capturedAt) {
      return;
    }
    this.#received.set(channel, { pts, capturedAt: captured_at, quality, sequence });
  }

  /**
   * After a gap of unknown length, the first fragment shows whether anything is missing.
   *
   * @param {FragmentEvent} fragment
   */
  #measureGap({ channel, quality, sequence }) {
    if (!this.#unmeasured.delete(channel)) return;
    const newest = this.#received.get(channel);
    if (!newest) return;
    const follows = newest.quality === quality && sequence <= newest.sequence + 1;
    if (!follows) this.#meter.counters.gaps += 1;
  }

  /**
   * @param {Picture} picture
   * @param {FragmentEvent} fragment
   * @returns {Track | null}
   */
  #trackFor(picture, fragment) {
    const continued = this.#continued.has(fragment.channel);
    this.#continued.add(fragment.channel);
    const fitting = picture.tracks.reverse().find((track) => track.fits(fragment));
    if (fitting && continued) return fitting;
    const init = this.#inits.get(initKey(fragment));
    if (!init) return null;
    const track = this.#spares.get(initKey(fragment)) ?? this.#makeTrack(init);
    this.#spares.delete(initKey(fragment));
    track.paused = document.hidden;
    picture.expect(track);
    return track;
  }

  /** @param {InitEvent} init */
  #makeTrack(init) {
    const Kind = this.mode === "mse" ? MseTrack : WebCodecsTrack;
    return new Kind(init, this.#meter.counters, () => this.#shownPts);
  }

  /**
   * Set up what will play these channels, if their encoding is known from before: that takes as
   * long as the server takes to answer.
   *
   * @param {VideoView} video
   * @param {Quality} quality
   */
  #prepare(video, quality) {
    this.#closeSpares(); // of a switch that came to nothing
    const inits = [...this.#inits.values()].reverse();
    for (const channel of channelsOf(video)) {
      const wanted = qualityOf(channel, quality);
      const init = inits.find((each) => each.channel === channel && each.quality === wanted);
      if (init) this.#spares.set(initKey(init), this.#makeTrack(init));
    }
  }

  #closeSpares() {
    for (const track of this.#spares.values()) track.close();
    this.#spares.clear();
  }

  /** @param {DetectionsEvent} detections */
  #keepBoxes({ channel = ANNOTATED, pts, detections_pts, detections }) {
    const ageMs = detections_pts == null ? null : (pts - detections_pts) / TICKS_PER_MS;
    if (!this.#boxes.has(channel)) this.#boxes.set(channel, new BoxHistory());
    this.#boxes.get(channel)?.add(pts, { boxes: detections ?? [], ageMs });
  }

  /** @param {SwitchedEvent} switched */
  #onSwitched({ channel, reason }) {
    const video = videoOf(channel);
    this.#video = video;
    const channels = channelsOf(video);
    for (const each of channels) this.#continued.delete(each);
    this.#unmeasured.clear();
    const shown = this.#pictures.map(({ canvas }) => canvas.dataset.channel);
    if (channels.every((each) => shown.includes(each))) this.#switchAskedMs = 0; // nothing new
    const [picture] = this.#pictures;
    if (channels.length === 1 && this.#pictures.length === 1) picture.channel = channels[0];
    else this.#layOut(channels);
    if (reason === "degraded") {
      this.#wanted = video;
      this.#setView(video, reason);
    }
  }

  /** @param {GapEvent} gap */
  #onGap({ channel, to_sequence }) {
    if (to_sequence === null) this.#unmeasured.add(channel);
    else this.#meter.counters.gaps += 1;
    for (const track of this.#pictures.flatMap((picture) => picture.tracks)) {
      if (track.channel !== channel) continue;
      track.needsKey = true;
      track.sequence = -1;
    }
  }

  /** @param {{state: string, detail?: string | null}} source */
  #onSource({ state, detail }) {
    const words = {
      live: "The camera is live.",
      stalled: "The camera sends no pictures at the moment.",
      reconnecting: "The camera cannot be read at the moment; the server keeps trying.",
      ended: detail ? "The camera cannot be shown." : "The camera's recording has ended.",
    };
    if (!(state in words)) return;
    const known = /** @type {keyof typeof words} */ (state);
    this.#sourceIsLive = known === "live";
    const why = detail ? `Reason: ${detail}.` : "";
    this.#say({ state: known, detail: [words[known], why].filter(Boolean).join(" ") });
  }

  /** @param {{reason: string}} end */
  #onEnd({ reason }) {
    const words = /** @type {Record<string, string>} */ ({
      camera_removed: "The camera was removed from the server.",
      source_ended: "The camera's recording has ended.",
    });
    if (!words[reason]) return;
    if (reason === "source_ended" && this.state.state === "ended") return; // `source` told why
    this.#sourceIsLive = false;
    this.#say({ state: "ended", detail: words[reason] });
  }

  /** @param {PlayerState} state */
  #onTransport(state) {
    if (this.#destroyed) return;
    if (state.state !== "live") this.connection &&= { ...this.connection, connection_id: "" };
    this.#say(state);
  }

  /** @param {PlayerState} state */
  #say(state) {
    this.state = state;
    this.options.onState?.(state);
  }

  // -- views

  /** Tell the transport what its next connection should carry. */
  #ask() {
    this.options.transport.query = {
      initial_channel: videoOf(this.#wanted),
      raw_quality: this.quality,
      annotated_quality: qualityOf(ANNOTATED, this.quality),
    };
  }

  async #reachWanted() {
    try {
      while (!this.#destroyed && this.connection?.connection_id) {
        const wanted = this.#wanted;
        await this.#reach(wanted, this.connection.connection_id);
        if (wanted === this.#wanted) break;
      }
    } catch (error) {
      this.#wanted = this.view;
      this.#ask();
      throw error;
    }
    if (!this.#destroyed) this.#setView(this.#wanted, "client");
  }

  /**
   * @param {View} view
   * @param {string} connectionId
   */
  async #reach(view, connectionId) {
    const { control } = this.options;
    const channel = "detections";
    if (view === "overlay" && !this.#hasDetections) {
      await control.subscribe({ connectionId, channel });
      this.#hasDetections = true;
    }
    if (this.#video !== videoOf(view)) {
      this.#switchAskedMs = performance.now();
      await this.#requestSwitch(videoOf(view));
    }
    if (view !== "overlay" && this.#hasDetections) {
      await control.unsubscribe({ connectionId, channel });
      this.#hasDetections = false;
    }
  }

  /**
   * Ask for a switch; ask again while the new channel has no keyframe yet (504), for the old one
   * goes on meanwhile and its encoder is being started.
   *
   * @param {VideoView} channel
   */
  async #requestSwitch(channel) {
    const quality = qualityOf(channel, this.quality);
    this.#prepare(channel, quality);
    for (let attempt = 1; ; attempt += 1) {
      const connectionId = this.connection?.connection_id;
      if (!connectionId) return;
      try {
        await this.options.control.switch({ connectionId, channel, quality });
        this.#video = channel;
        return;
      } catch (error) {
        const early = error instanceof ProblemError && error.status === 504;
        if (!early || attempt >= SWITCH_TRIES) {
          this.#closeSpares();
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, SWITCH_PAUSE_MS));
      }
    }
  }

  /**
   * @param {View} view
   * @param {"client" | "degraded" | "refused"} reason
   */
  #setView(view, reason) {
    if (view === this.view) return;
    this.view = view;
    this.#meter.latencyMs.clear();
    this.options.onView?.(view, reason);
  }

  /**
   * The server would not give the view that was shown before a reconnect, or asked for at first.
   *
   * @param {unknown} error
   */
  #refused(error) {
    this.#wanted = this.#video;
    this.#setView(this.#video, "refused");
    this.#ask();
    this.options.onRefused?.(error instanceof Error ? error : new Error(String(error)));
  }

  /** @param {Channel[]} channels */
  #layOut(channels) {
    const { container, cameraId } = this.options;
    const before = this.#pictures;
    this.#pictures = channels.map(
      (channel) =>
        before.find((each) => each.channel === channel) ?? new Picture(cameraId, channel),
    );
    for (const picture of before) if (!this.#pictures.includes(picture)) picture.close();
    container.prepend(...this.#pictures.map(({ figure }) => figure));
  }

  // -- drawing

  #onVisibility = () => {
    for (const picture of this.#pictures) {
      for (const track of picture.tracks) track.setPaused(document.hidden);
    }
  };

  #animate = () => {
    this.#animation = requestAnimationFrame(this.#animate);
    const nowMs = performance.now();
    for (const picture of this.#pictures) {
      for (const track of picture.tracks) {
        if (track.isStalled) track.resync();
        track.look();
      }
      picture.promote(this.#shownPts, nowMs);
    }
    this.#drawNext();
  };

  /** Draw the next frame that all pictures have; those that are too late are left out. */
  #drawNext() {
    const leadPts = Math.max(...this.#pictures.map(({ outPts }) => outPts));
    const late = this.#pictures.filter(({ channel, outPts }) => {
      const lagMs = (leadPts - outPts) / TICKS_PER_MS;
      return lagMs > (this.#behind.has(channel) ? REJOIN_MS : MAX_WAIT_MS);
    });
    this.#behind = new Set(late.map(({ channel }) => channel));
    for (const picture of late)
      picture.withdraw(picture.outPts === -Infinity ? WAITING_WORDS : BEHIND_WORDS);
    const pictures = this.#pictures.filter((picture) => !late.includes(picture));
    if (!pictures.length) return;
    const ready = pictures.map((picture) => picture.ready);
    const newestPts = Math.min(...pictures.map((picture) => picture.newestPts));
    const pts = nextCommon(ready, this.#shownPts, newestPts);
    if (pts !== null) this.#draw(pictures, pts);
  }

  /**
   * @param {Picture[]} pictures
   * @param {number} pts
   */
  #draw(pictures, pts) {
    const { counters } = this.#meter;
    let capturedAtMs = NaN;
    this.#meter.boxAgeMs = null;
    for (const picture of pictures) {
      const track = picture.current;
      const { frame, dropped } = track?.take(pts) ?? { frame: null, dropped: 0 };
      if (!track || !frame) continue;
      if (pictures.length === 1) counters.skipped += dropped;
      else counters.unpaired += dropped;
      picture.draw(frame);
      this.#finish(picture, track.channel, frame.meta);
      capturedAtMs = frame.meta.capturedAtMs;
      frame.close();
      picture.shownPts = pts;
      counters.shown += 1;
    }
    this.#shownPts = pts;
    this.#meter.drawn(capturedAtMs);
    if (this.state.state !== "live" && this.#sourceIsLive && this.connection?.connection_id) {
      this.#say({ state: "live", detail: "The camera is live." });
    }
    const channels = pictures.map(({ canvas }) => canvas.dataset.channel ?? "");
    this.options.onShown?.({ pts, channels, nowMs: Date.now() });
  }

  /**
   * Label the canvas with what was just drawn on it, and put boxes over it in the overlay view.
   *
   * @param {Picture} picture
   * @param {Channel} channel
   * @param {FrameMeta} meta
   */
  #finish(picture, channel, meta) {
    const overlay = this.view === "overlay" && channel === RAW;
    const before = picture.canvas.dataset.channel;
    picture.present(overlay ? "overlay" : channel);
    if (this.#switchAskedMs && picture.channel === channel && before !== channel) {
      this.#meter.switchMs.add(performance.now() - this.#switchAskedMs);
      this.#switchAskedMs = 0;
    }
    if (channel !== RAW) this.#meter.boxAgeMs = greater(this.#meter.boxAgeMs, meta.boxAgeMs);
    if (!overlay || !picture.context) return;
    const found = this.#boxes.get(ANNOTATED)?.at(meta.pts);
    this.#meter.boxAgeMs = found?.ageMs ?? null;
    const { width, height } = picture.canvas;
    const size = this.options.captureSize ?? { width, height };
    drawBoxes(picture.context, found?.boxes ?? [], width / size.width, height / size.height);
  }

  #tick() {
    this.#meter.tick();
    this.options.onStats?.(this.stats());
  }
}

/** @param {{channel: string, quality: string, init_id: string | number}} init */
const initKey = ({ channel, quality, init_id }) => `${channel}/${quality}/${init_id}`;
