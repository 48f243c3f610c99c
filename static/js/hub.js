// The hub's pages and the form on a visitor's own phone.

import "./shell.js";

if (document.querySelector("[data-speak]")) import("./speak.js").then((speak) => speak.look());
if (document.querySelector("[data-scan]")) import("./scan.js").then((scan) => scan.look());
if (document.querySelector("[data-collect]")) import("./collect.js");
if (document.querySelector("[data-live]")) import("./live.js");
if (document.querySelector("[data-print]")) import("./print.js");
if (document.getElementById("board")) import("./board.js");
if (document.getElementById("wall")) import("./screen.js");
if (document.querySelector("[data-fragment]")) import("./fragment.js");
lookForPhotos();
document.addEventListener("htmx:after:swap", lookForPhotos);

/** The form comes screen by screen, into the same page. */
function lookForPhotos() {
  if (document.querySelector("[data-photos]")) import("./photos.js").then((photos) => photos.look());
}
