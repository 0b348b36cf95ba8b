// Built from the sources beside this folder by `make web`.

// ../../src/streamlab/web/player/bytes.js
function toBytes(data) {
  if (typeof data !== "string") {
    const { buffer, byteOffset, byteLength } = data;
    return new Uint8Array(
      /** @type {ArrayBuffer} */
      buffer,
      byteOffset,
      byteLength
    );
  }
  const native = (
    /** @type {any} */
    Uint8Array.fromBase64
  );
  if (native) return native.call(Uint8Array, data);
  const text = atob(data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}
var BoxReader = class {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  /** @returns {Generator<{type: string, start: number, end: number, body: number}>} */
  *boxes(start = 0, end = this.bytes.byteLength) {
    for (let at = start; at + 8 <= end; ) {
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
};
function parseInit(bytes) {
  const reader = new BoxReader(bytes);
  let box = reader.find("moov");
  for (const type of ["trak", "mdia", "minf", "stbl", "stsd"]) {
    box = reader.find(type, box.body, box.end);
  }
  const entry = reader.find("avc1", box.body + 8, box.end);
  const avcC = reader.find("avcC", entry.body + 78, entry.end);
  return bytes.slice(avcC.body, avcC.end);
}
function parseFragment(bytes) {
  const reader = new BoxReader(bytes);
  const { view } = reader;
  const samples = [];
  for (const moof of reader.boxes()) {
    if (moof.type !== "moof") continue;
    const traf = reader.find("traf", moof.body, moof.end);
    const tfhd = reader.find("tfhd", traf.body, traf.end);
    const tfhdFlags = view.getUint32(tfhd.body) & 16777215;
    let at = tfhd.body + 8 + (tfhdFlags & 1 ? 8 : 0) + (tfhdFlags & 2 ? 4 : 0);
    const defaultDuration = tfhdFlags & 8 ? view.getUint32(at) : 0;
    at += tfhdFlags & 8 ? 4 : 0;
    const defaultSize = tfhdFlags & 16 ? view.getUint32(at) : 0;
    const tfdt = reader.find("tfdt", traf.body, traf.end);
    const wide = view.getUint8(tfdt.body) === 1;
    let pts = wide ? Number(view.getBigUint64(tfdt.body + 4)) : view.getUint32(tfdt.body + 4);
    const trun = reader.find("trun", traf.body, traf.end);
    const flags = view.getUint32(trun.body) & 16777215;
    const count = view.getUint32(trun.body + 4);
    let offset = flags & 1 ? moof.start + view.getInt32(trun.body + 8) : moof.end + 8;
    at = trun.body + 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
    for (let i = 0; i < count; i += 1) {
      const duration = flags & 256 ? view.getUint32(at) : defaultDuration;
      at += flags & 256 ? 4 : 0;
      const size = flags & 512 ? view.getUint32(at) : defaultSize;
      at += (flags & 512 ? 4 : 0) + (flags & 1024 ? 4 : 0) + (flags & 2048 ? 4 : 0);
      samples.push({ pts, duration, data: bytes.subarray(offset, offset + size) });
      pts += duration;
      offset += size;
    }
  }
  return samples;
}
function joined(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

// ../../src/streamlab/web/player/events.js
var TICKS_PER_S = 9e4;
var TICKS_PER_MS = TICKS_PER_S / 1e3;

// ../../src/streamlab/web/kit/words.js
function sourceProblem({ state, detail, retry_at: retryAt }) {
  if (state === "live" || state === "closed") return "";
  const verb = state === "ended" || state === "failed" ? "has" : "is";
  const words = sentence(`The source ${verb} ${state}`, detail);
  return retryAt == null ? words : `${words} Next attempt at ${timeOfDay(retryAt)}.`;
}
function channelProblems({ name, encoder, detector, renderer, sync }) {
  const said = [
    ["slow", "failing"].includes(detector?.state ?? "") && partWords(`Detector ${detector?.name}`, detector),
    renderer?.state === "failing" && partWords(`Renderer ${renderer.name}`, renderer),
    encoder?.state === "failing" && partWords(`The encoder of channel ${name}`, encoder),
    sync?.state === "degraded" && `Channel ${name} is not synchronised with raw.`
  ];
  return said.filter((each) => typeof each === "string");
}
var partWords = (part, health) => sentence(`${part} is ${health?.state}`, health?.detail);
var sentence = (said, why) => `${said}${why ? `: ${why.replace(/\.$/, "")}` : ""}.`;
var timeOfDay = (unixS) => `${new Date(unixS * 1e3).toISOString().slice(11, 19)} UTC`;
var capitalised = (name) => name.charAt(0).toUpperCase() + name.slice(1);
var asSentence = (text) => capitalised(text) + (/[.!?]$/.test(text) ? "" : ".");
var faultWords = (channels) => [...new Set(channels.flatMap(channelProblems))].join(" ");
var endWords = (reason) => (
  /** @type {Record<string, string>} */
  {
    camera_removed: "The camera was removed from the server.",
    source_ended: "The camera's recording has ended."
  }[reason] ?? ""
);

// ../../src/streamlab/web/kit/problems.js
var PlainError = class extends Error {
};
var INTERRUPTED = "The connection to the camera was interrupted. Try again in a moment.";
var TOKEN = "Add ?access_token=TOKEN to the address of this page, with a token of the server.";
var OF_TYPE = (
  /** @type {Record<string, string>} */
  {
    "unknown-connection": INTERRUPTED,
    "connection-in-use": INTERRUPTED,
    "switch-timeout": "The other picture did not come in time, so this one stays. Try again in a moment.",
    "token-missing": `This server asks for a token. ${TOKEN}`,
    "token-wrong": `This server does not accept the token. ${TOKEN}`
  }
);
var BUSY = "The server cannot answer at the moment.";
var REFUSED = "The server does not allow this.";
var ID = /\bconnection '[^']*'/;
var PARAMETER = /^[a-z]+(_[a-z]+)+: /;
function problemWords(status, { type = "", title, detail = title, hint }) {
  const known2 = OF_TYPE[type.replace("urn:streamlab:problem:", "")];
  if (known2) return known2;
  if (!detail) return status >= 500 || status === 429 ? BUSY : REFUSED;
  if (ID.test(detail)) return INTERRUPTED;
  return [detail.replace(PARAMETER, ""), hint].filter(Boolean).map((text) => asSentence(String(text))).join(" ");
}
function errorWords(error, otherwise = "Something went wrong on this page. Reload it if it stays so.") {
  if (error instanceof PlainError) return error.message;
  console.warn("streamlab:", error);
  return otherwise;
}

// ../../src/streamlab/web/player/http.js
var UNREACHABLE = "The server cannot be reached.";
var authorization = (token) => token ? { Authorization: `Bearer ${token}` } : {};
var ProblemError = class _ProblemError extends PlainError {
  /**
   * @param {number} status
   * @param {Problem} problem
   * @param {number | null} retryAfterMs
   */
  constructor(status, problem, retryAfterMs = null) {
    super(problemWords(status, problem));
    this.status = status;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
  /** @param {Response} response */
  static async of(response) {
    const problem = await response.json().catch(() => ({}));
    const detail = typeof problem.detail === "string" ? problem.detail : void 0;
    const retryAfterS = Number(response.headers.get("Retry-After") ?? NaN);
    return new _ProblemError(
      response.status,
      { ...problem, detail },
      Number.isFinite(retryAfterS) ? retryAfterS * 1e3 : null
    );
  }
};
var HttpControl = class {
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
    let response;
    try {
      response = await fetch(this.root + path, {
        method,
        headers: { "Content-Type": "application/json", ...authorization(this.token) },
        body: body && JSON.stringify(body)
      });
    } catch (error) {
      throw new PlainError(UNREACHABLE, { cause: error });
    }
    if (!response.ok) throw await ProblemError.of(response);
    return response.status === 204 ? null : response.json();
  }
};

// ../../src/streamlab/web/player/sse.js
var MAX_EVENT_CHARS = 32 << 20;
var ResumePoint = class {
  /** @type {string | null} */
  id = null;
  #streamId = "";
  /** @type {Map<string, number>} */
  #newest = /* @__PURE__ */ new Map();
  /**
   * @param {string} event
   * @param {any} message
   * @param {string | null} id
   */
  receive(event, message, id) {
    if (event === "switched" || event === "connected" && message.stream_id !== this.#streamId)
      this.#newest.clear();
    if (event === "connected") this.#streamId = message.stream_id;
    if (event !== "fragment" || !id) return;
    const key = `${message.channel}/${message.quality}`;
    if (message.sequence <= (this.#newest.get(key) ?? -1)) return;
    this.#newest.set(key, message.sequence);
    this.id = id;
  }
};
var SseParser = class _SseParser {
  #text = "";
  #searched = 0;
  /**
   * @param {string} text
   * @returns {{event: string, data: string, id: string | null}[]}
   */
  push(text) {
    this.#text += text;
    if (this.#text.includes("\r")) {
      const held = this.#text.endsWith("\r") ? 1 : 0;
      const whole = this.#text.slice(0, this.#text.length - held).replace(/\r\n?/g, "\n");
      this.#text = whole + (held ? "\r" : "");
    }
    const events = [];
    let start = 0;
    for (; ; ) {
      const end = this.#text.indexOf("\n\n", Math.max(start, this.#searched));
      if (end < 0) break;
      const event = _SseParser.#event(this.#text.slice(start, end));
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
};
async function readEvents(url, headers, { abort, silenceMs }, onEvent) {
  let silence;
  const listen = () => {
    clearTimeout(silence);
    const error = new PlainError(`Nothing was heard for ${silenceMs / 1e3} s.`);
    silence = setTimeout(() => abort.abort(error), silenceMs);
  };
  listen();
  try {
    const response = await fetch(url, {
      headers: { Accept: "text/event-stream", ...headers },
      cache: "no-store",
      signal: abort.signal
    });
    if (!response.ok || !response.body) throw await ProblemError.of(response);
    const parser = new SseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (; ; ) {
      const { done, value } = await reader.read();
      if (done) return;
      listen();
      for (const { event, data, id } of parser.push(value)) onEvent(event, JSON.parse(data), id);
    }
  } finally {
    clearTimeout(silence);
    abort.abort();
  }
}

// ../../src/streamlab/web/player/connection.js
var INTERRUPTED2 = "The connection to the server was interrupted.";
function backoffMs(attempt, random = Math.random()) {
  return Math.min(500 * 2 ** attempt, 1e4) * (0.5 + 0.5 * random);
}
var Connection = class {
  /** @type {AbortController | null} */
  #abort = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #round = 0;
  #attempt = 0;
  /**
   * @param {Stream} stream
   * @param {{token: string | null, silenceMs: number, endsWhenRefused: boolean}} options
   *   `endsWhenRefused`: whether a refusal (status 4xx) is final
   */
  constructor(stream, { token, silenceMs, endsWhenRefused }) {
    this.stream = stream;
    this.token = token;
    this.silenceMs = silenceMs;
    this.endsWhenRefused = endsWhenRefused;
  }
  /** Give up the connection there is, and make another. */
  open(inMs = 0) {
    const round = this.close();
    if (inMs) this.#timer = setTimeout(() => void this.#run(round), inMs);
    else void this.#run(round);
  }
  /** Give up the connection there is. */
  close() {
    this.#round += 1;
    this.#abort?.abort();
    clearTimeout(this.#timer);
    return this.#round;
  }
  /** @param {number} round */
  async #run(round) {
    const request = this.stream.request();
    if (!request) return;
    let reason = new PlainError("The server closed the connection.");
    try {
      await this.#read(request, round);
    } catch (error) {
      reason = error;
    }
    if (round !== this.#round || this.stream.isOver()) return;
    const state = this.#describe(reason);
    this.stream.onState(state);
    if (state.state !== "failed" && round === this.#round) this.open(state.retryInMs);
  }
  /** @param {StreamRequest} request @param {number} round */
  async #read({ url, lastEventId }, round) {
    const abort = new AbortController();
    this.#abort = abort;
    const headers = authorization(this.token);
    if (lastEventId) headers["Last-Event-ID"] = lastEventId;
    const limits = { abort, silenceMs: this.silenceMs };
    await readEvents(url, headers, limits, (event, message, id) => {
      if (round !== this.#round) return;
      this.#attempt = 0;
      this.stream.onEvent(event, message, id);
      if (this.stream.isOver()) abort.abort();
    });
  }
  /**
   * @param {unknown} reason
   * @returns {PlayerState}
   */
  #describe(reason) {
    const retryInMs = backoffMs(this.#attempt);
    this.#attempt += 1;
    if (reason instanceof ProblemError) {
      const { status, problem, message: detail2 } = reason;
      const isFinal = status < 500 && status !== 408 && status !== 429;
      if (isFinal && this.endsWhenRefused) return { state: "failed", detail: detail2, status, problem };
      return { state: "retrying", detail: detail2, status, retryInMs: reason.retryAfterMs ?? retryInMs };
    }
    const detail = reason instanceof TypeError ? UNREACHABLE : errorWords(reason, INTERRUPTED2);
    return { state: "retrying", detail, retryInMs };
  }
};

// ../../src/streamlab/web/player/single.js
var LAST_WORDS = /^(camera_removed|source_ended)$/;
var SseTransport = class {
  /** @type {Record<string, string>} */
  query = {};
  requestedAtMs = 0;
  #resume = new ResumePoint();
  #isOver = false;
  /** @type {(name: string, data: any) => void} */
  #onEvent = () => {
  };
  /** @type {(state: PlayerState) => void} */
  #onState = () => {
  };
  /** @param {{cameraId: string, baseUrl?: string, token?: string | null, heartbeatIntervalMs?: number}} options */
  constructor({ cameraId, baseUrl = "", token = null, heartbeatIntervalMs = 15e3 }) {
    this.cameraId = cameraId;
    this.baseUrl = baseUrl;
    this.token = token;
    this.connection = new Connection(
      {
        request: () => this.#request(),
        onEvent: (event, message, id) => this.#receive(event, message, id),
        onState: (state) => this.#onState(state),
        isOver: () => this.#isOver
      },
      { token, silenceMs: 2 * heartbeatIntervalMs, endsWhenRefused: true }
    );
  }
  /**
   * @param {(name: string, data: any) => void} onEvent
   * @param {(state: PlayerState) => void} onState
   */
  start(onEvent, onState) {
    this.#onEvent = onEvent;
    this.#onState = onState;
    this.connection.open();
  }
  /** Connect again at once, with the current `query`. */
  restart() {
    this.#resume = new ResumePoint();
    this.#isOver = false;
    this.connection.open();
  }
  close() {
    this.connection.close();
  }
  #request() {
    this.#onState({ state: "connecting", detail: "Connecting to the server." });
    this.requestedAtMs = Date.now();
    const query = new URLSearchParams(this.query);
    if (this.token) query.set("access_token", this.token);
    const path = `/streams/sse/${encodeURIComponent(this.cameraId)}/dual`;
    return { url: `${this.baseUrl}${path}?${query}`, lastEventId: this.#resume.id };
  }
  /** @param {string} event @param {any} message @param {string | null} id */
  #receive(event, message, id) {
    this.#resume.receive(event, message, id);
    if (event === "end" && LAST_WORDS.test(message.reason)) this.#isOver = true;
    this.#onEvent(event, message);
  }
};

// ../../src/streamlab/web/player/mux.js
var SILENCE_MS = 3e4;
var SETTLE_MS = 30;
var MuxTransport = class {
  /** @type {Record<string, string>} */
  query = {};
  requestedAtMs = 0;
  over = false;
  /** @type {OnEvent} */
  onEvent = () => {
  };
  /** @type {OnState} */
  onState = () => {
  };
  /** @param {Mux} mux @param {string} cameraId */
  constructor(mux, cameraId) {
    this.mux = mux;
    this.cameraId = cameraId;
  }
  /** @param {OnEvent} onEvent @param {OnState} onState */
  start(onEvent, onState) {
    Object.assign(this, { onEvent, onState, over: false });
    onState({ state: "connecting", detail: "Connecting to the server." });
    this.mux.join(this);
  }
  close() {
    this.mux.leave(this);
  }
};
var Mux = class {
  /** @type {Map<string, MuxTransport>} */
  #members = /* @__PURE__ */ new Map();
  /** @param {{baseUrl: string, token?: string | null}} options */
  constructor({ baseUrl, token = null }) {
    this.baseUrl = baseUrl;
    this.token = token;
    this.connection = new Connection(
      {
        request: () => this.#request(),
        onEvent: (event, message) => this.#hand(event, message),
        onState: (state) => this.#waiting.forEach(({ onState }) => onState(state)),
        isOver: () => !this.#waiting.length
      },
      // A camera that is gone must not end the others.
      { token, silenceMs: SILENCE_MS, endsWhenRefused: false }
    );
  }
  /** @param {string} cameraId */
  transport(cameraId) {
    return new MuxTransport(this, cameraId);
  }
  /** @param {MuxTransport} member */
  join(member) {
    this.#members.set(member.cameraId, member);
    this.connection.open(SETTLE_MS);
  }
  /** @param {MuxTransport} member */
  leave(member) {
    if (this.#members.get(member.cameraId) !== member) return;
    this.#members.delete(member.cameraId);
    this.connection.open(SETTLE_MS);
  }
  get #waiting() {
    return [...this.#members.values()].filter(({ over }) => !over);
  }
  #request() {
    const members = this.#waiting;
    if (!members.length) return null;
    const query = new URLSearchParams(members[0].query);
    for (const { cameraId } of members) query.append("camera_id", cameraId);
    for (const member of members) member.requestedAtMs = Date.now();
    return { url: `${this.baseUrl}/streams/sse/mux?${query}` };
  }
  /** @param {string} name @param {any} data */
  #hand(name, data) {
    const member = this.#members.get(data.camera_id);
    if (!member) return;
    if (name === "end" && LAST_WORDS.test(data.reason)) member.over = true;
    member.onEvent(name, data);
  }
};

// ../../src/streamlab/web/player/playback.js
async function playbackMode(codec = "avc1.42c01e") {
  if ("VideoDecoder" in globalThis) {
    const { supported } = await VideoDecoder.isConfigSupported({ codec });
    if (supported) return "webcodecs";
  }
  const mse = "MediaSource" in globalThis && MediaSource.isTypeSupported(`video/mp4; codecs="${codec}"`);
  return mse ? "mse" : null;
}

// ../../src/streamlab/web/player/pause.js
var MAX_HELD = 600;
var MAX_HELD_BYTES = 32 << 20;
var WAITS = ["fragment", "detections", "gap"];
var sizeOf = ({ data }) => data?.length ?? data?.byteLength ?? 0;
var Pause = class {
  isOn = false;
  /** @type {Held[]} what comes next, oldest first */
  #held = [];
  #heldBytes = 0;
  /** @type {Map<string, Held[]>} what came since the newest keyframe, by kind and channel */
  #newest = /* @__PURE__ */ new Map();
  /**
   * @param {import("./stage.js").Stage} stage
   * @param {(name: string, data: any) => void} deliver
   */
  constructor(stage, deliver) {
    this.stage = stage;
    this.deliver = deliver;
  }
  start() {
    this.isOn = this.stage.isPaused = true;
  }
  /** Show the next frame, as soon as there is one. */
  step() {
    if (!this.isOn) return;
    this.stage.steps = 1;
    this.#feed();
  }
  end() {
    if (!this.isOn) return;
    this.isOn = this.stage.isPaused = false;
    this.stage.steps = 0;
    for (const track of this.stage.tracks) Object.assign(track, { needsKey: true, sequence: -1 });
    const newest = [...this.#newest.values()].flat();
    this.#forget();
    for (const each of newest) this.#hand(each);
  }
  /**
   * Keep an event for later; return false for one that does not wait.
   *
   * @param {string} name
   * @param {any} data
   */
  holds(name, data) {
    if (name === "connected") this.#forget();
    if (!this.isOn || !WAITS.includes(name)) return false;
    if (this.#held.length < MAX_HELD && this.#heldBytes < MAX_HELD_BYTES) {
      this.#held.push({ name, data });
      this.#heldBytes += sizeOf(data);
    }
    if (name !== "gap") {
      const key = `${name} ${data.channel}`;
      const before = data.keyframe ? [] : this.#newest.get(key) ?? [];
      this.#newest.set(key, [...before.slice(1 - MAX_HELD), { name, data }]);
    }
    if (this.stage.steps) this.#feed();
    return true;
  }
  #forget() {
    this.#held = [];
    this.#heldBytes = 0;
    this.#newest.clear();
  }
  /** Hand on what the next frame needs in each picture. */
  #feed() {
    while (this.stage.isStarved && this.#held.length) {
      const next = (
        /** @type {Held} */
        this.#held.shift()
      );
      this.#heldBytes -= sizeOf(next.data);
      this.#hand(next);
    }
  }
  /** As from the GOP cache: it is not of this moment. @param {Held} held */
  #hand({ name, data }) {
    this.deliver(name, name === "fragment" ? { ...data, cached: true } : data);
  }
};

// ../../src/streamlab/web/player/timeline.js
var Timeline = class {
  /** @type {Map<Channel, {pts: number, capturedAt: number, quality: Quality, sequence: number}>} */
  #newest = /* @__PURE__ */ new Map();
  /** @type {Set<Channel>} after a gap of unknown length */
  #unmeasured = /* @__PURE__ */ new Set();
  /** The next fragment of this channel shows whether anything is missing. @param {Channel} channel */
  expectGap(channel) {
    this.#unmeasured.add(channel);
  }
  /** A switch was asked for, so what is missing is not missed. */
  forgetGaps() {
    this.#unmeasured.clear();
  }
  /**
   * Return whether this fragment, the first after a gap of unknown length, shows that something
   * is missing. Call it before `receive`.
   *
   * @param {FragmentEvent} fragment
   */
  hasLost({ channel, quality, sequence }) {
    if (!this.#unmeasured.delete(channel)) return false;
    const newest = this.#newest.get(channel);
    if (!newest) return false;
    return newest.quality !== quality || sequence > newest.sequence + 1;
  }
  /**
   * Record a fragment; return whether it begins a new timeline. One captured later with a smaller
   * pts does: the camera was started again, and what was shown says nothing any more.
   *
   * @param {FragmentEvent} fragment
   */
  receive({ channel, quality, sequence, keyframe, pts, captured_at: capturedAt }) {
    const newest = this.#newest.get(channel);
    const isLater = !newest || capturedAt > newest.capturedAt;
    if (!isLater) return false;
    const isNew = newest !== void 0 && keyframe && pts < newest.pts;
    if (isNew) this.#newest.clear();
    this.#newest.set(channel, { pts, capturedAt, quality, sequence });
    return isNew;
  }
};

// ../../src/streamlab/web/player/views.js
var RAW = "raw";
var ANNOTATED = "annotated";
function channelsOf(view) {
  if (view === "overlay") return [RAW];
  if (view === "both") return [RAW, ANNOTATED];
  const names = new Set(view.split(",").filter(Boolean));
  return names.delete(RAW) ? [RAW, ...names] : [...names];
}
function viewOf(channels) {
  const name = channelsOf([...channels].join(",")).join(",");
  return name === `${RAW},${ANNOTATED}` ? "both" : name;
}
var videoOf = (view) => viewOf(channelsOf(view));
var canonical = (view) => view === "overlay" ? view : videoOf(view);
var parseView = (text) => /^[a-z][a-z0-9-]*(,[a-z][a-z0-9-]*)*$/.test(text ?? "") ? canonical(text ?? "") : null;
var annotatedOf = (view) => view === "overlay" ? [ANNOTATED] : channelsOf(view).filter((channel) => channel !== RAW);
var qualityOf = (video, quality) => quality === "source" && !channelsOf(video).includes(RAW) ? "high" : quality;
function syncOf(sync, view) {
  const [channel, ...others] = annotatedOf(view);
  return !others.length && sync?.channels?.[channel] || sync;
}

// ../../src/streamlab/web/player/receiver.js
var SOURCE_STATES = (
  /** @type {const} */
  ["live", "stalled", "reconnecting", "ended"]
);
var Receiver = class {
  /** @type {ConnectedEvent | null} */
  connection = null;
  /** @type {SyncEvent | null} */
  sync = null;
  /** @type {Map<Channel, HealthEvent>} */
  health = /* @__PURE__ */ new Map();
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
    connected: (data) => this.#onConnected(data),
    init: (data) => this.tracks.receiveInit(data),
    fragment: (data) => this.#onFragment(data),
    detections: (data) => this.stage.boxes.receive(data),
    switched: (data) => this.#onSwitched(data),
    gap: (data) => this.#onGap(data),
    health: (data) => {
      this.health.set(data.channel, data);
      this.host.onHealth();
    },
    sync: (data) => void (this.sync = data),
    heartbeat: (data) => this.meter.clock.heard(data.server_time * 1e3, Date.now()),
    source: (data) => this.#onSource(data),
    end: (data) => this.#onEnd(data)
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
    this.meter.clock.connected(connected.server_time * 1e3, Date.now(), requestedAtMs);
    this.host.say({ state: "connecting", detail: "Connected, waiting for the first picture." });
    this.host.onConnected();
  }
  /** @param {FragmentEvent} fragment */
  #onFragment(fragment) {
    const bytes = toBytes(fragment.data);
    const [releasedMs, nowMs] = [fragment.released_at * 1e3, Date.now()];
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
    const known2 = SOURCE_STATES.find((each) => each === state);
    if (!known2) return;
    this.sourceIsLive = known2 === "live";
    this.host.say({ state: known2, detail: sourceProblem({ state, detail }) });
  }
  /** @param {{reason: string}} end */
  #onEnd({ reason }) {
    const detail = endWords(reason);
    if (!detail) return;
    if (reason === "source_ended" && this.host.hasEnded()) return;
    this.sourceIsLive = false;
    this.host.say({ state: "ended", detail });
  }
};

// ../../src/streamlab/web/player/choose.js
var MAX_WAIT_MS = 250;
function nextFrame(ready, shownPts, newestPts) {
  const index = ready.findIndex((pts) => pts > shownPts);
  if (index < 0) return -1;
  return newestPts - ready[index] > MAX_WAIT_MS * TICKS_PER_MS ? ready.length - 1 : index;
}
function nextCommon([first, ...others], shownPts, newestPts) {
  const common = first.filter((pts) => others.every((ready) => ready.includes(pts)));
  const index = nextFrame(common, shownPts, newestPts);
  return index < 0 ? null : common[index];
}

// ../../src/streamlab/web/player/overlay.js
var MAX_BOXES = 240;
var BoxHistory = class {
  /** @typedef {{boxes: Box[], ageMs: number | null}} FrameBoxes */
  /** @type {Map<number, FrameBoxes>} */
  #frames = /* @__PURE__ */ new Map();
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
      (key) => key < pts && pts - key < TICKS_PER_S / 2
    );
    const newest = Math.max(...earlier);
    const found = this.#frames.get(newest);
    if (!found) return null;
    const ageMs = found.ageMs === null ? null : found.ageMs + (pts - newest) / TICKS_PER_MS;
    return { boxes: found.boxes, ageMs };
  }
};
var Boxes = class {
  /** @type {Map<Channel, BoxHistory>} */
  #channels = /* @__PURE__ */ new Map();
  /** @param {DetectionsEvent} detections */
  receive({ channel = ANNOTATED, pts, detections_pts, detections }) {
    const ageMs = detections_pts == null ? null : (pts - detections_pts) / TICKS_PER_MS;
    if (!this.#channels.has(channel)) this.#channels.set(channel, new BoxHistory());
    this.#channels.get(channel)?.add(pts, { boxes: detections ?? [], ageMs });
  }
  /** @param {Channel} channel @param {number} pts */
  at(channel, pts) {
    return this.#channels.get(channel)?.at(pts) ?? null;
  }
  clear() {
    this.#channels.clear();
  }
};
var greater = (a, b) => a === null || b === null ? a ?? b : Math.max(a, b);

// ../../src/streamlab/web/player/colours.js
var COLOURS = [
  "#12d694",
  "#ffb020",
  "#4da3ff",
  "#ff5c7a",
  "#b4e043",
  "#b57bff",
  "#ffe14d",
  "#ff7a2e",
  "#2bd4e8",
  "#ff6bd6",
  "#8c9bff"
];
var BASE = 1836;
var MODULUS = 65521;
var MAX_NAMES = 1024;
var known = /* @__PURE__ */ new Map();
function colourNumber(name) {
  let number = known.get(name);
  if (number === void 0) {
    number = 0;
    for (const byte of new TextEncoder().encode(name)) number = (number * BASE + byte) % MODULUS;
    number %= COLOURS.length;
    if (known.size >= MAX_NAMES) known.clear();
    known.set(name, number);
  }
  return number;
}
var classColour = (name) => COLOURS[colourNumber(name)];
var INK = "#101418";

// ../../src/streamlab/web/player/labels.js
var MIN_BOX_LABELS = 1.5;
var MAX_OVERHANG = 1.25;
var partsOf = ([, , , , name, score, track]) => [
  name,
  ...track === null ? [] : [`#${track}`],
  ...score === null ? [] : [score.toFixed(2)]
];
function placeLabels(boxes, sheet) {
  const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
  const placed = [];
  for (const box of [...boxes].sort((one, other) => area(other) - area(one))) {
    const label = place(box, sheet, placed);
    if (label) placed.push(label);
  }
  return placed;
}
function place(box, { width: sheetWidth, height: sheetHeight, labelHeight: height, measure }, placed) {
  const [x1, y1, x2, y2, name] = box;
  if (y2 - y1 < MIN_BOX_LABELS * height) return null;
  const tops = [];
  if (y1 >= height) tops.push(y1 - height);
  if (y2 - y1 >= 2 * height) tops.push(y1);
  if (y2 + height <= sheetHeight) tops.push(y2);
  const parts = partsOf(box);
  for (let count = parts.length; count > 0; count -= 1) {
    const text = parts.slice(0, count).join(" ");
    const width = measure(text) + height / 2;
    if (count > 1 && width > MAX_OVERHANG * (x2 - x1)) continue;
    const left = Math.max(0, Math.min(x1, sheetWidth - width));
    const top = tops.find((each) => placed.every((other) => isApart({ left, top: each, width }, other, height)));
    if (top !== void 0) return { left, top, width, text, name };
  }
  return null;
}
var isApart = (one, other, height) => one.left >= other.left + other.width || other.left >= one.left + one.width || Math.abs(one.top - other.top) >= height;

// ../../src/streamlab/web/player/box_layer.js
var FONT = "600 11px system-ui, sans-serif";
var LABEL_PX = 15;
var LINE_PX = 2;
var FULL_HEIGHT_PX = 300;
var MIN_SCALE = 0.7;
var BoxLayer = class {
  canvas = document.createElement("canvas");
  constructor() {
    this.canvas.className = "streamlab-boxes";
    this.canvas.setAttribute("aria-hidden", "true");
    this.canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none;background:none";
    this.context = this.canvas.getContext("2d");
  }
  /**
   * Draw boxes in place of the last ones; those of an earlier frame get dashed outlines.
   *
   * @param {Box[]} boxes in px of the captured frame
   * @param {Size} captured its size
   * @param {boolean} isStale
   */
  draw(boxes, captured, isStale) {
    const { canvas, context } = this;
    if (!context || !this.#fit(captured)) return;
    const ratio = globalThis.devicePixelRatio || 1;
    const [width, height] = [canvas.width / ratio, canvas.height / ratio];
    const scale = Math.max(MIN_SCALE, Math.min(1, height / FULL_HEIGHT_PX));
    const shown = boxes.map((box) => scaled(box, captured, { width, height }));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.lineWidth = LINE_PX * scale;
    context.setLineDash(isStale ? [6 * scale, 6 * scale] : []);
    for (const [x1, y1, x2, y2, name] of shown) {
      context.strokeStyle = classColour(name);
      context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
    this.#label(context, shown, { width, height }, scale);
  }
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Box[]} boxes
   * @param {Size} size
   * @param {number} scale
   */
  #label(context, boxes, size, scale) {
    const labelHeight = LABEL_PX * scale;
    context.font = FONT.replace("11", String(11 * scale));
    context.textBaseline = "middle";
    const measure = (text) => context.measureText(text).width;
    for (const { left, top, width, text, name } of placeLabels(boxes, { ...size, labelHeight, measure })) {
      context.fillStyle = classColour(name);
      context.fillRect(left, top, width, labelHeight);
      context.fillStyle = INK;
      context.fillText(text, left + labelHeight / 4, top + labelHeight / 2);
    }
  }
  /**
   * Give the canvas as many px as the screen has for it; return whether it has any. It has the
   * shape of the picture, and the style crops both alike.
   *
   * @param {Size} captured
   */
  #fit(captured) {
    const { canvas } = this;
    const ratio = globalThis.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(width * captured.height / captured.width);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    return width > 0 && height > 0;
  }
};
function scaled([x1, y1, x2, y2, ...rest], from, to) {
  const [scaleX, scaleY] = [to.width / from.width, to.height / from.height];
  return [x1 * scaleX, y1 * scaleY, x2 * scaleX, y2 * scaleY, ...rest];
}

