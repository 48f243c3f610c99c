// The counters on a volunteer's phone, over plain HTTP. Every touch is kept here, under a key of its own, until the
// tablet says that it has it: through a dead tablet, a closed tab, a lost answer, and beside another tab. This file
// imports nothing, so that the page opens from the browser's own store while the tablet cannot be reached.
//
// What is kept names counters and a random number for the shift, and nobody.

const BOX = "count.tap."; // + the tap's id → {stint, counter, n} or {stint, undoes, after}; {…, why} once refused
const SEEN = "count.seen"; // what the tablet said last
const FIRST = "count.first"; // the counter that stands on top
const MOST = 100; // taps sent at a time
const PATIENCE = 8_000; // ms for an answer
const LOOK = 12_000; // ms between two looks while nothing waits
const LONGEST = 12_000; // ms between two tries
const UNDO = 10_000;

const page = document.getElementById("count");
const words = { ...page.dataset };
const cards = new Map([...page.querySelectorAll("[data-counter]")].map((card) => [card.dataset.counter, card]));
const state = document.getElementById("count-state");
const notice = document.getElementById("count-say");
const undo = document.getElementById("count-undo");

const box = new Map(); // id → what is kept
const held = new Map(); // id → the stint in which the tablet would not take it yet: in another it is asked again
let seen = read(SEEN) ?? {};
let who = ""; // told by the tablet, never kept
let isFresh = false; // whether what was seen is of this page's own time
let trouble = ""; // code of why the tablet takes nothing
let isAway = false;
let isFull = false; // the phone could not keep the last touch
let isSending = false;
let pause = 0;
let timer;
let last = null; // the touch that may be taken back: {id, counter, n, at}

load();
putFirst(localStorage.getItem(FIRST));
draw();
send();

// --- touches ----------------------------------------------------------------------------------------

page.addEventListener("click", (event) => {
  const key = event.target.closest("button");
  if (!key) return;
  const counter = key.closest("[data-counter]").dataset.counter;
  if (key.dataset.n) tap(counter, Number(key.dataset.n), key);
  else chooseFirst(counter);
});

undo.addEventListener("click", () => {
  if (!last || performance.now() - last.at > UNDO) return;
  const entry = { stint: last.stint, undoes: last.id, after: Math.round(performance.now() - last.at), counter: last.counter, n: last.n };
  if (!keep(freshId(), entry)) return;
  last = null;
  draw();
  send();
});

function tap(counter, n, key) {
  if (seen.session !== "open") return;
  const id = freshId();
  const entry = { stint: seen.stint, counter, n };
  if (!keep(id, entry)) return;
  last = { id, ...entry, at: performance.now() };
  send(); // first: it is on its way while the rest is drawn
  key.classList.add("pressed");
  setTimeout(() => key.classList.remove("pressed"), 150);
  navigator.vibrate?.(12);
  draw();
}

/** Whether the phone has it for good. What it cannot keep is not counted, and said. */
function keep(id, entry) {
  try {
    localStorage.setItem(BOX + id, JSON.stringify(entry));
  } catch {
    isFull = true;
    navigator.vibrate?.([80, 60, 80]);
    draw();
    return false;
  }
  isFull = false;
  box.set(id, entry);
  return true;
}

function freshId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// --- what is kept -------------------------------------------------------------------------------------

function load() {
  box.clear();
  for (let at = 0; at < localStorage.length; at++) take(localStorage.key(at));
}

