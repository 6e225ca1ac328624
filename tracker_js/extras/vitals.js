/** Measures how fast the page was, by Google's web-vitals; told when the page is hidden, as totals of its page view. */

import { onCLS, onFCP, onINP, onLCP, onTTFB } from "web-vitals";
import { listen, pageId, record, safe } from "./shared/own.js";

let page = pageId;
let vitals = {};
let isNew;

const send = () => {
  if (!isNew) return;
  isNew = false;
  record("vitals", Object.assign({ vitals: Object.assign({}, vitals) }, page && { page_id: page }));
};

const put = (name, value) => {
  vitals[name] = Math.round(value * 1e4) / 1e4;
  isNew = true;
  // As the page goes web-vitals looks again, some of it after us: once it has, that is told too.
  if (document.hidden) Promise.resolve().then(safe(send));
};

// Before web-vitals listens: a page out of the back/forward cache is a view of its own, which the core has just begun.
listen("pageshow", (event) => {
  if (event.persisted) {
    vitals = {};
    page = 0;
  }
});

for (const measure of [onTTFB, onFCP, onLCP, onCLS, onINP]) {
  // All changes, so that what is known at the end is there without asking.
  safe(measure)(
    safe(({ name, value }) => put(name.toLowerCase(), value)),
    { reportAllChanges: true },
  );
}

// The end of the load event is known after it.
setTimeout(
  safe(() => {
    const [{ loadEventEnd, activationStart = 0 }] = performance.getEntriesByType("navigation");
    if (loadEventEnd) put("load", Math.max(0, loadEventEnd - activationStart));
  }),
);

listen("visibilitychange pagehide", (event) => {
  if (document.hidden || event.type == "pagehide") send();
});