// ../../src/streamlab/web/player/picture.js
var OWED_MS = 100;
var HOLD_MS = 200;
var WAITING_WORDS = "No picture yet.";
var BEHIND_WORDS = `More than ${MAX_WAIT_MS} ms behind, so it is left out.`;
var Picture = class {
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
    this.channel = channel;
    this.figure = document.createElement("figure");
    this.figure.className = "streamlab-picture";
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.style.cssText = "display:block;max-width:100%";
    this.boxes = null;
    this.frame = document.createElement("div");
    this.frame.className = "streamlab-frame";
    this.frame.style.cssText = "position:relative;height:100%";
    this.frame.append(this.canvas);
    this.caption = document.createElement("figcaption");
    this.note = document.createElement("p");
    this.note.className = "streamlab-note";
    this.note.hidden = true;
    this.figure.append(this.frame, this.caption, this.note);
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
    this.#removeBoxes();
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
    this.#removeBoxes();
    if (this.note.textContent !== words) this.note.textContent = words;
    this.note.hidden = false;
  }
  /** @param {Box[]} boxes @param {{width: number, height: number}} captured px @param {boolean} isStale */
  drawBoxes(boxes, captured, isStale) {
    if (!this.boxes) {
      this.boxes = new BoxLayer();
      this.frame.append(this.boxes.canvas);
    }
    this.boxes.draw(boxes, captured, isStale);
  }
  #removeBoxes() {
    this.boxes?.canvas.remove();
    this.boxes = null;
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
};

