// A page made for paper has a button that prints it; without this file the browser's own menu does.

export function look() {
  for (const button of document.querySelectorAll("[data-print][hidden]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
}

look();