function take(key) {
  if (!key?.startsWith(BOX)) return;
  const entry = read(key);
  if (entry && typeof entry === "object") box.set(key.slice(BOX.length), entry);
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function forget(id) {
  held.delete(id);
  localStorage.removeItem(BOX + id);
  box.delete(id);
}

// Another tab of this page: what it keeps, sends and hears is ours, too.
addEventListener("storage", (event) => {
  if (event.key === null) load();
  else if (event.key === SEEN) learn(read(SEEN) ?? {});
  else if (event.key.startsWith(BOX)) {
    box.delete(event.key.slice(BOX.length));
    take(event.key);
  }
  draw();
});

/** The newest of what is known of the tablet. */
function learn(told) {
  const isOlder = told.stint === seen.stint && told.seq < seen.seq;
  seen = isOlder ? { ...told, totals: seen.totals, seq: seen.seq } : told;
}

// --- sending ------------------------------------------------------------------------------------------

/** Taps first, then what takes one of them back: that waits while its tap is still to be sent. */
function batch() {
  if (seen.session === "withdrawn") return [];
  const open = [...box].filter(([id, entry]) => !entry.why && !(held.has(id) && held.get(id) === seen.stint));
  const taps = open.filter(([, entry]) => !entry.undoes).slice(0, MOST);
  const going = new Set(taps.map(([id]) => id));
  const undos = open.filter(([, entry]) => entry.undoes && (going.has(entry.undoes) || !box.has(entry.undoes)));
  return [...taps, ...undos].slice(0, MOST);
}

async function send() {
  if (isSending) return;
  isSending = true;
  clearTimeout(timer);
  let next = LOOK;
  const going = batch();
  try {
    const answer = await ask(going);
    pause = 0;
    isAway = false;
    trouble = "";
    hear(answer);
    if (batch().length) next = 0;
  } catch (error) {
    pause = Math.min(LONGEST, Math.max(500, pause * 2));
    next = pause * (0.75 + Math.random() / 2);
    isAway = !error.code;
    trouble = error.code ?? "";
    if (error.code === "counting.unknown") seen = { session: "none" };
  }
  isSending = false;
  draw();
  timer = setTimeout(look, next);
}

/** While nobody looks at the page and nothing waits, it asks nothing. */
function look() {
  if (!document.hidden || box.size) send();
}

async function ask(going) {
  const taps = going.map(([id, entry]) =>
    entry.undoes
      ? { id, stint: entry.stint, undoes: entry.undoes, after: entry.after }
      : { id, stint: entry.stint, counter: entry.counter, n: entry.n },
  );
  const stop = new AbortController();
  const clock = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const answer = await fetch("/m/count/taps", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ waiting: box.size - going.length, taps }),
      cache: "no-store",
      signal: stop.signal,
    });
    const told = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(told.problem), { code: told.problem });
    return told;
  } finally {
    clearTimeout(clock);
  }
}

function hear({ taps, who: name, ...told }) {
  who = name;
  isFresh = true;
  for (const { id, came_to: cameTo, say } of taps) {
    if (cameTo === "ok" || cameTo === "same") forget(id);
    else if (cameTo === "refused" && box.has(id)) refuse(id, say);
    else if (cameTo === "held") held.set(id, told.stint);
  }
  learn(told);
  store(SEEN, seen);
  if (told.version !== words.version && !last) renew(told.version);
}

/** Never taken: it stays until a person has read it. What takes it back has nothing left to take back. */
function refuse(id, why) {
  const entry = { ...box.get(id), why };
  for (const [other, { undoes }] of box) if (undoes === id) return [id, other].forEach(forget);
  box.set(id, entry);
  store(BOX + id, entry);
}

function store(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // it is known to this page all the same
  }
}

/** The counters have changed: the page is fetched anew, once for each version. What is kept stays. */
function renew(version) {
  if (sessionStorage.getItem("count.version") === version) return;
  sessionStorage.setItem("count.version", version);
  location.reload();
}

addEventListener("online", again);
addEventListener("pageshow", again);
document.addEventListener("visibilitychange", () => document.hidden || again());

function again() {
  pause = 0;
  send();
}

// --- what is seen ---------------------------------------------------------------------------------------

function waitingOf() {
  const found = new Map();
  for (const entry of box.values()) {
    if (entry.why) continue;
    const sum = entry.undoes ? -entry.n : entry.n;
    found.set(entry.counter, (found.get(entry.counter) ?? 0) + sum);
  }
  return found;
}

