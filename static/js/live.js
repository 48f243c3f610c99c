// Parts of the hub's pages that renew themselves ([data-live], with hx-get in the template). What could not be renewed
// stays; whoever was signed out meanwhile is shown the door.

document.addEventListener("htmx:before:response", (event) => {
  const part = event.detail.ctx?.sourceElement;
  const answer = event.detail.ctx?.response?.raw;
  if (!part?.matches?.("[data-live]") || !answer || (answer.ok && !answer.redirected)) return;
  event.preventDefault();
  if (answer.status === 401 || answer.redirected) location.assign(part.getAttribute("hx-get"));
});

// What was judged a while ago is grey while nobody answers.
const PATIENCE = 15_000;
let freshAt = Date.now();

document.addEventListener("htmx:after:swap", (event) => {
  const { sourceElement, response } = event.detail.ctx ?? {};
  if (sourceElement?.matches?.("[data-live]") && response?.raw?.ok) freshAt = Date.now();
});

if (document.querySelector("[data-live]")) {
  setInterval(() => {
    const isStale = document.querySelector("[data-live]") && Date.now() - freshAt >= PATIENCE;
    document.body.classList.toggle("out-of-touch", Boolean(isStale));
  }, 1_000);
}
