// Photos of a complaint that is sealed in the page (complaint.js): each is sealed here and sent by itself, to a tablet
// that can look into none of them.

import { Photos } from "./photos.js";

/** How a file begins → what it is. A name can say anything. */
const BEGINNINGS = [
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^\x89PNG\r\n\x1a\n/, "image/png"],
  [/^RIFF[^]{4}WEBP/, "image/webp"],
  [/^[^]{4}ftyp(?:hei[cxms]|mif1)/, "image/heic"],
];

export class SealedPhotos extends Photos {
  /** `form`: the form they belong to; it keeps them, sealed, for the screen comes and goes. */
  constructor(root, form) {
    super(root);
    this.owner = form;
  }

  begin() {
    this.list(); // before anything is drawn: what is not on the list is forgotten
    super.begin();
  }

  /** Until it is said whether a photo has arrived, the form stays where it is. */
  async add(photo) {
    this.owner.isSending = true;
    try {
      await super.add(photo);
    } finally {
      this.owner.isSending = false;
    }
  }

  goOn() {
    this.onward = null;
    this.owner.next();
  }

  async post(go, photo) {
    const { held } = this.owner;
    if (!photo) held.delete(Number(go.replace("drop-", "")));
    const refusal = photo ? await this.take(photo, this.free()) : "";
    this.owner.sealed = null;
    this.list();
    this.say(refusal);
    return !refusal;
  }

  /** Why a photo is not taken, in words; "" where it is. */
  async take(photo, number) {
    const { told, held } = this.owner;
    if (photo.size > told.photo_limit) return told.refusals.large;
    const bytes = new Uint8Array(await photo.arrayBuffer());
    const beginning = String.fromCharCode(...bytes.subarray(0, 12));
    const type = BEGINNINGS.find(([pattern]) => pattern.test(beginning))?.[1];
    if (!type) return told.refusals.format;
    const sealed = this.owner.sealPhoto(number, type, bytes);
    const { isOk, page } = await this.owner.handPhoto(number, sealed);
    if (isOk) held.set(number, sealed);
    return isOk ? "" : page.querySelector("h1").textContent.trim();
  }

  free() {
    return this.owner.told.evidence.findIndex((_id, at) => !this.owner.held.has(at + 1)) + 1;
  }

  list() {
    const list = this.root.querySelector("[data-list]");
    const numbers = this.owner.numbers;
    const items = numbers.map((number, at) => {
      const item = list.querySelector("[data-item]").content.firstElementChild.cloneNode(true);
      item.dataset.number = number;
      const key = item.querySelector("button");
      key.value += number;
      key.ariaLabel = key.ariaLabel.replace("{n}", at + 1);
      return item;
    });
    list.querySelector("ol").replaceChildren(...items);
    list.querySelector(".hint").hidden = !numbers.length;
    list.querySelector(".photo-count").textContent = numbers.length ? list.dataset.count.replace("{n}", numbers.length) : list.dataset.empty;
    this.draw();
  }

  name(number) {
    return `${this.owner.told.id} ${number}`;
  }
}
