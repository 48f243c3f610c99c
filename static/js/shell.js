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
  const place = page.querySelector("[autofocus]:not(dialog *)") ?? page.querySelector("[data-next]") ?? page.querySelector("h1[tabindex]");
  if (document.activeElement === document.body) place?.focus({ preventScroll: true });
  if (place?.matches("[aria-invalid=true]")) bringIn(place); // it can lie below the edge
  say([...page.querySelectorAll("[data-say]")].map((part) => part.textContent.trim().replace(/\s+/g, " ")).join(" "));
});

// The server did not answer. A counter has its own words for it (taps.js).
document.addEventListener("htmx:error", (event) => {
  const source = event.detail.ctx?.sourceElement;
  if (!source || source.matches("[data-tap], [data-undo], [data-quiet]")) return;
  showAlarm(alarm.dataset.lost);
});

// Whoever is putting something right is not told any longer that it is wrong; going on will tell whether it is right now.
document.addEventListener("input", ({ target }) => target.closest(".wizard") && forgive(target));

/** Into sight, with what is said to be wrong with it. */
export function bringIn(field) {
  (field.closest(".field") ?? field).scrollIntoView({ block: "nearest" });
}

/** Take back what is said to be wrong with a field, and with the one it can be filled in instead of. */
export function forgive(field) {
  const place = field.closest(".field");
  const other = document.getElementById(place?.dataset.insteadOf)?.closest(".field");
  for (const fault of [place, other].flatMap((one) => [...(one?.querySelectorAll(".fault") ?? [])])) {
    for (const one of fault.closest(".field").querySelectorAll("[aria-invalid]")) {
      one.removeAttribute("aria-invalid");
      const described = (one.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id !== fault.id).join(" ").trim();
      if (described) one.setAttribute("aria-describedby", described);
      else one.removeAttribute("aria-describedby");
    }
    fault.remove();
  }
}

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
