/** From something that happened to a complete event in the queue. */

/**
 * Id and time are made here, once; a resend repeats them. The id is a UUIDv7 (RFC 9562): 48 bits of time, so that the
 * server's unique index grows at its end, and 72 random ones. It has to be unique, not secret, and
 * `crypto.randomUUID` is missing on pages without TLS.
 */
let record = (kind, e, name) => {
  e.id = ("0" + Date.now().toString(16) + "-7xxx-8xxx-xxxxxxxxxxxx").replace(/x|^.{8}/g, (e) =>
    e[1] ? e + "-" : Math.random().toString(16)[2],
  );
  e.name = name;
  e.kind = kind;
  // Extras may speak of a page view of before.
  e.page_id || ((e.page_id = page.id), (e.url = page.url));
  e.at = Date.now();
  // Refusing the newest keeps the page views that everything else belongs to.
  queue[500] || queue.push(e);
  document.hidden ? flush(1) : setTimeout(flush, 500);
};
