/** The queue, in memory only, and its way to the server. The wire is held to the ingest contract. */

/** Batches, ready but for the time of sending. Gone once the server doesn't know the site: then all else fails, safely. */
let queue = [];
let busy = 0; // 1: a request is on its way; more: seconds of the pause after a failure

/**
 * Send what waits. `e`: 1 when the page comes or goes, or the network is back; 2 when a pause is over; without it
 * everything waits for the request on its way, or for the end of the pause.
 */
let flush = safe((e) => {
  let batch = queue[0];
  // The consent part is needed by options of the tag, or to read what the page's own consent tools say.
  if (!e && !calls) {
    gate = 0;
    if (
      options.consent ||
      "storage" in options ||
      "dnt" in options ||
      (!options.cmp && (self.dataLayer || self.__tcfapi))
    )
      return ask();
  }
  if (batch && gate != 1 && navigator.onLine && (!busy || e)) {
    page.title = page.title || document.title; // single-page apps set it after the address
    queue.shift();
    batch.sent_at = Date.now();
    let { events } = batch;
    let body = json(batch);
    let settle = safe((e, text) => {
      if (
        // What was recorded before a denial isn't tried again.
        (gate < 2 || batch.consent == consent) &&
        // Too large: in two. No answer, a limit, overload: keep and wait.
        (e.status == 413
          ? events[1] &&
            queue.unshift(Object.assign({}, batch, { events: events.splice(0, events.length / 2) }), batch)
          : !(e.status < 429) && queue.unshift(batch))
      ) {
        busy *= 2;
        // Never sooner than asked; up to a second later, so that pages don't return all at once.
        setTimeout(flush, 1e3 * (((e.headers && +e.headers.get("Retry-After")) || busy) + Math.random()), 2);
      } else {
        if (e.status == 404) queue = 0;
        busy = 0;
        flush();
        extras = extras || JSON.parse(text).extras;
        load();
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
        busy = ask(["xhr", [endpoint, body]]);
      }
    }
  }
});
