// What every page of both sides needs. Importing it switches it on.

const spoken = document.getElementById("spoken");
const alarm = document.getElementById("alarm");

// Back must not bring up what the last person saw.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// After a swap the finger stays where it is, but keyboard and screen reader need a place to go on from.
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx?.target?.id !== "page") return;
  hideAlarm();
  window.scrollTo(0, 0);
  const page = document.getElementById("page");
  if (document.activeElement === document.body) {
    const place = page.querySelector("[autofocus]:not(dialog *)") ?? page.querySelector("[data-next]") ?? page.querySelector("h1[tabindex]");
    // To the first field with a fault the page may move: it can lie below the edge.
    place?.focus({ preventScroll: !place.matches("[aria-invalid=true]") });
  }
  say([...page.querySelectorAll("[data-say]")].map((part) => part.textContent.trim().replace(/\s+/g, " ")).join(" "));
});

// The server did not answer. A counter has its own words for it (taps.js).
document.addEventListener("htmx:error", (event) => {
  const source = event.detail.ctx?.sourceElement;
  if (!source || source.matches("[data-tap], [data-undo], [data-quiet]")) return;
  showAlarm(alarm.dataset.lost);
});

/** Read a sentence out to those who listen to the page. */
export function say(sentence) {
  spoken.textContent = sentence;
}

/** A banner that stays until it is touched or the next thing succeeds. */
export function showAlarm(sentence) {
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = alarm.dataset.close;
  close.addEventListener("click", hideAlarm);
  alarm.replaceChildren(sentence, close);
  alarm.hidden = false;
  navigator.vibrate?.([80, 60, 80]);
}

export function hideAlarm() {
  alarm.hidden = true;
  alarm.replaceChildren();
}
