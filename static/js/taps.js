// The counters: every touch is one fact with an id of its own, and none is lost without a word.

import { hideAlarm, say, showAlarm } from "./shell.js";

let words = {}; // of the page
const waiting = new Map(); // slot → how much has been pressed and not yet been answered
const lost = new Map(); // "counter n" → ids of touches without an answer
let held = null; // the way off the page that was asked for while touches wait for their answers

/** The page may have gone on while this was coming. */
export function look() {
  const counters = document.getElementById("counters");
  if (counters) words = { ...counters.dataset };
}

// Before htmx reads the form: a new touch is a new fact, whatever id the page was rendered with. After a
// touch without an answer the next one on that key takes its id again: should the booth have had it after
// all, it is still one fact.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-tap]")) return;
  const fields = form.elements;
  const key = `${fields.namedItem("counter").value} ${fields.namedItem("n").value}`;
  fields.namedItem("id").value = lost.get(key)?.shift() ?? freshId(fields.namedItem("id").value);
  change(form.dataset.tap, Number(fields.namedItem("n").value));
  press(event.submitter);
}, { capture: true });

document.addEventListener("htmx:finally:request", (event) => {
  const { request, response } = event.detail.ctx;
  const isTap = request.action === "/staff/tally";
  if (!isTap && request.action !== "/staff/undo") return;
  const body = new URLSearchParams(request.body);
  if (isTap) change(body.get("counter").replaceAll(".", "-"), -Number(body.get("n")));
  if (response && response.status < 400) {
    if (owed() === 0) hideAlarm();
    leave();
    return;
  }
  held = null; // first this has to be seen
  if (isTap && (!response || response.status >= 500)) remember(body);
  if (!document.getElementById("counters")) return; // a whole screen says it
  const n = Math.max(1, owed());
  if (!isTap) showAlarm(words.lostUndo);
  else showAlarm(n === 1 ? words.lostOne : words.lostMore.replaceAll("{n}", n));
});

// Leaving the page would throw away what waits behind the touch on its way: first everything is counted.
for (const [kind, way] of [["click", "a[href]"], ["submit", "form:not([data-tap], [data-undo], [method=dialog])"]]) {
  document.addEventListener(kind, (event) => {
    const asked = event.target.closest?.(way);
    if (!asked || !isWaiting()) return;
    event.preventDefault();
    event.stopPropagation();
    held = asked;
  }, { capture: true });
}

// What was morphed in has lost its mark of what is still waiting; what was saved is said aloud.
document.addEventListener("htmx:after:swap", (event) => {
  if (!event.detail.ctx?.sourceElement?.matches("[data-tap], [data-undo], .counter")) return;
  for (const slot of waiting.keys()) show(slot);
  say(document.getElementById("saved")?.textContent.trim() ?? "");
});

setInterval(tickClocks, 1000);

/** Ends as the page's own id does: by that the booth knows a page that is of a rehearsal. */
function freshId(own) {
  const drawn = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return drawn.slice(0, -10) + own.slice(-10);
}

function remember(body) {
  const key = `${body.get("counter")} ${body.get("n")}`;
  lost.set(key, [...(lost.get(key) ?? []), body.get("id")]);
}

function owed() {
  return [...lost.values()].reduce((sum, ids) => sum + ids.length, 0);
}

function isWaiting() {
  return [...waiting.values()].some((n) => n > 0);
}

/** Go where somebody wanted to go, once nothing waits any more. */
function leave() {
  if (!held || isWaiting()) return;
  const way = held;
  held = null;
  if (way.matches("form")) way.requestSubmit();
  else way.click();
}

function change(slot, n) {
  waiting.set(slot, (waiting.get(slot) ?? 0) + n);
  show(slot);
}

function show(slot) {
  const mark = document.getElementById(`pending-${slot}`);
  const n = waiting.get(slot);
  if (!mark) return;
  mark.hidden = !n;
  mark.textContent = n ? words.pending.replace("{n}", n) : "";
}

/** The key goes down for long enough to be seen, however short the touch and however quick the answer. */
function press(key) {
  if (!key) return;
  key.classList.add("pressed");
  setTimeout(() => key.classList.remove("pressed"), 150);
  navigator.vibrate?.(12);
}

/** Taking back is offered for as long as the booth accepts it. */
function tickClocks() {
  for (const clock of document.querySelectorAll("[data-seconds]")) {
    const left = Number(clock.textContent) - 1;
    if (left > 0) clock.textContent = left;
    else clock.closest("form").remove();
  }
}
