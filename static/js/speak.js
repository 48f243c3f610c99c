// "Read it to me": by the tablet's own voice, where it has one for the page's language.

const voices = () => globalThis.speechSynthesis?.getVoices() ?? [];
const language = document.documentElement.lang;

let pressed = null; // the button of what is being read

/** Show the buttons there are on the page now, if they can keep their promise. A part that renewed itself stops nobody. */
export function look() {
  if (!pressed?.isConnected) stop();
  const voice = voices().find((one) => one.lang.replace("_", "-").toLowerCase().startsWith(language.slice(0, 2)));
  for (const button of document.querySelectorAll("[data-speak]")) button.hidden = !voice;
}

globalThis.speechSynthesis?.addEventListener?.("voiceschanged", look); // they arrive late
addEventListener("pagehide", stop);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-speak]");
  if (!button) return;
  if (speechSynthesis.speaking) return stop();
  const parts = [...document.querySelectorAll(button.dataset.speak)].map((part) => part.innerText.trim());
  const words = new SpeechSynthesisUtterance(parts.join("。\n"));
  words.lang = language;
  words.rate = 0.9;
  words.voice = voices().find((one) => one.lang.replace("_", "-").toLowerCase().startsWith(language.slice(0, 2)));
  words.addEventListener("end", stop);
  pressed = button;
  button.setAttribute("aria-pressed", "true");
  speechSynthesis.speak(words);
});

export function stop() {
  pressed = null;
  globalThis.speechSynthesis?.cancel();
  for (const button of document.querySelectorAll("[data-speak]")) button.setAttribute("aria-pressed", "false");
}
