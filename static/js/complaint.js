// A complaint filled in on the visitor's own phone, over the booth's Wi-Fi: plain HTTP, so nothing that was typed leaves
// this page before it is sealed to the hub's key. All screens of the form are here from the start; between them nothing is
// sent, and the browser keeps nothing. No field has a name and none stands in a form: there is nothing to submit.
//
// Where this file, the library or random numbers are missing, the page goes on saying what it says without: ask a volunteer.

import { compose, faultsOf, stepsOf, tidied } from "./complaint-rules.js";
import { SealedPhotos } from "./sealed-photos.js";
import { joined, sealer } from "./sealing.js";
import { bringIn, forgive, hideAlarm, say, showAlarm } from "./shell.js";
import * as speak from "./speak.js";

const PATIENCE = 30_000; // milliseconds for the tablet to answer
const PHOTO_PATIENCE = 120_000; // the same for a photo over a crowded Wi-Fi

/** Take up the page, if it is one. `brought`: the record of this visit it is linked to, and what is filled in already. */
export async function look(brought = {}) {
  const root = document.querySelector("[data-sealed-form]:not([data-live])");
  if (!root) return;
  root.dataset.live = "";
  const seal = await sealer().catch(() => null);
  if (seal) new SealedForm(root, seal, brought).begin();
  else root.querySelector(".sealed-stop").classList.add("sealed-never");
}

/** The answer's page in the place of this one. */
function turnTo(page) {
  document.title = page.title;
  document.getElementById("page").replaceWith(document.adoptNode(page.getElementById("page")));
  scrollTo(0, 0);
}

/** A second record about the same merchant: a form of its own, and what goes into it never left this page. */
async function begin(key, brought) {
  key.disabled = true; // once, however often it is touched
  try {
    const answer = await fetch(key.dataset.also, { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(PATIENCE) });
    turnTo(new DOMParser().parseFromString(await answer.text(), "text/html"));
    await look(brought);
    document.querySelector("h1").focus({ preventScroll: true });
  } catch {
    key.disabled = false;
    showAlarm(document.getElementById("alarm").dataset.lost);
  }
}

class SealedForm {
  constructor(root, seal, { linked = "", values = {} }) {
    this.root = root;
    this.seal = seal;
    this.told = JSON.parse(root.dataset.sealedForm);
    this.linked = linked; // number of the other record of this visit
    this.values = values; // as typed, by field
    this.held = new Map(); // number → sealed photo, for the tablet may have let go of it
    this.step = null; // the one on the screen
    this.photos = null; // of that screen
    this.sealed = null; // of the form as it is; sent again, it is the same
    this.isSending = false;
    this.isOver = false;
  }

  get steps() {
    return stepsOf(this.told, this.tidied);
  }

  get tidied() {
    return tidied(this.told, this.values);
  }

  /** Of the photos, in order. */
  get numbers() {
    return [...this.held.keys()].sort();
  }

  begin() {
    this.root.append(this.copy("[data-frame]"));
    this.root.querySelector(".sealed-stop").remove();
    this.screen = this.root.querySelector(".sealed-screen");
    this.problem = this.root.querySelector(".problem");
    this.looks = this.root.querySelector(".looks");
    if (this.linked) this.looks.remove(); // what was brought lies in this page alone
    this.looks.addEventListener("click", (event) => event.target.name && this.prefer(event.target));
    this.root.addEventListener("click", (event) => this.touched(event.target.closest("[data-turn]")?.dataset.turn));
    this.root.addEventListener("keydown", (event) => this.keyed(event));
    this.root.addEventListener("input", (event) => this.typed(event.target));
    addEventListener("popstate", (event) => event.state?.id === this.told.id && this.turned(event.state.step));
    addEventListener("beforeunload", (event) => this.holdsWords() && event.preventDefault());
    history.replaceState(this.state(this.steps[0]), "");
    this.show(this.steps[0], { isTurned: false });
  }

  state({ name }) {
    return { id: this.told.id, step: name };
  }

