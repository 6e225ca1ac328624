/** The queue, in memory only, and its way to the server. The wire is held to the ingest contract. */

/** Batches, ready but for the time of sending. Gone once the server doesn't know the site: then all else fails, safely. */
let queue = [];
let busy = 0; // 1: a request is on its way; more: seconds of the pause after a failure

/** What a request says of the moment that it is sent in, and of the browser: the layout and the time zone are dear to ask for. */
let stamp = (e) => {
  try {
    e = Temporal.Now.timeZoneId(); // a tenth of a millisecond where the other takes twenty
  } catch (t) {
    e = Intl.DateTimeFormat().resolvedOptions().timeZone;
  }
  return {
    context: {
      touch: navigator.maxTouchPoints > 0,
      languages: navigator.languages,
      time_zone: e,
      webdriver: navigator.webdriver,
      viewport: [innerWidth, innerHeight],
      connection: (navigator.connection || 0).effectiveType,
      pixel_ratio: devicePixelRatio,
      screen: [screen.width, screen.height],
      color_scheme: matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light",
    },
    tracker: "%VERSION%",
    site_key: options.siteId,
    sent_at: Date.now(),
  };
};

/**
 * Send what waits. `e`: 1 when the page comes or goes, or the network is back; 2 when a pause is over; without it
 * everything waits for the request on its way, or for the end of the pause.
 */
let flush = safe((e) => {
  let [batch] = queue;
  entitle();
  // "Don't count me", see ../consent/ignore.js. Not read at the start: the first look into the storage takes the browser
  // more than a millisecond. Where storage is forbidden it throws. Without its queue the tracker does nothing more.
  safe((e) => localStorage.beacon_ignore && (queue = console.log("beacon_ignore")))();
  wary();
  if (batch && gate != 1 && navigator.onLine && (!busy || e)) {
    queue.shift();
    let body = json(Object.assign(batch, stamp()));
    let settle = safe((e, text) => {
      if (e.status < 429) {
        if (e.status == 404) queue = 0;
        if (e.status == 413) ask([batch]); // too large: the consent part cuts it in two
        busy = 0;
        flush();
        extras = extras || JSON.parse(text).extras;
        load();
      } else {
        // No answer, a limit, overload: keep and wait.
        queue.unshift(batch);
        busy *= 2;
        // Never sooner than asked; up to a second later, so that pages don't return all at once.
        setTimeout(flush, 1e3 * (((e.headers && +e.headers.get("Retry-After")) || busy) + Math.random()), 2);
      }
    });
    // A beacon has no answer: it is for leaving, and not after a failure.
    if (e && busy < 2 && navigator.sendBeacon && navigator.sendBeacon(endpoint, body)) flush(1);
    else {
      busy |= 1;
      try {
        // Read to its end: until then the browser counts the request to the 64 KiB of keepalive requests.
        fetch(endpoint, { method: "POST", body, keepalive: !body[16e3] })
          .then((e) => e.text().then((t) => settle(e, log(t) || t)))
          .catch(settle);
      } catch (e) {
        // A page that has broken fetch: the consent part knows the old way.
        busy = ask([[endpoint, body]]);
      }
    }
  }
});
