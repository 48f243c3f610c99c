// What only a browser knows of its tablet, told to the booth it shows: the battery, now and once a minute; on the page
// of the evening before, which alone may ask, whether there is a camera. Nothing else, and nothing is kept here.

const MINUTE = 60_000;

tellBattery();
setInterval(tellBattery, MINUTE);

/** Where the browser says anything of it; over plain HTTP from another machine none does. */
async function tellBattery() {
  const battery = await navigator.getBattery?.().catch(() => null);
  if (battery) tell({ battery: Math.round(battery.level * 100), charging: battery.charging ? 1 : 0 });
}

function tell(known) {
  return fetch("/health", { method: "POST", body: new URLSearchParams(known), keepalive: true }).catch(() => null);
}

/** The page on which the camera is tried. */
export function look() {
  const button = document.querySelector("[data-camera-try]");
  if (!button || button.dataset.awake) return;
  button.dataset.awake = "yes";
  const say = document.querySelector("[data-camera-say]");
  const word = (key) => {
    say.textContent = say.dataset[key];
    say.hidden = false;
  };
  if (!isSecureContext || !navigator.mediaDevices?.getUserMedia) return word("insecure");
  button.hidden = false;
  button.addEventListener("click", () => open(button, word));
  navigator.mediaDevices.enumerateDevices().then((devices) => {
    tell({ camera: devices.some((one) => one.kind === "videoinput") ? "seen" : "none" });
  }, () => {});
}

async function open(button, word) {
  const view = document.querySelector("[data-camera-view]");
  const video = view.querySelector("video");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: "environment" } } });
  } catch (error) {
    return word(["NotAllowedError", "SecurityError"].includes(error.name) ? "refused" : "none");
  }
  const close = () => stream.getTracks().forEach((track) => track.stop());
  addEventListener("pagehide", close);
  document.addEventListener("visibilitychange", () => document.hidden && close());
  video.srcObject = stream;
  view.hidden = false;
  button.hidden = true;
  await video.play().catch(() => {});
}