// ../../src/streamlab/web/player/stage.js
var REJOIN_MS = 225;
var Stage = class {
  /** @type {Picture[]} one per channel of the view, raw first */
  pictures = [];
  shownPts = -Infinity;
  /** @type {Set<Channel>} channels that are left out because they are too late */
  behind = /* @__PURE__ */ new Set();
  boxes = new Boxes();
  /** Whether boxes are drawn over the raw picture. */
  overlay = false;
  /** Whether nothing is drawn but so many frames as were asked for. */
  isPaused = false;
  steps = 0;
  #animation = 0;
  /**
   * @param {object} options
   * @param {HTMLElement} options.container
   * @param {string} options.cameraId
   * @param {Size | null} options.captureSize px of the captured frame, when a quality is scaled
   * @param {Meter} options.meter
   * @param {(pts: number, channels: string[]) => void} options.onDrawn
   */
  constructor({ container, cameraId, captureSize, meter, onDrawn }) {
    this.container = container;
    this.cameraId = cameraId;
    this.captureSize = captureSize;
    this.meter = meter;
    this.onDrawn = onDrawn;
  }
  start() {
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#animation = requestAnimationFrame(this.#animate);
  }
  close() {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    cancelAnimationFrame(this.#animation);
    for (const picture of this.pictures) picture.close();
    this.pictures = [];
    this.boxes.clear();
  }
  /** Show these channels; pictures that stay go on as they are. @param {Channel[]} channels */
  layOut(channels) {
    const before = this.pictures;
    this.pictures = channels.map(
      (channel) => before.find((each) => each.channel === channel) ?? new Picture(this.cameraId, channel)
    );
    for (const picture of before) if (!this.pictures.includes(picture)) picture.close();
    this.container.prepend(...this.pictures.map(({ figure }) => figure));
  }
  /** Forget what was shown: another timeline has begun. */
  restart() {
    this.shownPts = -Infinity;
    this.boxes.clear();
    for (const picture of this.pictures) picture.shownPts = -Infinity;
  }
  get tracks() {
    return this.pictures.flatMap((picture) => picture.tracks);
  }
  /** The channels that the canvases show at the moment. */
  get shown() {
    return this.pictures.map(({ canvas }) => canvas.dataset.channel);
  }
  /** Whether a picture that takes part has received nothing newer than what is shown. */
  get isStarved() {
    const taking = this.pictures.filter(({ channel }) => !this.behind.has(channel));
    return taking.some(({ newestPts }) => newestPts <= this.shownPts);
  }
  /** The drift of the picture that is farthest from the first (raw, if it is shown), ms. */
  get driftMs() {
    const [first, ...others] = this.pictures.map((picture) => picture.shownPts);
    if (this.behind.size || !others.length) return null;
    const drifts = others.map((pts) => (first - pts) / TICKS_PER_MS);
    const [worst] = drifts.sort((a, b) => Math.abs(b) - Math.abs(a));
    return drifts.every(Number.isFinite) ? worst : null;
  }
  #onVisibility = () => {
    for (const track of this.tracks) track.setPaused(document.hidden);
  };
  #animate = () => {
    this.#animation = requestAnimationFrame(this.#animate);
    const nowMs = performance.now();
    for (const picture of this.pictures) {
      for (const track of picture.tracks) {
        if (track.isStalled) track.resync();
        track.look();
      }
      picture.promote(this.shownPts, nowMs);
    }
    if (!this.isPaused || this.steps) this.#drawNext();
  };
  /** Draw the next frame that all pictures have; those that are too late are left out. */
  #drawNext() {
    const leadPts = Math.max(...this.pictures.map(({ outPts }) => outPts));
    const late = this.pictures.filter(({ channel, outPts }) => {
      const lagMs = (leadPts - outPts) / TICKS_PER_MS;
      return lagMs > (this.behind.has(channel) ? REJOIN_MS : MAX_WAIT_MS);
    });
    this.behind = new Set(late.map(({ channel }) => channel));
    for (const picture of late)
      picture.withdraw(picture.outPts === -Infinity ? WAITING_WORDS : BEHIND_WORDS);
    const pictures = this.pictures.filter((picture) => !late.includes(picture));
    if (!pictures.length) return;
    const ready = pictures.map((picture) => picture.ready);
    const newestPts = Math.min(...pictures.map((picture) => picture.newestPts));
    const pts = nextCommon(ready, this.shownPts, newestPts);
    if (pts !== null) this.#draw(pictures, pts);
  }
  /**
   * @param {Picture[]} pictures
   * @param {number} pts
   */
  #draw(pictures, pts) {
    const { counters } = this.meter;
    let capturedAtMs = NaN;
    this.meter.boxAgeMs = null;
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
    this.shownPts = pts;
    this.steps = 0;
    this.meter.drawn(this.isPaused ? NaN : capturedAtMs);
    this.onDrawn(
      pts,
      pictures.map(({ canvas }) => canvas.dataset.channel ?? "")
    );
  }
  /**
   * Say which channel the picture shows now, and put boxes over it in the overlay view.
   *
   * @param {Picture} picture
   * @param {Channel} channel
   * @param {FrameMeta} meta
   */
  #finish(picture, channel, meta) {
    const overlay = this.overlay && channel === RAW;
    const before = picture.canvas.dataset.channel;
    picture.present(overlay ? "overlay" : channel);
    if (picture.channel === channel && before !== channel) this.meter.switched();
    if (channel !== RAW) this.meter.boxAgeMs = greater(this.meter.boxAgeMs, meta.boxAgeMs);
    if (!overlay) return;
    const found = this.boxes.at(ANNOTATED, meta.pts);
    this.meter.boxAgeMs = found?.ageMs ?? null;
    const captured = this.captureSize ?? picture.canvas;
    picture.drawBoxes(found?.boxes ?? [], captured, (found?.ageMs ?? 0) > 0);
  }
};

