// The live board refreshes itself (hx-trigger in the template). This keeps watch that it never shows old figures as new.

const PATIENCE = 15_000; // three refreshes missed
let freshAt = Date.now();

const answerTo = (event) => (event.detail.ctx?.sourceElement?.id === "board" ? event.detail.ctx.response?.raw : undefined);

document.addEventListener("htmx:before:response", (event) => {
  const answer = answerTo(event);
  if (!answer || (answer.ok && !answer.redirected)) return;
  event.preventDefault(); // the last good figures stay
  if (answer.status === 401 || answer.redirected) location.reload(); // signed out meanwhile
});

document.addEventListener("htmx:after:swap", (event) => {
  if (answerTo(event)?.ok) freshAt = Date.now();
});

setInterval(() => {
  const isStale = Date.now() - freshAt >= PATIENCE;
  document.getElementById("stale").hidden = !isStale;
  document.body.classList.toggle("out-of-touch", isStale); // what was judged then is grey
}, 1_000);
