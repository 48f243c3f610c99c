// The QR road at the booth: codes that take turns, for the camera of another. Drawn here, because sixty drawings would
// make the page heavy; without this file the page shows one code at a time, and links to the others.

import { encodeQR } from "../vendor/qr/index.js";

const EACH = 450; // milliseconds: long enough for a slow camera to look twice

/** Let the codes of the page take turns. */
export function look() {
  const root = document.querySelector("[data-codes]");
  if (root && !root.dataset.running) show(root);
}

function show(root) {
  root.dataset.running = "yes";
  const texts = [...root.querySelectorAll("ol > li")].map((one) => one.textContent);
  const number = root.querySelector("[data-part]");
  const toggle = root.querySelector("[data-toggle]");
  const place = root.querySelector(".show-code > span");
  const canvas = document.createElement("canvas");
  const drawings = new Map(); // number → modules
  let at = Number(number.textContent) - 1;
  let timer;

  const draw = () => {
    if (!drawings.has(at)) drawings.set(at, encodeQR(texts[at], "raw", { ecc: "medium", border: 4 }));
    paint(canvas, drawings.get(at));
    number.textContent = at + 1;
  };
  const step = (by) => {
    at = (at + by + texts.length) % texts.length;
    draw();
  };
  const play = (isOn) => {
    clearInterval(timer);
    timer = isOn ? setInterval(() => (root.isConnected ? step(1) : clearInterval(timer)), EACH) : undefined;
    toggle.textContent = isOn ? root.dataset.pause : root.dataset.play;
  };

  place.replaceChildren(canvas);
  draw();
  if (!toggle) return;
  toggle.hidden = false;
  toggle.addEventListener("click", () => play(timer === undefined));
  for (const link of root.querySelectorAll("[data-step]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      play(false);
      step(Number(link.dataset.step));
    });
  }
  play(true);
}

/** A whole number of pixels a module: a camera does not forgive a blurred edge. */
function paint(canvas, rows) {
  const side = rows.length;
  const scale = Math.max(2, Math.ceil(1024 / side));
  canvas.width = canvas.height = side * scale;
  const brush = canvas.getContext("2d");
  brush.fillStyle = "#fff";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.fillStyle = "#000";
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      if (rows[y][x]) brush.fillRect(x * scale, y * scale, scale, scale);
    }
  }
}