// ../../src/streamlab/web/player/decoder.js
var MAX_GOP_FRAMES = 600;

// ../../src/streamlab/web/player/webcodecs.js
var MAX_GOP_BYTES = 32 << 20;
var ptsToUs = (pts) => Math.round(pts * 1e6 / TICKS_PER_S);
var usToPts = (us) => Math.round(us * TICKS_PER_S / 1e6);
var WebCodecsDecoder = class {
  lookBackTicks = 0;
  /** @type {VideoDecoder | null} */
  #decoder = null;
  /** @type {{chunk: EncodedVideoChunk, meta: FrameMeta}[]} */
  #gop = [];
  #gopBytes = 0;
  /** @param {Track} track */
  constructor(track) {
    const { init } = track;
    this.track = track;
    this.config = {
      codec: init.codec,
      codedWidth: init.width,
      codedHeight: init.height,
      description: parseInit(toBytes(init.data)),
      optimizeForLatency: true
    };
    this.#open();
  }
  #open() {
    const decoder = new VideoDecoder({
      output: (frame) => this.#output(frame),
      error: (error) => this.#fail(decoder, error)
    });
    decoder.configure(this.config);
    this.#decoder = decoder;
  }
  /** @type {Decoder["decode"]} */
  decode(samples, keyframe) {
    if (keyframe) this.#forget();
    samples.forEach(({ pts, duration, data, meta }, index) => {
      const chunk = new EncodedVideoChunk({
        type: keyframe && index === 0 ? "key" : "delta",
        timestamp: ptsToUs(pts),
        duration: ptsToUs(duration),
        data
      });
      this.#gop.push({ chunk, meta });
      this.#gopBytes += data.byteLength;
      if (!this.track.paused) this.#submit(chunk, meta);
    });
    if (this.#gop.length > MAX_GOP_FRAMES || this.#gopBytes > MAX_GOP_BYTES) {
      this.#forget();
      if (this.track.paused) this.track.needsKey = true;
    }
  }
  restart() {
    const decoder = this.#decoder;
    if (!decoder || decoder.state === "closed") return;
    decoder.reset();
    decoder.configure(this.config);
    if (!this.#gop.length) this.track.needsKey = true;
    for (const { chunk, meta } of this.#gop) this.#submit(chunk, meta);
  }
  skipToKeyframe() {
    this.#forget();
    this.track.owed.clear();
    this.restart();
    this.track.needsKey = false;
  }
  look() {
  }
  // every frame is announced
  resume() {
  }
  // it never waits
  close() {
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
      this.track.needsKey = true;
      this.track.counters.overflowed += 1;
      return;
    }
    this.track.owed.set(meta.pts, meta);
    decoder.decode(chunk);
  }
  /** @param {VideoFrame} image */
  #output(image) {
    const { displayWidth: width, displayHeight: height } = image;
    const meta = this.track.settle(usToPts(image.timestamp));
    this.track.enqueue({ image, width, height, meta, close: () => image.close() });
  }
  /**
   * @param {VideoDecoder} decoder
   * @param {DOMException} error
   */
  #fail(decoder, error) {
    if (decoder !== this.#decoder) return;
    console.warn("streamlab: decoding failed, waiting for the next keyframe:", error.message);
    this.track.counters.decodeErrors += 1;
    this.track.dropFrames();
    this.#forget();
    this.track.needsKey = true;
    this.#open();
  }
};

