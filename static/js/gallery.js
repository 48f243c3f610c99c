// The gallery: drawings that come when they are near, a picture to look into closely, steps with arrow keys.
// Where something is wrong is nowhere here: every touch is answered by the server.

import { say } from "./shell.js";

const [COLUMNS, ROWS] = [12, 16]; // the cells that arrow keys go over
const CLOSEST = 4;
const CLOSER = { "+": 1.5, "=": 1.5, "-": 1 / 1.5 }; // by key
const STRIDE = 0.2; // of its box that an arrow key moves a picture
const SLIP = 10; // pixels a finger may move and still have touched
const FINEST = 10_000; // as the server counts places

// By exhibit: how near, where, and the cell pointed at. An answer brings a new page, and this stays.
const views = new Map();

const near = new IntersectionObserver(
  (seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      target.src = target.dataset.src;
      near.unobserve(target);
    }
  },
  { rootMargin: "200px" },
);

/** Take up what there is on the page now. */
export function look() {
  for (const image of document.querySelectorAll("img[data-src]:not([src])")) near.observe(image);
  const chosen = document.querySelector("[data-chips] [aria-current]");
  if (chosen) chosen.parentElement.scrollLeft = chosen.offsetLeft - chosen.parentElement.offsetLeft - 60;
  const steps = document.querySelector("[data-steps]");
  if (steps) steps.dataset.live = "";
  const stages = document.querySelector("[data-stages]:not([data-live])");
  if (stages) new Search(stages).begin();
}

// A clicker for slides sends PageDown and PageUp; where there is more of the page, they are for reading it.
addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || !document.querySelector("[data-steps]")) return;
  const way = { ArrowRight: "next", PageDown: "next", ArrowLeft: "back", PageUp: "back" }[event.key];
  const key = way && document.querySelector(`[data-${way}]`);
  if (!key || (event.key.startsWith("Page") && scrolls())) return;
  event.preventDefault();
  key.click();
});

function scrolls() {
  const { scrollHeight, clientHeight } = document.documentElement;
  return scrollHeight > clientHeight + 1; // a rounded pixel is nothing to read
}

// A key pressed between an answer and its page would point nowhere.
document.addEventListener("click", (event) => {
  if (event.target.matches?.("[data-stages]:not([data-live]) .spot")) event.preventDefault();
}, true);

class Search {
  constructor(stages) {
    this.stages = stages;
    this.boxes = [...stages.querySelectorAll("[data-stage]")];
    this.inners = [...stages.querySelectorAll("[data-inner]")];
    this.cursors = [...stages.querySelectorAll("[data-cursor]")];
    this.form = stages.querySelector("[data-search]");
    this.keys = document.querySelector("[data-zoom]");
    const known = stages.dataset.stages;
    if (!views.has(known)) views.set(known, { scale: 1, x: 0, y: 0, cell: null });
    this.view = views.get(known); // x, y: how far left and up the picture was moved, as a fraction of its box
    this.fingers = new Map();
    this.hasSlipped = false;
  }

  begin() {
    this.stages.dataset.live = "";
    for (const box of this.boxes) this.hear(box);
    this.form?.addEventListener("click", (event) => this.clicked(event));
    this.form?.addEventListener("keydown", (event) => this.typed(event));
    if (this.form === null) for (const box of this.boxes) this.steer(box);
    this.keys?.addEventListener("click", (event) => {
      const by = event.target.closest("[data-by]")?.dataset.by;
      if (by) this.zoom(0.5, 0.5, CLOSER[by > 0 ? "+" : "-"]);
    });
    if (this.keys) this.keys.hidden = false;
    this.show();
  }

