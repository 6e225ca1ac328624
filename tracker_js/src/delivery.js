/** The queue, in memory only, and its way to the server. The wire is held to the ingest contract. */

/** Batches, ready but for the time of sending. Gone once the server doesn't know the site: then all else fails, safely. */
let queue = [];
let busy = 0; // .5: a request is on its way; 2, 5, 11...: failures, and seconds of the pause after the last of them

/**
 * Send what waits, unless `e` is less than `busy`: 0 waits for the request on its way and for the end of the pause, 1 for the
 * pause only, 2, on leaving, from the second failure on: so one more try is made at once. The end of a pause comes with what
 * `busy` was, and means nothing once another pause has begun. No number (the event that the network is back) never waits.
 */
let flush = safe((e = 0, body, batch) => {
  entitle();
  // "Don't count me", see ../consent/ignore.js. Not read at the start: the first look into the storage takes the browser
  // more than a millisecond. Where storage is forbidden it throws. Without its queue the tracker does nothing more.
  safe((e) => localStorage.beacon_ignore && (queue = console.log("beacon_ignore")))();
  wary();
  if (gate != 1 && !(e < busy) && navigator.onLine && (batch = queue.shift())) {
    try {
      body = Temporal.Now.timeZoneId(); // a tenth of a millisecond where the other takes twenty
    } catch (e) {
      body = Intl.DateTimeFormat().resolvedOptions().timeZone;
    }
    body = json(
      Object.assign(batch, {
        context: {
          touch: navigator.maxTouchPoints > 0,
          languages: navigator.languages,
          time_zone: body,
          webdriver: navigator.webdriver,
          viewport: [innerWidth, innerHeight],
          connection: (navigator.connection || 0).effectiveType,
          pixel_ratio: devicePixelRatio,
          screen: [screen.width, screen.height],
          color_scheme: matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light",
        },
        sent_at: Date.now(),
        tracker: "%VERSION%",
        site_key: options.siteId,
      }),
    );
    let settle = safe((e, text, pause) => {
      if (e < 429) {
        if (e == 404) queue = 0;
        if (e == 413) ask([batch]); // too large: the consent part cuts it in two
        busy = 0;
        flush();
        extras = extras || JSON.parse(text).extras;
        load();
      } else {
        // No answer, a limit, overload: keep and wait.
        queue.unshift(batch);
        busy += busy + 1;
        // Never sooner than asked; up to a second later, so that pages don't return all at once.
        setTimeout(flush, 1e3 * ((+pause || busy) + Math.random()), busy);
      }
    });
    // A beacon has no answer: it is for leaving, and not after a failure.
    if (e > busy && navigator.sendBeacon && navigator.sendBeacon(endpoint, body)) flush(1);
    else {
      busy = busy || 0.5;
      try {
        // Read to its end: until then the browser counts the request to the 64 KiB of keepalive requests.
        fetch(endpoint, { method: "POST", body, keepalive: !body[16e3] })
          .then((e) => e.text().then((t) => settle(e.status, log(t) || t, e.headers.get("Retry-After"))))
          .catch(settle);
      } catch (e) {
        // A page that has broken fetch: the consent part knows the old way.
        busy = ask([[endpoint, body]]);
      }
    }
  }
});
