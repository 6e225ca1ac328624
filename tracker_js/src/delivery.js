/** The queue, in memory only, and its way to the server. The wire is held to the ingest contract. */

let queue = []; // gone once the server doesn't know the site, or this browser isn't counted: then all else fails, safely
let busy = 0; // 1: a request is on its way; more: seconds of the pause after a failure

/**
 * Send what waits. `e`: 1 when the page comes or goes, or the network is back; 2 when a pause is over; without it
 * everything waits for the request on its way, or for the end of the pause.
 */
let flush = safe((e) => {
  if (queue[0] && (!busy || e)) {
    page.title = document.title; // single-page apps set it after the address
    // After a pause one event goes alone: it finds out whether the server is well, and gets past one that is too large.
    let events = queue.splice(0, e != 2 ? 25 : 1);
    let body = JSON.stringify({
      sent_at: Date.now(),
      events,
      site_key: options.siteId,
      context: {
        time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        viewport: [innerWidth, innerHeight],
        connection: (navigator.connection || 0).effectiveType,
        webdriver: navigator.webdriver,
        touch: navigator.maxTouchPoints > 0,
        languages: navigator.languages,
        pixel_ratio: devicePixelRatio,
        screen: [screen.width, screen.height],
        color_scheme: matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light",
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
        if (status == 404) queue = 0;
        busy = 0;
        flush();
      }
    };
    // A beacon has no answer and would be lost without a network: it is for leaving, online, and not after a failure.
    if (e && busy < 2 && navigator.onLine && navigator.sendBeacon && navigator.sendBeacon(endpoint, body)) flush(1);
    else {
      busy |= 1;
      try {
        // Read to its end: until then the browser counts the request to the 64 KiB of keepalive requests. A try that
        // waited isn't one of them, so that the server, not the browser, answers for an event over the bound.
        fetch(endpoint, { method: "POST", body, keepalive: e != 2 })
          .then((e) => e.text().then((t) => (log(t), loadExtras(t), e)))
          .then(settle, settle);
      } catch (e) {
        e = new XMLHttpRequest();
        e.onloadend = (t) => settle(e);
        e.open("POST", endpoint);
        e.send(body);
      }
    }
  }
});
