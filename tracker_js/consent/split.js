/** What to do with a batch that was too large for the server. */

/** Put it back in two halves, as ones that were tried; a single event is dropped. */
export function split(queue, batch) {
  const { events } = batch;
  if (!events[1]) return;
  queue.unshift(Object.assign({}, batch, { events: events.splice(0, events.length / 2) }), batch);
}
