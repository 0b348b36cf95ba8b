/**
 * What only a notebook's view can do: keep the channels together in another way, and have something
 * go wrong on purpose.
 *
 * @module
 */

import { element, pressed, write } from "../kit/dom.js";
import { msWords } from "../kit/words.js";

/** @typedef {(action: string, values: object) => Promise<unknown>} Ask asks the kernel */

/** What can be made to go wrong: its name, and what the kernel is asked for. */
const FAULTS = /** @type {[string, object][]} */ ([
  ["Detector stalls for 1 s", { faults: { stall_ms: 1000 }, seconds: 2 }],
  ["Detector dead for 3 s", { faults: { detector_dead: true }, seconds: 3 }],
  ["Detector overloaded for 5 s", { faults: { preset: "overload" }, seconds: 5 }],
  ["Source stalls for 1 s", { faults: { source_stall_ms: 1000 }, seconds: 2 }],
  ["Frames get lost for 5 s", { faults: { preset: "lost frames" }, seconds: 5 }],
  ["End all faults", { faults: {} }],
]);

export class LabControls {
  tolerance = element("input", { type: "range", min: "1", max: "200", step: "1", dataset: { action: "tolerance" } });
  toleranceWords = element("output");
  policy = element("select", { dataset: { action: "policy" } });
  faults = element("details", { className: "sl-faults" });
  detector = element("span", { className: "sl-detector" });
  element = element(
    "div",
    { className: "sl-controls", role: "group", ariaLabel: "Synchronisation and faults" },
    element("label", { title: "How far apart the two channels may leave" }, "Tolerance", this.tolerance, this.toleranceWords),
    element("label", { title: "How the two channels are kept together" }, "Policy", this.policy),
    this.detector,
    this.faults,
  );
  #isHeld = false;

  /** @param {string[]} policies @param {Ask} ask */
  constructor(policies, ask) {
    this.ask = ask;
    this.policy.append(...policies.map((name) => element("option", {}, name)));
    this.#addFaults();
    this.tolerance.addEventListener("input", () => this.#hold());
    this.tolerance.addEventListener("change", () => void this.#setTolerance());
    this.policy.addEventListener("change", () => {
      this.policy.blur();
      void this.ask("sync", { values: { policy: this.policy.value } });
    });
  }

  /** @param {string} policy @param {number} toleranceMs */
  showSync(policy, toleranceMs) {
    if (document.activeElement !== this.policy) this.policy.value = policy;
    if (this.#isHeld) return; // a hand is on it
    if (toleranceMs > Number(this.tolerance.max)) this.tolerance.max = String(toleranceMs);
    this.tolerance.value = String(toleranceMs);
    write(this.toleranceWords, msWords(toleranceMs));
  }

  /** @param {string} detector @param {Record<string, unknown>} faults what is wrong on purpose */
  showCamera(detector, faults) {
    write(this.detector, detector === "none" ? "No detector" : `Detector ${detector}`);
    this.faults.dataset.active = String(Object.keys(faults).length > 0);
  }

  #addFaults() {
    const buttons = FAULTS.map(([words], index) =>
      element("button", { type: "button", dataset: { action: `fault-${index}` } }, words),
    );
    this.faults.append(
      element("summary", { title: "Have something go wrong" }, "Faults"),
      element("div", { className: "sl-menu" }, ...buttons),
    );
    this.faults.addEventListener("click", (event) => {
      const action = pressed(event, "button")?.dataset.action;
      const fault = FAULTS.find((_, index) => action === `fault-${index}`);
      if (!fault) return;
      this.faults.open = false;
      void this.ask("inject", fault[1]);
    });
    this.faults.addEventListener("focusout", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && this.faults.contains(relatedTarget))) this.faults.open = false;
    });
    this.faults.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.faults.open) return;
      event.stopPropagation();
      this.faults.open = false;
      this.faults.querySelector("summary")?.focus();
    });
  }

  #hold() {
    this.#isHeld = true;
    write(this.toleranceWords, msWords(Number(this.tolerance.value)));
  }

  async #setTolerance() {
    await this.ask("sync", { values: { sync_tolerance_ms: Number(this.tolerance.value) } });
    this.#isHeld = false;
  }
}
