// An exhibit from a photo: the camera, the frames drawn on it, and words that are kept while somebody types.
// Photos leave the page only with its own form, to this tablet.

export const WISHES = { audio: false, video: { facingMode: { ideal: "environment" }, width: { ideal: 2560 }, height: { ideal: 1920 } } };
export const WHY = { NotAllowedError: "refused", SecurityError: "refused", NotReadableError: "busy", AbortError: "busy" };
const SLIP = 10; // pixels a finger may move and still have touched
const FINEST = 10_000; // as the server counts
const SMALLEST = 0.03; // of the photo
const STEP = 0.01;
const SAVE_AFTER = 1500; // milliseconds without a key
const SAVE_WITHIN = 8_000; // milliseconds

/** Take up what there is on the page now. */
export function look() {
  const snap = document.querySelector("[data-snap]:not([data-live])");
  if (snap) new Snap(snap).begin();
  const places = document.querySelector("[data-places]:not([data-live])");
  if (places) new Board(places).begin();
  const words = document.querySelector("[data-autosave]:not([data-live])");
  if (words) keepWords(words);
}

// --- the photo ----------------------------------------------------------------------------------------

class Snap {
  constructor(form) {
    this.form = form;
    this.video = form.querySelector("video");
    this.canvas = form.querySelector("canvas");
    this.file = form.querySelector("[type=file]");
    this.largest = Number(form.dataset.largest); // bytes
    this.told = form.querySelector(".scanner-say");
    this.keys = Object.fromEntries(["open", "shoot", "again", "send"].map((name) => [name, form.querySelector(`[data-${name}]`)]));
    this.stream = null;
  }

  begin() {
    this.form.dataset.live = "";
    this.hasCamera = isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);
    if (this.hasCamera) this.show("open", "file");
    else this.fall("insecure");
    this.keys.open.addEventListener("click", () => this.open());
    this.keys.again.addEventListener("click", () => this.open());
    this.keys.shoot.addEventListener("click", () => this.shoot());
    this.file.addEventListener("change", () => this.choose());
    if (this.file.files.length) this.choose(); // by somebody faster than this script was to come
    this.form.addEventListener("submit", (event) => this.send(event));
    addEventListener("pagehide", () => this.close());
    document.addEventListener("visibilitychange", () => document.hidden && this.close() && this.show("open", "file"));
  }

  async open() {
    try {
      this.stream = await navigator.mediaDevices.getUserMedia(WISHES);
    } catch (error) {
      return this.fall(WHY[error.name] ?? "none");
    }
    if (!this.form.isConnected) return this.close();
    this.video.srcObject = this.stream;
    this.show("shoot");
    this.tell("looking");
    await this.video.play().catch(() => {});
    this.keys.shoot.focus();
  }

  /** The camera's light goes out as soon as there is a photo. */
  shoot() {
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth) return;
    this.canvas.width = videoWidth;
    this.canvas.height = videoHeight;
    this.canvas.getContext("2d").drawImage(this.video, 0, 0);
    this.close();
    this.canvas.toBlob(
      (blob) => {
        const held = new DataTransfer();
        held.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
        this.file.files = held.files;
        this.show("again", "send");
        this.tell("taken");
        this.keys.send.focus();
      },
      "image/jpeg",
      0.92,
    );
  }

  /** A file: shown if the browser can read it, and not sent where the server would refuse it unread. */
  async choose() {
    const [file] = this.file.files;
    const offered = this.hasCamera ? ["open", "file"] : ["file"];
    this.show(...offered);
    if (!file) return this.tell("");
    if (file.size > this.largest) return this.tell("large");
    const picture = await createImageBitmap(file).catch(() => null);
    if (this.file.files[0] !== file) return;
    if (picture) {
      this.canvas.width = picture.width;
      this.canvas.height = picture.height;
      this.canvas.getContext("2d").drawImage(picture, 0, 0);
      picture.close();
    }
    this.show(...offered, "send", ...(picture ? ["picture"] : []));
    this.tell(picture ? "taken" : "chosen", file.name);
    this.keys.send.focus();
  }

  send(event) {
    const [file] = this.file.files;
    if (file?.size > this.largest) {
      event.preventDefault();
      return this.tell("large");
    }
    this.tell("sending");
  }

  close() {
    const was = Boolean(this.stream);
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = this.video.srcObject = null;
    return was;
  }

  /** Without a camera: a file. */
  fall(word) {
    this.close();
    this.tell(word);
    this.hasCamera = false;
    this.show("file");
  }

  show(...what) {
    for (const [name, key] of Object.entries(this.keys)) key.hidden = !what.includes(name);
    this.file.closest("label").hidden = !what.includes("file");
    this.video.hidden = !what.includes("shoot");
    this.canvas.hidden = !what.includes("again") && !what.includes("picture");
    this.form.classList.toggle("snap-on", !this.video.hidden || !this.canvas.hidden);
  }

  tell(word, name = "") {
    this.told.dataset.word = word;
    this.told.textContent = word ? this.form.dataset[word].replace("{name}", name) : "";
  }
}

