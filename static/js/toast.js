// Messages in the corner. Good news goes by itself after a while; errors and warnings stay until they are put away.
import { attachAll, copyOf } from "./components.js";

const SHOWN_MS = 6000;

export function attachToast(element) {
  const close = () => element.remove();
  element.querySelector("[data-toast-close]").addEventListener("click", close);
  if (["error", "warning"].includes(element.dataset.level)) return;
  let timer = setTimeout(close, SHOWN_MS);
  // Whoever is reading it, or about to press something in it, isn't hurried.
  element.addEventListener("pointerenter", () => clearTimeout(timer));
  element.addEventListener("focusin", () => clearTimeout(timer));
  element.addEventListener("pointerleave", () => {
    timer = setTimeout(close, SHOWN_MS);
  });
}

/** Show a message; `level` is "success" or "error". */
export function toast(text, level = "success") {
  const element = copyOf(level === "error" ? "tpl-toast-error" : "tpl-toast");
  element.dataset.component = "toast";
  element.querySelector("[data-text]").textContent = text;
  document.getElementById("messages").append(element);
  attachAll(element);
}

/** The server shows one with `HX-Trigger: {"beacon:toast": {"text": …, "level": …}}`. */
export function listenForToasts() {
  document.addEventListener("beacon:toast", ({ detail }) => toast(detail.text, detail.level));
  // A panel says in its own place that it failed; for all else there is this.
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, ({ detail }) => {
      if (!detail.target?.closest("[data-component~=panel]")) toast("That didn’t work: the server couldn’t be reached or failed.", "error");
    });
  }
}