  hear(box) {
    box.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      this.hasSlipped = this.fingers.size > 1;
    });
    box.addEventListener("pointermove", (event) => this.moved(box, event));
    for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) {
      box.addEventListener(kind, (event) => this.fingers.delete(event.pointerId));
    }
    box.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.point(null);
    });
    box.addEventListener("wheel", (event) => {
      event.preventDefault();
      const at = place(box, event);
      this.zoom(at.x, at.y, Math.exp(-event.deltaY / 400));
    }, { passive: false });
    box.addEventListener("dragstart", (event) => event.preventDefault());
  }

  /** A picture that is only looked at takes the keys itself. */
  steer(box) {
    box.tabIndex = 0;
    box.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      const by = CLOSER[event.key];
      if (!way && !by) return;
      event.preventDefault();
      if (by) this.zoom(0.5, 0.5, by);
      else this.move(way[0] * STRIDE, way[1] * STRIDE);
    });
  }

  moved(box, event) {
    const finger = this.fingers.get(event.pointerId);
    if (!finger) {
      if (event.pointerType === "mouse" && this.boxes.length > 1) this.point(cellAt(spot(box, event)));
      return;
    }
    const size = box.getBoundingClientRect();
    const [dx, dy] = [event.clientX - finger.x, event.clientY - finger.y];
    if (!this.hasSlipped && Math.hypot(dx, dy) < SLIP) return;
    this.hasSlipped = true;
    if (!box.hasPointerCapture(event.pointerId)) box.setPointerCapture(event.pointerId);
    if (this.fingers.size === 2) {
      const other = [...this.fingers].find(([id]) => id !== event.pointerId)[1];
      const before = Math.hypot(finger.x - other.x, finger.y - other.y);
      const now = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      const middle = { clientX: (event.clientX + other.x) / 2, clientY: (event.clientY + other.y) / 2 };
      const at = place(box, middle);
      if (before) this.zoom(at.x, at.y, now / before);
    }
    const share = 1 / this.fingers.size;
    this.move((dx / size.width) * share, (dy / size.height) * share);
    Object.assign(finger, { x: event.clientX, y: event.clientY });
  }

  clicked(event) {
    if (!event.target.matches(".spot")) return;
    event.preventDefault();
    if (event.detail === 0) { // a key
      const { column, row } = this.view.cell ?? { column: COLUMNS >> 1, row: ROWS >> 1 };
      this.touch((column + 0.5) / COLUMNS, (row + 0.5) / ROWS);
    } else if (!this.hasSlipped) {
      const at = spot(event.target.closest("[data-stage]"), event);
      this.touch(at.x, at.y);
    }
  }

  typed(event) {
    if (!event.target.matches(".spot")) return;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const by = CLOSER[event.key];
    if (!step && !by) return;
    event.preventDefault();
    const cell = this.view.cell ?? { column: COLUMNS >> 1, row: ROWS >> 1 };
    if (by) {
      const at = { x: (cell.column + 0.5) / COLUMNS, y: (cell.row + 0.5) / ROWS };
      this.zoom(at.x * this.view.scale + this.view.x, at.y * this.view.scale + this.view.y, by);
      return;
    }
    const within = (n, most) => Math.min(Math.max(n, 0), most - 1);
    const next = { column: within(cell.column + step[0], COLUMNS), row: within(cell.row + step[1], ROWS) };
    this.point(this.view.cell ? next : cell);
    this.follow();
    const { column, row } = this.view.cell;
    say(this.form.dataset.cell.replace("{r}", row + 1).replace("{c}", column + 1));
  }

  touch(x, y) {
    const part = (share) => String(Math.round(Math.min(Math.max(share, 0), 1) * FINEST));
    this.form.elements.x.value = part(x);
    this.form.elements.y.value = part(y);
    this.form.requestSubmit();
  }

  /** Nearer or farther, so that what is at a place of the box stays there. */
  zoom(x, y, factor) {
    const { view } = this;
    const scale = Math.min(Math.max(view.scale * factor, 1), CLOSEST);
    view.x = x - ((x - view.x) * scale) / view.scale;
    view.y = y - ((y - view.y) * scale) / view.scale;
    view.scale = scale;
    this.move(0, 0);
  }

  move(dx, dy) {
    const { view } = this;
    view.x = Math.min(Math.max(view.x + dx, 1 - view.scale), 0);
    view.y = Math.min(Math.max(view.y + dy, 1 - view.scale), 0);
    for (const inner of this.inners) inner.classList.add("moving");
    clearTimeout(this.rest);
    this.rest = setTimeout(() => { // drawn sharp again
      for (const inner of this.inners) inner.classList.remove("moving");
    }, 200);
    this.frame ??= requestAnimationFrame(() => this.show());
  }

  point(cell) {
    this.view.cell = cell;
    this.frame ??= requestAnimationFrame(() => this.show());
  }

  /** The cell pointed at comes into sight. */
  follow() {
    const { view } = this;
    const { column, row } = view.cell;
    const beyond = (n, most, moved) => {
      const [first, last] = [(n / most) * view.scale + moved, ((n + 1) / most) * view.scale + moved];
      return first < 0 ? -first : last > 1 ? 1 - last : 0;
    };
    this.move(beyond(column, COLUMNS, view.x), beyond(row, ROWS, view.y));
  }

  show() {
    this.frame = null;
    const { scale, x, y, cell } = this.view;
    for (const inner of this.inners) {
      inner.style.transform = `translate(${x * 100}%, ${y * 100}%) scale(${scale})`;
      inner.style.setProperty("--far", 1 / scale); // numbers do not grow
    }
    for (const box of this.boxes) box.classList.toggle("zoomed", scale > 1);
    for (const cursor of this.cursors) {
      cursor.hidden = !cell;
      if (!cell) continue;
      cursor.style.left = `${(cell.column / COLUMNS) * 100}%`;
      cursor.style.top = `${(cell.row / ROWS) * 100}%`;
    }
    for (const key of this.keys?.querySelectorAll("[data-by]") ?? []) {
      key.disabled = key.dataset.by > 0 ? scale >= CLOSEST : scale <= 1;
    }
  }
}

/** Where on a box: fractions of it. */
function place(box, event) {
  const size = box.getBoundingClientRect();
  return { x: (event.clientX - size.left) / size.width, y: (event.clientY - size.top) / size.height };
}

/** Where on the picture in it, however near that is. */
function spot(box, event) {
  return place(box.querySelector("[data-inner]"), event);
}

function cellAt({ x, y }) {
  const within = (share, most) => Math.min(Math.max(Math.floor(share * most), 0), most - 1);
  return { column: within(x, COLUMNS), row: within(y, ROWS) };
}
