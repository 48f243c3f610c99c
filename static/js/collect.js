// Collects the codes of a sequence as the camera sees them, in any order and again and again, and hands them in at once.
// A code's text: K315:<name>:<i>:<n>:<payload>. What is read is checked at the hub; here it is only sorted.

const PART = /^K315:([0-9A-F]{8}):([1-9]\d{0,2}):([1-9]\d{0,2}):/;
const DOCUMENT = /^K315[SR]:/;

const root = document.querySelector("[data-collect]");
const field = document.getElementById(root.dataset.collect);
const shown = root.querySelector(".collected");
const left = shown.querySelector(".left");
const grid = shown.querySelector(".parts");
let name = "";
let parts = []; // by number, from 1

root.addEventListener("scan:read", (event) => {
  const text = event.detail.text;
  if (DOCUMENT.test(text)) return; // one code is all there is: the scanner hands it in
  event.preventDefault();
  const part = PART.exec(text);
  if (part) take(text, part[1], Number(part[2]), Number(part[3]));
  else say(root.dataset.foreign);
});

root.querySelector("[data-again]").addEventListener("click", () => {
  name = "";
  parts = [];
  shown.hidden = true;
});

function take(text, ofName, number, count) {
  if (name && (ofName !== name || count !== parts.length - 1)) return say(root.dataset.other);
  if (number > count) return say(root.dataset.foreign);
  if (!name) begin(ofName, count);
  if (parts[number]) return tell();
  parts[number] = text;
  grid.children[number - 1].classList.add("got");
  navigator.vibrate?.(20);
  tell();
  if (missing() === 0) handIn();
}

function begin(ofName, count) {
  name = ofName;
  parts = new Array(count + 1).fill("");
  grid.replaceChildren(...parts.slice(1).map((_, place) => Object.assign(document.createElement("li"), { textContent: place + 1 })));
  shown.hidden = false;
}

function missing() {
  return parts.slice(1).filter((part) => !part).length;
}

function tell() {
  say(missing() ? root.dataset.left.replace("{n}", missing()) : root.dataset.done);
}

function say(words) {
  shown.hidden = false;
  left.textContent = words;
}

function handIn() {
  field.value = parts.slice(1).join("\n");
  field.form.requestSubmit();
}
