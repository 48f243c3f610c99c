// The hub's pages and the form on a visitor's own phone.

import "./shell.js";

look();
document.addEventListener("htmx:after:swap", look); // the form comes screen by screen, into the same page
if (document.querySelector("[data-live]")) import("./live.js");
if (document.getElementById("board")) import("./board.js");
if (document.getElementById("wall")) import("./screen.js");
if (document.querySelector("[data-fragment]")) import("./fragment.js");

/** Take up what there is on the page now. */
function look() {
  if (document.querySelector("[data-speak]")) import("./speak.js").then((speak) => speak.look());
  if (document.querySelector("[data-scan]")) lookForCodes();
  if (document.querySelector("[data-print]")) import("./print.js").then((print) => print.look());
  if (document.querySelector(".wizard [name=step]")) import("./steps.js").then((steps) => steps.look());
  if (document.querySelector("[data-photos]")) import("./photos.js").then((photos) => photos.look());
}

/** Where codes are collected, that comes first: a camera that nobody listens to hands the first one in alone. */
async function lookForCodes() {
  if (document.querySelector("[data-collect]")) await import("./collect.js");
  (await import("./scan.js")).look();
}

// Photos that were chosen before their script had come: what leads on waits until it has them.
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  const root = form.querySelector("[data-photos]:not([data-live])");
  if (!root) return;
  event.preventDefault();
  event.stopPropagation();
  import("./photos.js")
    .then((photos) => photos.look(), () => void (root.dataset.live = "")) // none is to be had: as without a script
    .then(() => form.requestSubmit(submitter));
}, { capture: true });