  /** Language or size of type, by the key for it: two cookies that say nothing about a person, and the page anew. */
  async prefer({ name, value }) {
    try {
      const body = new URLSearchParams({ next: location.pathname, [name]: value });
      const options = { method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(PATIENCE) };
      const { type } = await fetch("/m/preferences", options);
      if (type !== "opaqueredirect") throw new Error("not taken");
      location.reload();
    } catch {
      showAlarm(document.getElementById("alarm").dataset.lost);
    }
  }

  // --- from screen to screen: the phone's own way back is one of the ways ---------------------------------------

  touched(turn) {
    if (turn === "next") this.next();
    if (turn === "back") history.back();
  }

  /** Enter goes on, as in any form; in a text of several lines it begins a new one. */
  keyed(event) {
    if (event.key !== "Enter" || event.isComposing || event.target.matches("textarea, button")) return;
    event.preventDefault();
    this.next();
  }

  typed(field) {
    if (!field.dataset.field) return;
    const isTick = field.matches("[type=checkbox], [type=radio]");
    this.values[field.dataset.field] = isTick && !field.checked ? "" : field.value;
    this.sealed = null;
  }

  turned(name) {
    const step = this.steps.find((one) => one.name === name);
    if (step && !this.isOver && !this.isSending) this.show(step);
  }

  next() {
    if (this.photos?.waiting) this.photos.onward = this; // once they have arrived
    if (this.isSending || this.photos?.waiting) return;
    const { steps, tidied: values } = this;
    const faults = faultsOf(this.told, this.step, values);
    if (Object.keys(faults).length) return this.blame(faults);
    const after = steps[steps.indexOf(this.step) + 1];
    const wrong = after ? null : steps.find((one) => Object.keys(faultsOf(this.told, one, values)).length);
    if (!after && !wrong) return this.send(values);
    history.pushState(this.state(after ?? wrong), "");
    this.show(after ?? wrong);
    if (wrong) this.blame(faultsOf(this.told, wrong, values));
  }

  // --- what is on the screen -------------------------------------------------------------------------------------

  show(step, { isTurned = true } = {}) {
    const { steps } = this;
    const at = steps.indexOf(step);
    this.step = step;
    this.problem.hidden = true;
    hideAlarm();
    this.screen.replaceChildren(this.copyOf(step));
    for (const part of this.root.querySelectorAll("[data-first]")) part.hidden = at > 0;
    for (const part of this.root.querySelectorAll("[data-later]")) part.hidden = at === 0;
    this.root.querySelector(".wizard").className = `wizard wizard-${step.name}`;
    this.root.querySelector("div[data-first]").replaceChildren(...(at ? [] : [this.copy("[data-agree]")]));
    for (const field of this.fields()) this.bind(field);
    const photos = this.root.querySelector("[data-photos]");
    this.photos = photos ? new SealedPhotos(photos, this) : null;
    this.photos?.begin();
    const key = this.root.querySelector("[data-turn=next][data-later]");
    key.textContent = at + 1 === steps.length ? key.dataset.last : key.dataset.next;
    this.count(at, steps.length);
    const heading = this.root.querySelector("h1");
    document.title = heading.textContent;
    if (isTurned) {
      this.looks.remove();
      scrollTo(0, 0);
      heading.focus({ preventScroll: true });
    }
    speak.stop();
    speak.look();
  }

  /** A field of the screen: without the name it would be submitted by, with what was typed into it before. */
  bind(field) {
    const name = field.name;
    field.dataset.field = name;
    if (field.type === "radio") field.name = `choice-${name}`; // what makes them one of several
    else field.removeAttribute("name");
    const text = this.values[name] ?? "";
    if (field.matches("[type=checkbox], [type=radio]")) field.checked = field.value === text;
    else field.value = text;
  }

  count(at, of) {
    const bar = this.root.querySelector(".progress");
    const marks = Array.from({ length: of }, (_, n) => {
      const mark = document.createElement("li");
      mark.className = n < at ? "right" : n === at ? "now" : "todo";
      return mark;
    });
    bar.replaceChildren(...marks);
    const text = this.root.querySelector(".progress-text");
    text.textContent = text.dataset.words.replace("{n}", at + 1).replace("{of}", of);
  }

