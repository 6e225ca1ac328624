/** From something that happened to a complete event in the queue. */

/**
 * Id and time are made here, once; a resend repeats them. The id is a UUIDv7 (RFC 9562): 48 bits of time, so that the
 * server's unique index grows at its end, and 18 random decimal digits. It has to be unique, not secret, and
 * `crypto.randomUUID` is missing on pages without TLS.
 */
let record = (kind, e, name) => {
  // Refusing the newest keeps the page views that everything else belongs to.
  if (queue[20]) return tell("full");
  Object.assign(e, {
    name,
    kind,
    at: Date.now(),
    id:
      "0" +
      Date.now().toString(16).replace(/.{7}/, "$&-") +
      Math.random().toFixed(18).replace(/..(...)(...)/, "-7$1-8$2-"),
  });
  // Extras may speak of a page view of before.
  e.page_id || ((e.page_id = page.id), (e.url = page.url));
  let [batch = 0] = queue.slice(-1);
  if (batch.consent != consent || batch.events[24] || json(batch)[12e3])
    queue.push((batch = { events: [], consent }));
  batch.events.push(e);
  // When the page is hidden or left, once for all that one listener records.
  document.hidden ? Promise.resolve(2).then(flush) : setTimeout(flush, 500);
};
