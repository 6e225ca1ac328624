/** One page with the module on it, in a stand-in of a browser: its clock stands still, its requests are remembered. */

import { Window } from "happy-dom";
import { inject, vi } from "vitest";

const NAMES = [
  "window", "self", "document", "navigator", "location", "history", "screen", "innerWidth", "innerHeight", "scrollY",
  "devicePixelRatio", "matchMedia", "addEventListener", "localStorage", "dataLayer", "__tcfapi", "XMLHttpRequest",
];
let count = 0;

/** `page`: the page's own globals; `navigator`: what its browser says; `before`: what the page calls before `init`. */
export async function visit({ options = {}, page = {}, navigator = {}, url = "https://shop.example/start", before } = {}) {
  const window = new Window({ url, width: 1280, height: 720 });
  Object.assign(window, page);
  for (const [name, value] of Object.entries({ onLine: true, sendBeacon: undefined, ...navigator }))
    Object.defineProperty(window.navigator, name, { value, configurable: true });
  const requests = [];
  const answer = { status: 202, text: '{"accepted": 1}' };
  window.self = window.window = window;
  for (const name of NAMES)
    Object.defineProperty(globalThis, name, { get: () => value(window, name), set: (e) => (window[name] = e), configurable: true });
  const addresses = [];
  globalThis.fetch = async (address, { body }) => {
    addresses.push(String(address));
    requests.push(JSON.parse(body));
    return { status: answer.status, headers: new Headers(answer.headers), text: async () => answer.text };
  };
  const beacon = await import(`${inject("module")}?${count++}`);
  if (before) before(beacon);
  beacon.init({ siteId: "bk_test", host: "https://track.example", ...options });
  return {
    window,
    beacon,
    requests,
    /** Where each went. */
    addresses,
    answer,
    /** Events that were sent, in order. */
    events: () => requests.flatMap((request) => request.events),
    /** What was sent as [kind or name, analytics, marketing]. */
    story: () =>
      requests.flatMap(({ consent, events }) =>
        events.map(({ kind, name }) => [name || kind, (consent || {}).analytics, (consent || {}).marketing]),
      ),
    pass: (ms = 1_000) => vi.advanceTimersByTimeAsync(ms),
    hide(isHidden = true) {
      Object.defineProperty(window.document, "hidden", { value: isHidden, configurable: true });
      window.dispatchEvent(new window.Event("visibilitychange"));
    },
  };
}

function value(window, name) {
  const found = window[name];
  return typeof found == "function" && name != "XMLHttpRequest" && !name.startsWith("__") ? found.bind(window) : found;
}
