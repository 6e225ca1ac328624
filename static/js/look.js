// Asks for news each second while the page is seen, one question at a time: triggers "look" on the element.
import htmx from "./htmx.js";

const EVERY = 1000;

export function attachLook(element) {
  const timer = setInterval(() => {
    if (!element.isConnected) clearInterval(timer);
    else if (!document.hidden && !element.classList.contains("htmx-request")) htmx.trigger(element, "look");
  }, EVERY);
}
