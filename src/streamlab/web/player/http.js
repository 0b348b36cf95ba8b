/**
 * Requests to the server, and what it answers when it refuses.
 *
 * @module
 */

import { PlainError, problemWords } from "../kit/problems.js";

/** @typedef {import("./events.js").Control} Control */
/** @typedef {import("./events.js").Problem} Problem */
/** @typedef {import("./events.js").Quality} Quality */
/** @typedef {import("./events.js").VideoView} VideoView */

export const UNREACHABLE = "The server cannot be reached.";

/** @param {string | null | undefined} token @returns {Record<string, string>} */
export const authorization = (token) => (token ? { Authorization: `Bearer ${token}` } : {});

/** An answer that says what was wrong (RFC 9457); `message` is fit to be shown. */
export class ProblemError extends PlainError {
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
    const detail = typeof problem.detail === "string" ? problem.detail : undefined;
    const retryAfterS = Number(response.headers.get("Retry-After") ?? NaN);
    return new ProblemError(
      response.status,
      { ...problem, detail },
      Number.isFinite(retryAfterS) ? retryAfterS * 1000 : null,
    );
  }
}

/**
 * Return the JSON at a URL. Rejects with a ProblemError, or a TypeError where there is no server.
 *
 * @param {string} url
 * @param {string | null} token
 * @param {Promise<Response>} [asked] the answer, if it was asked for already
 */
export async function getJson(url, token, asked) {
  const response = await (asked ?? fetch(url, { headers: authorization(token), cache: "no-store" }));
  if (!response.ok) throw await ProblemError.of(response);
  return response.json();
}

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
      throw new PlainError(UNREACHABLE, { cause: error });
    }
    if (!response.ok) throw await ProblemError.of(response);
    return response.status === 204 ? null : response.json();
  }
}
