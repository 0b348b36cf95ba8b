/**
 * The form that adds a camera: what is asked, what is wrong with it, and how far the server is.
 *
 * @module
 */

import { byId, element, write } from "../kit/dom.js";

/** @typedef {{source: string, name: string, model: string}} Wanted */
/** @typedef {{models: [string, string][], source_help: string, file_help: string}} Choices */
/** @typedef {{ok: boolean, text: string, field: string}} Outcome what became of the request */

const FILE = "file…"; // no name of a model: it would have to be chosen by its path
const FIELDS = ["source", "name", "model", "file"];

export class CameraForm {
  #dialog = /** @type {HTMLDialogElement} */ (byId("add"));

  /**
   * @param {(wanted: Wanted) => void} onAdd
   * @param {() => void} onCancel called when it is closed while the server is at work
   * @param {AbortSignal} signal ends it
   */
  constructor(onAdd, onCancel, signal) {
    this.onAdd = onAdd;
    this.onCancel = onCancel;
    byId("add-form").addEventListener("submit", (event) => this.#submit(event), { signal });
    byId("model").addEventListener("change", () => this.#showFile(), { signal });
    this.#dialog.addEventListener("close", () => this.#closed(), { signal });
  }

  open() {
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }

  /** @param {Choices} choices */
  showChoices({ models, source_help: sourceHelp, file_help: fileHelp }) {
    const chosen = field("model").value;
    const file = /** @type {[string, string][]} */ (fileHelp ? [[FILE, "a file on the server …"]] : []);
    const options = [...models, ...file].map(([value, text]) => element("option", { value }, text));
    byId("model").replaceChildren(...options);
    const isThere = options.some(({ value }) => value === chosen);
    field("model").value = isThere ? chosen : "";
    write(byId("source-help"), sourceHelp);
    write(byId("file-help"), fileHelp);
    this.#showFile();
  }

  /** Say what the server is doing. @param {string} text */
  showStep(text) {
    this.#setBusy(true);
    write(byId("add-step"), text);
  }

  /** @param {Outcome} outcome */
  showOutcome({ ok, text, field: name }) {
    this.#setBusy(false);
    if (!ok) {
      this.#showWrong(name === "model" && field("model").value === FILE ? "file" : name, text);
      return;
    }
    /** @type {HTMLFormElement} */ (byId("add-form")).reset();
    this.#showFile();
    this.close();
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    if (this.#isBusy) return;
    for (const name of FIELDS) {
      const problem = problemOf(name);
      if (problem) return this.#showWrong(name, problem);
    }
    this.#showWrong("", "");
    const model = field("model").value;
    const [source, name, file] = ["source", "name", "file"].map((each) => field(each).value.trim());
    this.showStep("Opening the camera …");
    this.onAdd({ source, name, model: model === FILE ? file : model });
  }

  #closed() {
    if (this.#isBusy) this.onCancel();
    this.#setBusy(false);
    this.#showWrong("", "");
  }

  get #isBusy() {
    return this.#dialog.dataset.busy === "true";
  }

  /** @param {boolean} isBusy */
  #setBusy(isBusy) {
    this.#dialog.dataset.busy = String(isBusy);
    byId("add-form").ariaBusy = String(isBusy);
    byId("add-bar").hidden = !isBusy;
    if (!isBusy) write(byId("add-step"), "");
  }

  /** Say what is wrong, and lead to the field that it is in. @param {string} name @param {string} text */
  #showWrong(name, text) {
    write(byId("add-wrong"), text);
    for (const each of FIELDS) {
      if (each === name) field(each).setAttribute("aria-invalid", "true");
      else field(each).removeAttribute("aria-invalid");
    }
    if (text && name) field(name).focus();
  }

  #showFile() {
    byId("file-row").hidden = field("model").value !== FILE;
  }
}

/** @param {string} name @returns {string} what is wrong with the field; empty if nothing is */
function problemOf(name) {
  const { validity, value, title } = field(name);
  const isEmpty = value.trim() === "";
  if (name === "source" && isEmpty) return "Name a source.";
  if (name === "file" && isEmpty && field("model").value === FILE) return "Name the model file.";
  return name === "name" && validity.patternMismatch ? title : "";
}

/** @param {string} name */
const field = (name) => /** @type {HTMLInputElement} */ (byId(name));
