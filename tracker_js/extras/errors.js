/** Tells the site's developer of JavaScript errors: what was said, and where; each once, ten a page. */

import { listen, record, safe } from "./shared/own.js";
import { scrub } from "./shared/scrub.js";

const MOST = 10;
const LONGEST_MESSAGE = 256;
const LONGEST_FILE = 256;
const LONGEST_NAME = 64;

/** Browsers report these where nothing is wrong. */
const HARMLESS = /^ResizeObserver loop/;
/** Where visitors' own add-ons live. */
const FOREIGN = /^(?!https?:)[\w-]+-extension:|^webkit-masked-url:/;
/** The innermost line of a stack that names a place, as Chromium, Firefox and Safari write it. */
const PLACE = /((?:https?|[\w-]+-extension|webkit-masked-url):\/\/[^\s()]+?):(\d+):(\d+)/;

const seen = {};
let count = 0;

/** Return an address without its query; of the site's own files the path. */
const file = (address) => {
  const { origin, host, pathname } = new URL(address);
  return scrub((origin == location.origin ? "" : host) + pathname, LONGEST_FILE);
};

/** Addresses without their query; what stands in double quotes is the page's data (`"Jane ..." is not valid JSON`). */
const clean = (message) =>
  scrub(message.replace(/"[^"]*"?/g, '"..."').replace(/(https?:[^\s?#'")]*)[^\s'")]*/g, "$1"), LONGEST_MESSAGE);

const report = (error, message, address, line, column) => {
  const [, from = "", row = 0, place = 0] = (!address && PLACE.exec(error && error.stack)) || [, address, line, column];
  if (count >= MOST || HARMLESS.test(message) || FOREIGN.test(from)) return;
  const props = { message: clean(message), file: safe(file)(from), line: +row || undefined, column: +place || undefined };
  const key = [props.message, props.file, props.line, props.column].join();
  if (!props.message || seen[key]) return;
  seen[key] = 1;
  count++;
  record("error", { props }, scrub(String((error && error.name) || "Error"), LONGEST_NAME) || "Error");
};

// A picture or script that can't be loaded is an event without a message.
listen("error", (e) => e.message && report(e.error, String(e.message), e.filename, e.lineno, e.colno));
listen("unhandledrejection", ({ reason }) => {
  // Of an object without a message nothing is said: it may hold anything.
  const message = reason && (typeof reason == "string" ? reason : reason.message);
  report(reason, String(message || "Unhandled rejection"));
});
