/** The queue, in memory only, and its way to the server. The wire is held to the ingest contract. */

let queue = []; // gone once the server doesn't know the site, or this browser isn't counted: then all else fails, safely
let busy = 0; // 1: a request is on its way; more: seconds of the pause after a failure

/**
 * Send what waits. `e`: 1 when the page is being hidden or left, 2 when a pause is over or the network is back;
 * otherwise it waits for the request on its way, or for the end of the pause.
 */
let flush = safe((e) => {
  if (!busy || e) {
    page.title = document.title; // single-page apps set it after the address
    // After a failure one event goes alone: it finds out whether the server is well, and gets past one that is too large.
    let events = queue.splice(0, busy > 1 || 20);
    let body = JSON.stringify({
      site_key: options.siteId,
      events,
      sent_at: Date.now(),
      context: {
        time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        connection: (navigator.connection || 0).effectiveType,
        color_scheme: matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light",
        webdriver: navigator.webdriver,
        viewport: [innerWidth, innerHeight],
        screen: [screen.width, screen.height],
        languages: navigator.languages,
        pixel_ratio: devicePixelRatio,
        touch: navigator.maxTouchPoints > 0,
      },
    });
    let settle = ({ status, headers }) => {
      // No answer, a limit, overload: keep and wait; too large: keep, to send one by one.
      if (!status || status > 428 || (status == 413 && events[1])) {
        queue = events.concat(queue);
        busy *= 2;
        // Never sooner than asked; up to a second later, so that pages don't return all at once.
        setTimeout(flush, 1e3 * (((headers && +headers.get("Retry-After")) || busy) + Math.random()), 2);
      } else {
        busy = 0;
        log(status);
        if (status == 404) queue = 0;
        flush();
      }
    };
    if (events[0])
      // A beacon has no answer and would be lost without a network: it is for leaving, online, and not after a failure.
      if (e && busy < 2 && navigator.onLine && navigator.sendBeacon && navigator.sendBeacon(endpoint, body)) flush(1);
      else {
        busy |= 1;
        try {
          fetch(endpoint, { method: "POST", body, keepalive: e != 2 }).then(settle, settle);
        } catch (e) {
          e = new XMLHttpRequest();
          e.onloadend = (t) => settle(e);
          e.open("POST", endpoint);
          e.send(body);
        }
      }
  }
});