// --- the places ------------------------------------------------------------------------------------------

class Board {
  constructor(field) {
    this.field = field;
    this.form = field.form;
    this.boxes = this.form.querySelector(".own-boxes");
    this.told = document.querySelector(".own-say");
    this.most = Number(field.dataset.places);
    this.corner = null; // the first of two that are touched
    this.chosen = null;
    this.places = field.value.split(";").filter(Boolean).map((part) => {
      const [number, corners] = part.split(":");
      const [x, y, w, h] = corners.split(",").map((one) => Number(one) / FINEST);
      return { number, x, y, w, h };
    });
  }

  begin() {
    this.field.dataset.live = "";
    this.form.classList.add("own-live");
    this.boxes.hidden = false;
    this.form.querySelector("[data-add]").hidden = this.form.querySelector("[data-drop]").hidden = false;
    this.form.querySelector("[data-add]").addEventListener("click", () => this.add());
    this.form.querySelector("[data-drop]").addEventListener("click", () => this.drop());
    this.boxes.addEventListener("pointerdown", (event) => this.down(event));
    this.boxes.addEventListener("pointermove", (event) => this.moved(event));
    this.boxes.addEventListener("pointerup", (event) => this.up(event));
    this.boxes.addEventListener("pointercancel", () => ((this.pull = null), this.draw()));
    this.boxes.addEventListener("keydown", (event) => this.key(event));
    this.form.addEventListener("submit", (event) => {
      if (this.places.length) return;
      event.preventDefault();
      this.tell("none");
    });
    this.draw();
  }

  at(event) {
    const { left, top, width, height } = this.boxes.getBoundingClientRect();
    return { x: clamp((event.clientX - left) / width), y: clamp((event.clientY - top) / height) };
  }

  down(event) {
    if (!event.isPrimary || event.button > 0) return;
    event.preventDefault();
    this.boxes.setPointerCapture(event.pointerId);
    const place = this.places[event.target.dataset?.place];
    this.pull = { from: this.at(event), x: event.clientX, y: event.clientY, place: this.corner ? null : place, was: { ...place } };
    if (this.pull.place) this.choose(place);
  }

  moved(event) {
    if (!this.pull) return;
    const here = this.at(event);
    if (this.pull.place) {
      const { place, was, from } = this.pull;
      place.x = clamp(was.x + here.x - from.x, 1 - was.w);
      place.y = clamp(was.y + here.y - from.y, 1 - was.h);
      this.draw();
    } else {
      this.draw(between(this.corner ?? this.pull.from, here));
    }
  }

  up(event) {
    if (!this.pull) return;
    const { from, x, y, place } = this.pull;
    this.pull = null;
    const touched = Math.hypot(event.clientX - x, event.clientY - y) < SLIP;
    if (place) {
      this.draw();
      this.boxes.querySelector(`[data-place="${this.places.indexOf(place)}"]`)?.focus();
    } else if (touched && !this.corner) {
      this.corner = from;
      this.tell("second");
      this.draw();
    } else {
      const made = between(this.corner ?? from, this.at(event));
      this.corner = null;
      this.keep(made);
    }
  }

  keep(made) {
    if (made.w < SMALLEST || made.h < SMALLEST) this.tell("thin");
    else if (this.places.length >= this.most) this.tell("full");
    else {
      this.places.push({ number: 0, ...made });
      this.choose(this.places.at(-1));
      this.tell("");
    }
    this.draw();
  }

