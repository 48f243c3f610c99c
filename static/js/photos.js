// Photos of a complaint: taken in the page or chosen on a phone, sent one by one, shown from this page's memory alone.
// What was sent is sealed there and then; nobody can ask for it back.

import { WHY, WISHES } from "./brought.js";

const PATIENCE = 120_000; // milliseconds for one photo over a slow phone
/** What this page remembers: form and number → address of a picture in memory. */
const seen = new Map();

/** Take up what there is on the page now. */
export function look() {
  const root = document.querySelector("[data-photos]:not([data-photos=sealed], [data-live])");
  if (root) new Photos(root).begin();
}

let shown = null; // the photos of the screen
document.addEventListener("submit", (event) => shown?.hold(event), { capture: true }); // before htmx

/** No trace of them once the form is gone, for whoever comes next. */
function forget() {
  if (document.querySelector(".wizard")) return;
  for (const address of seen.values()) URL.revokeObjectURL(address);
  seen.clear();
}

document.addEventListener("htmx:after:swap", forget);
document.addEventListener("page:changed", forget);

export class Photos {
  constructor(root) {
    this.root = root;
    this.form = root.closest("form");
    this.told = root.querySelector("[data-told]");
    this.video = root.querySelector("video");
    this.canvas = root.querySelector("canvas");
    this.keys = Object.fromEntries(["open", "shoot", "again", "send"].map((name) => [name, root.querySelector(`[data-${name}]`)]));
    this.stream = null;
    this.turn = Promise.resolve(); // one after the other
    this.waiting = 0; // how many are still to be answered
    this.onward = null; // the key that led on while some were
    this.isLocked = false;
  }

  begin() {
    shown = this;
    this.root.dataset.live = "";
    this.root.addEventListener("click", (event) => this.touched(event));
    for (const field of this.root.querySelectorAll("[data-pick]")) {
      field.removeAttribute("name"); // sent by itself, never with the form
      field.addEventListener("change", () => this.chose(field));
      if (field.files.length) this.chose(field); // by somebody faster than this script was to come
    }
    this.draw();
    if (this.root.dataset.photos === "camera") this.ready();
  }

  touched(event) {
    const button = event.target.closest("button");
    if (button?.name !== "go") return;
    event.preventDefault();
    this.queue(() => this.post(button.value));
  }

  // --- the camera ---------------------------------------------------------------------------------------------

  ready() {
    addEventListener("pagehide", () => this.close());
    document.addEventListener("visibilitychange", () => document.hidden && this.close() && this.show("open"));
    document.addEventListener("htmx:after:swap", () => this.root.isConnected || this.close());
    if (!isSecureContext || !navigator.mediaDevices?.getUserMedia) return this.tell("insecure");
    this.keys.open.addEventListener("click", () => this.open());
    this.keys.again.addEventListener("click", () => this.open());
    this.keys.shoot.addEventListener("click", () => this.shoot());
    this.keys.send.addEventListener("click", () => this.send());
    this.show("open");
  }

  async open() {
    try {
      this.stream = await navigator.mediaDevices.getUserMedia(WISHES);
    } catch (error) {
      this.show("open");
      return this.tell(WHY[error.name] ?? "none");
    }
    if (!this.root.isConnected) return this.close();
    this.video.srcObject = this.stream;
    this.show("shoot");
    this.tell("looking");
    await this.video.play().catch(() => {});
    this.keys.shoot.focus();
    this.root.querySelector("[data-view]").scrollIntoView({ block: "nearest" });
  }

