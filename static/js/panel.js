// A lazy panel whose fetch fails says so where its rows would stand, and offers to try again. The others don't notice.
import { copyOf } from "./components.js";
import htmx from "./htmx.js";

function sentence(panel, detail) {
  const what = panel.querySelector("h2")?.textContent.trim() || "This part";
  if (detail.xhr?.status >= 500) return `${what} couldn’t be loaded: the server failed.`;
  if (detail.xhr?.status >= 400) return `${what} couldn’t be loaded: the server refused it (${detail.xhr.status}).`;
  return `${what} couldn’t be loaded: no connection to the server.`;
}

function fail(panel, detail) {
  const notice = copyOf("tpl-panel-failed");
  notice.querySelector("[data-text]").textContent = sentence(panel, detail);
  notice.querySelector("[data-retry]").addEventListener("click", () => {
    panel.setAttribute("aria-busy", "true");
    notice.remove();
    skeleton?.removeAttribute("hidden");
    htmx.ajax("GET", detail.pathInfo.requestPath, { source: panel, target: panel, swap: "outerHTML" });
  });
  const body = panel.querySelector(".panel-body") ?? panel;
  const skeleton = body.querySelector(".skeleton");
  skeleton?.setAttribute("hidden", "");
  body.querySelector(".panel-failed")?.remove();
  body.prepend(notice);
  panel.removeAttribute("aria-busy");
}

export function attachPanel(panel) {
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    panel.addEventListener(name, ({ detail, target }) => {
      if (target === panel || detail.target === panel) fail(panel, detail);
    });
  }
}
