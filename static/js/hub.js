// The hub's pages and the form on a visitor's own phone.

import "./shell.js";

if (document.querySelector("[data-speak]")) import("./speak.js").then((speak) => speak.look());
if (document.getElementById("board")) import("./board.js");