// ../../src/streamlab/web/player/video_pictures.js
var POOL = 8;
var NEAR_S = 1;
var VideoPictures = class {
  /** @type {HTMLCanvasElement[]} */
  #pool = [];
  /** @param {HTMLVideoElement} video @param {Track} track */
  constructor(video, track) {
    this.video = video;
    this.track = track;
  }
  /** Take each picture as it is presented, until the track is closed. */
  watch() {
    if (this.track.closed) return;
    if (!("requestVideoFrameCallback" in this.video)) {
      requestAnimationFrame(() => {
        const pts = Math.round(this.video.currentTime * TICKS_PER_S);
        const shown = [...this.track.owed.keys()].filter((key) => key <= pts).at(-1);
        if (shown !== void 0) this.#output(shown);
        this.watch();
      });
      return;
    }
    this.video.requestVideoFrameCallback((_now, { mediaTime }) => {
      this.#output(Math.round(mediaTime * TICKS_PER_S));
      this.watch();
    });
  }
  /** @param {number} pts of the frame that was announced */
  #output(pts) {
    if (this.track.closed || this.track.paused || !this.video.videoWidth) return;
    const frame = "VideoFrame" in globalThis ? this.#grab(pts) : this.#copy(pts);
    if (frame) this.track.enqueue(frame);
  }
  /**
   * The picture that the element has now. When the announcement came late it is a newer one than
   * was announced; a VideoFrame (which, unlike VideoDecoder, needs no secure context) knows. That
   * of Firefox does not: it counts seconds where microseconds are due.
   *
   * @param {number} announced its pts if it was announced, else 0
   * @returns {Frame | null} null when it came out before, or the element has none at the moment
   */
  #grab(announced) {
    const image = pictureOf(this.video);
    if (!image) return null;
    const { displayWidth: width, displayHeight: height } = image;
    const own = usToPts(image.timestamp);
    const isKnown = Math.abs(own / TICKS_PER_S - this.video.currentTime) < NEAR_S;
    const pts = isKnown ? own : announced;
    if (pts <= this.track.outPts) {
      image.close();
      return null;
    }
    return { image, width, height, meta: this.track.settle(pts), close: () => image.close() };
  }
  /** @param {number} pts @returns {Frame} */
  #copy(pts) {
    const { videoWidth: width, videoHeight: height } = this.video;
    const image = this.#pool.pop() ?? document.createElement("canvas");
    if (image.width !== width || image.height !== height) Object.assign(image, { width, height });
    image.getContext("2d", { alpha: false })?.drawImage(this.video, 0, 0);
    const close = () => void (this.#pool.length < POOL && this.#pool.push(image));
    return { image, width, height, meta: this.track.settle(pts), close };
  }
  /** Take a picture that was presented without being announced, if there is one. */
  look() {
    if (this.track.outPts > -Infinity && "VideoFrame" in globalThis) this.#output(0);
  }
};
function pictureOf(video) {
  try {
    return new VideoFrame(video);
  } catch (error) {
    if (error instanceof DOMException && error.name === "InvalidStateError") return null;
    throw error;
  }
}

