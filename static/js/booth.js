// The booth's pages. Every one of them works without this file; what is here makes them kinder.

import "./shell.js";

const SLOGAN_SECONDS = 7;
const GONE_SECONDS = 4;

/** Load only what the page on the screen has a use for; the attract page must be up at once. */
function look() {
  const gone = document.querySelector("[data-go]");
  if (gone) setTimeout(() => location.replace(gone.dataset.go), GONE_SECONDS * 1000);
  if (document.querySelector("#still")) import("./idle.js");
  if (document.querySelector("[data-tap]")) import("./taps.js");
  if (document.querySelector("[data-speak]")) import("./speak.js").then((speak) => speak.look());
  if (document.querySelector("[data-scan]")) import("./scan.js").then((scan) => scan.look());
  if (document.querySelector("[data-codes]")) import("./codes.js").then((codes) => codes.look());
  if (document.querySelector("[data-print]")) import("./print.js").then((print) => print.look());
  if (document.querySelector("[data-src], [data-stages], [data-steps]")) import("./gallery.js").then((gallery) => gallery.look());
  if (document.querySelector("[data-snap], [data-places], [data-autosave]")) import("./brought.js").then((brought) => brought.look());
  if (document.querySelector("[data-photos]")) import("./photos.js").then((photos) => photos.look());
  if (document.querySelector("[data-sealed-form]")) import("./complaint.js").then((complaint) => complaint.look());
  if (document.querySelector("[data-keypad]")) import("./keypad.js").then((keypad) => keypad.look());
  if (document.querySelector("[data-camera-try]")) import("./health.js").then((health) => health.look());
}

look();
document.addEventListener("htmx:after:swap", look);
document.addEventListener("page:changed", look);
rotateSlogans();
// The page first, then how its tablet is; a visitor's own phone is nobody's business.
if (!location.pathname.startsWith("/m/")) setTimeout(() => import("./health.js"), 3_000);
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
