// The booth's pages. Every one of them works without this file; what is here makes them kinder.

import "./shell.js";

const SLOGAN_SECONDS = 7;
const GONE_SECONDS = 4;
const AGAIN_SECONDS = 3;

let areTapsHere = false; // whether a touch on a counter gets a number of its own
const early = []; // what was touched before, in order
let again = null; // the timer of the next look

/** Load only what the page on the screen has a use for; the attract page must be up at once. */
function look() {
  const gone = document.querySelector("[data-go]:not([data-going])");
  if (gone) leaveFor(gone);
  if (document.querySelector("#still")) take(import("./idle.js"));
  if (document.querySelector("[data-tap]")) take(import("./taps.js")).then(countEarly);
  if (document.querySelector("[data-speak]")) take(import("./speak.js"));
  if (document.querySelector("[data-scan]")) take(import("./scan.js"));
  if (document.querySelector("[data-codes]")) take(import("./codes.js"));
  if (document.querySelector("[data-print]")) take(import("./print.js"));
  if (document.querySelector("[data-src], [data-stages], [data-steps]")) take(import("./gallery.js"));
  if (document.querySelector("[data-snap], [data-places], [data-autosave]")) take(import("./brought.js"));
  if (document.querySelector(".wizard [name=step]")) take(import("./steps.js"));
  if (document.querySelector("[data-photos]")) take(import("./photos.js"));
  if (document.querySelector("[data-sealed-form]")) take(import("./complaint.js"));
  if (document.querySelector("[data-keypad]")) take(import("./keypad.js"));
  if (document.querySelector("[data-camera-try]")) take(import("./health.js"));
}

/**
 * A part that has come takes up what there is on the page by then. One that could not be had, as from a tablet that was
 * just being switched on, is asked for again; until it comes the page does without.
 */
function take(part) {
  return part.then((it) => it.look?.(), (error) => {
    if (!(error instanceof TypeError)) throw error; // it came, and is wrong
    again ??= setTimeout(lookAgain, AGAIN_SECONDS * 1000);
  });
}

function lookAgain() {
  again = null;
  look();
}

function leaveFor(gone) {
  gone.dataset.going = "";
  // Whoever has gone on by then is not called back.
  setTimeout(() => gone.isConnected && location.replace(gone.dataset.go), GONE_SECONDS * 1000);
}

// Under the number its key was rendered with every touch would be the same one: taps.js gives each its own. Until it is
// here touches wait, and behind them whatever would leave the page.
for (const [kind, touch] of [["submit", (form, key) => form.requestSubmit(key)], ["click", (link) => link.click()]]) {
  document.addEventListener(kind, (event) => {
    const way = kind === "submit" ? event.target : event.target.closest?.("a[href]");
    if (areTapsHere || !way || !(early.length || way.matches("[data-tap]"))) return;
    event.preventDefault();
    event.stopPropagation();
    early.push(() => touch(way, event.submitter));
  }, { capture: true });
}

function countEarly() {
  areTapsHere = true;
  for (const one of early.splice(0)) one();
}

look();
document.addEventListener("htmx:after:swap", look);
document.addEventListener("page:changed", look);
rotateSlogans();
// The page first, then how its tablet is; a visitor's own phone is nobody's business.
if (!location.pathname.startsWith("/m/")) setTimeout(() => take(import("./health.js")), 3_000);
if (document.querySelector("[data-slogans]")) forgetChoices();

function rotateSlogans() {
  const slogans = [...document.querySelectorAll("[data-slogans] > li")];
  if (slogans.length < 2 || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  let shown = 0;
  setInterval(() => {
    slogans[shown].hidden = true;
    shown = (shown + 1) % slogans.length;
    slogans[shown].hidden = false;
  }, SLOGAN_SECONDS * 1000);
}

/** Large type and English belong to the visitor who chose them: nobody there, back to the ordinary page. */
function forgetChoices() {
  const root = document.documentElement;
  if (!("large" in root.dataset) && root.lang !== "en") return;
  let timer;
  const restart = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const form = document.createElement("form");
      form.method = "post";
      form.action = "/leave";
      document.body.append(form);
      form.submit();
    }, 60_000);
  };
  addEventListener("pointerdown", restart);
  addEventListener("keydown", restart);
  restart();
}
