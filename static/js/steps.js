// The phone's own way back in a form that comes screen by screen into one page: it leads to the screen before, as the key
// for it does. Without this file it leads out of the form, and what was typed is gone.

const FIRST_WORDS = ["guardian", "on_behalf", "respondent"].map((name) => `[name=${name}]`).join();
let place = entry().place; // among the entries the browser has for this page

/** Take up what there is on the page now: there is an entry to go back from for every screen but the first. */
export function look() {
  if (!document.querySelector(".wizard [name=step]")) return;
  const here = { screen: screen(), place };
  if (here.screen > entry().screen) history.pushState({ ...here, place: ++place }, "");
  else history.replaceState(here, "");
}

function entry() {
  return { screen: 1, place: 0, ...history.state };
}

/** Number of the screen, from 1. */
function screen() {
  return document.querySelectorAll(".progress .right").length + 1;
}

addEventListener("popstate", () => {
  if (!document.querySelector(".wizard [name=step]")) return; // the receipt stays
  const isBack = entry().place < place;
  place = entry().place;
  if (!isBack) return look();
  const key = document.querySelector(".wizard button[name=go][value=back]");
  if (key && entry().screen < screen()) key.form.requestSubmit(key);
  else history.back(); // what the key for it has left behind
});

// At the desk a code brings a half-filled form back; on the own phone nothing does.
addEventListener("beforeunload", (event) => {
  if (document.querySelector(".wizard-code")) return;
  const words = document.querySelectorAll(`.wizard :is(${FIRST_WORDS})`);
  if ([...words].some((field) => field.value.trim())) event.preventDefault();
});
