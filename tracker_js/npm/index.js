/** `@beacon/tracker`: the tag as a module. Importing it does nothing, neither on a server nor in a browser. */

import { boot } from "beacon:core";

const isBrowser = typeof window != "undefined" && typeof document != "undefined";
let early = []; // calls before `init`, and on a page that isn't looked at yet
let call = (...e) => {
  if (isBrowser) early.push(e);
};
let hasBegun = false;

/** Start counting, once a page. On a server it does nothing. It never throws: options that can't be are told in debug mode. */
export function init(options) {
  if (!isBrowser || hasBegun) return;
  let command;
  try {
    const tag = tagOf(options);
    const there = window[tag.dataset.name || "beacon"];
    // A tag on the same page counts already.
    command = there && there.k ? there : boot(tag);
  } catch (e) {
    if (options && options.debug) console.warn("beacon: not started:", e);
  }
  if (!command) return;
  hasBegun = true;
  const begin = () => {
    call = command;
    early.forEach((e) => command(...e));
    early = [];
  };
  if (document.prerendering) document.addEventListener("prerenderingchange", begin, { once: true });
  else begin();
}

/** The options as a tag says them: data- attributes are texts, or aren't there. */
function tagOf(options) {
  const dataset = {};
  Object.keys(options).forEach((name) => {
    const value = options[name];
    if (value != null && value !== false) dataset[name] = value === true ? "" : String(value);
  });
  return { dataset, nonce: options.nonce || "", src: options.host ? folderOf(options.host) : location.href };
}

/** A host may have a path, where Beacon answers below one. Throws a TypeError where it isn't an absolute address. */
function folderOf(host) {
  const url = new URL(host);
  if (!/^https?:$/.test(url.protocol)) throw new TypeError(`host has to begin with https://, not "${host}"`);
  return `${url.origin}${url.pathname.replace(/\/*$/, "/")}`;
}

export const track = (name, options) => call("event", name, options);
export const goal = (name, options) => call("goal", name, options);
export const purchase = (order) => call("purchase", order);
export const identify = (user) => call("identify", user);
export const consent = (choice) => call("consent", choice);
export const pageview = (options) => call("pageview", options);
