// The big screen: its numbers, its clock, its slogans. Without this file the page asks for itself every ten seconds.

const wall = document.getElementById("wall");
const stale = document.getElementById("wall-stale");
const clock = document.getElementById("wall-clock");
const EVERY = 3_000;
const PATIENCE = 20_000; // old figures are never shown as new
const SLOGAN = 8_000;
const ahead = Number(wall.dataset.now) - Date.now(); // the hub's clock is right; this machine's may not be
const written = new Intl.NumberFormat("en-US");
const hours = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit" });

let tag = "";
let freshAt = Date.now();

async function ask() {
  try {
    // As a part of a page that renews itself: nobody's session lives longer by it.
    const headers = { "HX-Request": "true", ...(tag && { "If-None-Match": tag }) };
    const answer = await fetch(wall.dataset.numbers, { headers, cache: "no-store", redirect: "error" });
    if (answer.status === 200) show(await answer.json());
    if (answer.status !== 200 && answer.status !== 304) return;
    tag = answer.headers.get("ETag") ?? tag;
    freshAt = Date.now();
  } catch {
    // No network, or signed out: the last figures stay, and it says how old they are.
  } finally {
    setTimeout(ask, EVERY);
  }
}

function show({ figures, venues }) {
  const places = [...wall.querySelectorAll("[data-figure]")];
  const isOther = places.length !== Object.keys(figures).length || places.some((one) => !(one.dataset.figure in figures));
  if (isOther) return location.reload(); // what nobody had yet, somebody has now
  for (const place of places) {
    const text = written.format(figures[place.dataset.figure]);
    place.textContent = text;
    place.classList.toggle("long", text.length > 7);
  }
  const rows = [...wall.querySelectorAll("[data-venue]")];
  if (rows.some((row) => !(row.dataset.venue in venues))) return location.reload(); // another one is busier now
  for (const row of rows) {
    const [n, share] = venues[row.dataset.venue];
    row.querySelector("b").textContent = written.format(n);
    row.querySelector(".wall-done").setAttribute("width", share);
  }
}

function tick() {
  clock.textContent = hours.format(Date.now() + ahead);
  stale.hidden = Date.now() - freshAt < PATIENCE;
  stale.querySelector("b").textContent = hours.format(freshAt + ahead);
}

const slogans = [...wall.querySelectorAll(".wall-slogans > li")];
let shown = 0;

function turn() {
  slogans[shown].hidden = true;
  shown = (shown + 1) % slogans.length;
  slogans[shown].hidden = false;
}

setTimeout(ask, EVERY);
setInterval(tick, 1_000);
if (slogans.length > 1) setInterval(turn, SLOGAN);
