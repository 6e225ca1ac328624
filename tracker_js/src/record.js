/** From something that happened to a complete event in the queue. */

/**
 * Id and time are made here, once; a resend repeats them. The id is a UUIDv7 (RFC 9562): 48 bits of time, so that the
 * server's unique index grows at its end, and 72 random ones. It has to be unique, not secret, and
 * `crypto.randomUUID` is missing on pages without TLS.
 */
let record = (kind, e, name) => {
  if (gate > 1 && name != "consent") return;
  // Refusing the newest keeps the page views that everything else belongs to.
  if (queue[20]) return tell("full");
  e.id = ("0" + Date.now().toString(16) + "-7xxx-8xxx-xxxxxxxxxxxx").replace(/x|^.{8}/g, (e) =>
    e[1] ? e + "-" : Math.random().toString(16)[2],
  );
  e.name = name;
  e.kind = kind;
  e.at = Date.now();
  // Extras may speak of a page view of before.
  e.page_id || ((e.page_id = page.id), (e.url = page.url));
  let batch = queue[queue.length - 1] || 0;
  if (batch.consent != consent || batch.events[24] || json(batch)[12e3])
    queue.push(
      (batch = {
        events: [],
        consent,
        context: {
          touch: navigator.maxTouchPoints > 0,
          languages: navigator.languages,
          viewport: [innerWidth, innerHeight],
          connection: (navigator.connection || 0).effectiveType,
          pixel_ratio: devicePixelRatio,
          webdriver: navigator.webdriver,
          screen: [screen.width, screen.height],
          color_scheme: matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light",
          time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        },
        tracker: "%VERSION%",
        site_key: options.siteId,
      }),
    );
  batch.events.push(e);
  // When the page is hidden or left, once for all that one listener records.
  document.hidden ? Promise.resolve(1).then(flush) : setTimeout(flush, 500);
};
