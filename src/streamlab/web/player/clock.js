/**
 * The server's clock, as far as its stamps tell.
 *
 * @module
 */

/** `Date.now()` counts whole ms, so a difference is known no better than this. */
const CLOCK_STEP_MS = 2;
const CLOCK_WINDOW_MS = 10_000;

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