  blame(faults) {
    for (const field of this.fields()) forgive(field);
    let first = null;
    for (const [name, kind] of Object.entries(faults)) {
      const fields = this.fields().filter((one) => one.dataset.field === name);
      fields[0].closest(".field").append(this.copy(`[data-fault="${name} ${kind}"]`));
      for (const field of fields) {
        field.setAttribute("aria-invalid", "true");
        field.setAttribute("aria-describedby", `${name}-fault ${field.getAttribute("aria-describedby") ?? ""}`.trim());
      }
      first ??= fields[0];
    }
    first.focus({ preventScroll: true });
    bringIn(first);
    say([...this.root.querySelectorAll(".fault")].map((one) => one.textContent.trim()).join(" "));
  }

  fields() {
    return [...this.root.querySelectorAll(".wizard :is(input:not([type=file]), textarea)")];
  }

  copyOf(step) {
    const own = `[data-screen="${step.name}"][data-consumer="${CSS.escape(this.tidied.consumer)}"]`;
    return this.copy(this.root.querySelector(`template${own}`) ? own : `[data-screen="${step.name}"]:not([data-consumer])`);
  }

  copy(selector) {
    return this.root.querySelector(`template${selector}`).content.cloneNode(true);
  }

  holdsWords() {
    return !this.isOver && (this.held.size > 0 || Object.values(this.tidied).some((text) => text && !["yes", "no", "adult", "minor", "other"].includes(text)));
  }

  // --- sealed, and out -------------------------------------------------------------------------------------------

  async send(values) {
    this.isSending = true;
    const key = this.root.querySelector("[data-turn=next][data-later]");
    key.textContent = key.dataset.sending;
    try {
      let answer = await this.post(values);
      if (answer.status === 409 && this.held.size) {
        for (const [number, sealed] of this.held) await this.handPhoto(number, sealed); // the tablet may have let go of them
        answer = await this.post(values);
      }
      this.took(answer);
    } catch {
      showAlarm(document.getElementById("alarm").dataset.lost);
    } finally {
      this.isSending = false;
      key.textContent = key.dataset.last;
    }
  }

  post(values) {
    const { fair, id, case: number } = this.told;
    const content = compose(this.told, values, { fair, fact: id, case: number }, this.held.size);
    this.sealed ??= this.sealIn(JSON.stringify(content));
    return this.hand("", this.sealed, { linked: this.linked, photos: this.numbers.join("") });
  }

  /** A photo as it was taken, behind a line that says whose it is. */
  sealPhoto(number, type, bytes) {
    const { fair, evidence, case: of } = this.told;
    const line = JSON.stringify({ fair, fact: evidence[number - 1], case: of, number, type });
    return this.sealIn(`${line}\n`, bytes);
  }

  handPhoto(number, sealed) {
    return this.hand("/photos", sealed, { number }, PHOTO_PATIENCE);
  }

  /** Only what is sealed becomes a blob: those a browser may write to its disk. */
  sealIn(text, bytes = new Uint8Array()) {
    return new Blob([this.seal(this.told.key, joined(new TextEncoder().encode(text), bytes))]);
  }

  /** To the tablet, which reads `told` and nothing else. */
  async hand(path, sealed, told, patience = PATIENCE) {
    const { id, case: number, query, matter, drawn } = this.told;
    const form = new FormData();
    for (const [name, text] of Object.entries({ id, case: number, query, matter, drawn, ...told })) form.append(name, text);
    form.append("sealed", sealed, "sealed");
    const options = { method: "POST", body: form, headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(patience) };
    const answer = await fetch(`/m/complaint${path}`, options);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return { isOk: answer.ok, status: answer.status, page };
  }

  /** The receipt takes the place of the form, and what was typed is gone; a refusal leaves it as it is. */
  took({ isOk, page }) {
    if (!isOk) {
      this.problem.querySelector("span").textContent = page.querySelector("h1").textContent;
      this.problem.hidden = false;
      scrollTo(0, 0);
      return say(this.problem.textContent.trim());
    }
    const values = Object.fromEntries(this.told.of_merchant.map((name) => [name, this.values[name] ?? ""]));
    this.isOver = true;
    this.values = {};
    this.sealed = null;
    this.held.clear();
    turnTo(page);
    const also = document.querySelector("[data-also]");
    also?.addEventListener("click", () => begin(also, { linked: this.told.case, values }));
    document.querySelector("h1").focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("page:changed"));
  }
}
