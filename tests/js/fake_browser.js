/** The parts of a browser that a player uses: elements, animation frames, WebCodecs. No clock runs. */

import { mock } from "node:test";

/** An element; a canvas remembers what was drawn on it last. */
export class FakeElement {
  /** @type {Record<string, string>} */
  dataset = {};
  style = {};
  hidden = false;
  textContent = "";
  className = "";
  width = 0;
  height = 0;
  clientWidth = 64;
  clientHeight = 36;
  /** @type {FakeElement[]} */
  children = [];
  /** @type {FakeElement | null} */
  parent = null;
  /** @type {number[] | null} what the decoded frame carried */
  shown = null;
  /** Rectangles drawn over the last frame. */
  boxes = 0;

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  setAttribute() {}

  /** @param {...FakeElement} elements */
  append(...elements) {
    for (const element of elements) element.remove();
    this.children.push(...elements);
    for (const element of elements) element.parent = this;
  }

  /** @param {...FakeElement} elements */
  prepend(...elements) {
    for (const element of elements) element.remove();
    this.children.unshift(...elements);
    for (const element of elements) element.parent = this;
  }

  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((each) => each !== this);
    this.parent = null;
  }

  getContext() {
    return {
      canvas: this,
      /** @param {{payload: number[]}} image */
      drawImage: ({ payload }) => Object.assign(this, { shown: payload, boxes: 0 }),
      clearRect: () => (this.boxes = 0),
      strokeRect: () => (this.boxes += 1),
      measureText: () => ({ width: Infinity }),
      setTransform() {},
      setLineDash() {},
    };
  }
}

/** Decodes a chunk into a frame that carries its bytes; like a real one, only from a keyframe on. */
class FakeVideoDecoder {
  static isConfigSupported = async () => ({ supported: true });
  state = "unconfigured";
  decodeQueueSize = 0;
  #waitsForKey = true;

  /** @param {{output: (frame: object) => void, error: (error: Error) => void}} init */
  constructor(init) {
    this.init = init;
  }

  configure() {
    this.state = "configured";
    this.#waitsForKey = true;
  }

  reset() {
    this.state = "unconfigured";
  }

  close() {
    this.state = "closed";
  }

  /** @param {{type: string, timestamp: number, data: Uint8Array}} chunk */
  decode({ type, timestamp, data }) {
    if (this.#waitsForKey && type !== "key") throw new TypeError("a key frame is required");
    this.#waitsForKey = false;
    const payload = [...data];
    const frame = { displayWidth: 64, displayHeight: 36, timestamp, payload, close() {} };
    queueMicrotask(() => this.state === "configured" && this.init.output(frame));
  }
}

/** Stands in for the browser until `leave`; time passes in `animate` only. */
export class FakeBrowser {
  /** @type {Map<number, () => void>} */
  #callbacks = new Map();
  #next = 1;

  constructor() {
    mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"], now: 1_000_000 });
    mock.method(performance, "now", () => Date.now());
    Object.assign(globalThis, {
      document: {
        hidden: false,
        /** @param {string} name */
        createElement: (name) => new FakeElement(name),
        addEventListener() {},
        removeEventListener() {},
      },
      /** @param {() => void} callback */
      requestAnimationFrame: (callback) => {
        this.#callbacks.set(this.#next, callback);
        return this.#next++;
      },
      /** @param {number} id */
      cancelAnimationFrame: (id) => this.#callbacks.delete(id),
      VideoDecoder: FakeVideoDecoder,
      EncodedVideoChunk: class {
        /** @param {object} init */
        constructor(init) {
          Object.assign(this, init);
        }
      },
    });
  }

  /** Let what is under way come to an end. */
  async idle() {
    for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
  }

  /** Let so many ms pass, then draw one animation frame. @param {number} ms */
  async animate(ms = 16) {
    await this.idle();
    mock.timers.tick(ms);
    const callbacks = [...this.#callbacks.values()];
    this.#callbacks.clear();
    for (const callback of callbacks) callback();
    await this.idle();
  }

  leave() {
    mock.reset();
    for (const name of ["document", "requestAnimationFrame", "cancelAnimationFrame"])
      Reflect.deleteProperty(globalThis, name);
    for (const name of ["VideoDecoder", "EncodedVideoChunk"])
      Reflect.deleteProperty(globalThis, name);
  }
}
