// Around the socket: a notice while it is away, and a fresh look at the page once it is back or the pause is over.
import htmx from "./htmx.js";

const FRESH = "beacon:reconnected";

function fresh() {
  htmx.trigger(document.body, FRESH);
}

/** `element` carries ws-connect. */
export function attachLive(element) {
  let wasLost = false;
  const notice = () => document.querySelector("[data-live-notice]");
  element.addEventListener("htmx:wsClose", () => {
    wasLost = true;
    notice()?.removeAttribute("hidden");
  });
  element.addEventListener("htmx:wsOpen", () => {
    notice()?.setAttribute("hidden", "");
    // What was sent meanwhile is gone: the page is asked for anew instead.
    if (wasLost) fresh();
    wasLost = false;
  });
  element.addEventListener("htmx:wsBeforeMessage", (event) => {
    if (document.documentElement.dataset.paused !== undefined) event.preventDefault();
  });
}

export function attachPause(button) {
  const label = button.querySelector("[data-label]");
  button.addEventListener("click", () => {
    const paused = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(paused));
    label.textContent = paused ? "Go on" : "Pause";
    for (const part of button.querySelectorAll("[data-when]")) part.hidden = (part.dataset.when === "paused") !== paused;
    if (paused) {
      document.documentElement.dataset.paused = "";
    } else {
      delete document.documentElement.dataset.paused;
      fresh();
    }
  });
}
