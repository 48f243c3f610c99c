// A camera that reads QR codes, for staff pages of both sides. The markup is the macro in templates/_scan.html.
//
// With data-scan-formats it reads barcodes for visitors, the first of these above all; what was read stands in the field
// to be looked at, and nothing is sent before somebody presses the key.
//
// What was read is told as "scan:read" on the [data-scan] element, with the text in `event.detail.text`. Unless a
// listener prevents it, the camera stops, the text goes into the field that data-scan names, and its form is sent.
// With preventDefault() the camera goes on; a code that stays before it is told once.
//
// Pictures are read here and leave the page in no way. Read by the browser itself where it can, else by qr/decode.js;
// barcodes by barcodes.js.

const PAUSE = 80; // milliseconds between two looks
const SIDE = 1280; // of a picture looked at; a larger one costs time and gains nothing
const PHOTO_SIDES = [1600, 1000, 2400, 640]; // sizes at which a photo is tried
const FILE_LIMIT = 64 * 1024; // of a text file
const WISHES = { audio: false, video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } } };

const cameras = new WeakMap(); // element → Camera

/** Bring the scanners of the page to life. */
export function look() {
  for (const root of document.querySelectorAll("[data-scan]")) {
    if (!cameras.has(root)) cameras.set(root, new Camera(root));
  }
}

/** The text of a QR code in a photo, or a text file's own; null where there is none. */
export async function readFile(file) {
  if (file.type.startsWith("text/") || /\.txt$/i.test(file.name)) return file.size <= FILE_LIMIT ? file.text() : null;
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return null;
  try {
    for (const side of PHOTO_SIDES) {
      const text = await readPicture(picture, picture.width, picture.height, side, 500);
      if (text) return text;
    }
    return null;
  } finally {
    picture.close();
  }
}

class Camera {
  constructor(root) {
    this.root = root;
    this.video = root.querySelector("video");
    this.say = root.querySelector(".scanner-say");
    this.start = root.querySelector("[data-scan-start]");
    this.stop = root.querySelector("[data-scan-stop]");
    this.stream = null;
    this.last = "";
    this.file = null; // the one that was chosen last
    this.formats = root.dataset.scanFormats?.split(" ") ?? null;
    root.hidden = this.formats !== null && !hasCamera(); // a visitor's phone over plain HTTP has none to offer
    this.start.addEventListener("click", () => this.open());
    this.stop.addEventListener("click", () => this.close());
    const field = root.querySelector("[data-scan-file]");
    field?.addEventListener("change", () => this.take(field));
    if (field?.files.length) this.take(field); // by somebody faster than this script was to come
    addEventListener("pagehide", () => this.close());
    document.addEventListener("visibilitychange", () => document.hidden && this.close());
  }

  async open() {
    if (this.stream) return;
    if (!hasCamera()) return this.tell("insecure");
    this.start.disabled = true;
    if (this.formats && !(await canReadBarcodes(this.formats))) {
      this.start.disabled = false;
      return this.tell("unable");
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia(WISHES);
    } catch (error) {
      return this.tell(why(error));
    } finally {
      this.start.disabled = false;
    }
    if (!this.root.isConnected) return this.close(); // the page went on while the person was asked
    this.stream.getVideoTracks()[0]?.addEventListener("ended", () => this.close()); // unplugged
    this.video.srcObject = this.stream;
    this.show(true);
    this.tell("looking");
    await this.video.play().catch(() => {});
    this.watch();
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
    this.last = "";
    this.show(false);
    if (this.say.dataset.word === "looking") this.tell("");
  }

