/** As much of a document as the kit builds with: elements, their attributes, and what they contain. */

import { mock } from "node:test";

export class FakeNode extends EventTarget {
  /** @type {Record<string, string>} */
  attributes = {};
  /** @type {Record<string, string>} */
  dataset = {};
  /** @type {FakeNode[]} */
  children = [];
  /** @type {FakeNode | null} */
  parentElement = null;
  className = "";
  hidden = false;
  size = { width: 300, height: 100 };
  #text = "";

  /** @param {string} name */
  constructor(name) {
    super();
    this.name = name;
  }

  classList = {
    /** @param {string} name @param {boolean} isOn */
    toggle: (name, isOn) => {
      const names = new Set(this.className.split(" ").filter(Boolean));
      if (isOn) names.add(name);
      else names.delete(name);
      this.className = [...names].join(" ");
    },
  };

  /** @returns {string} */
  get textContent() {
    return this.#text + this.children.map((child) => child.textContent).join("");
  }

  set textContent(text) {
    this.children = [];
    this.#text = text;
  }

  /** @param {string} name @param {string} value */
  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  /** @param {string} name */
  getAttribute(name) {
    return this.attributes[name] ?? null;
  }

  /** @param {...(FakeNode | string)} nodes */
  append(...nodes) {
    for (const each of nodes) {
      const node = each instanceof FakeNode ? each : textNode(each);
      node.remove();
      node.parentElement = this;
      this.children.push(node);
    }
  }

  /** @param {...FakeNode} nodes */
  replaceChildren(...nodes) {
    this.children = [];
    this.append(...nodes);
  }

  remove() {
    const parent = this.parentElement;
    if (parent) parent.children = parent.children.filter((each) => each !== this);
    this.parentElement = null;
  }

  /** @param {string} selector @returns {FakeNode | null} */
  closest(selector) {
    return this.#matches(selector) ? this : (this.parentElement?.closest(selector) ?? null);
  }

  /** @param {string} selectors names, or one selector of `querySelectorAll` */
  matches(selectors) {
    return selectors.split(", ").some((each) => this.#matches(each));
  }

  /** @param {FakeNode} node @returns {boolean} */
  contains(node) {
    return node === this || this.descendants.includes(node);
  }

  focus() {
    Object.assign(globalThis.document, { activeElement: this });
  }

  blur() {
    Object.assign(globalThis.document, { activeElement: null });
  }

  /**
   * Let something happen here, and to all around it.
   *
   * @param {string} type
   * @param {object} [details] of the event
   */
  fire(type, details = {}) {
    let isStopped = false;
    const stopPropagation = () => (isStopped = true);
    for (let node = /** @type {FakeNode | null} */ (this); node && !isStopped; node = node.parentElement) {
      const event = new Event(type);
      for (const [key, value] of Object.entries({ target: this, stopPropagation, ...details }))
        Object.defineProperty(event, key, { value });
      node.dispatchEvent(event);
    }
  }

  getBoundingClientRect() {
    return this.size;
  }

  /** @returns {FakeNode[]} */
  get descendants() {
    return this.children.flatMap((child) => [child, ...child.descendants]);
  }

  /** By `.class`, `[data-name=value]` or a name. @param {string} selector */
  querySelectorAll(selector) {
    return this.descendants.filter((each) => each.#matches(selector));
  }

  /** @param {string} selector */
  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }

  /** @param {string} selector */
  #matches(selector) {
    const [, data, value] = /^\[data-(\w+)=(.+)\]$/.exec(selector) ?? [];
    if (data) return this.dataset[data] === value;
    if (!selector.startsWith(".")) return this.name === selector;
    const names = `${this.className} ${this.attributes.class ?? ""}`;
    return names.split(" ").includes(selector.slice(1));
  }
}

/** @param {string} text */
function textNode(text) {
  const node = new FakeNode("#text");
  node.textContent = text;
  return node;
}

/** A document, animation frames and a clock that stand still, until `leave`. */
export class FakePage {
  /** @type {Map<number, () => void>} */
  #frames = new Map();
  #next = 1;
  calm = { matches: false };

  constructor() {
    mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"], now: 1_000_000 });
    mock.method(performance, "now", () => Date.now());
    this.document = Object.assign(new FakeNode("#document"), {
      /** @param {string} name */
      createElement: (name) => new FakeNode(name),
      /** @param {string} _ @param {string} name */
      createElementNS: (_, name) => new FakeNode(name),
    });
    Object.assign(globalThis, {
      document: this.document,
      Element: FakeNode,
      HTMLElement: FakeNode,
      Node: FakeNode,
      matchMedia: () => this.calm,
      ResizeObserver: class {
        observe() {}
        disconnect() {}
      },
      /** @param {() => void} callback */
      requestAnimationFrame: (callback) => {
        this.#frames.set(this.#next, callback);
        return this.#next++;
      },
      /** @param {number} id */
      cancelAnimationFrame: (id) => this.#frames.delete(id),
    });
  }

  /** An element as the code under test takes it. @returns {any} */
  box() {
    return new FakeNode("div");
  }

  /** Let so many ms pass, then draw one animation frame; say whether anything wanted it. @param {number} ms */
  animate(ms = 16) {
    mock.timers.tick(ms);
    const callbacks = [...this.#frames.values()];
    this.#frames.clear();
    for (const callback of callbacks) callback();
    return callbacks.length > 0;
  }

  leave() {
    mock.reset();
    for (const name of ["document", "matchMedia", "ResizeObserver", "Element", "HTMLElement", "Node"])
      Reflect.deleteProperty(globalThis, name);
    for (const name of ["requestAnimationFrame", "cancelAnimationFrame"])
      Reflect.deleteProperty(globalThis, name);
  }
}
