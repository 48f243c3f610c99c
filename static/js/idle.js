// "Still there?": after a while without a touch the page asks, counts down, and ends the visit.
// The dialog #still says after how many seconds, and its first form says how the visit ends.

let quietSince = Date.now();

/** Take up what there is on the page now. */
export function look() {
  const dialog = document.getElementById("still");
  if (dialog) dialog.dataset.awake = "";
}

for (const kind of ["pointerdown", "click", "pointercancel", "keydown", "input", "wheel", "touchmove"]) {
  addEventListener(kind, touched, { capture: true, passive: true });
}
setInterval(tick, 500);

function touched(event) {
  quietSince = Date.now();
  // A finger that has come down still becomes a click: whatever the dialog uncovered would get it.
  if (event.type === "pointerdown") return;
  const dialog = document.getElementById("still");
  // Its own buttons must stay until the finger has left them.
  if (dialog?.open && !event.target.closest?.("#still button")) dialog.close();
}

function tick() {
  const dialog = document.getElementById("still");
  if (!dialog) return; // the attract page
  const count = dialog.querySelector("[data-count]");
  const left = Number(dialog.dataset.after) + Number(count.dataset.count) - (Date.now() - quietSince) / 1000;
  if (left <= 0) {
    quietSince = Date.now(); // once, not twice a second, should the answer be slow
    dialog.querySelector("form").requestSubmit(); // heard by whoever has to hold it back for a moment
  } else if (left <= Number(count.dataset.count)) {
    count.textContent = Math.ceil(left);
    if (!dialog.open) dialog.showModal();
  }
}
