// Asks for news twice a second while the page is seen, one question at a time: triggers "look" on the element.
import htmx from "./htmx.js";

const EVERY = 500; // so that what has come shows within a second

export function attachLook(element) {
  const timer = setInterval(() => {
    if (!element.isConnected) clearInterval(timer);
    else if (!document.hidden && !element.classList.contains("htmx-request")) htmx.trigger(element, "look");
  }, EVERY);
}