  add() {
    this.keep({ x: 0.4, y: 0.4, w: 0.2, h: 0.2 });
    this.boxes.querySelector("[aria-current]")?.focus();
  }

  drop() {
    this.places = this.places.filter((place) => place !== this.chosen);
    this.choose(this.places.at(-1) ?? null);
    this.draw();
  }

  choose(place) {
    this.chosen = place;
    this.draw();
  }

  key(event) {
    const place = this.places[event.target.dataset?.place];
    const way = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!place || (!way && !["Delete", "Backspace"].includes(event.key))) return;
    event.preventDefault();
    this.chosen = place;
    if (!way) {
      this.drop();
      (this.boxes.querySelector("[aria-current]") ?? this.form.querySelector("[data-add]")).focus();
      return;
    }
    if (event.shiftKey) {
      place.w = Math.max(SMALLEST, clamp(place.w + way[0], 1 - place.x));
      place.h = Math.max(SMALLEST, clamp(place.h + way[1], 1 - place.y));
    } else {
      place.x = clamp(place.x + way[0], 1 - place.w);
      place.y = clamp(place.y + way[1], 1 - place.h);
    }
    this.draw();
  }

  /** Frames as they are; `growing` is the one under the finger. */
  draw(growing) {
    const old = [...this.boxes.children].filter((one) => one.dataset.place);
    const shown = this.places.map((place, number) => {
      const box = old[number] ?? document.createElement("button");
      box.type = "button";
      box.className = "own-box";
      box.dataset.place = number;
      box.setAttribute("aria-label", this.field.dataset.name.replace("{n}", number + 1));
      if (!box.firstChild) box.append(part("finding-number num"));
      box.firstChild.textContent = number + 1;
      box.toggleAttribute("aria-current", place === this.chosen);
      box.classList.toggle("own-box-left", place.x < 0.1); // no room for its number there
      return lay(box, place);
    });
    if (growing) shown.push(lay(part("own-box own-growing"), growing));
    if (this.corner) shown.push(lay(part("own-corner"), { ...this.corner, w: 0, h: 0 }));
    if (shown.length !== this.boxes.children.length || shown.some((one, n) => one !== this.boxes.children[n])) this.boxes.replaceChildren(...shown);
    this.form.querySelector("[data-drop]").disabled = !this.chosen;
    const whole = (one) => Math.round(one * FINEST);
    this.field.value = this.places.map((one) => `${one.number}:${[one.x, one.y, one.w, one.h].map(whole).join(",")}`).join(";");
  }

  tell(word) {
    this.told.textContent = word ? this.field.dataset[word] : "";
  }
}

function part(name) {
  const made = document.createElement("span");
  made.className = name;
  return made;
}

function lay(box, { x, y, w, h }) {
  for (const [name, share] of Object.entries({ left: x, top: y, width: w, height: h })) box.style[name] = `${share * 100}%`;
  return box;
}

function between(one, other) {
  return { x: Math.min(one.x, other.x), y: Math.min(one.y, other.y), w: Math.abs(one.x - other.x), h: Math.abs(one.y - other.y) };
}

function clamp(share, most = 1) {
  return Math.max(0, Math.min(most, share));
}

// --- the words -------------------------------------------------------------------------------------------

/** What is typed is kept now and then: the screen may lock while somebody is called away. */
function keepWords(form) {
  form.dataset.live = "";
  let timer;
  let saved = Promise.resolve(); // one after the other: what was typed first never arrives last
  let underWay = 0;
  const save = () => {
    const told = new URLSearchParams(new FormData(form));
    told.set("go", "save");
    const sent = () => ({ method: "POST", body: told, redirect: "manual", signal: AbortSignal.timeout(SAVE_WITHIN) });
    underWay += 1;
    saved = saved.then(() => fetch(form.action, sent())).catch(() => {}).finally(() => (underWay -= 1));
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER);
  };
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (!underWay) return;
    event.preventDefault(); // else an earlier word might arrive after the last one
    saved.then(() => form.requestSubmit(event.submitter));
  });
  form.addEventListener("input", wait);
  if ([...form.elements].some((field) => "defaultValue" in field && field.value !== field.defaultValue)) wait(); // typed before this was here
}