// ../../src/streamlab/web/player/mse.js
var TARGET_S = 0.15;
var DEAD_ZONE_S = 0.04;
var JUMP_S = 0.6;
var KEEP_S = 4;
var INTO_FRAME_S = 6e-3;
var MAX_QUEUED = 600;
var MseDecoder = class {
  lookBackTicks = TARGET_S * TICKS_PER_S;
  #video = document.createElement("video");
  #source = new MediaSource();
  /** @type {SourceBuffer | null} */
  #buffer = null;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #queue;
  /** @type {VideoPictures} */
  #pictures;
  #placed = false;
  /** @param {Track} track */
  constructor(track) {
    this.track = track;
    this.#pictures = new VideoPictures(this.#video, track);
    this.#queue = [toBytes(track.init.data)];
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#video.addEventListener("error", () => this.#fail());
    this.#source.addEventListener("sourceopen", () => this.#open(), { once: true });
    this.#video.src = URL.createObjectURL(this.#source);
    this.#pictures.watch();
  }
  #open() {
    URL.revokeObjectURL(this.#video.src);
    if (this.track.closed) return;
    const buffer = this.#source.addSourceBuffer(`video/mp4; codecs="${this.track.init.codec}"`);
    buffer.mode = "segments";
    buffer.addEventListener("updateend", () => this.#advance());
    this.#buffer = buffer;
    this.#advance();
  }
  /** @type {Decoder["decode"]} */
  decode(samples, keyframe, bytes) {
    if (!this.track.paused) for (const { meta } of samples) this.track.owed.set(meta.pts, meta);
    if (this.track.owed.size > MAX_GOP_FRAMES) this.track.owed.clear();
    if (this.#queue.length >= MAX_QUEUED) {
      this.#queue.length = 0;
      this.track.needsKey = true;
      this.track.counters.overflowed += 1;
      return;
    }
    this.#queue.push(bytes);
    this.#advance();
  }
  restart() {
    this.#place(null);
  }
  skipToKeyframe() {
  }
  // the element plays on, and is steered to the live edge
  close() {
    this.#queue.length = 0;
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
    const keepFrom = this.#video.currentTime - KEEP_S;
    if (buffered.length && buffered.start(0) < keepFrom - KEEP_S) {
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
      const afterPts = Math.max(this.track.shownPts(), this.track.floorPts);
      if (buffered.end(buffered.length - 1) > afterPts / TICKS_PER_S) this.#place(afterPts);
      return;
    }
    const last = buffered.length - 1;
    const lag = buffered.end(last) - video.currentTime;
    const inLast = video.currentTime >= buffered.start(last) - DEAD_ZONE_S;
    if (lag > JUMP_S || !inLast) {
      this.track.counters.jumps += 1;
      this.#place(null);
      return;
    }
    const error = lag - TARGET_S;
    const rate = Math.abs(error) < DEAD_ZONE_S ? 1 : 1 + Math.max(-0.1, Math.min(0.1, error));
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
    const liveS = Math.max(video.buffered.start(last), video.buffered.end(last) - TARGET_S);
    const next = afterPts === null ? void 0 : [...this.track.owed.keys()].find((pts) => pts > afterPts);
    const nextS = (next ?? Infinity) / TICKS_PER_S;
    const near = Math.abs(liveS - nextS) < MAX_WAIT_MS / 1e3;
    this.#placed = true;
    video.currentTime = near ? nextS + INTO_FRAME_S : liveS;
    if (next !== void 0 && near && this.track.floorPts <= this.track.shownPts()) {
      video.pause();
      this.track.hold(next);
    } else {
      this.track.letGo();
    }
  }
  resume() {
    if (this.#placed && this.#video.paused) this.#video.play().catch(() => this.#fail());
  }
  look() {
    this.#pictures.look();
  }
  #fail() {
    if (this.track.closed) return;
    this.track.counters.decodeErrors += 1;
    console.warn("streamlab: the video element failed:", this.#video.error?.message ?? "");
  }
};

// ../../src/streamlab/web/player/frame_queue.js
var MAX_FRAMES = 24;
var FrameQueue = class {
  /** @type {Frame[]} decoded, ascending pts */
  frames = [];
  /** @type {Map<number, FrameMeta>} given to the decoder, not yet come out; ascending pts */
  owed = /* @__PURE__ */ new Map();
  /** Newest pts that came out. */
  outPts = -Infinity;
  /** Frames up to this pts are decoded but never drawn. */
  floorPts = -Infinity;
  /** Whether frames are wanted; those that come out otherwise are closed. */
  isOpen = true;
  /** @param {Counters} counters @param {() => number} shownPts */
  constructor(counters, shownPts) {
    this.counters = counters;
    this.shownPts = shownPts;
  }
  /**
   * Whether a frame after `afterPts` and before `beforePts` is decoded or still to come out.
   *
   * @param {number} afterPts
   * @param {number} beforePts
   */
  owes(afterPts, beforePts) {
    const between = (pts) => pts > afterPts && pts < beforePts;
    return this.frames.some(({ meta }) => between(meta.pts)) || [...this.owed.keys()].some(between);
  }
  /** @param {Frame} frame */
  enqueue(frame) {
    const { pts } = frame.meta;
    this.outPts = Math.max(this.outPts, pts);
    if (!this.isOpen || pts <= Math.max(this.floorPts, this.shownPts())) {
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
  /** Draw nothing up to this pts. @param {number} pts */
  setFloor(pts) {
    this.floorPts = pts;
    this.#dropWhile((each) => each <= pts);
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
    const dropped = this.#dropWhile((each) => each < pts);
    const hit = this.frames[0]?.meta.pts === pts;
    return { frame: hit && this.frames.shift() || null, dropped };
  }
  dropFrames() {
    for (const frame of this.frames) frame.close();
    this.frames = [];
    this.owed.clear();
  }
  /** @param {(pts: number) => boolean} isOld */
  #dropWhile(isOld) {
    let count = 0;
    for (; this.frames.length && isOld(this.frames[0].meta.pts); count += 1)
      this.frames.shift()?.close();
    return count;
  }
};

// ../../src/streamlab/web/player/track.js
var STALL_MS = 1e3;
var ON_TIME_MS = 50;
var Track = class extends FrameQueue {
  /** Newest pts received. */
  newestPts = -Infinity;
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
   * @param {(track: Track) => Decoder} makeDecoder
   */
  constructor(init, counters, shownPts, makeDecoder) {
    super(counters, shownPts);
    this.init = init;
    this.decoder = makeDecoder(this);
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
    const samples = samplesOf(fragment, bytes);
    this.newestPts = samples.at(-1)?.pts ?? this.newestPts;
    const behind = this.newestPts - this.shownPts() > MAX_WAIT_MS * TICKS_PER_MS;
    if (fragment.cached) {
      if (behind) this.raiseFloor();
    } else {
      this.#followLiveEdge(lateMs, fragment.keyframe);
    }
    this.decoder.decode(samples, fragment.keyframe, bytes);
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
    if (keyframe) this.decoder.skipToKeyframe();
  }
  /** Draw nothing that is older than the newest frame received. */
  raiseFloor() {
    this.setFloor(this.newestPts - this.decoder.lookBackTicks - 1);
  }
  /** Whether the track fell so far behind that only the newest GOP is worth decoding. */
  get isStalled() {
    const late = this.newestPts - this.outPts > STALL_MS * TICKS_PER_MS;
    return late && !this.paused && this.outPts > -Infinity && this.keyPts > Math.max(this.outPts, this.#resyncedKeyPts);
  }
  /** Jump to the newest GOP and draw only its end. */
  resync() {
    this.#resyncedKeyPts = this.keyPts;
    this.counters.jumps += 1;
    this.dropFrames();
    this.raiseFloor();
    this.restart();
  }
  /** @override @param {number} pts */
  take(pts) {
    const taken = super.take(pts);
    if (taken.frame) this.letGo();
    return taken;
  }
  close() {
    this.closed = true;
    this.isOpen = false;
    this.dropFrames();
    this.decoder.close();
  }
  /** @param {boolean} paused */
  setPaused(paused) {
    if (this.paused === paused) return;
    this.paused = paused;
    this.isOpen = !paused && !this.closed;
    if (!paused) this.resync();
    else this.dropFrames();
  }
  get queued() {
    return this.owed.size;
  }
  /** Start again from the newest keyframe. */
  restart() {
    this.decoder.restart();
  }
  /** Look whether there is a frame that was not announced yet. Once per animation frame. */
  look() {
    this.decoder.look();
  }
  /** Go on from the frame it waits at. */
  letGo() {
    this.heldPts = Infinity;
    this.decoder.resume();
  }
  /** Wait at this frame until it is drawn. @param {number} pts */
  hold(pts) {
    this.heldPts = pts;
    this.heldSinceMs = performance.now();
  }
};
function samplesOf(fragment, bytes) {
  return parseFragment(bytes).map((sample, index) => {
    const info = fragment.frames?.[index];
    const pts = info?.pts ?? sample.pts;
    const capturedAtMs = fragment.captured_at * 1e3 + (pts - fragment.pts) / TICKS_PER_MS;
    const boxesPts = info?.detections_pts ?? null;
    const boxAgeMs = boxesPts === null ? null : (pts - boxesPts) / TICKS_PER_MS;
    return { ...sample, pts, meta: { pts, capturedAtMs, boxAgeMs } };
  });
}

// ../../src/streamlab/web/player/tracks.js
var MAX_INITS = 128;
var Tracks = class {
  /** @type {"webcodecs" | "mse"} */
  mode = "webcodecs";
  /** @type {Map<string, InitEvent>} */
  #inits = /* @__PURE__ */ new Map();
  /** @type {Set<Channel>} channels whose fragments continue a track; any other starts one */
  #continued = /* @__PURE__ */ new Set();
  /** @type {Map<string, Track>} made while the server is asked for what they will play */
  #spares = /* @__PURE__ */ new Map();
  /** @param {Counters} counters @param {() => number} shownPts */
  constructor(counters, shownPts) {
    this.counters = counters;
    this.shownPts = shownPts;
  }
  /** @param {InitEvent} init */
  receiveInit(init) {
    const key = keyOf(init);
    this.#inits.delete(key);
    this.#inits.set(key, init);
    if (this.#inits.size > MAX_INITS) this.#inits.delete(this.#inits.keys().next().value ?? "");
  }
  /** Start a new track with the next fragment of these channels; of all without any. @param {Channel[]} [channels] */
  begin(channels) {
    for (const each of channels ?? [...this.#continued]) this.#continued.delete(each);
  }
  /**
   * @param {Picture} picture
   * @param {FragmentEvent} fragment
   * @returns {Track | null} null while its init segment is not known
   */
  of(picture, fragment) {
    const continues = this.#continued.has(fragment.channel);
    this.#continued.add(fragment.channel);
    const fitting = picture.tracks.reverse().find((track2) => track2.fits(fragment));
    if (fitting && continues) return fitting;
    const key = keyOf(fragment);
    const init = this.#inits.get(key);
    if (!init) return null;
    const track = this.#spares.get(key) ?? this.#make(init);
    this.#spares.delete(key);
    track.setPaused(document.hidden);
    picture.expect(track);
    return track;
  }
  /**
   * Set up what will play these channels, if their encoding is known from before: that takes as
   * long as the server takes to answer.
   *
   * @param {Channel[]} channels
   * @param {Quality} quality
   */
  prepare(channels, quality) {
    this.dropPrepared();
    const inits = [...this.#inits.values()].reverse();
    for (const channel of channels) {
      const wanted = qualityOf(channel, quality);
      const init = inits.find((each) => each.channel === channel && each.quality === wanted);
      if (init) this.#spares.set(keyOf(init), this.#make(init));
    }
  }
  dropPrepared() {
    for (const track of this.#spares.values()) track.close();
    this.#spares.clear();
  }
  close() {
    this.dropPrepared();
    this.#inits.clear();
  }
  /** @param {InitEvent} init */
  #make(init) {
    const Decoder = this.mode === "mse" ? MseDecoder : WebCodecsDecoder;
    return new Track(init, this.counters, this.shownPts, (track) => new Decoder(track));
  }
};
var keyOf = ({ channel, quality, init_id }) => `${channel}/${quality}/${init_id}`;

// ../../src/streamlab/web/player/view_control.js
var SWITCH_TRIES = 12;
var SWITCH_PAUSE_MS = 150;
var ViewControl = class {
  /** @type {string | null} of the connection, while there is one */
  connectionId = null;
  /** @type {VideoView} what the connection carries of the pictures */
  video = RAW;
  hasDetections = false;
  #isClosed = false;
  /** @type {Promise<void> | null} */
  #changing = null;
  /**
   * @param {Control} control
   * @param {View} view
   * @param {Quality} quality
   * @param {ViewEvents} events
   */
  constructor(control, view, quality, events) {
    this.control = control;
    this.wanted = view;
    this.view = view;
    this.quality = quality;
    this.events = events;
  }
  /** What a new connection should carry. */
  get query() {
    return {
      initial_channel: videoOf(this.wanted),
      raw_quality: this.quality,
      annotated_quality: qualityOf(ANNOTATED, this.quality)
    };
  }
  close() {
    this.#isClosed = true;
  }
  /**
   * Rejects, and wants what was shown before, when the server refuses. Of several calls at once
   * the last one wins.
   *
   * @param {View} view
   */
  setView(view) {
    this.#want(canonical(view));
    this.#changing ??= this.#reachWanted().finally(() => this.#changing = null);
    return this.#changing;
  }
  /** Rejects, and stays as it was, when the server refuses. @param {Quality} quality */
  async setQuality(quality) {
    const before = this.quality;
    this.quality = quality;
    this.events.onWanted();
    try {
      if (this.connectionId && quality !== before) await this.#switch(this.video);
    } catch (error) {
      this.quality = before;
      this.events.onWanted();
      throw error;
    }
  }
  /** The server sends something else by its own decision: want that. */
  acceptVideo() {
    this.#want(this.video);
  }
  /** @param {View} view */
  #want(view) {
    this.wanted = view;
    this.events.onWanted();
  }
  async #reachWanted() {
    try {
      while (!this.#isClosed && this.connectionId) {
        const { wanted } = this;
        await this.#reach(wanted, this.connectionId);
        if (wanted === this.wanted) break;
      }
    } catch (error) {
      this.#want(this.view);
      throw error;
    }
    if (!this.#isClosed) this.events.onReached(this.wanted);
  }
  /**
   * @param {View} view
   * @param {string} connectionId
   */
  async #reach(view, connectionId) {
    const channel = "detections";
    if (view === "overlay" && !this.hasDetections) {
      await this.control.subscribe({ connectionId, channel });
      this.hasDetections = true;
    }
    if (this.video !== videoOf(view)) await this.#switch(videoOf(view));
    if (view !== "overlay" && this.hasDetections) {
      await this.control.unsubscribe({ connectionId, channel });
      this.hasDetections = false;
    }
  }
  /**
   * Ask for a switch; ask again while the new channel has no keyframe yet (504), for the old one
   * goes on meanwhile and its encoder is being started.
   *
   * @param {VideoView} channel
   */
  async #switch(channel) {
    const quality = qualityOf(channel, this.quality);
    this.events.onAsk(channelsOf(channel), quality);
    for (let attempt = 1; this.connectionId; attempt += 1) {
      try {
        await this.control.switch({ connectionId: this.connectionId, channel, quality });
        this.video = channel;
        return;
      } catch (error) {
        const isEarly = error instanceof ProblemError && error.status === 504;
        if (!isEarly || attempt >= SWITCH_TRIES) {
          this.events.onRefused();
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, SWITCH_PAUSE_MS));
      }
    }
  }
};

// ../../src/streamlab/web/player/parts.js
function partsOf2(options, meter, listener) {
  const { container, cameraId, captureSize = null, control, transport } = options;
  const stage = new Stage({ container, cameraId, captureSize, meter, onDrawn: listener.onDrawn });
  const tracks = new Tracks(meter.counters, () => stage.shownPts);
  const views = new ViewControl(control, canonical(options.view ?? RAW), options.quality ?? "medium", {
    onWanted: () => transport.query = views.query,
    onReached: (view) => listener.setView(view, "client"),
    onAsk: (channels, quality) => {
      meter.askSwitch();
      tracks.prepare(channels, quality);
    },
    onRefused: () => tracks.dropPrepared()
  });
  const receiver = new Receiver(listener, { meter, stage, tracks, views });
  const pause = new Pause(stage, (name, data) => receiver.receive(name, data));
  stage.overlay = views.view === "overlay";
  stage.layOut(channelsOf(views.view));
  return { stage, tracks, views, receiver, pause };
}

// ../../src/streamlab/web/player/clock.js
var CLOCK_STEP_MS = 2;
var CLOCK_WINDOW_MS = 1e4;
var ServerClock = class {
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
    if (lower === -Infinity || lower <= CLOCK_STEP_MS && upper >= -CLOCK_STEP_MS) return 0;
    return upper === Infinity ? lower : (lower + upper) / 2;
  }
};

// ../../src/streamlab/web/player/meter.js
var LATENCY_SAMPLES = 300;
var SWITCH_SAMPLES = 100;
var Counters = class {
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
};
var Samples = class {
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
};
var Meter = class {
  clock = new ServerClock();
  counters = new Counters();
  latencyMs = new Samples(LATENCY_SAMPLES);
  switchMs = new Samples(SWITCH_SAMPLES);
  fps = 0;
  bitrate = 0;
  /** @type {number | null} */
  boxAgeMs = null;
  bytes = 0;
  #draws = 0;
  #switchAskedMs = 0;
  #sinceMs = performance.now();
  /** @param {number} capturedAtMs */
  drawn(capturedAtMs) {
    this.#draws += 1;
    const latencyMs = Date.now() + this.clock.offsetMs - capturedAtMs;
    if (Number.isFinite(latencyMs)) this.latencyMs.add(latencyMs);
  }
  /** A switch is asked for: how long it takes is measured until its first frame is drawn. */
  askSwitch() {
    this.#switchAskedMs = performance.now();
  }
  /** The switch changes nothing that is shown, so there is nothing to wait for. */
  forgetSwitch() {
    this.#switchAskedMs = 0;
  }
  switched() {
    if (this.#switchAskedMs) this.switchMs.add(performance.now() - this.#switchAskedMs);
    this.#switchAskedMs = 0;
  }
  tick() {
    const nowMs = performance.now();
    const seconds = (nowMs - this.#sinceMs) / 1e3;
    this.fps = this.#draws / seconds;
    this.bitrate = this.bytes * 8 / seconds;
    this.#draws = 0;
    this.bytes = 0;
    this.#sinceMs = nowMs;
  }
};

// ../../src/streamlab/web/player/stats.js
function statsOf(player, meter, stage) {
  const { latencyMs, switchMs, counters, fps, bitrate, boxAgeMs, clock } = meter;
  const { tracks, shownPts } = stage;
  const { connection } = player;
  const sync = syncOf(player.sync, player.view);
  return {
    mode: player.mode,
    view: player.view,
    state: player.state.state,
    isPaused: player.isPaused,
    latencyP50Ms: latencyMs.quantile(0.5),
    latencyP95Ms: latencyMs.quantile(0.95),
    shownDriftMs: stage.driftMs,
    behind: [...stage.behind].join(", ") || null,
    serverDriftMs: sync?.drift_ms ?? null,
    freshFraction: sync?.fresh_fraction ?? null,
    freshnessDetail: freshnessDetail(player),
    fault: player.fault,
    syncState: sync?.state ?? null,
    syncToleranceMs: player.sync?.sync_tolerance_ms ?? connection?.sync_tolerance_ms ?? null,
    playoutDelayMs: player.sync?.playout_delay_ms ?? connection?.playout_delay_ms ?? null,
    fps,
    bitrate,
    boxAgeMs,
    switches: switchMs.count,
    switchLastMs: switchMs.count ? switchMs.last : null,
    switchP50Ms: switchMs.quantile(0.5),
    switchP95Ms: switchMs.quantile(0.95),
    shownPts: shownPts > -Infinity ? shownPts : null,
    queuedDecodes: tracks.reduce((sum, track) => sum + track.queued, 0),
    queuedFrames: tracks.reduce((sum, track) => sum + track.frames.length, 0),
    clockOffsetMs: clock.offsetMs,
    ...counters
  };
}
function freshnessDetail({ view, health }) {
  const details = annotatedOf(view).map((channel) => health.get(channel)?.sync?.freshness_detail);
  return details.find(Boolean) ?? "";
}

// ../../src/streamlab/web/player/readings.js
var Readings = class {
  /** @type {"webcodecs" | "mse" | null} */
  mode = null;
  /** @type {PlayerState} */
  state = { state: "connecting", detail: "" };
  meter = new Meter();
  /** @type {import("./parts.js").Parts} */
  parts = (
    /** @type {any} */
    null
  );
  // set by the player that is built on this
  /** The newest `connected` event; its `connection_id` is empty while there is no connection. */
  get connection() {
    return this.parts.receiver.connection;
  }
  get sync() {
    return this.parts.receiver.sync;
  }
  get health() {
    return this.parts.receiver.health;
  }
  get view() {
    return this.parts.views.view;
  }
  get quality() {
    return this.parts.views.quality;
  }
  /** Whether the picture stands still because the person asked for that. */
  get isPaused() {
    return this.parts.pause.isOn;
  }
  /** Of the captured frame, px, for boxes that are drawn here. @param {{width: number, height: number} | null} size */
  set captureSize(size) {
    this.parts.stage.captureSize = size;
  }
  /** What does not work in the channels that are shown, or whose boxes are, in words. */
  get fault() {
    const names = /* @__PURE__ */ new Set([...channelsOf(this.view), ...annotatedOf(this.view)]);
    return faultWords([...names].flatMap((name) => this.health.get(name) ?? []));
  }
  /** What was measured, on frames that were drawn. Times in ms, `null` where nothing is known. */
  stats() {
    return statsOf(this, this.meter, this.parts.stage);
  }
  /** What is shown now: its pts (1/90000 s), the canvases, and the boxes of annotated channels. */
  frame() {
    const { shownPts, pictures, boxes } = this.parts.stage;
    const shown = pictures.filter(({ canvas }) => canvas.dataset.channel);
    const found = annotatedOf(this.view).map((name) => [name, boxes.at(name, shownPts)?.boxes ?? []]);
    return {
      pts: shown.length ? shownPts : null,
      pictures: shown.map(({ canvas }) => ({ channel: canvas.dataset.channel ?? "", canvas })),
      boxes: Object.fromEntries(found)
    };
  }
};

// ../../src/streamlab/web/player/player.js
var DualPlayer = class extends Readings {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticker;
  #destroyed = false;
  /** @type {[name: string, data: any][]} what came before it was known how to play */
  #early = [];
  /** @param {PlayerOptions} options */
  constructor(options) {
    super();
    this.options = options;
    this.parts = partsOf2(options, this.meter, {
      say: (state) => this.#say(state),
      setView: (view, reason) => this.#setView(view, reason),
      onConnected: () => this.setView(this.parts.views.wanted).catch((error) => this.#refused(error)),
      onHealth: () => options.onHealth?.(this.fault),
      hasEnded: () => this.state.state === "ended",
      requestedAtMs: () => options.transport.requestedAtMs ?? 0,
      onDrawn: (pts, channels) => this.#onDrawn(pts, channels)
    });
  }
  /** Connect, and choose how to play. Ends as `failed` where this browser can play in no way. */
  async start() {
    const mode = playbackMode();
    await null;
    if (this.#destroyed) return;
    this.options.transport.query = this.parts.views.query;
    this.options.transport.start(
      (name, data) => this.receive(name, data),
      (state) => this.#onTransport(state)
    );
    this.mode = await mode;
    if (this.#destroyed) return;
    if (!this.mode) {
      const detail = "This browser can decode H.264 neither with WebCodecs nor with Media Source.";
      this.options.transport.close();
      this.#say({ state: "failed", detail });
      return;
    }
    this.parts.tracks.mode = this.mode;
    this.#ticker = setInterval(() => this.#tick(), 1e3);
    this.parts.stage.start();
    for (const [name, data] of this.#early.splice(0)) this.receive(name, data);
  }
  /** Free everything: decoders, frames, timers, elements, the transport. */
  destroy() {
    this.#destroyed = true;
    this.options.transport.close();
    clearInterval(this.#ticker);
    this.parts.views.close();
    this.parts.stage.close();
    this.parts.tracks.close();
  }
  /**
   * Show another view on the running connection. Rejects, and stays as it was, when the server
   * refuses. Of several calls at once the last one wins.
   *
   * @param {View} view
   */
  setView(view) {
    if (canonical(view) !== this.view) this.resume();
    return this.parts.views.setView(view);
  }
  /** Raw to annotated and back. */
  switch() {
    return this.setView(this.parts.views.wanted === ANNOTATED ? RAW : ANNOTATED);
  }
  /** Show another quality; rejects, and stays as it was, when the server refuses. @param {Quality} quality */
  setQuality(quality) {
    this.resume();
    return this.parts.views.setQuality(quality);
  }
  /** Let the picture stand still; what comes meanwhile waits, within bounds. */
  pause() {
    this.parts.pause.start();
  }
  /** Show the next frame of a picture that stands still. */
  step() {
    this.parts.pause.step();
  }
  /** Show what is live again, from the newest GOP on. */
  resume() {
    this.parts.pause.end();
  }
  /** Connect again, also after the stream has ended or was refused. */
  restart() {
    this.resume();
    this.options.transport.restart?.();
  }
  /** Take one event of the protocol. @param {string} name @param {any} data */
  receive(name, data) {
    if (this.#destroyed) return;
    if (!this.mode) this.#early.push([name, data]);
    else if (!this.parts.pause.holds(name, data)) this.parts.receiver.receive(name, data);
  }
  /** @param {PlayerState} state */
  #onTransport(state) {
    if (this.#destroyed) return;
    if (state.state !== "live") this.parts.receiver.disconnect();
    this.#say(state);
  }
  /** @param {PlayerState} state */
  #say(state) {
    this.state = state;
    this.options.onState?.(state);
  }
  /**
   * @param {View} view
   * @param {"client" | "degraded" | "refused"} reason
   */
  #setView(view, reason) {
    if (view === this.view) return;
    this.parts.views.view = view;
    this.parts.stage.overlay = view === "overlay";
    this.meter.latencyMs.clear();
    this.options.onView?.(view, reason);
  }
  /**
   * The server would not give the view that was shown before a reconnect, or asked for at first.
   *
   * @param {unknown} error
   */
  #refused(error) {
    this.parts.views.acceptVideo();
    this.#setView(this.parts.views.video, "refused");
    this.options.onRefused?.(error instanceof Error ? error : new Error(String(error)));
  }
  /** @param {number} pts @param {string[]} channels */
  #onDrawn(pts, channels) {
    if (this.state.state !== "live" && this.parts.receiver.sourceIsLive && this.connection?.connection_id)
      this.#say({ state: "live", detail: "The camera is live." });
    this.options.onShown?.({ pts, channels, nowMs: Date.now() });
  }
  #tick() {
    this.meter.tick();
    this.options.onStats?.(this.stats());
  }
};
export {
  DualPlayer,
  HttpControl,
  Mux,
  ProblemError,
  SseParser,
  SseTransport,
  TICKS_PER_S,
  channelsOf,
  parseFragment,
  parseInit,
  parseView,
  playbackMode,
  toBytes,
  viewOf
};