  shoot() {
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth) return;
    this.canvas.width = videoWidth;
    this.canvas.height = videoHeight;
    this.canvas.getContext("2d").drawImage(this.video, 0, 0);
    this.close();
    this.show("again", "send");
    this.tell("taken");
    this.keys.send.focus();
  }

  send() {
    this.canvas.toBlob((blob) => this.queue(() => this.add(blob)), "image/jpeg", 0.92);
  }

  close() {
    const was = Boolean(this.stream);
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = this.video.srcObject = null;
    return was;
  }

  show(...what) {
    for (const [name, key] of Object.entries(this.keys)) if (key) key.hidden = !what.includes(name);
    this.video.hidden = !what.includes("shoot");
    this.canvas.hidden = !what.includes("again");
    this.root.querySelector("[data-view]").hidden = this.video.hidden && this.canvas.hidden;
    this.form.querySelector("button[value=next]").disabled = !this.canvas.hidden; // a photo nobody kept would be lost
  }

  // --- one after the other ------------------------------------------------------------------------------------

  queue(job) {
    this.waiting += 1;
    this.turn = this.turn.then(job).catch(() => this.lose()).finally(() => {
      this.waiting -= 1;
      if (this.onward && !this.waiting) this.goOn();
    });
  }

  lose() {
    this.onward = null;
    this.tell("lost");
  }

  /** Whoever goes on while a photo is on its way goes once it has arrived; where one was not taken it has to be read why. */
  hold(event) {
    if (event.target !== this.form || !this.waiting || this.isLocked) return;
    event.preventDefault();
    event.stopPropagation();
    this.onward = event.submitter;
  }

  goOn() {
    const key = this.onward;
    this.onward = null;
    this.form.requestSubmit(key);
  }

  chose(field) {
    const files = [...field.files];
    field.value = "";
    const room = Number(this.root.dataset.most) - this.numbers().length;
    for (const file of files.slice(0, room)) this.queue(() => this.add(file));
    if (files.length > room) this.queue(() => this.tell("many"));
  }

  async add(photo) {
    this.tell("sending");
    const before = this.numbers();
    const isKept = await this.post("add", photo);
    const [number] = this.numbers().filter((one) => !before.includes(one));
    if (number) seen.set(this.name(number), URL.createObjectURL(photo));
    this.draw();
    if (!isKept) this.onward = null;
    if (isKept && this.video) this.show("open");
  }

  /** Whether the other side said yes. What it says of the photos takes the place of what stands here. */
  async post(go, photo) {
    const told = new FormData(this.form);
    told.set("go", go);
    if (photo) told.append("photo", photo, "photo");
    const options = { method: "POST", body: told, headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(PATIENCE) };
    const answer = await fetch(this.root.dataset.address, options);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const list = page.querySelector("[data-list]");
    if (!list && answer.status === 403) return this.next(); // the screen locked: what was typed waits behind the PIN
    if (list) this.root.querySelector("[data-list]").replaceWith(document.adoptNode(list));
    this.draw();
    this.say(answer.ok ? "" : (page.querySelector(".problem span") ?? page.querySelector("h1")).textContent.trim());
    return answer.ok;
  }

  /** As by its button: a form that sends itself would leave what it sent in the browser's own files. */
  next() {
    const key = this.form.querySelector("button[value=next]");
    this.isLocked = true;
    key.disabled = false;
    this.form.requestSubmit(key);
  }

  // --- what is seen -------------------------------------------------------------------------------------------

  numbers() {
    return [...this.root.querySelectorAll("[data-number]")].map((one) => one.dataset.number);
  }

  name(number) {
    return `${this.form.elements.id.value} ${number}`;
  }

  draw() {
    const here = this.numbers().map((number) => this.name(number));
    for (const [name, address] of seen) {
      if (here.includes(name) || !name.startsWith(this.name(""))) continue;
      URL.revokeObjectURL(address);
      seen.delete(name);
    }
    for (const one of this.root.querySelectorAll("[data-number]")) {
      const address = seen.get(this.name(one.dataset.number));
      const place = one.querySelector(".photo-seen");
      if (!address || place.querySelector("img")) continue;
      const image = Object.assign(document.createElement("img"), { src: address, alt: "" });
      image.addEventListener("load", () => place.replaceChildren(image), { once: true }); // not every phone shows HEIC
    }
  }

  tell(word) {
    this.told.dataset.word = word;
    this.say(this.root.dataset[word].replace("{n}", this.root.dataset.most), word);
  }

  say(text, word = "refused") {
    this.told.dataset.word = word;
    this.told.textContent = text;
  }
}
