// Big keys for the PIN. Without this file it is an ordinary field with the tablet's own keyboard.

export function look() {
  for (const pad of document.querySelectorAll("[data-keypad][hidden]")) {
    const field = document.getElementById(pad.dataset.keypad);
    field.inputMode = "none"; // two keyboards at once would cover the names
    pad.hidden = false;
    pad.addEventListener("click", (event) => {
      const key = event.target.closest("button");
      if (!key) return;
      if (key.value === "") field.value = field.value.slice(0, -1);
      else if (field.value.length < field.maxLength) field.value += key.value;
    });
  }
  for (const clock of document.querySelectorAll("[data-locked]:not([data-live])")) countDown(clock);
}

function countDown(clock) {
  clock.dataset.live = "";
  const timer = setInterval(() => {
    const left = Number(clock.textContent) - 1;
    clock.textContent = Math.max(0, left);
    if (left > 0 && clock.isConnected) return;
    clearInterval(timer);
    document.querySelector(".pin-go")?.removeAttribute("disabled");
    clock.closest(".problem")?.remove();
  }, 1000);
}