function draw() {
  const waiting = waitingOf();
  for (const [counter, card] of cards) drawCard(card, seen.totals?.[counter], waiting.get(counter) ?? 0);
  drawState();
  drawNotice();
  drawUndo();
}

function drawCard(card, total, n) {
  const known = total !== undefined;
  set(card.querySelector("strong"), known ? (total + n).toLocaleString("en") : "–");
  const mark = card.querySelector(".pending");
  mark.hidden = !n;
  set(mark, n ? fill(words.waiting, { n: `${n > 0 ? "+" : ""}${n}` }) : "");
  const isOpen = seen.session === "open";
  for (const key of card.querySelectorAll(".key")) if (key.disabled === isOpen) key.disabled = !isOpen;
}

function owed() {
  return [...box.values()].filter((entry) => !entry.why).length;
}

function drawState() {
  const n = owed();
  const name = who && seen.number ? fill(words.who, { who, number: seen.number }) + "　" : "";
  const isQuiet = n > 0 && !isAway && !trouble;
  const says = isQuiet ? fill(words.sending, { n }) : n ? fill(words.waiting, { n }) : isFresh && !isAway && !trouble ? words.done : "";
  set(state, name + says);
  state.classList.toggle("is-waiting", n > 0);
}

function drawNotice() {
  const n = owed();
  const lines = [];
  if (isFull) lines.push(words.full);
  if (seen.session && seen.session !== "open") {
    lines.push(words[seen.session]);
    if (n) lines.push(fill(words.kept, { n }));
  } else if (!seen.session && isAway) lines.push(words.none);
  else if (trouble) lines.push(fill(words.trouble, { code: trouble, n }));
  else if (isAway && pause > 600) lines.push(fill(words.away, { n }));
  const bad = [...box].filter(([, entry]) => entry.why);
  const text = [...lines, ...groups(bad)].join("\n");
  if (notice.dataset.text === text) return;
  notice.dataset.text = text;
  notice.hidden = !text;
  notice.replaceChildren(...text.split("\n").map((line) => element("p", line)));
  if (bad.length) {
    const key = Object.assign(element("button", words.written), { type: "button", className: "button button-plain" });
    key.addEventListener("click", () => { bad.forEach(([id]) => forget(id)); draw(); });
    notice.append(key);
  }
}

/** What was refused, by reason: how many, of which counters. */
function groups(bad) {
  const found = new Map();
  for (const [, entry] of bad) found.set(entry.why, [...(found.get(entry.why) ?? []), entry]);
  return [...found].map(([why, entries]) => {
    const sums = new Map();
    for (const { counter, n, undoes } of entries) sums.set(counter, (sums.get(counter) ?? 0) + (undoes ? -n : n));
    const what = [...sums].map(([counter, n]) => `${nameOf(counter)} ${n > 0 ? "+" : ""}${n}`).join("、");
    return fill(words.refused, { n: entries.length, what, why });
  });
}

function drawUndo() {
  const left = last ? Math.ceil((UNDO - (performance.now() - last.at)) / 1000) : 0;
  if (left <= 0) last = null;
  undo.hidden = !last;
  if (!last) return;
  set(undo.querySelector("span"), fill(words.undo, { name: nameOf(last.counter), n: last.n }));
  set(undo.querySelector("b"), String(left));
}

setInterval(drawUndo, 500);

function nameOf(counter) {
  return cards.get(counter)?.querySelector("h2").textContent ?? counter;
}

function chooseFirst(counter) {
  try {
    localStorage.setItem(FIRST, counter);
  } catch {
    // until the page is closed
  }
  putFirst(counter);
  scrollTo(0, 0);
}

function putFirst(counter) {
  if (!cards.has(counter)) return;
  for (const card of cards.values()) card.classList.remove("count-first");
  const card = cards.get(counter);
  card.classList.add("count-first");
  page.prepend(card); // read out first, too
}

function element(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}

function set(part, text) {
  if (part.textContent !== text) part.textContent = text;
}

function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