  async watch() {
    while (this.stream) {
      if (!this.root.isConnected) return this.close();
      const { videoWidth, videoHeight, readyState } = this.video;
      const text = readyState >= 2 && videoWidth ? await this.read(videoWidth, videoHeight) : null;
      if (text && text !== this.last && this.stream) {
        this.last = text;
        this.found(text);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  read(width, height) {
    return this.formats ? readBarcode(this.video) : readPicture(this.video, width, height, SIDE, 30);
  }

  async take(input) {
    const [file] = input.files;
    input.value = ""; // the same file again is a new choice
    if (!file) return;
    this.file = file;
    this.tell("");
    const text = await readFile(file);
    if (this.file !== file || !this.root.isConnected) return; // another one was chosen, or the page went on
    if (text) this.found(text);
    else this.tell("unread");
  }

  found(text) {
    const event = new CustomEvent("scan:read", { bubbles: true, cancelable: true, detail: { text } });
    if (!this.root.dispatchEvent(event)) return;
    const field = document.querySelector(this.root.dataset.scan);
    if (field.maxLength > 0 && text.length > field.maxLength) return this.tell("unread");
    this.close();
    this.tell("found");
    navigator.vibrate?.(60);
    field.value = text;
    if (this.formats) field.form.querySelector("button").focus();
    else field.form.requestSubmit();
  }

  show(isOn) {
    this.root.classList.toggle("scanner-on", isOn);
    this.video.hidden = !isOn;
    this.start.hidden = isOn;
    this.stop.hidden = !isOn;
  }

  tell(word) {
    this.say.dataset.word = word;
    this.say.textContent = word ? this.root.dataset[word] : "";
  }
}

function hasCamera() {
  return isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);
}

function why(error) {
  if (["NotAllowedError", "SecurityError"].includes(error.name)) return "refused";
  return ["NotReadableError", "AbortError"].includes(error.name) ? "busy" : "none";
}

const canvas = document.createElement("canvas");
const brush = canvas.getContext("2d", { willReadFrequently: true });
let detector; // the browser's own; null once it is known to have none that works

let turn = Promise.resolve(null);

/** One after the other: they share a canvas. */
function readPicture(...how) {
  turn = turn.then(() => readNow(...how), () => readNow(...how));
  return turn;
}

async function readNow(picture, width, height, side, patience) {
  const scale = Math.min(1, side / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return (await readNatively()) ?? readHere(patience);
}

async function readNatively() {
  if (detector === undefined) detector = await ownDetector(["qr_code"]);
  if (!detector) return null;
  try {
    return (await detector.detect(canvas))[0]?.rawValue || null;
  } catch {
    detector = null; // promised and not kept: some systems lack the service behind it
    return null;
  }
}

let barcodes; // the browser's own reader of them, or the one that was loaded

/** False where there is none and none could be loaded. */
async function canReadBarcodes(wanted) {
  barcodes ??= (await ownDetector(wanted)) ?? (await loadedDetector());
  return barcodes !== null;
}

function loadedDetector() {
  return import("./barcodes.js").then((module) => module.detector()).catch(() => null);
}

async function readBarcode(video) {
  let found;
  try {
    [found] = await barcodes.detect(video);
  } catch {
    barcodes = (await loadedDetector()) ?? barcodes; // promised and not kept
  }
  if (!found?.rawValue) return null;
  const isUpc = ["upc_a", "upc_e"].includes(found.format); // twelve digits may be a mobile number, eight a day
  return isUpc ? `UPC ${found.rawValue}` : found.rawValue;
}

/** The browser's own reader of what it can read of these formats; null where the first is none of them. */
async function ownDetector(wanted) {
  const known = await globalThis.BarcodeDetector?.getSupportedFormats().catch(() => []);
  const formats = wanted.filter((one) => known?.includes(one));
  return formats.includes(wanted[0]) ? new BarcodeDetector({ formats }) : null;
}

async function readHere(patience) {
  const { decodeQR } = await import("../vendor/qr/decode.js");
  const { width, height, data } = brush.getImageData(0, 0, canvas.width, canvas.height);
  try {
    return decodeQR({ width, height, data }, { timeLimit: patience });
  } catch {
    return null; // no code in this picture
  }
}
