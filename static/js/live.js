// Parts of the hub's pages that renew themselves ([data-live], with hx-get in the template). What could not be renewed
// stays; whoever was signed out meanwhile is shown the door.

document.addEventListener("htmx:before:response", (event) => {
  const part = event.detail.ctx?.sourceElement;
  const answer = event.detail.ctx?.response?.raw;
  if (!part?.matches?.("[data-live]") || !answer || (answer.ok && !answer.redirected)) return;
  event.preventDefault();
  if (answer.status === 401 || answer.redirected) location.assign(part.getAttribute("hx-get"));
});
